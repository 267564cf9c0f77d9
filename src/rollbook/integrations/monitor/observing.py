"""Asking every check of every version that serves: what production says now, before anything is damped."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile, NotFound, RollbookError
from rollbook.integrations.monitor.check_kinds import CHECK_KINDS
from rollbook.integrations.monitor.checks.check_kind import Asked, window_of
from rollbook.integrations.monitor.outcome import Outcome, State, Subject
from rollbook.integrations.monitor.question import SourceFailed
from rollbook.integrations.monitor.source_kinds import SOURCE_KINDS
from rollbook.layout import POLICY
from rollbook.records.monitoring import monitoring_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from rollbook.integrations.monitor.question import Source
    from rollbook.records.monitoring import CheckSettings, Monitoring, SourceSettings
    from rollbook.registry.model_version import ModelVersion
    from rollbook.registry.registry import Model, Registry


def observe(
    registry: Registry,
    now: datetime,
    models: Sequence[str] | None = None,
    *,
    unwatched: dict[str, RollbookError] | None = None,
) -> tuple[Outcome, ...]:
    """Ask the checks of all models, or of these, and return what each says of each version that it is about.

    Sources are opened once and closed. A source that fails makes its checks UNKNOWN, and no others. Raises
    InvalidFile for settings that can't be used, NotFound for an unknown model. Where `unwatched` is given, a
    model whose own files can't be used is put there, and nothing is told of it.
    """
    outcomes: list[Outcome] = []
    with ExitStack() as stack:
        sources = OpenSources(stack)
        for model in [registry.model(name) for name in models] if models else registry.models():
            try:
                monitoring = monitoring_of(registry.policy, model.record)
                outcomes += [*_of_model(model, monitoring, sources, now)]  # all that it says, or nothing
            except (InvalidFile, NotFound) as error:
                if unwatched is None or (isinstance(error, InvalidFile) and error.path == POLICY):
                    raise
                unwatched[model.name] = error
    return tuple(outcomes)


def serving(model: Model, check: CheckSettings) -> Iterator[ModelVersion]:
    """Yield the versions that a check is about: those in its stages."""
    for stage in check.stages:
        for entry in model.stages.holders(stage):
            yield model.version(entry.version)


def subject_of(version: ModelVersion) -> Subject:
    """Return a version as a subject of checks."""
    return Subject(version.model.name, version.version, version.stage, version.manifest.artifact.sha256)


def _of_model(model: Model, monitoring: Monitoring, sources: OpenSources, now: datetime) -> Iterator[Outcome]:
    for check in monitoring.checks:
        for version in serving(model, check):
            yield judged(check, version, monitoring.sources, sources, now)


def judged(
    check: CheckSettings,
    version: ModelVersion,
    named: Mapping[str, SourceSettings],
    sources: OpenSources,
    now: datetime,
    subject: Subject | None = None,
) -> Outcome:
    """Return what a check says of a version at a moment; UNKNOWN where its source can't be asked. `subject`
    is the version as it stood then, where that is not now. Raises InvalidFile for settings that can't be
    used."""
    fields = check.fields()
    if check.kind not in CHECK_KINDS:
        raise fields.fault("check", f"there is no check {check.kind[:80]!r}")
    if check.source not in named:
        raise fields.fault("source", f"there is no source {check.source[:80]!r}")
    subject = subject or subject_of(version)
    try:
        asked = Asked(check, subject, version, sources.opened(named[check.source]), now)
        return CHECK_KINDS[check.kind].judge(asked)
    except SourceFailed as error:
        window = window_of(check, now)
        return Outcome(
            subject, check.name, State.UNKNOWN, State.UNKNOWN, window, check.source, message=str(error)
        )


class OpenSources:
    """The sources of one run, each opened when it is first asked. One that can't be opened is not tried
    again."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._open: dict[str, Source | SourceFailed] = {}

    def opened(self, settings: SourceSettings) -> Source:
        """Return the source. Raises SourceFailed, InvalidFile."""
        known = self._open.get(settings.name)
        if known is None:
            if settings.kind not in SOURCE_KINDS:
                message = f"there is no kind of source {settings.kind[:80]!r}"
                raise InvalidFile(message, path=POLICY, key=f"monitoring.sources.{settings.name}.source")
            try:
                known = self._stack.enter_context(closing(SOURCE_KINDS[settings.kind].open(settings)))
            except SourceFailed as error:
                known = error
            self._open[settings.name] = known
        if isinstance(known, SourceFailed):
            raise known
        return known
