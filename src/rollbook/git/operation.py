"""One operation, such as landing a change: git is asked each thing once while it lasts.

What may be remembered so is what an operation takes for one: the environment, the settings and the user's
name as they were when it first looked, and what follows from ids of objects, which never changes. Refs move,
and are asked anew. Nothing is kept from one operation to the next: settings may be others then.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

Answer = TypeVar("Answer")

_answers: ContextVar[dict[Hashable, Any] | None] = ContextVar("answers_of_operation", default=None)


@contextmanager
def one_operation() -> Iterator[None]:
    """Take what is done inside for one operation, or for a part of the outer one. Also a decorator."""
    if _answers.get() is not None:
        yield
        return
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


def is_open() -> bool:
    """Whether an operation is under way."""
    return _answers.get() is not None


def asked_once(question: Hashable, ask: Callable[[], Answer]) -> Answer:
    """Return what `ask` answers, by which `question` was answered already in this operation; nothing is
    remembered outside of one, nor of an error."""
    answers = _answers.get()
    if answers is None:
        return ask()
    if question not in answers:
        answers[question] = ask()
    answer: Answer = answers[question]
    return answer


def answered(question: Hashable) -> Any | None:
    """Return what the operation knows of a question by now; None where it was not asked."""
    return (_answers.get() or {}).get(question)


def forget(question: Hashable) -> None:
    """Have a question asked anew, whose answer has changed."""
    answers = _answers.get()
    if answers is not None:
        answers.pop(question, None)
