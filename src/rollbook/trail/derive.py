"""Deriving events from what has landed on main: a pure function of the commits, whoever runs it.

The blobs that the commits name are read in bulk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import InvalidFile
from rollbook.git.main_history import commits_changing
from rollbook.git.objects import ObjectReader
from rollbook.layout import Kind
from rollbook.names import is_version, precedence
from rollbook.records.policy import parse_policy
from rollbook.records.stages import StageTable
from rollbook.registry.change import FileChange, alias_records, transitions
from rollbook.snapshot.snapshot import MAX_FILE
from rollbook.text import one_line
from rollbook.trail.event import Action, Event
from rollbook.trail.landed_records import importer, removals
from rollbook.trail.past_manifests import Manifests
from rollbook.trail.past_stage_tables import StageTables, is_recordable
from rollbook.trail.pinned_tags import departures, effective_origin, last_moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rollbook.git.repository import Repository
    from rollbook.records.origin import OldTag, Origin
    from rollbook.registry.change import Transition
    from rollbook.trail.landings import LandedChange


_REGULAR = "100"
_TELLING = (Kind.MANIFEST, Kind.STAGES, Kind.ORIGIN, Kind.REMOVAL, Kind.IMPORT)
# Where a version stands while no policy can be read.
_FIRST_STAGE = "development"
_WINDOW = 200  # changes whose files are read at once


@dataclass(slots=True)
class Progress:
    """How far a model's trail has come: its last event's number and time, where its versions came in, what
    the model was taken over from, and which versions' artifacts are removed."""

    number: int = 0
    recorded_at: int = 0
    registered_in: dict[str, str] = field(default_factory=dict)
    origin: Origin | None = None
    removed: set[str] = field(default_factory=set)


def derive(
    repository: Repository,
    changes: Iterable[LandedChange],
    trail: dict[str, Progress],
    tables: StageTables | None = None,
    *,
    with_manifests: bool = True,
) -> Iterator[Event]:
    """Yield the events of `changes`, in order: by commit, by model name, registrations first (by version),
    then the departures from stages, the arrivals, and the removals of artifacts (each by version), then what
    aliases pointed to and what they point to.

    `trail` says how far each model's trail has come before, and is carried on. A file that can't be read
    never stops the trail: stages that can't be read count as the last ones that could, and a manifest that
    can't be read is recorded by its digest alone. `tables` keeps what it read, for others. Without manifests
    the events lack what these tell, and come much sooner.
    """
    reader = ObjectReader(repository)
    stage_tables = tables or StageTables(reader)
    manifests = Manifests(reader if with_manifests else None)
    first_stage = None
    try:
        for change in _read_ahead(repository, changes, stage_tables, manifests):
            # What a change does is judged by the policy before it, which only another change can alter.
            first_stage = first_stage or _first_stage(reader, change)
            yield from _Derivation(
                repository, reader, stage_tables, manifests, change, trail, first_stage
            ).events()
            if any(file.path == layout.POLICY for file in change.files):
                first_stage = None
    finally:
        reader.close()


def _read_ahead(
    repository: Repository, changes: Iterable[LandedChange], tables: StageTables, manifests: Manifests
) -> Iterator[LandedChange]:
    """Yield the changes, what they brought read in bulk: one by one, git's answers take most of the time."""
    if isinstance(changes, list):
        landed = (file.new_oid for change in changes for file in change.files if _is_manifest(file))
        manifests.read_all(repository, landed)
    remaining = iter(changes)
    while window := list(islice(remaining, _WINDOW)):
        brought = [
            file
            for change in window
            for file in change.files
            if not file.removed and file.new_mode.startswith(_REGULAR)
        ]
        tables.read_ahead(file.new_oid for file in brought if file.place.kind is Kind.STAGES)
        manifests.read_ahead(file.new_oid for file in brought if _is_manifest(file))
        yield from window


def _is_manifest(file: FileChange) -> bool:
    is_there = not file.removed and file.new_mode.startswith(_REGULAR)
    return is_there and file.place.kind is Kind.MANIFEST


