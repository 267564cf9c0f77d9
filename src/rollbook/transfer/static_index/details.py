"""A model's small files as the index has them, behind the same face as the files of a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import NotFound
from rollbook.names import is_model_name
from rollbook.snapshot.snapshot import Snapshot
from rollbook.transfer.static_index.document_json import parse_details
from rollbook.transfer.static_index.index_layout import details_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.transfer.static_index.documents import DetailsDocument
    from rollbook.transfer.static_index.index_source import Source


class DetailsSnapshot(Snapshot):
    """The files of the models that are asked about, each model's fetched at the first question.

    It is a Snapshot; a path that belongs to no model holds nothing. `commit` is that of the last answer.
    """

    commit: str | None = None

    def __init__(self, source: Source, *, fresh: bool = False) -> None:
        self.label = f"the index at {source.address}"
        self._source = source
        self._fresh = fresh
        self._documents: dict[str, DetailsDocument | None] = {}

    def document(self, model: str) -> DetailsDocument | None:
        """All that the index has of a model's files; None where it has no such model."""
        if model not in self._documents:
            try:
                found = self._source.read(details_file(model), parse_details, fresh=self._fresh)
            except NotFound:
                found = None
            # Names differ by more than case, but a host may not tell; a registry does.
            self._documents[model] = found if found and found.model == model else None
            self.commit = found.commit if found else self.commit
        return self._documents[model]

    def modes(self, directory: str) -> Mapping[str, str]:
        inside = f"{directory}/" if directory else ""
        return {path: "100644" for path in self._files(directory) if path.startswith(inside)}

    def children(self, directories: Sequence[str]) -> list[dict[str, bool]]:
        return [self._children(f"{directory}/") for directory in directories]

    def read_many(self, paths: Sequence[str]) -> list[bytes | None]:
        texts = [self._files(path).get(path) for path in paths]
        return [None if text is None else text.encode(errors="surrogateescape") for text in texts]

    def mode(self, path: str) -> str | None:
        return "100644" if path in self._files(path) else None

    def close(self) -> None:
        """Nothing is held open."""

    def _children(self, start: str) -> dict[str, bool]:
        names: dict[str, bool] = {}
        for path in self._files(start):
            if path.startswith(start):
                name, slash, _ = path[len(start) :].partition("/")
                names[name] = bool(slash)
        return names

    def _files(self, path: str) -> Mapping[str, str]:
        model = _model_of(path)
        document = self.document(model) if model else None
        return document.files if document else {}


def _model_of(path: str) -> str:
    """The model that a path is about; empty for one that is about none."""
    name = path.partition("/")[2].partition("/versions/")[0].removesuffix("/versions").rstrip("/")
    if name.endswith(".yaml"):
        name = name.rpartition("/")[0]
    return name if is_model_name(name) else ""
