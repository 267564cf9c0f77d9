"""The registry that an index holds: the same questions and answers as of main in a clone."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile, NotFound
from rollbook.names import normalise_version, require_model_name
from rollbook.records.policy import Policy, Stage
from rollbook.registry.model_version import ModelVersion
from rollbook.registry.registry import Model, Registry
from rollbook.transfer.static_index.details import DetailsSnapshot
from rollbook.transfer.static_index.document_json import parse_model
from rollbook.transfer.static_index.index_layout import model_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rollbook.artifact.progress import Progress
    from rollbook.records.manifest import Artifact
    from rollbook.records.removal import Removal
    from rollbook.trail.head import Head
    from rollbook.transfer.static_index.documents import IndexedVersion, ModelDocument
    from rollbook.transfer.static_index.index_source import Source
    from rollbook.transfer.static_index.verification import Verified


class SparseRegistry(Registry):
    """The models of an index. One request answers for a model; a second one, when more is asked of a version
    than its artifact and its stage, brings the model's small files.

    With `whole` the small files are what is asked for at once. `fresh` takes nothing from answers that could
    not be confirmed.
    """

    def __init__(self, source: Source, *, whole: bool = False, fresh: bool = False) -> None:
        self.source = source
        self._details = DetailsSnapshot(source, fresh=fresh)
        # Nothing that an index answers asks for a repository, and there is none.
        super().__init__(None, self._details)  # type: ignore[arg-type]
        self._whole = whole
        self._fresh = fresh
        self._documents: dict[str, ModelDocument] = {}
        self._stage_names: tuple[str, ...] = ()

    @property
    def policy(self) -> Policy:
        """The stages' names and order, as the model that was asked about last has them; no more is known."""
        return Policy(tuple(Stage(name, False, (), None, "") for name in self._stage_names))

    def models(self) -> Sequence[Model]:
        """Raises NotFound: an index answers about a model whose name is known."""
        raise NotFound("an index lists no models", hint="Ask about one by its name.")

    def model(self, name: str) -> Model:
        """The model of that name. Raises BadCall for no possible name, NotFound when the index has none."""
        require_model_name(name)
        if self._whole:
            details = self._details.document(name)
            if details is None:
                raise self._no_model(name)
            self._stage_names = details.stage_names
            return super().model(name)
        document = self.document(name)
        self._stage_names = document.stage_names
        self._details.commit = document.commit
        if document.error is not None:
            raise document.error
        return self.make_indexed_model(document)

    def make_indexed_model(self, document: ModelDocument) -> SparseModel:
        """Make the object for one model, of the class that goes with this registry's."""
        return SparseModel(self, document)

    def document(self, name: str) -> ModelDocument:
        """What the index has of a model, by one request. Raises as `model` does."""
        if name not in self._documents:
            try:
                found = self.source.read(model_file(name), parse_model, fresh=self._fresh)
            except NotFound as error:
                raise self._no_model(name, error) from error
            if found.model != name:
                raise (
                    self._no_model(name) if found.model.lower() != name.lower() else _other_case(name, found)
                )
            self._documents[name] = found
        return self._documents[name]

    def verify(
        self, name: str, *, witness: Head | None = None, allowed_signers: bytes | None = None
    ) -> Verified:
        """Check all that was read of a model by the audit trail; see `static_index.verification`."""
        from rollbook.transfer.static_index.verification import claims_of, claims_of_files, verify

        claims = claims_of_files(self.model(name)) if self._whole else claims_of(self.document(name))
        return verify(self.source, claims, witness=witness, allowed_signers=allowed_signers)

    def _no_model(self, name: str, error: NotFound | None = None) -> NotFound:
        where = str(error) if error else f"{self.source.address} has it under another name"
        hint = error.hint if error and error.hint else f"{where}. Is the address that of an index?"
        return NotFound(f"there is no model {name!r}", hint=hint)


def _other_case(name: str, found: ModelDocument) -> NotFound:
    return NotFound(f"there is no model {name!r}", hint=f"Did you mean {found.model}?")


class SparseModel(Model):
    """A model by its document in the index."""

    def __init__(self, registry: SparseRegistry, document: ModelDocument) -> None:
        super().__init__(registry, document.model, list(document.versions), document.stages)
        self.document = document

    def make_indexed_version(self, indexed: IndexedVersion) -> SparseVersion:
        """Make the object for one version, of the class that goes with this model's."""
        return SparseVersion(self, indexed)

    def versions(self, names: Sequence[str] | None = None) -> Sequence[ModelVersion]:
        """Every version, oldest first, or those named."""
        return [self.version(name) for name in (self.version_names if names is None else names)]

    def version(self, version: str) -> SparseVersion:
        """That version. Raises NotFound that suggests the nearest."""
        found = super().version(version)
        return self.make_indexed_version(self.document.versions[normalise_version(found.version)])


class SparseVersion(ModelVersion):
    """A version by its model's document: its artifact is known, all else is fetched when it is asked for."""

    model: SparseModel

    def __init__(self, model: SparseModel, indexed: IndexedVersion) -> None:
        super().__init__(model, indexed.version)
        self.indexed = indexed

    @cached_property
    def artifact(self) -> Artifact:
        """The artifact's name, format, size and digest. Raises what a clone raises for a broken manifest."""
        if self.indexed.artifact is None:
            raise self.indexed.error or InvalidFile("there is no artifact", path=str(self))
        return self.indexed.artifact

    @cached_property
    def removal(self) -> Removal | None:
        """When, why and by whom the artifact was removed; None while it is kept."""
        return self.indexed.removal

    def fetch(
        self,
        destination: str | Path,
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
        remote: str | None = None,
    ) -> Path:
        """Get the artifact from the DVC remote that the index names, or from `remote` (its URL), verified.

        Raises as `ModelVersion.fetch` does.
        """
        from pathlib import Path as LocalPath

        from rollbook.transfer.static_index.indexed_artifact import fetch_indexed

        return fetch_indexed(
            self, LocalPath(destination), overwrite=overwrite, progress=progress, remote=remote
        )
