"""Running git: one function, a clean environment, errors that say what git said."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

from rollbook.errors import GitFailed
from rollbook.git.address import without_credentials

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# Hooks inherit variables that point git at one repository, index or work tree. Those that only say how
# to reach a server, who the author is, or what `git -c` was given, are the user's wish and stay.
_KEPT = frozenset(
    [
        "GIT_ASKPASS",
        "GIT_AUTHOR_DATE",
        "GIT_AUTHOR_EMAIL",
        "GIT_AUTHOR_NAME",
        "GIT_COMMITTER_DATE",
        "GIT_COMMITTER_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_CONFIG_COUNT",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_PARAMETERS",
        "GIT_CONFIG_SYSTEM",
        "GIT_EXEC_PATH",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_SSH_VARIANT",
        "GIT_SSL_CAINFO",
        "GIT_SSL_NO_VERIFY",
        "GIT_TERMINAL_PROMPT",
        # Objects of a push that is still being judged stand in quarantine.
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_OBJECT_DIRECTORY",
        "GIT_QUARANTINE_PATH",
    ]
)
_KEPT_PATTERN = re.compile(r"GIT_CONFIG_(?:KEY|VALUE)_[0-9]+|GIT_TRACE.*")


def clean_environment(**extra: str) -> dict[str, str]:
    """The process's environment without the variables that would redirect git, plus `extra`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name in _KEPT or _KEPT_PATTERN.fullmatch(name)
    }
    return {**kept, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", **extra}


def try_git(
    directory: Path,
    *arguments: str,
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run git in `directory` and return what it said, whatever its exit code.

    Raises GitFailed when git can't be started at all.
    """
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=directory,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            env=environment or clean_environment(),
        )
    except FileNotFoundError as error:
        if error.filename == "git":
            raise GitFailed("git is not installed", hint="Install git 2.38 or newer.") from error
        raise GitFailed(f"{directory} does not exist") from error
    except NotADirectoryError as error:
        raise GitFailed(f"{directory} is not a directory") from error


def git(
    directory: Path,
    *arguments: str,
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """Run git in `directory` and return its standard output. Raises GitFailed when git does."""
    done = try_git(directory, *arguments, stdin=stdin, environment=environment)
    if done.returncode:
        raise git_failed(arguments, done.stderr)
    return done.stdout


def git_failed(arguments: Sequence[str], stderr: bytes) -> GitFailed:
    """The error for a git command that failed, with git's own words."""
    said = without_credentials(stderr.decode(errors="replace")).strip()
    verb = next((word for word in arguments if not word.startswith("-")), "")
    return GitFailed(f"git {verb} failed: {said or 'no reason given'}")
