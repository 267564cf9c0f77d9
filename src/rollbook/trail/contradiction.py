"""What `audit verify` finds: one thing in which the tags, main and what others saw of them disagree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.errors import Severity


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One disagreement: its code (see `rollbook.check.finding.CODES`), the tag and the commit of main it is
    about (empty where there is none), the model, what is wrong, and what to do."""

    code: str
    tag: str
    commit: str
    message: str
    hint: str
    model: str = ""
    severity: Severity = "error"


def arranged(found: Iterable[Contradiction], order: Mapping[str, int]) -> list[Contradiction]:
    """Return the contradictions in the order of main (`order`: a commit's place there), each once."""
    last = len(order)
    return sorted(dict.fromkeys(found), key=lambda item: order.get(item.commit, last))
