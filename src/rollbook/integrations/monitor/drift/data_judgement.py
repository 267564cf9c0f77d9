"""What faults of the columns of live rows mean for a version."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.integrations.monitor.bounds import Bounds
from rollbook.integrations.monitor.checks.data_check import (
    FAULTS,
    USUAL_BREACH,
    USUAL_REACH,
    USUAL_SHARES,
    USUAL_WARNING,
)
from rollbook.integrations.monitor.drift.column_faults import (
    Fault,
    category_fault,
    null_fault,
    range_fault,
    type_fault,
)
from rollbook.integrations.monitor.drift.column_samples import (
    CannotTell,
    Categories,
    Numbers,
    column_of,
    column_sample,
)
from rollbook.integrations.monitor.drift.drift_judgement import at_most
from rollbook.integrations.monitor.drift.registered_reference import GIVE_ONE, registered_reference
from rollbook.integrations.monitor.drift.watched_columns import watched_columns
from rollbook.integrations.monitor.outcome import State
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from rollbook.integrations.monitor.checks.check_kind import Asked
    from rollbook.integrations.monitor.outcome import Outcome
    from rollbook.records.fields import Fields
    from rollbook.records.signature import Column


@dataclass(frozen=True, slots=True)
class DataSettings:
    """What each kind of fault is (BREACH or WARNING; what is not in it is not looked at), from which part of
    the rows on, and how far ranges reach."""

    levels: Mapping[str, State]
    shares: Mapping[str, float]
    reach: float
    margin: float

    def judge(self, fault: Fault) -> tuple[State, State]:
        """Return the state that a fault calls for, and the worst that it is not yet out of."""
        states = Bounds(most=self.shares.get(fault.kind, 0.0), margin=self.margin).judge(fault.share)
        level = self.levels[fault.kind]
        entered, held = (level if state is State.BREACH else State.OK for state in states)
        return entered, held


@dataclass(slots=True)
class _Seen:
    """The faults that were found, however small, and why a column can't be told."""

    faults: list[Fault] = field(default_factory=list)
    untold: dict[str, str] = field(default_factory=dict)


def data_settings(fields: Fields) -> DataSettings:
    """Read the settings of a check of data. What is both a breach and a warning is a breach."""
    breach = fields.texts("breach") if fields.has("breach") else USUAL_BREACH
    warning = fields.texts("warning") if fields.has("warning") else USUAL_WARNING
    named = {"nulls": "nulls", "ranges": "out_of_range", "categories": "new_categories"}
    shares = {kind: fields.optional_number(name) for kind, name in named.items()}
    margin, reach = fields.optional_number("margin"), fields.optional_number("reach")
    return DataSettings(
        levels={
            kind: State.BREACH if kind in breach else State.WARNING
            for kind in FAULTS
            if kind in breach or kind in warning
        },
        shares={kind: USUAL_SHARES[kind] if share is None else share for kind, share in shares.items()},
        reach=USUAL_REACH if reach is None else reach,
        margin=Bounds().margin if margin is None else margin,
    )


def judge_data(asked: Asked) -> Outcome:
    """Hold the live rows of a version against its signature, and against its reference where there is one.
    Raises SourceFailed where rows can't be had."""
    fields, signature = asked.settings.fields(), asked.version.manifest.signature
    settings, reference = data_settings(fields), registered_reference(asked.version)
    then = None if reference is None else reference.rows
    watched = watched_columns(signature, fields, () if then is None else then.column_names)
    live = asked.source.rows(asked.question(), [*watched.columns])
    fewest = max(asked.settings.min_samples, 1)
    if live.num_rows < fewest:
        message = f"{live.num_rows:,} live rows are too few: {fewest:,} are needed"
        return asked.outcome(State.UNKNOWN, message, samples=live.num_rows)
    seen = _Seen()
    for name, told in watched.columns.items():
        try:
            seen.faults += _faults(name, told, live, then, settings)
        except CannotTell as error:
            seen.untold[name] = str(error)
    return _outcome(asked, settings, seen, live.num_rows)


def _faults(
    name: str, told: Column | None, live: pa.Table, then: pa.Table | None, settings: DataSettings
) -> Iterator[Fault]:
    """Yield what is wrong with a column, the schema first: where that is broken nothing else is asked. Raises
    CannotTell where nothing says what is right."""
    is_there = name in live.column_names
    if told is not None and not told.required and not is_there:
        return
    kind = then.schema.field(name).type if then is not None and name in then.column_names else None
    if "schema" in settings.levels:
        wrong = Fault("schema", name, 1.0, f"{shown(name)} is missing") if not is_there else (
            type_fault(name, column_of(live, name), told, kind)
        )  # fmt: skip
        if wrong is not None:
            yield wrong
            return
    if settings.levels.keys() == {"schema"}:
        return
    if then is None:
        raise CannotTell(f"there is no reference sample. {GIVE_ONE}")
    if kind is None:
        raise CannotTell("the reference sample lacks it")
    yield from _unlike_reference(name, column_of(then, name), column_of(live, name), settings)


def _unlike_reference(
    name: str, then: pa.ChunkedArray, now: pa.ChunkedArray, settings: DataSettings
) -> Iterator[Fault]:
    reference, live = _values(then), _values(now)
    if "nulls" in settings.levels:
        shares = [
            (column.null_count if values is None else values.missing) / max(len(column), 1)
            for column, values in ((then, reference), (now, live))
        ]
        yield null_fault(name, shares[0], shares[1])
    if isinstance(reference, Numbers) and isinstance(live, Numbers) and "ranges" in settings.levels:
        yield range_fault(name, reference, live, settings.reach)
    if isinstance(reference, Categories) and isinstance(live, Categories) and "categories" in settings.levels:
        new = category_fault(name, reference, live)
        if new is not None:
            yield new


def _values(column: pa.ChunkedArray) -> Numbers | Categories | None:
    """Return the values of a column; None where it has none, or none that have a range or categories."""
    try:
        return column_sample(column)
    except CannotTell:
        return None


def _outcome(asked: Asked, settings: DataSettings, seen: _Seen, samples: int) -> Outcome:
    judged = [(fault, *settings.judge(fault)) for fault in seen.faults]
    wrong = sorted(
        ((fault, state) for fault, state, _ in judged if state is not State.OK),
        key=lambda one: (-one[1].badness, -one[0].share),
    )
    least = [State.UNKNOWN] if seen.untold else [State.OK]
    state = max([*(state for _, state in wrong), *least], key=lambda one: one.badness)
    held = max([*(held for _, _, held in judged), *least], key=lambda one: one.badness)
    levels = [f"{state.value}: {kind}" for kind, state in settings.levels.items()]
    message = (
        f"{len(wrong)} faults; the worst: {wrong[0][0].text}" if wrong else "the live rows are as expected"
    )
    if seen.untold and not wrong:
        message = f"{len(seen.untold)} columns can't be told"
    untold = [f"{shown(name)} can't be told: {why}" for name, why in seen.untold.items()]
    return asked.outcome(
        state,
        message,
        held=held,
        value=max((fault.share for fault in seen.faults), default=0.0),
        bound="; ".join(levels),
        samples=samples,
        figures={f"{fault.column} {fault.kind}": fault.share for fault, _ in wrong},
        findings=at_most([*(fault.text for fault, _ in wrong), *untold]),
    )
