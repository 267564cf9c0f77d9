"""What a check is given, and what each kind of check is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from rollbook.integrations.monitor.outcome import Outcome, State, Window
from rollbook.integrations.monitor.question import Question

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rollbook.check.gates.gate import SettingsSchema
    from rollbook.integrations.monitor.outcome import Subject
    from rollbook.integrations.monitor.question import Source
    from rollbook.records.monitoring import CheckSettings
    from rollbook.registry.model_version import ModelVersion


@dataclass(frozen=True, slots=True)
class Asked:
    """What a check is asked: of which version, by which source, at which moment. `version` is the subject as
    the registry has it, with its signature, its metrics and its evidence."""

    settings: CheckSettings
    subject: Subject
    version: ModelVersion
    source: Source
    now: datetime

    @property
    def window(self) -> Window:
        """The time that the check looks at."""
        return window_of(self.settings, self.now)

    def question(self, metric: str = "", query: str = "", samples_query: str = "") -> Question:
        """Return the question after a figure of the subject in the window."""
        return Question(self.subject.model, self.subject.version, self.window, metric, query, samples_query)

    def outcome(
        self,
        state: State,
        message: str,
        *,
        held: State | None = None,
        query: str = "",
        value: float | None = None,
        bound: str = "",
        samples: int | None = None,
        figures: Mapping[str, float] | None = None,
        findings: Sequence[str] = (),
    ) -> Outcome:
        """Return what the check says. `held` is `state` unless given."""
        return Outcome(
            self.subject,
            self.settings.name,
            state,
            state if held is None else held,
            self.window,
            self.settings.source,
            query=query,
            value=value,
            bound=bound,
            samples=samples,
            message=message,
            figures=figures or {},
            findings=tuple(findings),
        )


def window_of(settings: CheckSettings, now: datetime) -> Window:
    """Return the time that a check looks at."""
    return Window(now - settings.window, now)


class CheckKind(Protocol):
    """A kind of check: each is one object, in a module of its own."""

    @property
    def name(self) -> str:
        """What the policy calls it."""

    @property
    def sentence(self) -> str:
        """What it asks, in one sentence."""

    @property
    def schema(self) -> SettingsSchema:
        """What the policy may tell it."""

    def judge(self, asked: Asked) -> Outcome:
        """Ask the source and judge the answer. Raises SourceFailed where the source can't be asked,
        InvalidFile for settings that it can't use."""
