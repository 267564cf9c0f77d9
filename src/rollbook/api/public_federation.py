"""Several registries read as one, as programs use them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Unpack, overload

from rollbook.api.reading import ReadOnlyRegistry
from rollbook.api.version_answers import VersionQuestions
from rollbook.errors import BadCall
from rollbook.registry import federation
from rollbook.registry.list_filter import list_filter
from rollbook.registry.listing import listed_models, listed_versions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.api.public_model import Model, ModelVersion
    from rollbook.names import Reference
    from rollbook.registry.list_filter import Wanted
    from rollbook.registry.listing import ListedModel, ListedVersion


class Federation(VersionQuestions, federation.Federation):
    """The models of several registries."""

    registry_class = ReadOnlyRegistry

    @overload
    def list(
        self, model: None = None, *, owner: str | None = None, team: str | None = None,
        task: str | None = None, **wanted: Unpack[Wanted],
    ) -> Sequence[ListedModel]: ...  # fmt: skip
    @overload
    def list(self, model: str, **wanted: Unpack[Wanted]) -> Sequence[ListedVersion]: ...
    def list(
        self,
        model: str | None = None,
        *,
        stage: str | None = None,
        owner: str | None = None,
        team: str | None = None,
        task: str | None = None,
        tags: Sequence[str] = (),
        sort: str | None = None,
        reverse: bool = False,
    ) -> Sequence[ListedModel] | Sequence[ListedVersion]:
        """Return the models of all registries, each with its registry's address; or the versions of one
        model.

        Narrowed and sorted as `Registry.list` does; models of several registries are sorted by name alone.
        Raises NotFound for an unknown model or stage, Refused when several registries have the model.
        """
        wanted = list_filter(
            stage=stage, owner=owner, team=team, task=task, tags=tags, sort=sort, reverse=reverse
        )
        if model is not None:
            wanted.require_of_versions()
            return listed_versions(self.model(model), wanted=wanted)
        if wanted.order not in ("", "name"):
            raise BadCall("models of several registries are sorted by name", hint="Leave out the order.")
        answers = self.ask(lambda registry: listed_models(registry, wanted))
        models = [replace(row, registry=address) for address, rows in answers for row in rows]
        return sorted(models, key=lambda row: row.model, reverse=reverse)

    if TYPE_CHECKING:  # what `registry_class` makes of them

        def models(self) -> Sequence[Model]: ...
        def model(self, name: str) -> Model: ...
        def version(self, reference: str | Reference) -> ModelVersion: ...
        def version_or_default(self, reference: str | Reference) -> ModelVersion: ...
