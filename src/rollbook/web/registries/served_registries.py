"""The registries that one service serves, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import NotFound, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.web.registries.served_registry import ServedRegistry


class ServedRegistries:
    """Registries by name; the first of them is meant where none is named."""

    def __init__(self, registries: Sequence[ServedRegistry]) -> None:
        self._by_name = {registry.name: registry for registry in registries}

    @property
    def names(self) -> Sequence[str]:
        """The names of the registries, the one that is meant where none is named first."""
        return [*self._by_name]

    def served(self, name: str | None = None) -> ServedRegistry:
        """Return the registry of a name. Raises NotFound that suggests the nearest."""
        if name is None:
            return next(iter(self._by_name.values()))
        if name not in self._by_name:
            raise NotFound(f"no registry {name!r} is served here", hint=nearest(name, self.names))
        return self._by_name[name]

    def close(self) -> None:
        """End what reads them."""
        for registry in self._by_name.values():
            registry.close()
