"""The lists of models that the home page links to: by stage, owner, team, task, tag and health."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rollbook.web.catalog.facts.model_summary import ModelSummary
    from rollbook.web.catalog.facts.overview import Overview

# Of each kind, so many lists are made: those with most models. Search finds the others.
_MOST = 200
HEALTH_WORDS = {
    "bad": "needs attention",
    "warn": "due soon",
    "unknown": "can't be told",
    "waits": "waits",
    "good": "well",
}


@dataclass(frozen=True, slots=True)
class ModelFilter:
    """A list of models that have something in common: of which kind it is (`owner`), what it is, the path of
    its page, and the models."""

    kind: str
    value: str
    path: str
    models: tuple[ModelSummary, ...]


@dataclass(frozen=True, slots=True)
class FilterKind:
    """The lists of a kind, the longest first; `left_out` is how many are too many."""

    kind: str
    filters: Sequence[ModelFilter]
    left_out: int = 0


def model_filters(overview: Overview) -> list[FilterKind]:
    """Return the kinds of lists, without those that nothing is in."""
    return [
        kind
        for name, values in _KINDS.items()
        if (kind := _kind(name, overview, partial(values, overview))).filters
    ]


def _kind(name: str, overview: Overview, values: Callable[[ModelSummary], Iterable[str]]) -> FilterKind:
    models: dict[str, list[ModelSummary]] = {}
    for model in overview.models:
        for value in dict.fromkeys(values(model)):
            if value:
                models.setdefault(value, []).append(model)
    filters = [
        ModelFilter(name, value, f"by/{name}/{name_in_path(value)}/", tuple(found))
        for value, found in sorted(models.items(), key=lambda item: (-len(item[1]), item[0]))
    ]
    if name == "stage":
        filters.sort(key=lambda one: overview.stages.index(one.value) if one.value in overview.stages else 99)
    return FilterKind(name, filters[:_MOST], max(0, len(filters) - _MOST))


def name_in_path(value: str) -> str:
    """Return a value as a folder's name, which differs from every other value's."""
    plain = re.sub(r"[^a-z0-9]+", "-", value.casefold())[:40].strip("-")
    return plain if plain == value else f"{plain}-{hashlib.sha256(value.encode()).hexdigest()[:8]}".strip("-")


def _stages(overview: Overview, model: ModelSummary) -> list[str]:
    held = [holder.stage for holder in model.holders]
    return held if len(held) >= model.versions else [overview.stages[0], *held]


def _health(overview: Overview, model: ModelSummary) -> list[str]:
    state = overview.health[model.name].state
    return [HEALTH_WORDS[state]] if state else []


def _tags(_: Overview, model: ModelSummary) -> list[str]:
    return [f"{name}={value}" if value else name for name, value in model.tags.items()]


_KINDS: Mapping[str, Callable[[Overview, ModelSummary], Iterable[str]]] = {
    "health": _health,
    "stage": _stages,
    "owner": lambda _, model: [model.owner],
    "team": lambda _, model: [model.team],
    "task": lambda _, model: [model.task],
    "tag": _tags,
}
