"""What a pickle is made of, as far as a scan needs to know it."""

from __future__ import annotations

from dataclasses import dataclass, field

# What can't matter.
OTHER = object()


@dataclass(frozen=True, slots=True)
class Imported:
    """A global: what the unpickler imports by the name of a module and a name in it."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(slots=True)
class Made:
    """What a call would return. `state` is what it is given afterwards, by name where that is told."""

    of: object
    arguments: object = OTHER
    state: dict[str, object] = field(default_factory=dict)
    whole_state: object = None
