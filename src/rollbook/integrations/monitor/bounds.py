"""Bounds on a figure: where a warning and a breach begin, and where each ends again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.check.gates.gate import setting
from rollbook.errors import InvalidFile
from rollbook.integrations.monitor.outcome import State

if TYPE_CHECKING:
    from rollbook.records.fields import Fields

_MARGIN = 0.1
# What the policy may say of bounds, for each kind of check that has them.
SETTINGS: dict[str, dict[str, Any]] = {
    "max": setting("Most", "A breach is what is above it.", 0.05, type="number"),
    "min": setting("Least", "A breach is what is below it.", 0.8, type="number"),
    "warn_max": setting("Warn above", "A warning is what is above it.", 0.03, type="number"),
    "warn_min": setting("Warn below", "A warning is what is below it.", 0.85, type="number"),
    "margin": setting(
        "Margin",
        "How far a figure must be back within a bound for the state to end, as a part of the bound; 0.1 "
        "unless set.",
        0.1,
        type="number",
        minimum=0,
        maximum=1,
        default=_MARGIN,
    ),
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a breach begins (`least`, `most`), and a warning; None where there is none. `margin` is a part
    of each bound: a state is left only that far within it."""

    least: float | None = None
    most: float | None = None
    warn_least: float | None = None
    warn_most: float | None = None
    margin: float = _MARGIN

    def judge(self, value: float) -> tuple[State, State]:
        """Return the state that a figure calls for, and the worst state that it is not yet out of. What is no
        finite number is UNKNOWN."""
        if not math.isfinite(value):
            return State.UNKNOWN, State.UNKNOWN
        return self._state(value, 0.0), self._state(value, self.margin)

    def __str__(self) -> str:
        parts = [f">= {self.least:g}"] if self.least is not None else []
        parts += [f"<= {self.most:g}"] if self.most is not None else []
        return " and ".join(parts)

    def _state(self, value: float, margin: float) -> State:
        if _outside(value, self.least, self.most, margin):
            return State.BREACH
        return State.WARNING if _outside(value, self.warn_least, self.warn_most, margin) else State.OK


def bounds_from(fields: Fields) -> Bounds:
    """Read the bounds of a check. Raises InvalidFile for a check that has none."""
    margin = fields.optional_number("margin")
    bounds = Bounds(
        least=fields.optional_number("min"),
        most=fields.optional_number("max"),
        warn_least=fields.optional_number("warn_min"),
        warn_most=fields.optional_number("warn_max"),
        margin=_MARGIN if margin is None else margin,
    )
    if bounds == Bounds(margin=bounds.margin):
        message = "a check without a bound can't fail"
        raise InvalidFile(
            message, path=fields.path, key=fields.key_of("max"), hint="Give max, min, warn_max or warn_min."
        )
    return bounds


def _outside(value: float, least: float | None, most: float | None, margin: float) -> bool:
    below = least is not None and value < least + margin * abs(least)
    return below or (most is not None and value > most - margin * abs(most))
