"""What the drift of columns means for a version: measured one by one, judged together."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from rollbook.errors import InvalidFile
from rollbook.integrations.monitor.bounds import Bounds
from rollbook.integrations.monitor.drift.column_drift import ColumnDrift, column_drift
from rollbook.integrations.monitor.drift.column_samples import (
    CannotTell,
    NoDistribution,
    column_of,
    column_sample,
)
from rollbook.integrations.monitor.drift.corrections import CORRECTIONS
from rollbook.integrations.monitor.drift.registered_reference import GIVE_ONE, registered_reference
from rollbook.integrations.monitor.drift.watched_columns import watched_columns
from rollbook.integrations.monitor.outcome import State
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pyarrow as pa

    from rollbook.integrations.monitor.checks.check import Asked
    from rollbook.integrations.monitor.drift.column_samples import Categories, Numbers
    from rollbook.integrations.monitor.drift.registered_reference import Reference
    from rollbook.integrations.monitor.drift.watched_columns import WatchedColumns
    from rollbook.integrations.monitor.outcome import Outcome
    from rollbook.records.fields import Fields

# With ten bins and this many rows on both sides, the index of what does not drift is below 0.07 in nineteen
# of twenty cases (`distances.population_stability_index`); with a hundred rows it mostly is above 0.1.
FEWEST = 500
MOST_FINDINGS = 20
_MOST_FIGURES = 1000
_TESTS = ("ks", "chi-square")


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """How columns are compared: the method, the bounds of what is judged, whether that is a p-value, how
    p-values are corrected, and how many columns must drift (below 1: which part)."""

    method: str
    bounds: Bounds
    by_p_value: bool
    correction: str
    share: float

    def needed(self, columns: int) -> int:
        """Return how many of so many columns must drift."""
        return max(1, math.ceil(self.share * columns)) if self.share < 1 else round(self.share)


@dataclass(slots=True)
class _Measured:
    """What came of the columns: what drifts how far, what can't be told and why, what was passed over, and
    how many values were left out."""

    drift: dict[str, ColumnDrift] = field(default_factory=dict)
    untold: dict[str, str] = field(default_factory=dict)
    passed_over: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)


def drift_settings(fields: Fields) -> DriftSettings:
    """Read the settings of a check of drift. Raises InvalidFile for those that contradict each other."""
    method, alpha = fields.optional_text("method") or "auto", fields.optional_number("alpha")
    most, warn = fields.optional_number("max"), fields.optional_number("warn_max")
    margin, share = fields.optional_number("margin"), fields.optional_number("share")
    margin = Bounds().margin if margin is None else margin
    has_distance = most is not None or warn is not None
    by_p_value = alpha is not None or (method in _TESTS and not has_distance)
    if alpha is not None and (has_distance or method not in (*_TESTS, "auto")):
        message = "alpha is for p-values, of ks and chi-square; max and warn_max are for distances"
        raise InvalidFile(
            message, path=fields.path, key=fields.key_of("alpha"), hint="Give the one or the other."
        )
    if alpha is not None and not 0 < alpha < 1:
        hint = "Take one between, such as 0.01."
        raise InvalidFile(
            f"no p-value is below {alpha:g}, or all are",
            path=fields.path,
            key=fields.key_of("alpha"),
            hint=hint,
        )
    if method == "chi-square" and has_distance:
        message = "the statistic of chi-square grows with the rows: it has no bound"
        raise InvalidFile(
            message, path=fields.path, key=fields.key_of("max"), hint="Set alpha, or another method."
        )
    if by_p_value:
        bounds = Bounds(least=0.05 if alpha is None else alpha, margin=margin)
    else:
        usual = 0.1 if method == "wasserstein" else 0.2
        bounds = Bounds(most=most if has_distance else usual, warn_most=warn, margin=margin)
    correction = fields.optional_text("correction") or "holm"
    return DriftSettings(method, bounds, by_p_value, correction, 1 if share is None else share)


def judge_drift(asked: Asked) -> Outcome:
    """Hold the live rows of a version against its reference. Raises SourceFailed where rows can't be had."""
    fields = asked.settings.fields()
    settings, version = drift_settings(fields), asked.version
    fewest = asked.settings.min_samples if asked.settings.min_samples > 1 else FEWEST
    reference = registered_reference(version)
    if reference is None:
        return asked.outcome(State.UNKNOWN, f"{version} has no reference sample. {GIVE_ONE}")
    if reference.rows.num_rows < fewest:
        message = f"{reference.name} has {reference.rows.num_rows:,} rows; {fewest:,} are needed. {GIVE_ONE}"
        return asked.outcome(State.UNKNOWN, message)
    watched = watched_columns(version.manifest.signature, fields, reference.rows.column_names)
    live = asked.source.rows(asked.question(), [*watched.columns])
    if live.num_rows < fewest:
        message = f"{live.num_rows:,} live rows are too few: {fewest:,} are needed"
        return asked.outcome(State.UNKNOWN, message, samples=live.num_rows)
    measured = _measure(reference, live, watched, settings, fewest)
    return _outcome(asked, settings, measured, live.num_rows)


