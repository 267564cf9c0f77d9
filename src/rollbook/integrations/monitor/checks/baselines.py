"""What a live figure is held against: a registered metric, the figures at the promotion, those of the version
before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from rollbook.integrations.monitor.checks.newest_figure import NoFigure, newest_figure
from rollbook.integrations.monitor.outcome import Window
from rollbook.integrations.monitor.question import Question
from rollbook.registry.main_branch import published_commit
from rollbook.trail.stage_times import trail

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from rollbook.git.repository import Repository
    from rollbook.integrations.monitor.checks.check_kind import Asked
    from rollbook.integrations.monitor.question import Figure
    from rollbook.records.fields import Fields
    from rollbook.trail.stage_times import Stay

_EVALUATION = "evaluation"
# The events of one landing are dated a second apart: who makes room may leave a little after the other came.
_SAME_LANDING = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a figure is held against, and in words where it comes from: `as registered`."""

    value: float
    words: str


def _registered(asked: Asked, fields: Fields) -> Baseline:
    """Return the metric of the manifest, else of the newest evaluation of this very artifact that has it."""
    metric = fields.optional_text("registered_metric") or fields.text("metric")
    version = asked.version
    if metric in version.manifest.metrics:
        return Baseline(version.manifest.metrics[metric], "as registered")
    subject = version.model.name, version.version, version.manifest.artifact.sha256
    evaluations = [
        evidence
        for evidence in version.evidence()
        if evidence.kind == _EVALUATION and evidence.is_about(*subject) and metric in evidence.metrics
    ]
    if not evaluations:
        raise NoFigure(f"no {metric} was registered of {version}, and no evaluation evidence of it has one")
    newest = max(evaluations, key=lambda evidence: (evidence.moment, evidence.number))
    return Baseline(newest.metrics[metric], f"in {newest.name}")


def _at_promotion(asked: Asked, fields: Fields) -> Baseline:
    """Return the version's figure over the first window after it came into its stage."""
    stay = _current_stay(asked)
    first = Window(stay.entered, stay.entered + asked.settings.window)
    if first.end > asked.now:
        raise NoFigure(
            f"the first window in {stay.stage} lasts until {first.end.isoformat(timespec='minutes')}"
        )
    figure = _figure(asked, fields, asked.subject.version, first)
    return Baseline(figure.value, f"in the first window in {stay.stage}")


def _of_previous(asked: Asked, fields: Fields) -> Baseline:
    """Return the figure of the version that held the stage before, over its last window there."""
    version, stay = _previous_stay(asked, _current_stay(asked).entered)
    assert stay.left is not None, "a stay that is over has an end"
    start = max(stay.entered, stay.left - asked.settings.window)
    figure = _figure(asked, fields, version, Window(start, stay.left))
    return Baseline(figure.value, f"of {version} in its last window in {stay.stage}")


def _figure(asked: Asked, fields: Fields, version: str, window: Window) -> Figure:
    query, samples = fields.optional_text("query"), fields.optional_text("samples_query")
    question = Question(asked.subject.model, version, window, fields.text("metric"), query, samples)
    return newest_figure(asked.source, question, asked.settings.min_samples)[0]


def _current_stay(asked: Asked) -> Stay:
    stage = asked.subject.stage
    stays = [
        stay for stay in _stays(asked)(asked.subject.model, asked.subject.version) if stay.stage == stage
    ]
    if not stays or stays[-1].entered > asked.now:
        raise NoFigure(f"main's history does not tell since when {asked.subject} is in {stage}")
    return stays[-1]


def _previous_stay(asked: Asked, entered: datetime) -> tuple[str, Stay]:
    """Return the version that left the stage last before, or just when, this one came, and its stay there."""
    stage, stays = asked.subject.stage, _stays(asked)
    over = [
        (stay.left, version, stay)
        for version in asked.version.model.version_names
        if version != asked.subject.version
        for stay in stays(asked.subject.model, version)
        if stay.stage == stage and stay.left is not None and stay.left <= entered + _SAME_LANDING
    ]
    if not over:
        raise NoFigure(f"no version held {stage} before {asked.subject}")
    _, version, stay = max(over, key=lambda one: (one[0], one[2].entered))
    return version, stay


def _stays(asked: Asked) -> Callable[[str, str], tuple[Stay, ...]]:
    """Return what tells the stays of a version as they were at the moment that is asked about."""
    registry = asked.version.model.registry
    known = _trail(registry.repository, registry.snapshot.commit or published_commit(registry.repository))
    return lambda model, version: tuple(_as_of(asked.now, known(model, version)))


def _as_of(now: datetime, stays: Iterable[Stay]) -> Iterator[Stay]:
    for stay in stays:
        if stay.entered <= now:
            yield stay if stay.left is None or stay.left <= now else replace(stay, left=None)


@lru_cache(maxsize=2)
def _trail(repository: Repository, commit: str) -> Callable[[str, str], tuple[Stay, ...]]:
    return trail(repository, commit)


BASELINES: Mapping[str, Callable[[Asked, Fields], Baseline]] = {
    "registered": _registered,
    "promotion": _at_promotion,
    "previous": _of_previous,
}
