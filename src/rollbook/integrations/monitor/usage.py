"""Asking a source which versions served, and for whom, as the policy's `monitoring.usage` says.

What nobody could be asked about is unknown, and so is what a source says nothing of while it says nothing of
the versions either that ought to serve: then it may count something else.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile
from rollbook.integrations.monitor.observing import OpenSources
from rollbook.integrations.monitor.outcome import Window
from rollbook.integrations.monitor.question import Question, SourceFailed
from rollbook.layout import POLICY
from rollbook.records.monitoring import monitoring_of
from rollbook.registry.served import Caller, Served, Use

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime, timedelta

    from rollbook.integrations.monitor.question import Answer, Source
    from rollbook.records.monitoring import UsageSettings
    from rollbook.records.policy import Policy
    from rollbook.registry.registry import Model, Registry
    from rollbook.registry.served import Usage

# How long a source is asked in all, and how often in a row it may fail.
SECONDS = 60.0
_MOST_FAILURES = 3
_MOST_CALLERS = 1_000


def ask_usage(
    registry: Registry,
    policy: Policy,
    versions: Iterable[tuple[str, str]],
    span: timedelta,
    now: datetime,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> Usage:
    """Return what the source of a policy's `monitoring.usage` tells of versions (model, version) over the
    last `span` or its own window, whichever is longer; nothing where there is no such block.

    No longer than SECONDS, and no further once it fails again and again: of the rest nobody can tell. Raises
    InvalidFile for settings that can't be used.
    """
    monitoring = monitoring_of(policy)
    settings = monitoring.usage
    if settings is None:
        return {}
    if settings.source not in monitoring.sources:
        message = f"there is no source {settings.source[:80]!r}"
        raise InvalidFile(message, path=POLICY, key="monitoring.usage.source")
    named: dict[str, list[str]] = {}
    for model, version in versions:
        named.setdefault(model, []).append(version)
    window = Window(now - max(span, settings.window), now)
    with ExitStack() as stack:
        inquiry = _Inquiry(settings, window, clock, clock() + SECONDS)
        try:
            source = OpenSources(stack).opened(monitoring.sources[settings.source])
        except SourceFailed as error:
            inquiry.broken = str(error)
            source = None
        answers = {
            name: _of_model(registry.model(name), wanted, source, inquiry) for name, wanted in named.items()
        }
    return {
        (name, version): _use(heard, settings.source, why=_silence(heard, answered, inquiry))
        for name, answered in answers.items()
        for version, heard in answered.heard.items()
    }


@dataclass(slots=True)
class _Inquiry:
    """What is asked of a source, until when, and what became of it: `broken` says why it is asked no more,
    and `has_told` whether it told anything of any version."""

    settings: UsageSettings
    window: Window
    clock: Callable[[], float]
    deadline: float
    failures: int = 0
    broken: str = ""
    has_told: bool = False

    def ask(self, source: Source | None, model: str, version: str) -> Answer | str:
        """Return what the source tells of a version, or why it tells nothing."""
        if source is None or self.broken:
            return self.broken
        if self.clock() > self.deadline:
            self.broken = f"{self.settings.source} took longer than {SECONDS:g} s"
            return self.broken
        one = self.settings
        try:
            answer = source.figures(Question(model, version, self.window, one.metric, one.query, by=one.by))
        except SourceFailed as error:
            self.failures += 1
            why = f"{one.source}: {error}"
            self.broken = why if self.failures >= _MOST_FAILURES else ""
            return why
        self.failures = 0
        self.has_told = self.has_told or bool(answer.figures or answer.others)
        return answer


@dataclass(slots=True)
class _Answered:
    """What a source told of a model's versions; whether it told of any, and which ought to serve."""

    heard: dict[str, Answer | str] = field(default_factory=dict)
    has_told: bool = False
    ought_to_serve: Sequence[str] = ()


def _of_model(model: Model, wanted: Iterable[str], source: Source | None, inquiry: _Inquiry) -> _Answered:
    stages = [stage.name for stage in model.registry.policy.stages if stage.exclusive]
    serving = [entry.version for stage in stages for entry in model.stages.holders(stage)]
    answered = _Answered(ought_to_serve=serving)

    def heard(version: str) -> Answer | str:
        answer = inquiry.ask(source, model.name, version)
        if not isinstance(answer, str) and (answer.figures or answer.others):
            answered.has_told = True
        return answer

    for version in wanted:
        answered.heard[version] = heard(version)
    for version in serving:
        if not answered.has_told and version not in answered.heard:
            heard(version)
    return answered


def _silence(heard: Answer | str, answered: _Answered, inquiry: _Inquiry) -> str:
    """Why it means nothing that a source told nothing of a version; empty where it means no use."""
    if isinstance(heard, str) or answered.has_told:
        return ""
    source = inquiry.settings.source
    if answered.ought_to_serve:
        return f"{source} tells of no version of the model, not even of {answered.ought_to_serve[0]}"
    return "" if inquiry.has_told else f"{source} tells of no version at all"


def _use(heard: Answer | str, source: str, *, why: str) -> Use:
    if isinstance(heard, str):
        return Use(unknown=heard)
    counted = [figure for figure in heard.figures if figure.value > 0]
    if not counted:
        return Use(unknown=why)
    newest = {figure.caller: figure for figure in sorted(counted, key=lambda figure: figure.at)}
    callers = sorted(newest.values(), key=lambda figure: (-figure.value, figure.caller))
    return Use(
        Served(
            max(figure.at for figure in callers),
            source,
            requests=sum(figure.value for figure in callers),
            callers=tuple(
                Caller(figure.caller, figure.value, figure.at)
                for figure in callers[:_MOST_CALLERS]
                if figure.caller
            ),
        )
    )
