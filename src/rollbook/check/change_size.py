"""Whether a change is small enough to be judged while somebody waits for the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.finding import Finding
from rollbook.errors import TooMuch
from rollbook.git.objects import sizes_of
from rollbook.snapshot.snapshot import MAX_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.git.repository import Repository
    from rollbook.registry.change import FileChange

_IN_PARTS = "Propose them in parts."
# A whole registry of a hundred thousand versions has a quarter of a million files.
_MOST_FILES = 100_000
_MOST_BYTES = 64 << 20
# Of the processor. All of a registry of a hundred thousand versions is judged in less.
MOST_SECONDS = 600


def require_little(repository: Repository, changes: Sequence[FileChange]) -> None:
    """Raise TooMuch when a change touches more files of the registry than can be judged, or leaves more bytes
    in them. A content that stands at many paths is stored once, but read for each."""
    blobs = [change.new_oid for change in changes if change.path.startswith(f"{layout.ROOT}/")]
    if len(blobs) > _MOST_FILES:
        raise TooMuch(
            f"{len(blobs):,} files of the registry change, more than {_MOST_FILES:,}", hint=_IN_PARTS
        )
    if len(blobs) * MAX_FILE <= _MOST_BYTES:
        return
    size = sum(min(size, MAX_FILE) for size in sizes_of(repository, blobs))
    if size > _MOST_BYTES:
        raise TooMuch(
            f"the files that change have {size >> 20:,} MiB together, more than {_MOST_BYTES >> 20}",
            hint=_IN_PARTS,
        )


def too_much(error: TooMuch) -> Finding:
    """Return the finding that a change is too large to be judged, and so does not pass."""
    return Finding("RB110", layout.ROOT, str(error), hint=error.hint)