def _first_stage(reader: ObjectReader, change: LandedChange) -> str:
    commits = (commit for commit in (change.parent, change.commit) if commit)
    return next((name for commit in commits if (name := first_stage_at(reader, commit))), _FIRST_STAGE)


def first_stage_at(reader: ObjectReader, commit: str) -> str:
    """Return the stage that versions start in by the policy at a commit; empty where none can be read."""
    data = reader.read_blob(f"{commit}:{layout.POLICY}", MAX_FILE)
    try:
        name = parse_policy(data, layout.POLICY).first_stage.name if data is not None else ""
    except InvalidFile:
        return ""
    return name if is_recordable(name) else ""


def _is_new(file: FileChange) -> bool:
    return file.added and file.new_mode.startswith(_REGULAR)


class _Derivation:
    """One landed change, its files, the trails it carries on, and the stage that versions start in."""

    def __init__(
        self,
        repository: Repository,
        reader: ObjectReader,
        tables: StageTables,
        manifests: Manifests,
        change: LandedChange,
        trail: dict[str, Progress],
        first_stage: str,
    ) -> None:
        self._repository = repository
        self._reader = reader
        self._tables = tables
        self._manifests = manifests
        self._change = change
        self._trail = trail
        self._first_stage = first_stage

    def events(self) -> Iterator[Event]:
        by_model: dict[str, list[FileChange]] = {}
        for file in self._change.files:
            model = file.place.model
            if model is not None and file.place.kind in _TELLING:
                by_model.setdefault(model, []).append(file)
                if file.place.kind is Kind.MANIFEST:
                    self._manifests.note(file)
        for model in sorted(by_model):
            old_tags = self._taken_over(model, by_model[model])
            yield from self._registrations(model, by_model[model], old_tags)
            yield from self._departures_from_before(model, by_model[model], old_tags)
            yield from self._moves(model, by_model[model])
            yield from self._removals(model, by_model[model])
            yield from self._alias_moves(model, by_model[model])

    def _taken_over(self, model: str, files: list[FileChange]) -> Mapping[str, OldTag]:
        """Return the versions that come in with the model's origin, each with the tag that registered it
        before.

        The model's numbers and times go on from those of its old tags. An origin that comes later says
        nothing about what is there already, nor about what is still to come.
        """
        progress = self._progress(model)
        file = next((file for file in files if file.place.kind is Kind.ORIGIN and _is_new(file)), None)
        origin = None
        if file is not None and not progress.number:
            data = self._reader.read_blob(file.new_oid, MAX_FILE)
            origin = effective_origin(data, file.path) if data else None
        before = origin.registrations if origin else {}
        old_tags = {
            version: before[version] for version in self._new_versions(model, files) if version in before
        }
        if origin is not None and old_tags:
            progress.origin = origin
            progress.number = origin.highest_counter
            progress.recorded_at = min(last_moment(origin), self._change.committed_at)
        return old_tags

    def _new_versions(self, model: str, files: list[FileChange]) -> list[str]:
        registered = self._progress(model).registered_in
        added = (
            file.place.version or "" for file in files if file.place.kind is Kind.MANIFEST and _is_new(file)
        )
        return sorted((name for name in added if is_version(name) and name not in registered), key=precedence)

    def _registrations(
        self, model: str, files: list[FileChange], taken: Mapping[str, OldTag]
    ) -> Iterator[Event]:
        for version in self._new_versions(model, files):
            yield self._registered(model, version, taken.get(version), importer(self._reader, files, version))

    def _departures_from_before(
        self, model: str, files: list[FileChange], taken: Mapping[str, OldTag]
    ) -> Iterator[Event]:
        origin = self._progress(model).origin
        tables = (self._stages(file) for file in files if file.place.kind is Kind.STAGES)
        table = next(tables, None) or StageTable()
        for move in departures(origin, taken, table, self._first_stage) if origin else ():
            yield self._moved(model, move, Action.UNASSIGNED)

    def _moves(self, model: str, files: list[FileChange]) -> Iterator[Event]:
        registered = self._progress(model).registered_in
        first_stage = self._first_stage
        for file in files:
            after = self._stages(file) if file.place.kind is Kind.STAGES else None
            if after is None:
                continue
            before = self._stages_before(file)
            moves = [move for move in transitions(before, after, first_stage) if move.version in registered]
            for move in moves:
                if move.start != first_stage and not move.stays:
                    yield self._moved(model, move, Action.UNASSIGNED)
            for move in moves:
                if move.target != first_stage:
                    yield self._moved(model, move, Action.ASSIGNED)

    def _alias_moves(self, model: str, files: list[FileChange]) -> Iterator[Event]:
        registered = self._progress(model).registered_in
        for file in files:
            after = self._stages(file) if file.place.kind is Kind.STAGES else None
            for move in alias_records(self._stages_before(file), after) if after else ():
                if move.version in registered:
                    yield self._moved(model, move, Action.ALIAS_REMOVED if move.start else Action.ALIAS_SET)

    def _removals(self, model: str, files: list[FileChange]) -> Iterator[Event]:
        progress = self._progress(model)
        for removed in removals(self._reader, files, progress.registered_in):
            if removed.version not in progress.removed:
                progress.removed.add(removed.version)
                yield self._event(
                    Action.REMOVED,
                    model,
                    removed.version,
                    start=one_line(removed.stage),
                    reason=removed.reason,
                    requested_by=removed.requested_by,
                    requested_at=removed.requested_at,
                )

    def _registered(
        self, model: str, version: str, before: OldTag | None, asked: tuple[str, str] | None
    ) -> Event:
        manifest = self._manifests.of(model, version, self._change.commit)
        by, at = asked or (manifest.registered_by, manifest.registered_at)
        self._progress(model).registered_in[version] = before.commit if before else self._change.commit
        return self._event(
            Action.REGISTERED,
            model,
            version,
            target=self._first_stage,
            reason=manifest.reason,
            requested_by=by,
            requested_at=at,
            origin=f"{before.tag} {before.object}" if before else "",
        )

    def _moved(self, model: str, move: Transition, action: Action) -> Event:
        entry = move.entry
        return self._event(
            action,
            model,
            move.version,
            start=move.start,
            target=move.target,
            reason=move.recorded_reason,
            requested_by=entry.requested_by if entry else "",
            requested_at=entry.requested_at if entry else "",
            approved_by=tuple(str(item.get("by", "")) for item in entry.approvals) if entry else (),
        )

    def _event(
        self,
        action: Action,
        model: str,
        version: str,
        *,
        start: str = "",
        target: str = "",
        reason: str = "",
        requested_by: str = "",
        requested_at: str = "",
        approved_by: tuple[str, ...] = (),
        origin: str = "",
    ) -> Event:
        progress = self._progress(model)
        progress.number += 1
        manifest = self._manifests.of(model, version, self._change.commit)
        progress.recorded_at = max(self._change.committed_at, progress.recorded_at + 1)
        return Event(
            action=action,
            number=progress.number,
            model=model,
            version=version,
            start=start,
            target=target,
            reason=one_line(reason),
            requested_by=one_line(requested_by),
            requested_at=one_line(requested_at),
            approved_by=tuple(dict.fromkeys(name for name in map(one_line, approved_by) if name)),
            landed_in=self._change.commit,
            commit=progress.registered_in.get(version, self._change.commit),
            recorded_at=progress.recorded_at,
            manifest_digest=manifest.digest,
            artifact_digest=one_line(manifest.artifact_digest),
            origin=origin,
        )

    def _progress(self, model: str) -> Progress:
        return self._trail.setdefault(model, Progress())

    def _stages(self, file: FileChange) -> StageTable | None:
        """Return the stages as a change leaves them; None where they can't be read."""
        if file.removed:
            return StageTable()
        return self._tables.table(file.new_oid, file.path) if file.new_mode.startswith(_REGULAR) else None

    def _stages_before(self, file: FileChange) -> StageTable:
        """Return the stages as the last commit left them in which they could be read."""
        if file.added:
            return StageTable()
        if file.old_mode.startswith(_REGULAR):
            table = self._tables.table(file.old_oid, file.path)
            if table is not None:
                return table
        assert self._change.parent is not None
        for commit in commits_changing(self._repository, self._change.parent, file.path):
            table = self._tables.table(f"{commit}:{file.path}", file.path)
            if table is not None:
                return table
        return StageTable()
