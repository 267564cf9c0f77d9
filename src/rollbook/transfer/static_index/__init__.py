"""A registry as static files: written by `rollbook export --index`, read with `--index` and `open_index`.

from rollbook.sparse import open_index

version = open_index("https://models.example.com/index").version("credit-approval@production")
version.fetch("model.onnx")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.transfer.static_index.indexed_registry import SparseRegistry

__all__ = ["open_index"]


def open_index(address: str, *, offline: bool = False) -> SparseRegistry:
    """The registry whose index stands at a path or a URL (https, http on this machine, file).

    Nothing is asked yet. `offline` answers from the cache alone. Raises BadCall for an address that can't be
    used.
    """
    from rollbook.transfer.static_index.index_source import source_at
    from rollbook.transfer.static_index.indexed_registry import SparseRegistry

    return SparseRegistry(source_at(address, offline=offline))
