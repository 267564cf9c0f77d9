"""The compliance report: what there is at a period's end, what happened in it, and does the trail hold."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.access.roles import Person
from rollbook.check.gates.gate import State
from rollbook.check.promotion_report import proposed_gate_reports
from rollbook.errors import BadCall, RollbookError
from rollbook.git.main_history import commit_at, first_parents
from rollbook.names import alias_of, parse_moment
from rollbook.records.stages import parse_stages
from rollbook.registry.main_branch import main_commit
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.trail.event import Action
from rollbook.trail.history import EventFilter, evidence, history
from rollbook.trail.verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.check.gate_judgement import JudgedGate
    from rollbook.git.repository import Repository
    from rollbook.records.stages import StageEntry
    from rollbook.registry.registry import Model
    from rollbook.trail.tag import RecordedTag
    from rollbook.trail.verification import Verification


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to `end`, both included."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class HeldVersion:
    """A version as it stood at the period's end. Digests are SHA-256; `owner` is the model's."""

    model: str
    version: str
    stage: str
    owner: str
    registered_by: str
    manifest_digest: str
    artifact_digest: str


@dataclass(frozen=True, slots=True)
class Step:
    """An event of the period: its tag, the evidence that stood then, the gates as judged again from what main
    held then, and why a freeze was set aside, if it was.

    `unjudged` says why the gates could not be judged again; empty when they could.
    """

    tag: RecordedTag
    evidence: tuple[str, ...]
    gates: tuple[JudgedGate, ...] = ()
    override: str = ""
    automatic: str = ""
    despite: str = ""
    unjudged: str = ""


@dataclass(frozen=True, slots=True)
class ComplianceReport:
    """A period's report. `commit` is where main stood at its end; `verification` is None, with the reason in
    `unverified`, where the trail can't be verified here."""

    period: Period
    model: str | None
    commit: str
    holdings: tuple[HeldVersion, ...]
    steps: tuple[Step, ...]
    verification: Verification | None
    unverified: str = ""

    @property
    def exceptions(self) -> list[tuple[Step, str]]:
        """Return the steps that an auditor asks about: freezes and evidence set aside, moves that the
        monitor made, and gates that fail when judged again."""
        exceptional = []
        for step in self.steps:
            if step.override:
                exceptional.append((step, f"a freeze was set aside: {step.override}"))
            if step.automatic:
                exceptional.append((step, f"the monitor moved it by itself: {step.automatic}"))
            if step.despite:
                exceptional.append((step, f"evidence was set aside: {step.despite}"))
            for judged in step.gates:
                verdict = judged.verdict
                if verdict.state is State.WAIVED:
                    exceptional.append((step, f"{judged.gate} was waived: {verdict.figure}"))
                elif not verdict.passed:
                    outcome = f"{judged.gate} {verdict.state.value}: {verdict.figure}"
                    exceptional.append((step, f"{outcome}; asked for: {verdict.threshold}"))
        return exceptional


def parse_period(text: str) -> Period:
    """Read `START..END`: two dates, the second one's whole day included. Raises BadCall for anything else."""
    start, dots, end = text.partition("..")
    if not dots:
        raise BadCall(f"{text[:60]!r} is no period", hint="Write it like 2026-01-01..2026-03-31.")
    period = Period(parse_moment(start, begins=True), parse_moment(end))
    if period.end < period.start:
        raise BadCall(f"{text[:60]!r} ends before it begins")
    return period


def compliance_report(repository: Repository, period: Period, model: str | None = None) -> ComplianceReport:
    """Report on a period, for all models or for one.

    Raises NotFound when main began after the period, or has no such model at its end.
    """
    main = main_commit(repository)
    commit = commit_at(repository, main, period.end)
    with Registry(repository, commit_snapshot(repository, commit)) as registry:
        models = registry.models() if model is None else [registry.model(model)]
        holdings = tuple(holding for registered in models for holding in _holdings(registered))
    tags = history(repository, commit, model, EventFilter(since=period.start))
    verification, unverified = _verified(repository, model)
    return ComplianceReport(
        period, model, commit, holdings, tuple(_steps(repository, commit, tags)), verification, unverified
    )


