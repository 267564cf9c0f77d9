"""The figure that a check judges: the newest of a window, where it rests on enough samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.integrations.monitor.question import Figure, Question, Source


class NoFigure(Exception):
    """There is nothing to judge: the message says what is missing. The check is unknown. `asked` is what the
    source was asked, `samples` what too little it rests on."""

    def __init__(self, message: str, asked: str = "", samples: int | None = None) -> None:
        super().__init__(message)
        self.asked = asked
        self.samples = samples


def newest_figure(source: Source, question: Question, least: int) -> tuple[Figure, str]:
    """Return the newest figure that answers a question, and what the source was asked.

    Raises NoFigure for none, and for one that rests on fewer than `least` samples, or on nobody knows how
    many where more than one is needed; SourceFailed as the source does.
    """
    answer = source.figures(question)
    if not answer.figures:
        raise NoFigure(answer.none_of(question), answer.asked)
    newest = max(answer.figures, key=lambda figure: figure.at)
    if newest.samples is None and least > 1:
        message = f"on how many samples {question.metric} of {question.version} rests is not told"
        raise NoFigure(f"{message}: {least} are needed", answer.asked)
    if newest.samples is not None and newest.samples < least:
        message = f"{newest.samples} samples of {question.version} in {question.window} are too few"
        raise NoFigure(f"{message}: {least} are needed", answer.asked, newest.samples)
    return newest, answer.asked
