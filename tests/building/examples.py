"""How many examples of a property that is costly to try."""

from __future__ import annotations

from hypothesis import settings

_EVERYDAY = 100  # what Hypothesis tries where nobody says how many


def examples(few: int) -> int:
    """So few in a run before a merge; several times as many where the profile asks for more, as the nightly
    workflow's does."""
    return few * 5 if settings.default.max_examples > _EVERYDAY else few
