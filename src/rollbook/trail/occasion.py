"""The occasion on which a model's version moves: in which registry, by which rules, after which event.

It tells one asking from the next: the same move, asked for again or elsewhere, is another occasion. All of it
is derived from main's first-parent line, so that whoever approves, checks or audits comes to the same, and
what lands for other models in between changes nothing.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import CannotTell, InvalidFile
from rollbook.git.commits import read_commit
from rollbook.git.main_history import is_first_parent
from rollbook.git.objects import ObjectReader
from rollbook.git.shallow import is_shallow
from rollbook.records.policy import parse_policy
from rollbook.signing.approval_signature import Occasion
from rollbook.snapshot.snapshot import MAX_FILE
from rollbook.trail.derive import derive
from rollbook.trail.event import Action
from rollbook.trail.landings import landed_changes
from rollbook.trail.recorded_moves import recorded_events
from rollbook.trail.stage_times import paths_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from rollbook.git.repository import Repository
    from rollbook.trail.event import Event
    from rollbook.trail.landings import LandedChange
# So many models' folders git is asked about at most; of more, about all of the registry.
_FEW = 4


class Rules:
    """The policies of a history: which one stood before each landing, and at its end."""

    def __init__(self, reader: ObjectReader, changes: Iterable[LandedChange]) -> None:
        self._reader = reader
        self._began = ""
        self._before: dict[str, str] = {}
        self._last = ""
        self._policies: dict[str, bytes] = {}
        for change in changes:
            self._before[change.commit] = self._last
            for file in change.files:
                if file.path == layout.POLICY:
                    self._began = self._began or change.commit
                    self._last = "" if file.removed else file.new_oid

    def occasion(self, last: Event | None, landed_in: str | None = None) -> Occasion:
        """Return the occasion of what lands in a commit (None: next) after the model's event `last`."""
        policy = self._policy(self._last if landed_in is None else self._before[landed_in])
        return _occasion(_named(policy) or self._began, policy, last)

    def names_registry(self, landed_in: str) -> bool:
        """Whether the policy before a landing names the registry, and so knows of occasions."""
        return bool(_named(self._policy(self._before[landed_in])))

    def _policy(self, oid: str) -> bytes:
        if oid not in self._policies:
            self._policies[oid] = (self._reader.read_blob(oid, MAX_FILE) if oid else None) or b""
        return self._policies[oid]


def _named(policy: bytes) -> str:
    """Return what a policy calls its registry; nothing where it can't be read, or says nothing."""
    try:
        return parse_policy(policy, layout.POLICY).registry
    except InvalidFile:
        return ""


def _occasion(registry: str, policy: bytes, last: Event | None) -> Occasion:
    digest = hashlib.sha256(policy).hexdigest()
    return Occasion(registry, digest, last.number if last else 0, last.landed_in if last else "")


def occasion_at(repository: Repository, base: str, model: str) -> Occasion:
    """Return the occasion of what lands next on the commit `base` and moves a version of the model.

    Raises CannotTell in a shallow clone.
    """
    _require_history(repository)
    changes = landed_changes(repository, base, None, (layout.model_directory(model), layout.POLICY))
    events = derive(repository, changes, {}, with_manifests=False)
    last = max((event for event in events if event.model == model), key=_number, default=None)
    reader = ObjectReader(repository)
    try:
        return Rules(reader, changes).occasion(last)
    finally:
        reader.close()


def arrivals_at(
    repository: Repository, tip: str, holders: Collection[tuple[str, str, str]]
) -> dict[tuple[str, str, str], tuple[Event, Occasion]]:
    """Return for each of some holders (model, version, stage or `@alias`) the event that put it there last,
    and the occasion on which that was approved; but for those of which main's history up to `tip` holds none.

    Raises CannotTell in a shallow clone.
    """
    _require_history(repository)
    models = {model for model, _, _ in holders}
    theirs = (*map(layout.model_directory, models), layout.POLICY)
    changes = landed_changes(repository, tip, None, theirs if len(models) <= _FEW else (layout.ROOT,))
    events = list(derive(repository, changes, {}, with_manifests=False))
    before = last_before(events)
    arrivals = {
        (event.model, event.version, event.target): event
        for event in events
        if event.action in (Action.ASSIGNED, Action.ALIAS_SET)
    }
    reader = ObjectReader(repository)
    try:
        rules = Rules(reader, changes)
        return {
            holder: (event, rules.occasion(before[event.model, event.landed_in], event.landed_in))
            for holder in holders
            if (event := arrivals.get(holder))
        }
    finally:
        reader.close()


def recorded_arrival(
    repository: Repository, tip: str, holder: tuple[str, str, str]
) -> tuple[Event, Occasion] | None:
    """Return what `arrivals_at` does for one holder, by the model's tags where they record all that main has
    of it and the policy names the registry: then the history of other models is not read. None elsewhere."""
    model, version, target = holder
    tags = recorded_events(repository, model, version)
    if tags is None or not _is_recorded(repository, tip, tags[-1].event.landed_in, model):
        return None
    came = (Action.ASSIGNED, Action.ALIAS_SET)
    arrivals = [
        event
        for event in (tag.event for tag in tags)
        if event.action in came and (event.version, event.target) == (version, target)
    ]
    if not arrivals:
        return None
    arrival = arrivals[-1]
    before = [tag.event for tag in tags[: arrival.number] if tag.event.landed_in != arrival.landed_in]
    (parent, *_) = read_commit(repository, arrival.landed_in).parents or ("",)
    reader = ObjectReader(repository)
    try:
        policy = (reader.read_blob(f"{parent}:{layout.POLICY}", MAX_FILE) if parent else None) or b""
    finally:
        reader.close()
    registry = _named(policy)
    return (arrival, _occasion(registry, policy, before[-1] if before else None)) if registry else None


def _is_recorded(repository: Repository, tip: str, last: str, model: str) -> bool:
    """Whether main, up to `tip`, has nothing of a model after its landing `last`."""
    reached = is_first_parent(repository, last, tip)
    return reached and not landed_changes(repository, tip, last, paths_of(model))


def last_before(events: Sequence[Event]) -> dict[tuple[str, str], Event | None]:
    """Return the last event of a model before each landing (model, commit) that had events of it."""
    last: dict[str, Event] = {}
    before: dict[tuple[str, str], Event | None] = {}
    for event in events:
        before.setdefault((event.model, event.landed_in), last.get(event.model))
        last[event.model] = event
    return before


def _require_history(repository: Repository) -> None:
    if is_shallow(repository):
        raise CannotTell(
            "this clone is shallow: it does not tell on which occasion an approval is given",
            hint="Fetch all of main: git fetch --unshallow; in CI, fetch-depth: 0.",
        )


def _number(event: Event) -> int:
    return event.number
