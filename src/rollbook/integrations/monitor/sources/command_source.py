"""Figures that a program prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.artifact.running.bounded_command import run_bounded
from rollbook.check.gates.gate import SettingsSchema, ref, setting
from rollbook.integrations.monitor.question import SourceFailed
from rollbook.integrations.monitor.sources.document_source import DocumentSource
from rollbook.integrations.monitor.sources.figure_documents import (
    LONGEST,
    figures_in,
    parsed,
)
from rollbook.integrations.monitor.sources.source_settings import TIME_LIMIT, seconds_of, source_fields
from rollbook.names import moment_text
from rollbook.text import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rollbook.integrations.monitor.question import Answer, Question
    from rollbook.records.monitoring import SourceSettings


class CommandSource:
    """`live: {source: command, run: [/opt/metrics/live, --json]}`"""

    name = "command"
    schema = SettingsSchema(
        "A program that prints figures as JSON. It is told what is asked by the environment variables "
        "ROLLBOOK_MODEL, ROLLBOOK_VERSION, ROLLBOOK_METRIC, ROLLBOOK_FROM and ROLLBOOK_TO.",
        {
            "run": setting(
                "Program",
                "The program and its arguments; no shell reads them. "
                "A program without `/` is searched in PATH.",
                ["/opt/metrics/live", "--json"],
                type="array",
                maxItems=100,
                minItems=1,
                items=ref("argument"),
            ),
            "time_limit": TIME_LIMIT,
        },
        example={"run": ["/opt/metrics/live", "--json"]},
        required=("run",),
    )

    def open(self, settings: SourceSettings) -> OpenCommand:
        """Open the source."""
        fields = source_fields(settings)
        run = fields.texts("run")
        if not run or not run[0] or any("\0" in word for word in run):
            message = "run must be a program and its arguments"
            raise fields.fault("run", message)
        return OpenCommand(run, seconds_of(fields))


class OpenCommand(DocumentSource):
    """A program that is asked for figures."""

    def __init__(self, run: Sequence[str], seconds: float) -> None:
        self._run = run
        self._seconds = seconds

    @property
    def _name(self) -> str:
        return printable(" ".join(self._run))[:200]

    @property
    def _told(self) -> str:
        return f"{self._name} prints figures"

    def _asked(self, question: Question, undated: datetime | None) -> Answer:
        window = question.window
        variables = {
            "ROLLBOOK_MODEL": question.model,
            "ROLLBOOK_VERSION": question.version,
            "ROLLBOOK_METRIC": question.metric.replace("\0", ""),
            "ROLLBOOK_FROM": moment_text(window.start),
            "ROLLBOOK_TO": moment_text(window.end),
        }
        try:
            ended = run_bounded(
                self._run, b"", self._seconds, variables=variables, most_output=LONGEST, errors_apart=True
            )
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SourceFailed(f"{self._name} can't be run: {printable(reason)[:200]}") from error
        if ended.code is None:
            raise SourceFailed(f"{self._name} was not done after {self._seconds:g} s")
        if ended.code:
            last = one_line((ended.errors or ended.output)[-300:])
            raise SourceFailed(f"{self._name} ended with exit code {ended.code}: {printable(last)}")
        if ended.was_cut:
            raise SourceFailed(f"{self._name} printed more than {LONGEST:,} bytes")
        return figures_in(parsed(ended.output.encode(), self._name), question, self._name, undated)


SOURCE = CommandSource()