def _measure(
    reference: Reference, live: pa.Table, watched: WatchedColumns, settings: DriftSettings, fewest: int
) -> _Measured:
    measured = _Measured()
    for name in watched.columns:
        try:
            then = _sample(reference.rows, name, reference.name, fewest)
            now = _sample(live, name, "the live rows", fewest)
            measured.drift[name] = column_drift(then, now, settings.method, tests=settings.by_p_value)
        except NoDistribution as error:
            (measured.untold if watched.are_named else measured.passed_over)[name] = str(error)
        except CannotTell as error:
            measured.untold[name] = str(error)
        else:
            measured.left_out[name] = now.missing + now.infinite
    return measured


def _sample(rows: pa.Table, name: str, where: str, fewest: int) -> Numbers | Categories:
    try:
        found = column_sample(column_of(rows, name))
    except NoDistribution as error:
        raise NoDistribution(f"in {where} {error}") from error
    except CannotTell as error:
        raise CannotTell(f"in {where} {error}") from error
    if len(found) < fewest:
        raise CannotTell(f"in {where} it has {len(found):,} values; {fewest:,} are needed")
    return found


def _outcome(asked: Asked, settings: DriftSettings, measured: _Measured, samples: int) -> Outcome:
    values = _judged_values(measured.drift, settings)
    judged = {name: settings.bounds.judge(value) for name, value in values.items()}
    ordered = sorted(values, key=lambda name: values[name], reverse=not settings.by_p_value)
    sentences = {name: _sentence(name, measured.drift[name], values[name], settings) for name in ordered}
    drifting = [name for name in ordered if judged[name][0] in (State.WARNING, State.BREACH)]
    needed = settings.needed(len(values) + len(measured.untold))
    is_partial = bool(measured.untold) or not values
    message = "no column can be told"
    if ordered:
        message = f"{len(drifting)} of {len(values):,} columns drift; the farthest: {sentences[ordered[0]]}"
    return asked.outcome(
        _together((state for state, _ in judged.values()), needed, is_partial=is_partial),
        message,
        held=_together((held for _, held in judged.values()), needed, is_partial=is_partial),
        value=values[ordered[0]] if ordered else None,
        bound=_bound(settings),
        samples=samples,
        figures={name: values[name] for name in ordered[:_MOST_FIGURES]},
        findings=at_most([*(sentences[name] for name in drifting), *_remarks(measured, samples)]),
    )


def _remarks(measured: _Measured, samples: int) -> Iterator[str]:
    for name, why in measured.untold.items():
        yield f"{shown(name)} can't be told: {why}"
    for name, why in measured.passed_over.items():
        yield f"{shown(name)} is passed over: {why}"
    for name, count in measured.left_out.items():
        if count:
            yield f"{shown(name)}: {count:,} of {samples:,} live rows have no finite value, and are left out"


def _judged_values(drift: dict[str, ColumnDrift], settings: DriftSettings) -> dict[str, float]:
    """Return what the bounds are held against: the statistics, or the p-values as they are corrected."""
    if not settings.by_p_value:
        return {name: found.statistic for name, found in drift.items()}
    p_values = np.array([1.0 if found.p_value is None else found.p_value for found in drift.values()])
    corrected = CORRECTIONS[settings.correction](p_values)
    return dict(zip(drift, (float(value) for value in corrected), strict=True))


def _together(states: Iterable[State], needed: int, *, is_partial: bool) -> State:
    """Return the state of all columns: what enough of them are in; UNKNOWN where one that can't be told might
    make it worse."""
    found = [*states]
    for worst in (State.BREACH, State.WARNING):
        if sum(state.badness >= worst.badness for state in found) >= needed:
            return worst
    return State.UNKNOWN if is_partial else State.OK


def _sentence(name: str, found: ColumnDrift, value: float, settings: DriftSettings) -> str:
    if settings.by_p_value:
        return f"{shown(name)} {found.method} {found.statistic:.4g}, p {value:.3g}"
    return f"{shown(name)} {found.method} {found.statistic:.4g}"


def _bound(settings: DriftSettings) -> str:
    if settings.by_p_value:
        return f"p >= {settings.bounds.least:g} ({settings.correction})"
    return str(settings.bounds)


def at_most(findings: Sequence[str]) -> Sequence[str]:
    """Return the first of some findings, and how many more there are."""
    more = len(findings) - MOST_FINDINGS
    return [*findings[:MOST_FINDINGS], f"and {more} more"] if more > 0 else findings
