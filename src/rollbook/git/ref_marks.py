"""Whether refs may have moved since, seen without asking git: by the files that it keeps them in.

A mark says nothing of where a ref stands, only whether everything that tells it is as it was. Loose refs, and
the list of tables of the reftable format, are compared whole; of the file of packed refs, which can be
large, what git itself goes by (https://git-scm.com/docs/gitrepository-layout).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rollbook.git.repository import Repository

Mark = tuple[object, ...]
_MOST = 1 << 16
_SYMBOLIC = b"ref: "
_LONGEST_CHAIN = 5  # of symbolic refs, as git follows them


def refs_mark(repository: Repository, refs: Iterable[str]) -> Mark:
    """Return what tells where `refs`, by full name, and `HEAD` stand: equal while none of them has moved."""
    common = repository.common_dir
    folders = [common] if common == repository.git_dir else [common, repository.git_dir]
    return (
        *_chain(repository.git_dir, common, "HEAD"),
        *(content for ref in refs for content in _chain(common, common, ref)),
        _file_mark(common / "packed-refs"),
        *(_content(folder / "reftable" / "tables.list") for folder in folders),
    )


def files_mark(files: Sequence[Path]) -> Mark:
    """Return what tells files from those that stood there before: equal while nobody has written to any."""
    return tuple(map(_file_mark, files))


def _file_mark(path: Path) -> Mark | None:
    """Return what tells a file from one that stood there before; None where there is none."""
    try:
        facts = os.stat(path)  # noqa: PTH116 - asked very often
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_ctime_ns, facts.st_size, facts.st_ino


def _chain(folder: Path, common: Path, ref: str) -> list[bytes | None]:
    """Return what stands in a ref's own file, and where it names another ref, in that one's."""
    found: list[bytes | None] = []
    place = folder / ref
    while len(found) < _LONGEST_CHAIN:
        content = _content(place)
        found.append(content)
        if content is None or not content.startswith(_SYMBOLIC):
            break
        place = common / os.fsdecode(content.removeprefix(_SYMBOLIC).strip())
    return found


def _content(path: Path) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    except (OSError, ValueError):
        return None
    try:
        return os.read(descriptor, _MOST)
    except OSError:  # a folder
        return None
    finally:
        os.close(descriptor)
