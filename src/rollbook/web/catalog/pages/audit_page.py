"""The audit trail, so many events a page: the newest first, and older pages that never change any more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from rollbook.trail.history import each_event
from rollbook.web.catalog.facts.recorded_changes import recorded_changes
from rollbook.web.catalog.facts.trail_standing import PROOF
from rollbook.web.catalog.pages.catalog_page import Page, digest
from rollbook.web.catalog.pages.model_filters import name_in_path
from rollbook.web.catalog.pages.page_paths import AUDIT
from rollbook.web.catalog.rendering import rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rollbook.api.public_registry import Registry
    from rollbook.trail.event import Event
    from rollbook.trail.tag import RecordedTag
    from rollbook.web.catalog.facts.overview import Overview
    from rollbook.web.catalog.facts.recorded_changes import RecordedChange

_A_PAGE = 500
_MOST_VALUES = 50  # lists of each kind: those with the newest events


@dataclass(frozen=True, slots=True)
class EventList:
    """The newest events that have something in common, and whether there are older ones."""

    kind: str
    value: str
    path: str
    events: tuple[RecordedTag, ...]
    is_cut: bool

    @property
    def changes(self) -> Sequence[RecordedChange]:
        """What they tell, the newest first."""
        return [*recorded_changes(self.events[::-1])][::-1]


def audit_pages(
    registry: Registry,
    overview: Overview,
    reports: Sequence[tuple[str, str]] = (),
    events: Sequence[RecordedTag] | None = None,
) -> Iterator[Page]:
    """Yield the pages of the trail. `events` are all of it, where they are known already; `reports` are the
    compliance reports that are made, each a title and its path below the catalog's home.

    Pages are counted from the oldest event on, so that a new event changes none but the newest page.
    """
    if events is None:
        events = [*each_event(registry.repository, registry.snapshot.commit or "HEAD")]
    chunks = [events[start : start + _A_PAGE] for start in range(0, len(events), _A_PAGE)] or [[]]
    lists = _lists(events)
    there = {model.name for model in overview.models}
    settled = replace(overview, frame=replace(overview.frame, commit="", dates=()))
    for number, chunk in enumerate(chunks, 1):
        is_newest = number == len(chunks)
        path = AUDIT if is_newest else _older(number)
        newer = "" if is_newest else AUDIT if number + 1 == len(chunks) else _older(number + 1)
        facts = {
            "title": "Audit" if is_newest else f"Audit, page {number}",
            "crumbs": [] if is_newest else [("Audit", AUDIT)],
            "chunk": chunk,
            "newer": newer,
            "older": _older(number - 1) if number > 1 else "",
            "count": len(events) if is_newest else None,
            "lists": lists if is_newest else {},
            "reports": reports,
            "there": there,
        }
        # An older page says the same for ever: but for the way on to the newest, and models that are gone.
        inputs = None if is_newest else partial(_inputs, chunk, newer, there)
        yield Page(path, partial(_audit, overview if is_newest else settled, path, facts), inputs)
    for one in (one for found in lists.values() for one in found):
        inputs = partial(_inputs, one.events, one.is_cut, there)
        yield Page(one.path, partial(_listed, settled, one, there), inputs)


def _inputs(events: Sequence[RecordedTag], beside: object, there: set[str]) -> str:
    named = {tag.event.model for tag in events}
    return digest([tag.oid for tag in events], beside, sorted(named & there))


def _older(number: int) -> str:
    return f"{AUDIT}page/{number}/"


def _audit(overview: Overview, path: str, facts: Mapping[str, Any]) -> str:
    changes = [*recorded_changes(facts["chunk"])][::-1]
    return rendered(
        "audit.html", path, overview.frame, overview=overview, proof=PROOF, changes=changes, **facts
    )


def _listed(overview: Overview, one: EventList, there: set[str]) -> str:
    return rendered(
        "audit_list.html",
        one.path,
        overview.frame,
        title=f"Audit, {one.kind}: {one.value}",
        crumbs=[("Audit", AUDIT)],
        one=one,
        there=there,
    )


def _lists(events: Sequence[RecordedTag]) -> dict[str, list[EventList]]:
    """Return what the newest page links to, by kind: lists of those values that have the newest events."""
    return {kind: [*_of_kind(kind, values, events)] for kind, values in _KINDS.items()}


def _of_kind(
    kind: str, values: Callable[[Event], Iterable[str]], events: Sequence[RecordedTag]
) -> Iterator[EventList]:
    found: dict[str, list[RecordedTag]] = {}
    for tag in reversed(events):
        for value in dict.fromkeys(values(tag.event)):
            listed = found.get(value)
            if listed is None and value and len(found) < _MOST_VALUES:
                found[value] = listed = []
            if listed is not None and len(listed) <= _A_PAGE:
                listed.append(tag)
    for value, tags in sorted(found.items()):
        path = f"{AUDIT}by/{kind}/{name_in_path(value)}/"
        yield EventList(kind, value, path, tuple(tags[:_A_PAGE]), len(tags) > _A_PAGE)


_KINDS: Mapping[str, Callable[[Event], Iterable[str]]] = {
    "action": lambda event: [event.action.value],
    "stage": lambda event: [event.start, event.target],
    "person": lambda event: [event.requested_by, *event.approved_by],
}
