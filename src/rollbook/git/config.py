"""What git's configuration says."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, GitFailed
from rollbook.git.operation import asked_once, forget
from rollbook.git.process import fields, git, git_failed, text, try_git, words
from rollbook.git.quoting import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.git.repository import Repository

# The variables of `git var` that say who commits, and who is the author.
IDENTITIES = COMMITTER, AUTHOR = "GIT_COMMITTER_IDENT", "GIT_AUTHOR_IDENT"


def setting(repository: Repository, key: str) -> str | None:
    """Return a configured value, e.g. of `user.signingKey`; None where there is none. Raises BadCall where
    git can't read it."""
    return _value(repository, key)


def flag(repository: Repository, key: str) -> bool | None:
    """Return whether a setting says yes; None where it says nothing. Raises BadCall where it says neither."""
    value = _value(repository, key, "--type=bool")
    return None if value is None else value == "true"


def path_setting(repository: Repository, key: str) -> str | None:
    """Return a configured path as git finds it, from the top of the working tree on and its `~` replaced;
    None where there is none."""
    value = _value(repository, key, "--type=path")
    return str(repository.directory / value) if value else None


def _value(repository: Repository, key: str, *options: str) -> str | None:
    try:
        value = _last_values(repository).get(_canonical(key))
    except GitFailed as error:
        raise BadCall(f"the git setting {key} can't be read: {error}") from error
    if value is None or not options:
        return value
    # What it means by its type, git alone knows.
    done = try_git(repository, "config", *options, "--get", key)
    if done.returncode > 1:  # 1: there is none
        raise BadCall(f"the git setting {key} can't be read: {words(done.stderr)}")
    return None if done.returncode else text(done.stdout.removesuffix(b"\n"))


def _canonical(key: str) -> str:
    """Return a key as git lists it: what parts sections is written in any case, a subsection in its own."""
    section, dot, rest = key.partition(".")
    subsection, inner, name = rest.rpartition(".")
    return f"{section.lower()}{dot}{subsection}{inner}{name.lower()}"


def _last_values(repository: Repository) -> dict[str, str]:
    return dict(_all_pairs(repository))


def _all_pairs(repository: Repository) -> list[tuple[str, str]]:
    """Return every setting in git's order, its key as git writes it; read once in an operation."""
    return asked_once(("settings", repository), lambda: _listed(repository))


def _listed(repository: Repository) -> list[tuple[str, str]]:
    done = try_git(repository, "config", "-z", "--list")
    if done.returncode:
        raise git_failed(["config"], done.stderr)
    # A key has no line break; one without a value has none after it either.
    pairs = (field.partition("\n") for field in fields(done.stdout))
    return [(key, value) for key, _, value in pairs]


def settings(repository: Repository, pattern: str) -> dict[str, str]:
    """Return the settings that `setting_pairs` tells; of several with the same key the last."""
    return dict(setting_pairs(repository, pattern))


def setting_pairs(repository: Repository, pattern: str) -> list[tuple[str, str]]:
    """Return the settings whose keys (section and name in small letters) a regular expression finds, each
    with its value. Raises GitFailed when the configuration can't be read."""
    wanted = re.compile(pattern, re.DOTALL)
    return [(key, value) for key, value in _all_pairs(repository) if wanted.search(key)]


def configuration_files(repository: Repository) -> list[Path]:
    """Return the files that git's configuration is read from, and those places of the user's and of the
    repository that have none yet. Raises GitFailed when the configuration can't be read."""
    told = fields(git(repository, "config", "--list", "--show-origin", "-z"))[::2]
    named = (origin.removeprefix("file:") for origin in told if origin.startswith("file:"))
    home = Path(os.environ.get("HOME") or Path.home())
    usual = [
        home / ".gitconfig",
        Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "git" / "config",
        repository.common_dir / "config",
        repository.git_dir / "config.worktree",
    ]
    return [*dict.fromkeys([*(repository.directory / name for name in named), *usual])]


def configure(repository: Repository, key: str, value: str) -> None:
    """Set a value in the repository's own configuration. Raises GitFailed."""
    git(repository, "config", "--local", "--replace-all", key, value)
    reread(repository)


def reread(repository: Repository) -> None:
    """Have the settings read anew, also in an operation that has read them: they have changed."""
    forget(("settings", repository))
    for variable in IDENTITIES:
        forget(("identity", repository, variable))


def config_text(settings: Mapping[str, str]) -> str:
    """Return a configuration file that holds these settings (https://git-scm.com/docs/git-config#_syntax)."""
    lines = []
    for key, value in settings.items():
        section, _, rest = key.partition(".")
        subsection, _, name = rest.rpartition(".")
        head = f"{section} {quoted(subsection)}" if subsection else section
        lines.append(f"[{head}]\n\t{name} = {quoted(value)}\n")
    return "".join(lines)


def ssh_program(repository: Repository) -> str:
    """Return the program that makes and judges SSH signatures."""
    return _value(repository, "gpg.ssh.program", "--type=path") or "ssh-keygen"


def openpgp_program(repository: Repository) -> str:
    """Return the program that makes and judges OpenPGP signatures."""
    named = (_value(repository, key, "--type=path") for key in ("gpg.openpgp.program", "gpg.program"))
    return next(filter(None, named), "gpg")
