"""Metrics and parameters out of files that other tools wrote: JSON, YAML, TOML and Python, read as DVC does.

What a manifest can't hold is left out, and told in one line.
"""

from __future__ import annotations

import datetime
import math
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.propose.manifest_facts import small_file
from rollbook.schema.schemas import is_unicode, violations
from rollbook.text import decoded, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_SHOWN = 6
_MOST_VALUES = 100_000
_LAWFUL = {"model": "m", "version": "1.0.0", "created_at": "2026-01-01T00:00:00Z", "created_by": "nobody"}
_SCALARS = (str, bool, int, float, type(None))
_NOT_FINITE = "not finite"


class _Walk:
    """A walk over a file's values, which aliases may make endless. `left_out` says why, by dotted name."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._left = _MOST_VALUES
        self.left_out: dict[str, str] = {}

    def items(self, value: Mapping[Any, Any], prefix: str) -> Iterator[tuple[str, Any]]:
        """Yield the entries of a mapping by their dotted names."""
        for name, inner in value.items():
            self._left -= 1
            if self._left < 0:
                raise BadCall(f"{self._path} has more than {_MOST_VALUES:,} values")
            yield (f"{prefix}.{name}" if prefix else str(name)), inner

    def numbers(self, value: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
        """Yield the finite numbers, nested names joined by dots."""
        for name, inner in self.items(value, prefix):
            if isinstance(inner, dict):
                yield from self.numbers(inner, name)
            elif why := _no_metric(inner):
                self.left_out[name] = why
            else:
                yield name, inner

    def scalars(self, value: Any, name: str) -> Iterator[tuple[str, Any]]:
        """Yield what a manifest's groups hold, scalars and lists of them; deeper names are joined by dots."""
        if isinstance(value, list | tuple) and all(isinstance(item, _SCALARS) for item in value):
            yield name, list(value)
        elif isinstance(value, dict) or (isinstance(value, list | tuple) and value):
            entries = value if isinstance(value, dict) else dict(enumerate(value))
            for inner_name, inner in self.items(entries, name):
                yield from self.scalars(inner, inner_name)
        elif isinstance(value, datetime.date | datetime.time):
            yield name, value.isoformat()
        elif isinstance(value, _SCALARS):
            yield name, value
        else:
            self.left_out[name] = "no value"

    def told(self) -> str:
        """Return a line on what was left out; empty when nothing was."""
        if not self.left_out:
            return ""
        items = [f"{printable(name[:80])} ({why})" for name, why in self.left_out.items()]
        more = f" and {len(items) - _SHOWN} more" if len(items) > _SHOWN else ""
        return f"{self._path}: left out: {', '.join(items[:_SHOWN])}{more}"


def metrics_file(path: Path) -> tuple[dict[str, float], str]:
    """Read the numbers in a file, nested names joined by dots; return them, and a line on what was left out.

    Raises BadCall when it can't be read or holds no number.
    """
    walk = _Walk(path)
    found = _lawful("metrics", dict(walk.numbers(_mapping(path))), walk)
    if not found:
        raise BadCall(f"{path}: no finite number is in it", hint=walk.told())
    return found, walk.told()


def report_metrics(path: Path) -> dict[str, float]:
    """Read the numbers in a tool's report; nested names are joined by dots.

    What is no number (texts, lists, true and false, null) is left out: a report says more than metrics.
    Raises BadCall, naming the metric, for a number that is not finite, which no report may hide.
    """
    walk = _Walk(path)
    found = dict(walk.numbers(_mapping(path)))
    for name, why in walk.left_out.items():
        if why == _NOT_FINITE:
            raise BadCall(f"{path}: {name}: a metric is a finite number")
    return found


def params_file(path: Path) -> tuple[dict[str, Any], str]:
    """Read the parameters in a file; return them, and a line on what was left out.

    A manifest holds scalars, lists of them, and one level of groups: what is nested deeper has its names
    joined by dots. Raises BadCall when the file can't be read.
    """
    return params_of(_mapping(path), path)


def params_of(content: Mapping[Any, Any], source: Path) -> tuple[dict[str, Any], str]:
    """Return the parameters in what came from `source`, and a line on what was left out: as `params_file`
    does."""
    walk = _Walk(source)
    params: dict[str, Any] = {}
    for name, value in walk.items(content, ""):
        if isinstance(value, dict):
            inner = (pair for key, item in walk.items(value, "") for pair in walk.scalars(item, key))
            params[name] = dict(inner)
        else:
            params |= walk.scalars(value, name)
    return _lawful("hyperparameters", params, walk), walk.told()


def _mapping(path: Path) -> dict[Any, Any]:
    from dvc.utils.serialize import PARSERS, ParseError

    text = decoded(small_file(path))
    try:
        content = PARSERS[path.suffix.lower()](text, str(path)) if text.strip() else None
    except (ParseError, ValueError, TypeError, RecursionError) as error:
        cause = error.__cause__ or error
        raise BadCall(f"{path} can't be read: {printable(' '.join(str(cause).split()))[:300]}") from error
    if not isinstance(content, dict):
        raise BadCall(f"{path}: a mapping of names to values is needed here")
    return content


def _lawful(field: str, values: dict[str, Any], walk: _Walk) -> dict[str, Any]:
    """Return what the schema allows of `values`; the rest is left out."""
    kept, unlawful = lawful(field, values)
    walk.left_out |= dict.fromkeys(unlawful, "the registry can't hold it")
    return kept


def lawful(field: str, values: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return those entries of a manifest's mapping `field` that the schema allows, and the dotted names of
    the others. At most as many are given as the schema allows."""
    # Of a name that is no text, a violation tells only the mapping that it stands in.
    left_out: dict[str, None] = dict.fromkeys(name for name in values if not is_unicode(name))
    for name in left_out:
        del values[name]
    while wrong := [item.path for item in violations("version", {**_LAWFUL, field: values}) if item.path[1:]]:
        for _, *steps in wrong:
            first, *deeper = map(str, steps)
            inner = values.get(first)
            if deeper and isinstance(inner, dict):
                inner.pop(deeper[0], None)
                first = f"{first}.{deeper[0]}"
            else:
                values.pop(first, None)
            left_out[first] = None
    return values, [*left_out]


def _no_metric(value: object) -> str:
    """Why a value is no metric; empty when it is one."""
    if isinstance(value, bool):
        return "true or false"
    if not isinstance(value, int | float):
        kinds: Iterable[tuple[Any, str]] = ((str, "text"), (list | tuple, "a list"), (type(None), "empty"))
        return next((name for kind, name in kinds if isinstance(value, kind)), "no number")
    try:
        return "" if math.isfinite(value) else _NOT_FINITE
    except OverflowError:  # a whole number that no float can hold
        return _NOT_FINITE
