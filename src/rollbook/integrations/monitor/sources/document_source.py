"""What is asked anew each time, and answers with a document of figures: a program, an address."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from rollbook.integrations.monitor.question import SourceFailed
from rollbook.integrations.monitor.sources.figure_documents import moment_asked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    import pyarrow as pa

    from rollbook.integrations.monitor.question import Answer, Question


class DocumentSource(ABC):
    """A source that answers each question by a document."""

    def figures(self, question: Question) -> Answer:
        """Return what is answered; a figure without a time is of the moment."""
        return self._asked(question, moment_asked(question))

    def series(self, question: Question, step: timedelta) -> Answer:
        """Return what is answered with a time: what has none is of now, and says nothing of then."""
        return self._asked(question, None)

    def rows(self, question: Question, columns: Sequence[str]) -> pa.Table:
        """Refuse: what is answered are figures."""
        raise SourceFailed(f"{self._told}, no rows", hint="Take a source of the kind `log`.")

    def close(self) -> None:  # noqa: B027 - who has something to let go of says so
        """Do nothing: nothing stays open between two questions."""

    @property
    @abstractmethod
    def _told(self) -> str:
        """Who tells figures, in words."""

    @abstractmethod
    def _asked(self, question: Question, undated: datetime | None) -> Answer:
        """Return the figures of the document that answers a question; those without a time are of `undated`,
        or no answer where that is None. Raises SourceFailed."""
