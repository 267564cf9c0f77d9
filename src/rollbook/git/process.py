"""Running git. Private to this folder: the functions beside it are what the rest of Rollbook asks."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import GitFailed, TooMuch
from rollbook.git.address import without_credentials
from rollbook.git.environment import clean_environment
from rollbook.git.operation import asked_once
from rollbook.git.scratch import scratch_variables
from rollbook.git.work_limit import counted_child, limit_process, seconds_left, was_limited

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import IO

    from rollbook.git.repository import Repository

# Neither a monitor's program nor a user's taste has a part in what is read here.
_NEUTRAL = (
    "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-c", "color.ui=false",
    "-c", "advice.graftFileDeprecated=false", "-c", "i18n.commitEncoding=UTF-8",
)  # fmt: skip

# Two million paths and more; a registry of a hundred thousand versions has a third of them.
MOST_LISTED = 256 << 20
MOST_SECONDS = 5  # of the processor; half a million changes take one

# How differences are listed, whatever the user's configuration says. What moved is one removed, one added.
RAW = ("--raw", "-z", "--no-abbrev", "--no-renames", "--no-relative", "--ignore-submodules=none")


def try_git(
    place: Repository | Path,
    *arguments: str,
    stdin: bytes | None = None,
    variables: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a repository, or a directory, and return what it said, whatever its exit code.

    `variables` are added to the clean environment. Raises GitFailed when git can't be started at all, TooMuch
    when the time of `limited_work` is over.
    """
    left = seconds_left()
    given = subprocess.DEVNULL if stdin is None else subprocess.PIPE
    pipe = subprocess.PIPE
    with (
        counted_child(),
        start_git(place, *arguments, stdin=given, stdout=pipe, stderr=pipe, variables=variables) as running,
    ):
        if left is not None:
            limit_process(running.pid, left)
        try:
            said, errors = running.communicate(stdin)
        except BaseException:
            running.kill()
            raise
    if was_limited(running.returncode):
        seconds_left()
    return subprocess.CompletedProcess(arguments, running.returncode, said, errors)


def git(
    place: Repository | Path,
    *arguments: str,
    stdin: bytes | None = None,
    variables: Mapping[str, str] | None = None,
) -> bytes:
    """Run git and return its standard output. Raises GitFailed when git does."""
    done = try_git(place, *arguments, stdin=stdin, variables=variables)
    if done.returncode:
        raise git_failed(arguments, done.stderr)
    return done.stdout


def git_list(
    place: Repository | Path,
    *arguments: str,
    stdin: bytes = b"",
    variables: Mapping[str, str] | None = None,
) -> bytes:
    """Run git and return the list that it prints. Raises TooMuch beyond MOST_LISTED bytes, or when git works
    for more than MOST_SECONDS; GitFailed.

    A few trees that name each other can stand for more paths than any disk holds, and `git diff-tree` prints
    none before it has them all.
    """
    left = seconds_left()
    with counted_child(), tempfile.TemporaryFile() as input_file, tempfile.TemporaryFile() as errors:
        input_file.write(stdin)
        input_file.seek(0)
        with start_git(
            place, *arguments, stdin=input_file, stdout=subprocess.PIPE, stderr=errors, variables=variables
        ) as running:
            assert running.stdout is not None
            limit_process(running.pid, MOST_SECONDS if left is None else min(MOST_SECONDS, left))
            listed = running.stdout.read(MOST_LISTED + 1)
            if len(listed) > MOST_LISTED:
                running.kill()
        if len(listed) > MOST_LISTED or was_limited(running.returncode):
            raise TooMuch(
                "there are more paths than can be listed",
                hint="Propose it in parts. Where nobody put so many files, it is made to harm.",
            )
        if running.returncode:
            errors.seek(0)
            raise git_failed(arguments, errors.read())
    return listed


def line_of(
    place: Repository | Path, *arguments: str, variables: Mapping[str, str] | None = None
) -> str | None:
    """Return the one value that git prints, without its line break; None when git says no."""
    done = try_git(place, *arguments, variables=variables)
    return None if done.returncode else text(done.stdout.removesuffix(b"\n"))


def start_git(
    place: Repository | Path,
    *arguments: str,
    stdin: int | IO[bytes],
    stdout: int | IO[bytes],
    stderr: int | IO[bytes] = subprocess.DEVNULL,
    variables: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start git and return the process. Raises GitFailed when it can't be started."""
    directory = _directory(place)
    try:
        return subprocess.Popen(
            ["git", *_NEUTRAL, *arguments],
            cwd=directory,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=_environment(place, variables),
        )
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _not_started(directory, error) from error


def git_failed(arguments: Sequence[str], stderr: bytes) -> GitFailed:
    """Return the error for a git command that failed, with git's own words."""
    message = words(stderr)
    verb = next((word for word in arguments if not word.startswith("-")), "")
    return GitFailed(f"git {verb} failed: {message or 'no reason given'}")


def words(stderr: bytes) -> str:
    """Return what git complained of, without anybody's password, and without advice on git's own commands."""
    lines = without_credentials(stderr.decode(errors="replace")).strip().split("\n")
    return "\n".join(line.rstrip() for line in lines if line.strip() and not line.startswith("hint:"))


def text(data: bytes) -> str:
    """Return a name that git printed; every byte comes back by `surrogateescape`."""
    return data.decode(errors="surrogateescape")


def fields(data: bytes) -> list[str]:
    """Return the fields of an output of git, each of which a NUL ends."""
    return text(data).split("\0")[:-1]


def _directory(place: Repository | Path) -> Path:
    return place if isinstance(place, Path) else place.directory


def _environment(place: Repository | Path, variables: Mapping[str, str] | None) -> dict[str, str]:
    environment = dict(asked_once("environment", clean_environment))
    if not isinstance(place, Path) and place.work_tree is None:
        # Named, it is read where `safe.bareRepository` forbids those that git comes across.
        environment |= {"GIT_DIR": str(place.git_dir), "GIT_IMPLICIT_WORK_TREE": "0"}
    if not isinstance(place, Path):
        environment |= scratch_variables(place.common_dir)
    return {**environment, **(variables or {})}


def _not_started(directory: Path, error: OSError) -> GitFailed:
    if error.filename == "git":
        return GitFailed("git is not installed", hint="Install git 2.38 or newer.")
    what = "is not a directory" if isinstance(error, NotADirectoryError) else "does not exist"
    return GitFailed(f"{directory} {what}")
