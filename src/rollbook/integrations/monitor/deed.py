"""What was done about a breach, as one line, which also tells the next run whether to try again.

What is refused is not tried again while main, and with it the policy, is what it was; what failed for another
reason is, so many times.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rollbook.text import one_line

LANDED, PROPOSED, TOLD, NOTHING = "landed", "proposed", "told", "nothing to do"
PERSON, REFUSED, WAITS, FAILED = "needs a person", "refused", "waits", "failed"
MOST_TRIES = 5
_DONE = frozenset([LANDED, PROPOSED, TOLD, NOTHING])
_WORDS = (LANDED, PROPOSED, TOLD, NOTHING, PERSON, REFUSED, WAITS, FAILED)
_LONGEST = 1500  # characters; what is remembered is cut at 2000
_SHORT = 12
_AGAIN = re.compile(
    r"(?P<said>.*) \[main (?P<main>[0-9a-f]{12})(?:, try (?P<tries>[0-9]{1,3}))?\]", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Deed:
    """What was done, or why not: one of the words above and `what`. `main` is the commit of main, its
    beginning, that something was refused or failed at; `tries` counts how often it failed there, 0 for what
    is not to be tried again there."""

    word: str
    what: str = ""
    main: str = ""
    tries: int = 0

    def __str__(self) -> str:
        what = one_line(self.what, _LONGEST)
        said = f"{self.word}: {what}" if what else self.word
        tries = f", try {self.tries}" if self.tries else ""
        return f"{said} [main {self.main}{tries}]" if self.main else said

    @property
    def is_stuck(self) -> bool:
        """Whether nothing more happens here until somebody sees to it."""
        return self.word in (PERSON, REFUSED) or (self.word == FAILED and self.tries >= MOST_TRIES)

    def is_due(self, main: str) -> bool:
        """Whether it is to be done, or tried once more, now that main is at a commit."""
        if self.word in _DONE:
            return False
        has_moved = self.main != main[:_SHORT]
        return self.word == WAITS or has_moved or 0 < self.tries < MOST_TRIES


def read_deed(text: str | None) -> Deed | None:
    """Return the deed that a line tells; None without one."""
    if not text:
        return None
    again = _AGAIN.fullmatch(text)
    said, main = (again["said"], again["main"]) if again else (text, "")
    word, _, what = said.partition(": ")
    if word not in _WORDS:
        word, what = TOLD, said
    return Deed(word, what, main, _tries(again))


def _tries(again: re.Match[str] | None) -> int:
    return int(again["tries"] or 0) if again else 0


def stopped(word: str, why: str, main: str) -> Deed:
    """Return that something is not done, and not tried again before main is another than this commit."""
    return Deed(word, why, main[:_SHORT])


def tried(word: str, why: str, main: str, before: Deed | None) -> Deed:
    """Return that something could not be done, and how often in a row by now with main at this commit."""
    short = main[:_SHORT]
    tries = before.tries if before is not None and before.main == short else 0
    return Deed(word, why, short, min(tries + 1, MOST_TRIES))
