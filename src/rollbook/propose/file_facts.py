"""What an artifact's own bytes add to a registration: its contents, and what was not told of its manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.artifact.formats.contents import Broken
from rollbook.errors import Refused
from rollbook.propose.contradictions import framework_of, same_library

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.artifact.formats.contents import Contents
    from rollbook.artifact.storage import Storage, Stored

_HALVES = ("inputs", "outputs")
_COMPLETED = ("framework", "signature")


def with_contents(storage: Storage, stored: Stored) -> Stored:
    """Return an artifact in DVC's cache with what it says of itself. Raises Refused for one that is broken;
    then nothing new of it stays there."""
    try:
        return storage.with_contents(stored)
    except Broken as error:
        storage.forget(stored)
        raise Refused(
            f"{stored.pointer.path} is broken: by its format, {stored.format}, {error}",
            hint="Write it again where it was made, see that it loads there, and register that.",
        ) from error


def completed(facts: Mapping[str, Any], form: str, contents: Contents) -> dict[str, Any]:
    """Return a manifest's facts with what an artifact in the format `form` says where nothing was told: its
    framework, or the version of it, and each half of the signature."""
    whole = dict(facts)
    found, told = framework_of(form, contents), facts.get("framework") or {}
    if found and (not told or same_library(told["name"], found["name"])):
        whole["framework"] = {**found, **told}
    signature = dict(facts.get("signature") or {})
    for half, columns in zip(_HALVES, (contents.inputs, contents.outputs), strict=True):
        if columns and not signature.get(half):
            signature[half] = [column.as_mapping() for column in columns]
    return {**whole, "signature": signature} if signature else whole


def as_told(before: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest of an earlier run without what its artifact may have completed in it, so that it
    can be compared with `facts` before the artifact is read."""
    kept = dict(before)
    for name in _COMPLETED:
        then, now = before.get(name), facts.get(name) or {}
        if isinstance(then, dict) and all(then.get(key) == value for key, value in now.items() if value):
            kept.pop(name)
            kept |= {name: facts[name]} if name in facts else {}
    return kept


def is_format_alone(name: str, value: object) -> bool:
    """Return whether a field says in which format the artifact has to be, and nothing else of it."""
    return name == "artifact" and isinstance(value, dict) and [*value] == ["format"]
