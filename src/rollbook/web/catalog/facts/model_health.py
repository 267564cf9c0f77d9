"""How a model is today: whether the gates that let it in would hold, what monitoring says, what goes soon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from rollbook.check.gates.gate import State
from rollbook.check.standing_report import standing_reports
from rollbook.errors import RollbookError
from rollbook.names import PRODUCTION

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import date

    from rollbook.api.public_registry import Registry
    from rollbook.check.promotion_report import GateReport
    from rollbook.web.catalog.facts.model_summary import Holder, ModelSummary

# From worst to best: what is told of a model as a whole is the worst that is told of it.
STATES = ("bad", "warn", "unknown", "waits", "good")
# What these gates say may follow from another model's files: whether a replacement is there, or anything.
_LOOK_ELSEWHERE = frozenset(("deprecation", "plug-in"))


@dataclass(frozen=True, slots=True)
class HealthNote:
    """One thing to know: its state (of `STATES`), and in words."""

    state: str
    words: str


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """What there is to know of a model's health, the worst first; nothing where nothing is in use."""

    notes: tuple[HealthNote, ...]

    @property
    def state(self) -> str:
        """The worst of it; empty where there is nothing to know."""
        return self.notes[0].state if self.notes else ""


@dataclass(frozen=True, slots=True)
class GatesToday:
    """What today's gates say of what a model has in production: how many judged it, which are not met, and
    which wait. `is_settled` says whether it stays so while the model's own files, the policy and the day do.
    """

    judged: int = 0
    unmet: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    is_settled: bool = True

    @classmethod
    def of(cls, reports: Iterable[GateReport]) -> GatesToday:
        """Return what some reports come to."""
        judged = [gate for report in reports for gate in report.results]
        named = {
            state: tuple(dict.fromkeys(gate.gate for gate in judged if gate.verdict.state is state))
            for state in (State.FAILED, State.WAITING)
        }
        is_settled = _LOOK_ELSEWHERE.isdisjoint(gate.gate for gate in judged)
        return cls(len(judged), named[State.FAILED], named[State.WAITING], is_settled)


def gates_today(registry: Registry, models: Collection[str]) -> Mapping[str, GatesToday] | None:
    """Return what today's gates say of what is in production, of each of these models; None where that can't
    be told.

    Main is judged, whatever commit the registry is read from. No program of the policy runs.
    """
    if not models:
        return {}
    reports: dict[str, list[GateReport]] = {name: [] for name in models}
    try:
        for report in standing_reports(registry.repository, may_run=False, models=reports, stage=PRODUCTION):
            reports[report.model].append(report)
    except RollbookError:
        return None
    return {name: GatesToday.of(found) for name, found in reports.items()}


def model_health(
    summary: ModelSummary,
    gates: Mapping[str, GatesToday] | None,
    today: date,
    *,
    reminder: int,
    is_monitored: bool,
) -> ModelHealth:
    """Return how a model is on a day. `reminder` is how many days before its sunset a version is told of,
    `is_monitored` says whether the policy has rules of monitoring for all models."""
    notes = [HealthNote("bad", "a file can't be read")] if summary.broken else []
    notes += _gate_notes(summary, gates)
    notes += _monitoring_notes(summary, is_monitored=is_monitored or summary.has_monitoring)
    for holder in summary.holders:
        if holder.sunset:
            notes.append(_sunset_note(holder, today, reminder))
    return ModelHealth(tuple(sorted(notes, key=lambda note: STATES.index(note.state))))


def _gate_notes(summary: ModelSummary, gates: Mapping[str, GatesToday] | None) -> Iterator[HealthNote]:
    if not summary.in_production:
        return
    if gates is None:
        yield HealthNote("unknown", "gates can't be judged here")
        return
    today = gates.get(summary.name, GatesToday())
    if today.unmet:
        yield HealthNote("bad", f"today's gates would not let it in: {', '.join(today.unmet)}")
    if today.waiting:
        yield HealthNote("waits", f"waits for {', '.join(today.waiting)}")
    if today.judged and not today.unmet and not today.waiting:
        yield HealthNote("good", "gates hold today" if today.judged > 1 else "its gate holds today")


def _monitoring_notes(summary: ModelSummary, *, is_monitored: bool) -> Iterator[HealthNote]:
    for seen in summary.monitored:
        state, word = ("good", "within its bounds") if seen.passed else ("bad", "in breach")
        yield HealthNote(state, f"monitoring: {seen.version} {word} on {seen.at[:10]}")
    if is_monitored and summary.in_production and not summary.monitored:
        yield HealthNote("good", "monitored: no breach on record")


def _sunset_note(holder: Holder, today: date, reminder: int) -> HealthNote:
    due = (today + timedelta(days=reminder)).isoformat()
    if holder.sunset < today.isoformat():
        return HealthNote("bad", f"{holder.version} was to go on {holder.sunset}")
    state = "warn" if holder.sunset <= due else "waits"
    return HealthNote(state, f"{holder.version} goes on {holder.sunset}")
