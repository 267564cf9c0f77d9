"""A registry that is read from static files, which `rollbook export --index` wrote.

from rollbook import open_index

version = open_index("https://models.example.com/index").version("credit-approval@production")
version.fetch("model.onnx")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.api.public_model import Model, ModelVersion
from rollbook.api.version_answers import VersionQuestions
from rollbook.transfer.static_index.index_source import source_at
from rollbook.transfer.static_index.indexed_registry import SparseModel, SparseRegistry, SparseVersion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.names import Reference
    from rollbook.records.stages import StageTable
    from rollbook.transfer.static_index.documents import IndexedVersion, ModelDocument


class VersionInIndex(SparseVersion, ModelVersion):
    """A version by an index: its artifact is known, all else is asked for when it is needed."""


class ModelInIndex(SparseModel, Model):
    """A model by an index."""

    def make_indexed_version(self, indexed: IndexedVersion) -> VersionInIndex:
        return VersionInIndex(self, indexed)

    if TYPE_CHECKING:  # what `make_indexed_version` makes of them

        @property
        def latest(self) -> VersionInIndex | None: ...
        def versions(self, names: Sequence[str] | None = None) -> Sequence[VersionInIndex]: ...
        def version(self, version: str) -> VersionInIndex: ...
        def stage(self, stage: str) -> VersionInIndex: ...
        def select(self, reference: Reference) -> VersionInIndex: ...


class IndexRegistry(VersionQuestions, SparseRegistry):
    """The models of an index: the same questions and answers as of main in a clone."""

    def make_model(self, name: str, versions: Sequence[str], stages: StageTable) -> Model:
        return Model(self, name, versions, stages)

    def make_indexed_model(self, document: ModelDocument) -> ModelInIndex:
        return ModelInIndex(self, document)

    if TYPE_CHECKING:  # what the two above make of them

        def model(self, name: str) -> Model: ...
        def version(self, reference: str | Reference) -> ModelVersion: ...


def open_index(address: str, *, offline: bool = False) -> IndexRegistry:
    """Return the registry whose index stands at a path or a URL (https, http on this machine, file).

    Nothing is asked yet. `offline` answers from the cache alone. Raises BadCall for an address that can't be
    used.
    """
    return IndexRegistry(source_at(address, offline=offline))
