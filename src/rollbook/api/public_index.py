"""A registry that is read from static files, which `rollbook export --index` wrote.

from rollbook import open_index

version = open_index("https://models.example.com/index").version("credit-approval@production")
version.fetch("model.onnx")
"""

from __future__ import annotations

from rollbook.api.reading import ReadOnlyRegistry
from rollbook.transfer.static_index.index_snapshot import IndexSnapshot
from rollbook.transfer.static_index.index_source import source_at


def open_index(address: str, *, offline: bool = False) -> ReadOnlyRegistry:
    """Return the registry whose index stands at a path or a URL (https, http on this machine, file).

    Nothing is asked yet. `offline` answers from the cache alone. Raises BadCall for an address that can't be
    used, and later for what only a repository can tell.
    """
    return ReadOnlyRegistry(None, IndexSnapshot(source_at(address, offline=offline)))
