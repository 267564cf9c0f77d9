"""What is to be known of a takeover before it is carried out: what is left out, what has to be decided."""

from __future__ import annotations

import shlex
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from rollbook.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMED = 10


@dataclass(frozen=True, slots=True)
class Note:
    """Something to be known: what it is about, what is so, what can be done about it, and the option that
    would do it, words in capitals standing for what only a person knows."""

    what: str
    why: str
    hint: str = ""
    option: tuple[str, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Return the note as JSON data."""
        return {**asdict(self), "option": list(self.option)}


class TakeoverPlan(Protocol):
    """A plan that may have problems, which have to be solved first."""

    @property
    def problems(self) -> tuple[Note, ...]:
        """What has to be decided."""


def solving(problems: Sequence[Note]) -> list[str]:
    """Return the options that solve problems, quoted for a shell, each once."""
    pairs = dict.fromkeys(note.option for note in problems if note.option)
    return [shlex.join(pair) for pair in pairs]


class Undecided(Refused):
    """Something has to be decided first; `plan` has each problem, and the options that would solve them."""

    def __init__(self, plan: TakeoverPlan) -> None:
        count = len(plan.problems)
        named = "; ".join(f"{note.what}: {note.why}" for note in plan.problems[:_NAMED])
        more = f"; and {count - _NAMED} more" if count > _NAMED else ""
        super().__init__(f"this has to be decided first: {named}{more}", hint=_solution(plan.problems))
        self.plan: Any = plan


def require_decided(plan: TakeoverPlan) -> None:
    """Raise Undecided when problems stand in the way."""
    if plan.problems:
        raise Undecided(plan)


def _solution(problems: Sequence[Note]) -> str:
    options = " ".join(solving(problems))
    return f"Add {options}" if options else "; ".join(dict.fromkeys(note.hint for note in problems))
