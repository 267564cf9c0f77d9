"""Setting and taking out tags in a document that holds them under `tags`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.records.fields import tags_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def require_apart(tags: Mapping[str, str], remove_tags: Sequence[str]) -> None:
    """Raise BadCall for a tag that is both set and removed."""
    if both := sorted(tags.keys() & set(remove_tags)):
        raise BadCall(f"the tag {both[0][:80]!r} is both set and removed")


def change_tags(document: Any, tags: Mapping[str, str], remove_tags: Sequence[str]) -> None:
    """Set and take out tags of a document, in place. Those that are taken out must be there. A list of them
    that changes becomes a mapping, which is how tags are written."""
    before = tags_of(document.get("tags")) or {}
    after = {name: text for name, text in {**before, **tags}.items() if name not in remove_tags}
    if after == before:
        return
    if not after:
        del document["tags"]
    elif isinstance(document.get("tags"), dict):
        for name in remove_tags:
            del document["tags"][name]
        document["tags"].update(tags)
    else:
        document["tags"] = after
