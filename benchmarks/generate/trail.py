"""The trail of what landed: the events that `rollbook audit record` would derive, told by who knows already.

`rollbook audit verify` derives them from the commits, and so proves that these are the same.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.git.write import Identity
from rollbook.text import one_line
from rollbook.trail.event import Action, Event
from rollbook.trail.tag import tag_object

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchmarks.generate.story import Landing
    from rollbook.registry.change import Transition

RECORDER = Identity("Registry Bot", "registry@example.com")


@dataclass(slots=True)
class _Registered:
    """What a model's later events repeat of a version: the mark of its commit, and its digests."""

    mark: str
    manifest: str
    artifact: str


@dataclass(slots=True)
class _Progress:
    number: int = 0
    recorded_at: int = 0
    versions: dict[str, _Registered] = field(default_factory=dict)


@dataclass(slots=True)
class Trail:
    """Collects events. Until the commits have ids, `commit` and `landed_in` are their marks."""

    first_stage: str
    events: list[Event] = field(default_factory=list)
    _models: dict[str, _Progress] = field(default_factory=dict)

    def add(self, landing: Landing, mark: int) -> None:
        """Take in what a landing brings, whose commit on main has this mark."""
        progress = self._models.setdefault(landing.model, _Progress())
        facts = landing.registered
        if facts is not None:
            manifest = facts.files[layout.manifest_path(facts.model, facts.version)]
            digest = hashlib.sha256(manifest).hexdigest()
            artifact = str(facts.manifest["artifact"]["sha256"])
            progress.versions[facts.version] = _Registered(str(mark), digest, artifact)
            words = (facts.description, str(facts.manifest["created_by"]), str(facts.manifest["created_at"]))
            self._event(landing, mark, Action.REGISTERED, facts.version, "", self.first_stage, words)
        for move in landing.moves:
            if move.start != self.first_stage:
                self._moved(landing, mark, move, Action.UNASSIGNED)
        for move in landing.moves:
            if move.target != self.first_stage:
                self._moved(landing, mark, move, Action.ASSIGNED)

    def _moved(self, landing: Landing, mark: int, move: Transition, action: Action) -> None:
        entry = move.entry
        words = (entry.reason, entry.requested_by, entry.requested_at) if entry else ("", "", "")
        self._event(landing, mark, action, move.version, move.start, move.target, words)

    def _event(
        self,
        landing: Landing,
        mark: int,
        action: Action,
        version: str,
        start: str,
        target: str,
        words: tuple[str, str, str],
    ) -> None:
        progress = self._models[landing.model]
        progress.number += 1
        progress.recorded_at = max(landing.seconds, progress.recorded_at + 1)
        registered = progress.versions[version]
        event = Event(
            action=action,
            number=progress.number,
            model=landing.model,
            version=version,
            start=start,
            target=target,
            reason=one_line(words[0]),
            requested_by=words[1],
            requested_at=words[2],
            approved_by=(),
            landed_in=str(mark),
            commit=registered.mark,
            recorded_at=progress.recorded_at,
            manifest_digest=registered.manifest,
            artifact_digest=registered.artifact,
        )
        self.events.append(event)


def tag_objects(events: Sequence[Event], commits: Sequence[str]) -> Iterator[tuple[Event, str, bytes]]:
    """Each event, its tag object's id, and the object's bytes, in one chain. `commits` are ids by mark."""
    previous = ""
    for marked in events:
        event = replace(marked, commit=commits[int(marked.commit)], landed_in=commits[int(marked.landed_in)])
        data = tag_object(event, RECORDER, previous)
        previous = hashlib.sha1(b"tag %d\0%b" % (len(data), data), usedforsecurity=False).hexdigest()
        yield event, previous, data
