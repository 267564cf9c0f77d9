"""Figures in a file: JSON, which something else writes."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.check.gates.gate import SettingsSchema, ref, setting
from rollbook.integrations.monitor.question import SourceFailed
from rollbook.integrations.monitor.sources.figure_documents import figures_in
from rollbook.records.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    import pyarrow as pa

    from rollbook.integrations.monitor.question import Answer, Question
    from rollbook.records.monitoring import SourceSettings


class FileSource:
    """`live: {source: file, path: /var/lib/metrics/models.json}`"""

    name = "file"
    schema = SettingsSchema(
        "A file that something else writes.",
        {"path": setting("Path", "Where the file stands.", "/var/lib/metrics/models.json", **ref("line"))},
        example={"path": "/var/lib/metrics/models.json"},
        required=("path",),
    )

    def open(self, settings: SourceSettings) -> OpenFile:
        """Open the source."""
        fields = Fields(settings.settings, "registry/policy.yaml", f"monitoring.sources.{settings.name}")
        return OpenFile(Path(fields.text("path")))


class OpenFile:
    """A file of figures."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def figures(self, question: Question) -> Answer:
        """Return the figures of the question's version."""
        try:
            document = json.loads(self._path.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise SourceFailed(f"{self._path}: {error}") from error
        return figures_in(document, question, datetime.now(UTC), str(self._path))

    def series(self, question: Question, step: timedelta) -> Answer:
        """Return the figures that the file has of the question's version, at their own times."""
        return self.figures(question)

    def rows(self, question: Question, columns: Sequence[str]) -> pa.Table:
        """Refuse: JSON figures are no rows."""
        raise SourceFailed(f"{self._path} holds figures, no rows")

    def close(self) -> None:
        """Do nothing: no file stays open."""


SOURCE = FileSource()
