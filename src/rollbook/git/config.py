"""What git's configuration says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.git.process import fields, git, git_failed, line_of, try_git

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    """Return the settings that `setting_pairs` tells; of several with the same key the last."""
    return dict(setting_pairs(repository, pattern))


def setting_pairs(repository: Repository, pattern: str) -> list[tuple[str, str]]:
    """Return the settings whose keys, in small letters, match a regular expression (POSIX, extended), each
    with its value. Raises GitFailed when the configuration can't be read."""
    done = try_git(repository, "config", "-z", "--get-regexp", pattern)
    if done.returncode > 1:  # 1: there are none
        raise git_failed(["config"], done.stderr)
    pairs = (field.partition("\n") for field in fields(done.stdout))
    return [(key, value) for key, _, value in pairs]


def configure(repository: Repository, key: str, value: str) -> None:
    """Set a value in the repository's own configuration. Raises GitFailed."""
    git(repository, "config", "--local", "--replace-all", key, value)


def config_text(settings: Mapping[str, str]) -> str:
    """Return a configuration file that holds these settings (https://git-scm.com/docs/git-config#_syntax)."""
    lines = []
    for key, value in settings.items():
        section, _, rest = key.partition(".")
        subsection, _, name = rest.rpartition(".")
        head = f"{section} {quoted(subsection)}" if subsection else section
        lines.append(f"[{head}]\n\t{name} = {quoted(value)}\n")
    return "".join(lines)


def quoted(value: str) -> str:
    """Return a value as git's files hold it, whatever is in it but NUL."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def ssh_program(repository: Repository) -> str:
    """Return the program that makes and judges SSH signatures."""
    return setting(repository, "gpg.ssh.program") or "ssh-keygen"


def openpgp_program(repository: Repository) -> str:
    """Return the program that makes and judges OpenPGP signatures."""
    return setting(repository, "gpg.openpgp.program") or setting(repository, "gpg.program") or "gpg"
