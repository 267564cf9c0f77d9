"""The models of a served registry by MLflow's numbers, as main has them now."""

import threading
from typing import Annotated

from fastapi import Depends, Request

from rollbook.integrations.mlflow.reading.catalogue import Catalogue, KeptCatalogues
from rollbook.web.registries.served_registry import ServedRegistry
from rollbook.web.service.asking import AskedRegistry


class _Catalogues:
    """The catalogues of each registry that was asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_name: dict[str, KeptCatalogues] = {}

    def of(self, served: ServedRegistry) -> Catalogue:
        commit = served.now().commit
        with self._lock:
            kept = self._by_name.setdefault(served.name, KeptCatalogues(served.repository))
        return kept.at(commit)


def asked_catalogue(request: Request, served: AskedRegistry) -> Catalogue:
    """Return the models that a request is about; those of a registry that its path names, else of the
    first."""
    state = request.app.state
    if not hasattr(state, "mlflow_catalogues"):
        state.mlflow_catalogues = _Catalogues()
    catalogues: _Catalogues = state.mlflow_catalogues
    return catalogues.of(served)


AskedCatalogue = Annotated[Catalogue, Depends(asked_catalogue)]
