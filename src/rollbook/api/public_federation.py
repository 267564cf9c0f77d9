"""Several registries read as one, as programs use them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, overload

from rollbook.api.reading import ReadOnlyRegistry
from rollbook.api.version_answers import VersionQuestions
from rollbook.registry import federation
from rollbook.registry.listing import listed_models, listed_versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.api.public_model import Model, ModelVersion
    from rollbook.names import Reference
    from rollbook.registry.listing import ListedModel, ListedVersion


class Federation(VersionQuestions, federation.Federation):
    """The models of several registries."""

    registry_class = ReadOnlyRegistry

    @overload
    def list(self, model: None = None) -> Sequence[ListedModel]: ...
    @overload
    def list(self, model: str) -> Sequence[ListedVersion]: ...
    def list(self, model: str | None = None) -> Sequence[ListedModel] | Sequence[ListedVersion]:
        """Return the models of all registries, each with its registry's address; or the versions of one
        model.

        Raises NotFound for an unknown model, Refused when several registries have it.
        """
        if model is not None:
            return listed_versions(self.model(model))
        models = [replace(row, registry=address) for address, rows in self.ask(listed_models) for row in rows]
        return sorted(models, key=lambda row: row.model)

    if TYPE_CHECKING:  # what `registry_class` makes of them

        def models(self) -> Sequence[Model]: ...
        def model(self, name: str) -> Model: ...
        def version(self, reference: str | Reference) -> ModelVersion: ...
        def version_or_default(self, reference: str | Reference) -> ModelVersion: ...