def _verified(repository: Repository, model: str | None) -> tuple[Verification | None, str]:
    try:
        return verify(repository, model=model), ""
    except RollbookError as error:
        return None, str(error)


def _holdings(model: Model) -> Iterator[HeldVersion]:
    snapshot = model.registry.snapshot
    paths = [layout.manifest_path(model.name, name) for name in model.version_names]
    owner = _owner(model)
    for version, data in zip(model.versions(), snapshot.read_many(paths), strict=True):
        try:
            by, artifact = version.manifest.registered_by, version.manifest.artifact.sha256
        except RollbookError:
            by, artifact = "", ""  # the digest alone tells what stands there
        digest = hashlib.sha256(data or b"").hexdigest()
        yield HeldVersion(model.name, version.version, version.stage, owner, by, digest, artifact)


def _owner(model: Model) -> str:
    try:
        return model.record.owner
    except RollbookError:
        return ""


def _steps(repository: Repository, commit: str, tags: Sequence[RecordedTag]) -> Iterator[Step]:
    stood = evidence(repository, commit, tags)
    landed = {item.commit: item for item in first_parents(repository, commit)}
    parents = dict(zip(list(landed)[1:], landed, strict=False))
    judged: dict[str, Mapping[tuple[str, str, str], tuple[JudgedGate, ...]] | str] = {}
    for tag in tags:
        event = tag.event
        if event.action not in (Action.ASSIGNED, Action.ALIAS_SET):
            yield Step(tag, stood.get(tag.name, ()))
            continue
        entry = _entry(repository, tag)
        if event.landed_in not in judged:
            reviews = _reviews(tag, entry)
            judged[event.landed_in] = _judged(repository, parents.get(event.landed_in), tag, reviews)
        gates = judged[event.landed_in]
        yield Step(
            tag,
            stood.get(tag.name, ()),
            () if isinstance(gates, str) else gates.get((event.model, event.version, event.target), ()),
            entry.override if entry else "",
            str((entry and entry.automatic) or ""),
            str((entry and entry.despite) or ""),
            gates if isinstance(gates, str) else "",
        )


def _judged(
    repository: Repository, parent: str | None, tag: RecordedTag, reviews: tuple[Person, ...]
) -> Mapping[tuple[str, str, str], tuple[JudgedGate, ...]] | str:
    """Return the gates of every promotion that a commit of main made; or why they can't be judged.

    Judged for the moment it landed. No program of the policy runs.
    """
    if parent is None:
        return "it came with main's first commit"
    event = tag.event
    now = datetime.fromtimestamp(tag.recorded_at, UTC)
    try:
        reports = proposed_gate_reports(
            repository, parent, event.landed_in, reviews=reviews, may_run=False, now=now
        )
    except RollbookError as error:
        return str(error)
    return {(report.model, report.version, report.target): report.results for report in reports}


def _reviews(tag: RecordedTag, entry: StageEntry | None) -> tuple[Person, ...]:
    """Those whom a forge knew to approve: whose names stand in the tag, and not in the file."""
    signed = {str(approval.get("by", "")) for approval in entry.approvals} if entry else set()
    return tuple(_person(name) for name in tag.event.approved_by if name not in signed)


def _person(name: str) -> Person:
    return Person(login=name.removeprefix("@")) if name.startswith("@") else Person(email=name)


def _entry(repository: Repository, tag: RecordedTag) -> StageEntry | None:
    """Return the line of stages.yaml that an event is about, as it landed; None where it can't be read."""
    event = tag.event
    path = layout.stages_path(event.model)
    snapshot = commit_snapshot(repository, event.landed_in)
    try:
        (data,) = snapshot.read_many([path])
        table = parse_stages(data or b"", path)
        if event.is_of_alias:
            return table.alias_entries.get(alias_of(event.target))
        return table.entry_of(event.version)
    except RollbookError:
        return None
    finally:
        snapshot.close()
