"""In which order a model's versions were registered, as main's history has it: their numbers, from 1; and
when main last changed what is told of them.

A version keeps its number for good: what landed later never comes before what landed earlier. How far that is
told is remembered in the git directory, by the commit of main whose id stands for all of its history.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rollbook.cache.memory import REGISTRATIONS
from rollbook.errors import CannotTell
from rollbook.git.main_history import is_first_parent
from rollbook.git.shallow import is_shallow
from rollbook.layout import Kind
from rollbook.names import is_version, precedence
from rollbook.trail.landings import landed_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.git.repository import Repository
    from rollbook.trail.landings import LandedChange

# Commits of main beyond what is remembered that are walked each time; more of them are remembered too.
_NEAR = 256
_OF_MODEL = frozenset([Kind.MODEL, Kind.STAGES])


@dataclass(frozen=True, slots=True)
class Registered:
    """A version that landed: its number among its model's, from 1, the commit of main that brought it, and
    when; `changed_at` is when main last changed its notes (both Unix time, seconds)."""

    version: str
    number: int
    landed_in: str
    at: int
    changed_at: int = 0


@dataclass(frozen=True, slots=True)
class ModelLandings:
    """A model's versions in the order in which they were registered; when it landed itself, and when main
    last changed what it is, which of its versions is in which stage, or brought one (Unix time, seconds)."""

    versions: tuple[Registered, ...] = ()
    at: int = 0
    changed_at: int = 0


_NONE = ModelLandings()


@dataclass(frozen=True, slots=True)
class Registrations:
    """What landed of every model up to the commit `tip` of main."""

    tip: str
    by_model: Mapping[str, ModelLandings] = field(default_factory=dict)

    def of(self, model: str) -> tuple[Registered, ...]:
        """Return the versions of a model, in order; none of one that isn't there."""
        return self.landings(model).versions

    def landings(self, model: str) -> ModelLandings:
        """Return what landed of a model; nothing of one that isn't there."""
        return self.by_model.get(model, _NONE)


def registrations(repository: Repository, tip: str, known: Iterable[Registrations] = ()) -> Registrations:
    """Return the registrations up to `tip`, a commit of main.

    Upon what is `known` of a commit that leads there, or else upon what is remembered, only what landed since
    is read; where main was rewritten, all is. Raises CannotTell when the clone lacks the beginning of main's
    history.
    """
    since = next((one for one in known if _leads_to(repository, one, tip)), None)
    if since is not None and since.tip == tip:
        return since
    is_kept = since is not None
    if since is None:
        remembered = _read(REGISTRATIONS.read(repository))
        since = remembered if remembered and _leads_to(repository, remembered, tip) else None
    if since is None and is_shallow(repository):
        raise CannotTell(
            "which numbers the versions have can't be told: the clone lacks the beginning of main's history",
            hint="Bring it here: git fetch --unshallow",
        )
    changes = landed_changes(repository, tip, since.tip if since else None)
    told = Registrations(tip, _with(since.by_model if since else {}, changes))
    if not is_kept and len(changes) >= _NEAR:
        REGISTRATIONS.write(repository, _written(told))
    return told


def _leads_to(repository: Repository, known: Registrations, tip: str) -> bool:
    return known.tip == tip or is_first_parent(repository, known.tip, tip)


def _with(before: Mapping[str, ModelLandings], changes: Iterable[LandedChange]) -> dict[str, ModelLandings]:
    """Return what is known of each model with what changes of main bring, in their order; the versions of one
    commit by version."""
    by_model = dict(before)
    for change in changes:
        brought: dict[str, list[str]] = {}
        noted: dict[str, list[str]] = {}
        touched = set[str]()
        for file in change.files:
            place = file.place
            if place.model is None:
                continue
            if place.version is not None and place.kind is Kind.MANIFEST and file.added:
                brought.setdefault(place.model, []).append(place.version)
            elif place.version is not None and place.kind is Kind.NOTES:
                noted.setdefault(place.model, []).append(place.version)
            elif place.kind in _OF_MODEL:
                touched.add(place.model)
        for model in sorted({*brought, *noted, *touched}):
            landings = by_model.get(model, _NONE)
            if model in brought:
                landings = _brought(landings, brought[model], change)
            if model in noted:
                landings = _noted(landings, frozenset(noted[model]), change.committed_at)
            at = change.committed_at
            is_changed = model in brought or model in touched
            by_model[model] = replace(
                landings,
                at=landings.at or at,
                changed_at=max(landings.changed_at, at) if is_changed else landings.changed_at,
            )
    return by_model


def _brought(landings: ModelLandings, versions: Iterable[str], change: LandedChange) -> ModelLandings:
    known = {one.version for one in landings.versions}
    new = sorted({one for one in versions if one not in known and is_version(one)}, key=precedence)
    numbered = (
        Registered(version, number, change.commit, change.committed_at)
        for number, version in enumerate(new, len(landings.versions) + 1)
    )
    return replace(landings, versions=(*landings.versions, *numbered))


def _noted(landings: ModelLandings, versions: frozenset[str], at: int) -> ModelLandings:
    changed = (
        replace(one, changed_at=max(one.changed_at, at)) if one.version in versions else one
        for one in landings.versions
    )
    return replace(landings, versions=tuple(changed))


def _written(told: Registrations) -> bytes:
    rows = {
        model: [
            landings.at,
            landings.changed_at,
            [[one.version, one.landed_in, one.at, one.changed_at] for one in landings.versions],
        ]
        for model, landings in told.by_model.items()
    }
    return json.dumps([told.tip, rows], separators=(",", ":")).encode()


def _read(body: bytes | None) -> Registrations | None:
    if body is None:
        return None
    tip, rows = json.loads(body)
    return Registrations(tip, {model: _landings(*row) for model, row in rows.items()})


def _landings(at: int, changed_at: int, rows: list[Any]) -> ModelLandings:
    versions = tuple(
        Registered(version, number, landed_in, landed_at, noted_at)
        for number, (version, landed_in, landed_at, noted_at) in enumerate(rows, 1)
    )
    return ModelLandings(versions, at, changed_at)
