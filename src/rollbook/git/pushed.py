"""The refs of a push, as git gives them to a server's hooks."""

from __future__ import annotations

from dataclasses import dataclass

from rollbook.git.process import text

_NOTHING = frozenset("0")


@dataclass(frozen=True, slots=True)
class PushedRef:
    """A ref that a push moves: from `old` to `new`, zeros where there is none."""

    old: str
    new: str
    ref: str

    @property
    def created(self) -> bool:
        return set(self.old) == _NOTHING

    @property
    def deleted(self) -> bool:
        return set(self.new) == _NOTHING


def pushed_refs(said: bytes) -> list[PushedRef]:
    """Return the refs of a push, of what a `pre-receive` hook reads: `<old> <new> <ref>` a line."""
    return [PushedRef(*line.split(" ", 2)) for line in text(said).split("\n") if line]
