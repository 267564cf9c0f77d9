"""`notes.yaml`: what may change about a version after its registration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollbook.records.fields import Fields
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Notes:
    """Notes on a version, field by field as in the file. What the file does not give is empty."""

    description: str = ""
    tags: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


def parse_notes(data: bytes, path: str) -> Notes:
    """Read notes; an empty file holds none. Raises InvalidFile naming the file and the key."""
    value = load(data, path)
    fields = Fields({} if value is None else value, path, text=data)
    return Notes(
        description=fields.optional_text("description"),
        tags=fields.tags("tags"),
        extra=fields.mapping("extra"),
    )
