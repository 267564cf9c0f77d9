"""Setting and taking out tags in a document that holds them under `tags`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def require_apart(tags: Mapping[str, str], remove_tags: Sequence[str]) -> None:
    """Raise BadCall for a tag that is both set and removed."""
    if both := sorted(tags.keys() & set(remove_tags)):
        raise BadCall(f"the tag {both[0][:80]!r} is both set and removed")


def change_tags(document: Any, tags: Mapping[str, str], remove_tags: Sequence[str]) -> None:
    """Set and take out tags of a document, in place. Those that are taken out must be there."""
    if tags and not isinstance(document.get("tags"), dict):
        document["tags"] = {}
    for name, text in tags.items():
        document["tags"][name] = text
    for name in remove_tags:
        del document["tags"][name]
    if not document.get("tags", True):
        del document["tags"]
