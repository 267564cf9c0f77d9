"""A Git-native, file-based registry for machine-learning models.

`from rollbook import Registry` is the Python API: `Registry.open(".").model("credit-approval")`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.registry.registry import Registry

__version__ = "0.1.0"
__all__ = ["Registry", "__version__"]


def __getattr__(name: str) -> object:
    # Imported at the first use, so that `import rollbook.errors` costs nothing else.
    if name == "Registry":
        from rollbook.registry.registry import Registry

        return Registry
    raise AttributeError(name)
