"""What git's configuration says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.git.process import fields, git_failed, line_of, try_git

if TYPE_CHECKING:
    from rollbook.git.repository import Repository


def setting(repository: Repository, key: str) -> str | None:
    """Return a configured value, e.g. of `user.signingKey`; None where there is none."""
    return line_of(repository, "config", "--get", key)


def flag(repository: Repository, key: str) -> bool | None:
    """Return whether a setting says yes; None where it says nothing."""
    value = line_of(repository, "config", "--type=bool", "--get", key)
    return None if value is None else value == "true"


def path_setting(repository: Repository, key: str) -> str | None:
    """Return a configured path, its `~` replaced; None where there is none."""
    return line_of(repository, "config", "--type=path", "--get", key)


def settings(repository: Repository, pattern: str) -> dict[str, str]:
    """Return the settings whose keys, in small letters, match a regular expression (POSIX, extended); of
    several with the same key the last. Raises GitFailed when the configuration can't be read."""
    done = try_git(repository, "config", "-z", "--get-regexp", pattern)
    if done.returncode > 1:  # 1: there are none
        raise git_failed(["config"], done.stderr)
    pairs = (field.partition("\n") for field in fields(done.stdout))
    return {key: value for key, _, value in pairs}


def ssh_program(repository: Repository) -> str:
    """Return the program that makes and judges SSH signatures."""
    return setting(repository, "gpg.ssh.program") or "ssh-keygen"


def openpgp_program(repository: Repository) -> str:
    """Return the program that makes and judges OpenPGP signatures."""
    return setting(repository, "gpg.openpgp.program") or setting(repository, "gpg.program") or "gpg"
