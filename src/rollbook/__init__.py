"""A Git-native, file-based registry for machine-learning models.

`from rollbook import Registry` is the Python API: `Registry.open(".").model("credit-approval")`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.api.public_index import open_index
    from rollbook.api.public_model import Model, ModelVersion
    from rollbook.api.public_registry import Registry

__version__ = "0.1.0"
__all__ = ["Model", "ModelVersion", "Registry", "__version__", "open_index"]

_HOMES = {
    "Model": "rollbook.api.public_model",
    "ModelVersion": "rollbook.api.public_model",
    "Registry": "rollbook.api.public_registry",
    "open_index": "rollbook.api.public_index",
}


def __getattr__(name: str) -> object:
    # Imported at the first use, so that `import rollbook.errors` costs nothing else.
    if name not in _HOMES:
        raise AttributeError(name)
    return getattr(import_module(_HOMES[name]), name)
