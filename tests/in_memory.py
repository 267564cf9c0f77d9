"""The old name of `building.memory`."""

from building.memory import Files, registry_of

__all__ = ["Files", "registry_of"]
