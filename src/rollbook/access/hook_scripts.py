"""Installing git hooks that run Rollbook: on a server, and in a clone without pre-commit."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, Refused
from rollbook.git.config import configure, setting
from rollbook.git.refs import is_branch_name
from rollbook.git.repository import hooks_are_shared, hooks_directory
from rollbook.registry.main_branch import MAIN, read_main
from rollbook.snapshot.safe_open import read_beneath, write_beneath

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.git.repository import Repository

_MARK = "# Written by `rollbook hooks install`."
# The hooks of each kind, and the command that each runs.
_SERVER = {"pre-receive": "hooks receive", "post-receive": "hooks received"}
_CLONE = {"pre-commit": "check --staged"}


def install_hooks(repository: Repository, *, server: bool, main: str | None = None) -> list[Path]:
    """Write the hooks of a server (a bare repository) or of a clone; return those that were written.

    A server's own configuration pins which branch is guarded: `main`, else what it was pinned to before,
    else main as the repository tells it. Raises BadCall for a server's hooks in a clone and the other way
    round, and where a link stands on the way to the hooks; Refused when a hook that somebody else wrote
    stands there, when the hooks are those of other repositories too, or when main isn't there yet and `main`
    does not name it.
    """
    if server and repository.work_tree is not None:
        raise BadCall(
            "a server's repository is bare", hint="Run it in the bare repository that is pushed to."
        )
    if not server and repository.work_tree is None:
        raise BadCall("this repository is bare", hint="Give --server to guard what is pushed to it.")
    if main is not None and not (server and is_branch_name(repository, main)):
        raise BadCall("main is named for a server's hooks, as a branch may be called")
    folder = hooks_directory(repository)
    if hooks_are_shared(repository, folder):
        own = shlex.quote(str(repository.common_dir / "hooks"))
        raise Refused(
            f"git looks for hooks in {folder} (core.hooksPath), which other repositories share",
            hint=f"To have hooks of its own here, in place of those: git config core.hooksPath {own}",
        )
    texts = {folder / name: _script(command) for name, command in (_SERVER if server else _CLONE).items()}
    root = _root(repository, folder)
    for path in texts:
        standing = read_beneath(root, str(path.relative_to(root)))
        if standing is not None and _MARK.encode() not in standing:
            raise Refused(
                f"{path} exists and is not Rollbook's", hint=f"Call `{_command('...')}` from it instead."
            )
    if server:
        configure(repository, MAIN, main or _main_to_guard(repository))
    return [path for path, text in texts.items() if _write(root, path, text.encode())]


def _root(repository: Repository, folder: Path) -> Path:
    """Return the folder below which no link is followed on the way to the hooks: a stranger's commit, or
    whoever can write to the repository, may have put it there. Where the hooks stand elsewhere, the owner
    says so.
    """
    roots = (repository.common_dir, repository.directory)
    return next((root for root in roots if folder.is_relative_to(root)), folder)


def _main_to_guard(repository: Repository) -> str:
    main = read_main(repository)
    if setting(repository, MAIN) is None and main.local is None:
        raise Refused(
            f"there is no branch {main.name!r} yet to be guarded as main",
            hint="Push main first, or name it: rollbook hooks install --server --main BRANCH",
        )
    return main.name


def _script(command: str) -> str:
    return f"#!/bin/sh\n{_MARK}\nexec {_command(command)}\n"


def _command(arguments: str) -> str:
    # This very installation: a server's PATH seldom holds it. -P and -E keep a working tree that is anybody's
    # off Python's import path, into which `-m` alone, or a PYTHONPATH of `.`, would put it.
    return f"{shlex.quote(sys.executable)} -P -E -m rollbook {arguments}"


def _write(root: Path, path: Path, text: bytes) -> bool:
    name = str(path.relative_to(root))
    return read_beneath(root, name) != text and write_beneath(root, name, text, replace=True, executable=True)
