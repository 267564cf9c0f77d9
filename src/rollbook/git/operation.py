"""One operation, such as landing a change: git is asked each thing once while it lasts.

What may be remembered so is what an operation takes for one: the environment, the settings and the user's
name as they were when it first looked, and what follows from ids of objects, which never changes. Refs move,
and are asked anew. Nothing is kept from one operation to the next: settings may be others then.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

Answer = TypeVar("Answer")


@dataclass(slots=True)
class _Operation:
    """What git answered by now. A thread's copy of the context may outlive the operation, which then is over
    there too."""

    answers: dict[Hashable, Any] | None = field(default_factory=dict)


_current: ContextVar[_Operation | None] = ContextVar("operation", default=None)


@contextmanager
def one_operation() -> Iterator[None]:
    """Take what is done inside for one operation, or for a part of the outer one. Also a decorator."""
    if is_open():
        yield
        return
    with own_operation():
        yield


@contextmanager
def own_operation() -> Iterator[None]:
    """Take what is done inside for an operation of its own, also in another one: what was long ago is asked
    anew."""
    operation = _Operation()
    token = _current.set(operation)
    try:
        yield
    finally:
        operation.answers = None
        _current.reset(token)


def is_open() -> bool:
    """Whether an operation is under way."""
    return _answers() is not None


def _answers() -> dict[Hashable, Any] | None:
    operation = _current.get()
    return operation.answers if operation is not None else None


def asked_once(question: Hashable, ask: Callable[[], Answer]) -> Answer:
    """Return what `ask` answers, by which `question` was answered already in this operation; nothing is
    remembered outside of one, nor of an error."""
    answers = _answers()
    if answers is None:
        return ask()
    try:
        answer: Answer = answers[question]
    except KeyError:
        # Of threads that ask at the same time all get one answer.
        answer = answers.setdefault(question, ask())
    return answer


def answered(question: Hashable) -> Any | None:
    """Return what the operation knows of a question by now; None where it was not asked."""
    return (_answers() or {}).get(question)


def forget(question: Hashable) -> None:
    """Have a question asked anew, whose answer has changed."""
    answers = _answers()
    if answers is not None:
        answers.pop(question, None)
