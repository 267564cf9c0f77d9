"""Comparing canaries with production, over the time since the canary's share of the traffic last changed."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rollbook.errors import InvalidFile, NotFound
from rollbook.integrations.monitor.canary.arm_figures import NotComparable, arm_figures, require_same_time
from rollbook.integrations.monitor.canary.pair import Mean
from rollbook.integrations.monitor.canary.sequential_test import Design, Verdict
from rollbook.integrations.monitor.observing import OpenSources
from rollbook.integrations.monitor.outcome import Window
from rollbook.integrations.monitor.question import SourceFailed
from rollbook.layout import POLICY
from rollbook.names import PRODUCTION
from rollbook.records.monitoring import monitoring_of
from rollbook.trail.stage_times import last_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from rollbook.integrations.monitor.canary.arm_figures import ArmFigures
    from rollbook.records.monitoring import CanarySettings, Monitoring
    from rollbook.records.stages import StageEntry
    from rollbook.registry.registry import Model, Registry


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured of one side: its figure, and the samples that it rests on."""

    value: float
    samples: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison of a canary with production says.

    `worse_by` is how much worse the canary does, in the figure's unit, `least` and `most` what bounds it at
    the two error rates; None, as the window and the two sides, where nothing could be compared. `missing` is
    roughly how many samples the canary lacks for a verdict; None where nobody can tell. `production` is empty
    where no version is there. `message` says it in one line.
    """

    model: str
    version: str
    traffic: int | None
    production: str
    verdict: Verdict
    message: str
    settings: CanarySettings
    window: Window | None = None
    canary_measured: Measured | None = None
    production_measured: Measured | None = None
    worse_by: float | None = None
    least: float | None = None
    most: float | None = None
    missing: int | None = None
    queries: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        return f"{self.model}@{self.version}"

    def as_document(self) -> dict[str, Any]:
        """Return the comparison as JSON data."""
        return {
            "model": self.model,
            "canary": self.version,
            "production": self.production or None,
            "traffic": self.traffic,
            "verdict": self.verdict.value,
            "message": self.message,
            "window": self.window.as_document() if self.window else None,
            "source": self.settings.source,
            "metric": self.settings.metric or self.settings.column,
            "queries": [*self.queries],
            "figures": {"canary": _side(self.canary_measured), "production": _side(self.production_measured)},
            "worse_by": self.worse_by,
            "at_least": self.least,
            "at_most": self.most,
            "least_difference": self.settings.least_difference,
            "false_alarm": self.settings.false_alarm,
            "missed": self.settings.missed,
            "missing_samples": self.missing,
        }


def compare_canaries(
    registry: Registry, base: str, now: datetime, models: Sequence[str] | None = None
) -> list[Comparison]:
    """Compare each canary of all models, or of these, with the version in production. `base` is the commit of
    main that the registry is at.

    A source that fails makes its comparisons UNKNOWN. Raises InvalidFile for settings that can't be used,
    NotFound for an unknown model.
    """
    usual = monitoring_of(registry.policy)
    with ExitStack() as stack:
        run = _Run(usual, OpenSources(stack), last_changes(registry.repository, base, now), now)
        return [
            comparison
            for model in ([registry.model(name) for name in models] if models else registry.models())
            for comparison in _of_model(model, run)
        ]


@dataclass(frozen=True, slots=True)
class _Run:
    """What the comparisons of one run share: what the policy says, the open sources, when what changed."""

    usual: Monitoring
    sources: OpenSources
    changes: Callable[[str], dict[str, datetime]]
    now: datetime


def _of_model(model: Model, run: _Run) -> Iterator[Comparison]:
    settings, named = run.usual.canary, run.usual.sources
    entries = model.stages.holders(settings.stage) if settings else ()
    if settings is None or not entries:
        return
    if settings.source not in named:
        message = f"there is no source {settings.source[:80]!r}"
        raise InvalidFile(message, path=POLICY, key="monitoring.canary.source")
    fault = ""
    try:
        settings = monitoring_of(model.registry.policy, model.record).canary or settings
    except (InvalidFile, NotFound) as error:  # one model's file stops no other's comparison
        fault = f"its own monitoring can't be read: {error}"
    changed = run.changes(model.name)
    serving = model.stages.holders(PRODUCTION)
    for entry in entries:
        production = serving[0].version if len(serving) == 1 else ""
        untold = Comparison(
            model.name, entry.version, entry.traffic, production, Verdict.UNKNOWN, "", settings
        )
        if fault:
            yield replace(untold, message=fault)
            continue
        try:
            window = _window_since(changed, entry, production, settings, run.now)
            source = run.sources.opened(named[settings.source])
            canary, serves = (
                arm_figures(source, settings, model.name, version, window)
                for version in (entry.version, production)
            )
            require_same_time(canary, serves, window)
            is_over = run.now >= window.start + settings.window
            yield _judged(_measured(untold, canary, serves, window), canary, serves, is_over=is_over)
        except (NotComparable, SourceFailed) as error:
            yield replace(untold, message=str(error))


def _window_since(
    changed: dict[str, datetime], entry: StageEntry, production: str, settings: CanarySettings, now: datetime
) -> Window:
    """Return the time over which the two served side by side, at these shares."""
    if not production:
        raise NotComparable("not one version is in production that the canary could be compared with")
    if entry.version not in changed or production not in changed:
        raise NotComparable("main's history does not tell since when the two serve")
    start = max(changed[entry.version], changed[production])
    end = min(now, start + settings.window)
    if end <= start:
        raise NotComparable("the share has only just changed")
    return Window(start, end)


def _measured(untold: Comparison, canary: ArmFigures, production: ArmFigures, window: Window) -> Comparison:
    return replace(
        untold,
        window=window,
        canary_measured=Measured(canary.arm.value, int(canary.arm.samples)),
        production_measured=Measured(production.arm.value, int(production.arm.samples)),
        queries=tuple(dict.fromkeys(filter(None, (canary.asked, production.asked)))),
    )


def _judged(measured: Comparison, canary: ArmFigures, production: ArmFigures, *, is_over: bool) -> Comparison:
    """Return what the sequential test says of what was measured."""
    settings = measured.settings
    fewest = min(canary.arm.samples, production.arm.samples)
    if fewest < settings.min_samples:
        message = f"{fewest:g} samples are too few: {settings.min_samples} of each are needed"
        lacks = max(0, settings.min_samples - int(canary.arm.samples))
        return replace(measured, message=message, missing=lacks)
    arms = canary.arm, production.arm
    if all(isinstance(arm, Mean) and not arm.variance for arm in arms):
        return replace(measured, message="no observation differs from the others: there is no spread")
    traffic = measured.traffic or 0
    design = Design(
        settings.least_difference,
        settings.false_alarm,
        settings.missed,
        settings.better == "lower",
        traffic / (100 - traffic) if 0 < traffic < 100 else 1.0,
    )
    pair = design.pair(canary.arm, production.arm)
    told = replace(
        measured,
        verdict=design.verdict(pair),
        worse_by=pair.worse_by,
        least=pair.least(settings.false_alarm),
        most=pair.most(settings.missed),
    )
    if told.verdict is not Verdict.WAIT:
        return replace(told, message=_message(told))
    if is_over:
        message = f"no verdict in the whole window ({told.window}): a person has to decide"
        return replace(told, verdict=Verdict.UNKNOWN, message=message)
    told = replace(told, missing=design.missing(pair, canary.arm.samples))
    return replace(told, message=_message(told))


def _message(told: Comparison) -> str:
    canary, production = told.canary_measured, told.production_measured
    assert canary is not None, "what was judged was measured"
    assert production is not None, "what was judged was measured"
    figures = (
        f"{canary.value:g} ({canary.samples} samples) against {production.value:g} ({production.samples})"
    )
    match told.verdict:
        case Verdict.PROMOTE:
            return f"{figures}: worse by at most {told.most:g}"
        case Verdict.STOP:
            return f"{figures}: worse by at least {told.least:g}"
        case _:
            lacks = (
                "more samples than can be told"
                if told.missing is None
                else f"about {told.missing} more samples"
            )
            return f"{figures}: the canary needs {lacks}"


def _side(measured: Measured | None) -> dict[str, Any] | None:
    return None if measured is None else {"value": measured.value, "samples": measured.samples}
