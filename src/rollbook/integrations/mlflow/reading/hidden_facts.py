"""What MLflow's clients took away, and what says so, in `extra.mlflow` of notes.yaml and of model.yaml.

`deleted` is the tombstone of a version or a model: when, and by whom. `hidden` of a version's notes is what
its manifest, which never changes, holds all the same: names of tags under `tags`, and `description: true`.
Beside them stand the tags that the file's own `tags` can't hold; see `transfer.mlflow.other_tags`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.transfer.mlflow.other_tags import OTHER_TAGS

if TYPE_CHECKING:
    from collections.abc import Mapping

DELETED = "deleted"
_OWN, _HIDDEN = "mlflow", "hidden"


@dataclass(frozen=True, slots=True)
class Hidden:
    """The tags of a manifest that are hidden, and whether its description is."""

    tags: tuple[str, ...] = ()
    description: bool = False


def hidden_facts(extra: Mapping[str, Any]) -> Hidden:
    """Return what notes with this `extra` hide; nothing where it can't be read."""
    told = _inner(own_facts(extra), _HIDDEN)
    tags = told.get("tags")
    names = tuple(name for name in tags if isinstance(name, str)) if isinstance(tags, list) else ()
    return Hidden(names, told.get("description") is True)


def write_hidden(document: Any, hidden: Hidden) -> None:
    """Write what is hidden into the document of notes, in place."""
    told: dict[str, Any] = {"tags": [*hidden.tags]} if hidden.tags else {}
    if hidden.description:
        told["description"] = True
    write_own(document, _HIDDEN, told)


def write_own(document: Any, name: str, value: Any) -> None:
    """Set a field of `extra.mlflow` of a document, in place, or take it out where the value is empty; what is
    empty then goes too."""
    extra = document.get("extra")
    if not isinstance(extra, dict):
        extra = document["extra"] = {}
    own = extra.get(_OWN)
    if not isinstance(own, dict):
        own = extra[_OWN] = {}
    if value:
        own[name] = value
    else:
        own.pop(name, None)
    if not own:
        del extra[_OWN]
    if not extra:
        del document["extra"]


def other_tags(extra: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags that a file with this `extra` holds besides its own `tags`."""
    told = _inner(own_facts(extra), OTHER_TAGS)
    return {key: text for key, text in told.items() if isinstance(text, str)}


def write_other_tag(document: Any, key: str, text: str | None) -> None:
    """Set a tag that the document's own `tags` can't hold, in place, or with None take it away."""
    told = other_tags(document.get("extra") or {})
    write_own(
        document, OTHER_TAGS, {name: one for name, one in {**told, key: text}.items() if one is not None}
    )


def is_deleted(extra: Mapping[str, Any]) -> bool:
    """Whether MLflow's clients deleted what has this `extra`: a version's notes, or a model's record."""
    return bool(own_facts(extra).get(DELETED))


def own_facts(extra: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a file's `extra` tells for MLflow: `extra.mlflow`, empty without one."""
    return _inner(extra, _OWN)


def deletion_told(extra: Mapping[str, Any]) -> str:
    """Return when and by whom MLflow's clients deleted what has this `extra`; empty where they didn't."""
    told = _inner(_inner(extra, _OWN), DELETED)
    return f"deleted for MLflow's clients at {told.get('at')} by {told.get('by')}" if told else ""


def _inner(mapping: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = mapping.get(name)
    return value if isinstance(value, dict) else {}
