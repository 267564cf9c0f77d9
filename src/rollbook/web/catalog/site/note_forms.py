"""Of which form each part of a site's notes is: they stand where others may write, so nothing is taken for
granted."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

Form = Callable[[Any], bool]


def is_text(value: object) -> bool:
    """Whether it is text that a page can hold."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:  # half a character
        return False
    return True


def is_truth(value: object) -> bool:
    """Whether it is yes or no."""
    return isinstance(value, bool)


def is_count(value: object) -> bool:
    """Whether it is a whole number, as large as a count may be."""
    return type(value) is int and 0 <= value < 1 << 63


def is_number(value: object) -> bool:
    """Whether it is a number that a metric may have."""
    if type(value) is int:
        return abs(value) < 1 << 1000
    return isinstance(value, float) and math.isfinite(value)


def is_map_of(form: Form) -> Form:
    """Return the form of an object whose names are text and whose values are of a form."""
    return lambda value: (
        isinstance(value, dict) and all(is_text(name) and form(one) for name, one in value.items())
    )


def is_list_of(form: Form) -> Form:
    """Return the form of a list whose items are of a form."""
    return lambda value: isinstance(value, list) and all(map(form, value))


def is_row_of(*forms: Form) -> Form:
    """Return the form of a list with an item of each form, in order."""
    return lambda value: (
        isinstance(value, list)
        and len(value) == len(forms)
        and all(form(one) for form, one in zip(forms, value, strict=True))
    )


def is_record_of(**forms: Form) -> Form:
    """Return the form of an object that has a value of each form under its name, and nothing else."""
    return lambda value: (
        isinstance(value, dict)
        and value.keys() == forms.keys()
        and all(form(value[name]) for name, form in forms.items())
    )


def is_none_or(form: Form) -> Form:
    """Return the form of what may also be missing."""
    return lambda value: value is None or form(value)
