"""What happened, from the trail's tags: registrations and stage changes, oldest first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rollbook.audit.tag import RecordedTag, recorded_trail
from rollbook.git.history import first_parents, parse_moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rollbook.audit.event import Action
    from rollbook.git.repository import Repository

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are asked for; what is None or empty is not asked about.

    `since` and `until` are judged by when main took the event in, in main's order. `stage` is where a version
    came from or went to; `by` who asked for it or approved it; `version` one version of the model.
    """

    since: datetime | None = None
    until: datetime | None = None
    action: Action | None = None
    stage: str = ""
    by: str = ""
    version: str = ""

    def includes(self, tag: RecordedTag, landed_at: int) -> bool:
        """Whether an event that main took in at `landed_at` (Unix time, seconds) is asked for."""
        event = tag.event
        people = (event.requested_by, *event.approved_by)
        return (
            (self.since is None or landed_at >= self.since.timestamp())
            and (self.until is None or landed_at <= self.until.timestamp())
            and (self.action is None or event.action is self.action)
            and (not self.stage or self.stage in (event.start, event.target))
            and (not self.by or self.by.casefold() in (person.casefold() for person in people))
            and (not self.version or event.version == self.version)
        )


def parse_since(text: str) -> datetime:
    """The moment from which on events are asked for: a bare date means its beginning (UTC).

    Raises BadCall for what is no date.
    """
    moment = parse_moment(text)
    return moment + timedelta(microseconds=1) - timedelta(days=1) if _DATE.fullmatch(text) else moment


def history(
    repository: Repository, revision: str, model: str | None = None, wanted: Wanted | None = None
) -> list[RecordedTag]:
    """The recorded events of the commits that lead to `revision`, of all models or one, oldest first.

    They come in the order of main: dates never decide. `wanted` narrows them. Of one model, only tags that
    are named after it are read.
    """
    recorded = recorded_trail(repository, model).tags.values()
    if not recorded:
        return []
    order: dict[str, int] = {}
    moments: list[int] = []
    running = 0
    for place, landed in enumerate(first_parents(repository, revision)):
        running = max(running, landed.committed_at)
        order[landed.commit] = place
        moments.append(running)
    tags = [
        tag
        for tag in recorded
        if tag.event.landed_in in order
        and (model is None or tag.event.model == model)
        and (wanted is None or wanted.includes(tag, moments[order[tag.event.landed_in]]))
    ]
    return sorted(tags, key=lambda tag: (order[tag.event.landed_in], tag.event.model, tag.event.number))


def evidence(
    repository: Repository, revision: str, tags: Sequence[RecordedTag]
) -> Mapping[str, tuple[str, ...]]:
    """For each of these events, by its tag, the paths of the evidence that stood with its version when it
    landed, sorted."""
    from rollbook.audit.derive import landed_changes
    from rollbook.layout import Kind

    if not tags:
        return {}
    awaited: dict[str, list[RecordedTag]] = {}
    for tag in tags:
        awaited.setdefault(tag.event.landed_in, []).append(tag)
    held: dict[tuple[str | None, str | None], set[str]] = {}
    found: dict[str, tuple[str, ...]] = {}
    for change in landed_changes(repository, revision):
        for file in change.files:
            if file.place.kind is Kind.EVIDENCE:
                paths = held.setdefault((file.place.model, file.place.version), set())
                (paths.discard if file.removed else paths.add)(file.path)
        for tag in awaited.get(change.commit, ()):
            found[tag.name] = tuple(sorted(held.get((tag.event.model, tag.event.version), ())))
    return found
