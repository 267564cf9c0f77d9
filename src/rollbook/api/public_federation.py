"""Several registries read as one, as programs use them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.api.public_registry import Registry
from rollbook.registry import federation

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.api.public_model import Model, ModelVersion
    from rollbook.names import Reference


class Federation(federation.Federation):
    """The models of several registries."""

    registry_class = Registry

    if TYPE_CHECKING:  # what `registry_class` makes of them

        def models(self) -> Sequence[Model]: ...
        def model(self, name: str) -> Model: ...
        def version(self, reference: str | Reference) -> ModelVersion: ...
