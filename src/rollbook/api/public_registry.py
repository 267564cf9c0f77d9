"""The registry as programs use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.api.public_model import Model
from rollbook.registry import registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.api.public_model import ModelVersion
    from rollbook.insight.query.sql import Result, Value
    from rollbook.names import Reference
    from rollbook.records.stages import StageTable


class Registry(registry.Registry):
    """The models of one snapshot of one repository."""

    def make_model(self, name: str, versions: Sequence[str], stages: StageTable) -> Model:
        return Model(self, name, versions, stages)

    def query(
        self, sql: str, parameters: Sequence[Value] | Mapping[str, Value] = (), *, timeout: float = 30.0
    ) -> Result:
        """What one SELECT over the registry gives; `insight.query.sql` says what the arguments mean."""
        from rollbook.insight.query.sql import query

        return query(self, sql, parameters, timeout=timeout)

    if TYPE_CHECKING:  # what `make_model` makes of them

        def models(self) -> Sequence[Model]: ...
        def models_named(self, names: Sequence[str]) -> Sequence[Model]: ...
        def model(self, name: str) -> Model: ...
        def version(self, reference: str | Reference) -> ModelVersion: ...
