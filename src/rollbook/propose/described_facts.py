"""What is told of how a version was made and of its limits, brought into the manifest's own shape.

It is one table: each row names an option of `register`, where its value stands, and how it is read.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from rollbook.errors import BadCall
from rollbook.names import is_bare_date, moment_text, parse_moment
from rollbook.propose.manifest_facts import merged, text_list
from rollbook.records.dtypes import word_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_UNITS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,9})?"
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>{_NUMBER}){unit})?" for unit in _UNITS))
_SHAPE = re.compile(r"(?:-1|[1-9][0-9]{0,15})(?:x(?:-1|[1-9][0-9]{0,15}))*")


class DescribedFacts(TypedDict, total=False):
    """What may be told of a version's making and of its limits."""

    features: Sequence[str]
    features_file: str | Path | None
    feature_pipeline: str | None
    preprocessing: Sequence[str]
    inputs: Sequence[str]
    outputs: Sequence[str]
    trained_at: str | None
    training_started: str | None
    training_ended: str | None
    training_duration: str | float | None
    training_rows: int | None
    limitations: Sequence[str]
    protected_groups: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Fact:
    """`read` makes of what is told under `name`, by the option `word`, the value at `path` of the manifest. A
    list that `adds` has what is new added to the one that stands there; any other value takes the place of
    it."""

    word: str
    name: str
    path: tuple[str, ...]
    read: Callable[[str, Any], Any]
    adds: bool = False


def describe(fields: dict[str, Any], told: DescribedFacts) -> None:
    """Put into a manifest's fields what is told; it wins over what stands there. Raises BadCall."""
    values: Mapping[str, Any] = told
    for fact in _FACTS:
        value = values.get(fact.name)
        if value is not None and value != "" and value != () and value != []:
            _put(fields, fact, fact.read(fact.word, value))
    if features := _features(told):
        fields["features"] = features


def _features(told: DescribedFacts) -> list[str]:
    """Return the features: those of the file in its order, then those that are told besides."""
    file = told.get("features_file")
    listed = distinct(f"{file}:", text_list(Path(file))) if file else []
    return [*dict.fromkeys([*listed, *distinct("--feature", told.get("features") or ())])]


def _put(fields: dict[str, Any], fact: _Fact, value: Any) -> None:
    *groups, last = fact.path
    for group in groups:
        fields[group] = merged(group, fields.get(group), [])
        fields = fields[group]
    if fact.adds:
        before = fields.get(last) or []
        if not isinstance(before, list):
            raise BadCall(f"{'.'.join(fact.path)}: a list is needed here")
        value = [*before, *(item for item in dict.fromkeys(value) if item not in before)]
    fields[last] = value


def day_or_time(option: str, text: str) -> str:
    """Return a day as it is, a time in UTC; no zone means UTC. Raises BadCall, naming the option."""
    moment = told_moment(option, text)
    return f"{moment:%Y-%m-%d}" if is_bare_date(text) else moment_text(moment)


def told_moment(option: str, text: str) -> datetime:
    """Return the moment in UTC that a date names, which is the beginning of a day. Raises BadCall, naming the
    option.
    """
    try:
        return parse_moment(text, begins=True).astimezone(UTC)
    except BadCall as error:
        raise BadCall(f"{option}: {error}", hint=error.hint) from error
    except OverflowError as error:  # beyond the calendar in UTC
        raise BadCall(f"{option}: {text[:60]!r} is not a date") from error


def seconds(option: str, told: str | float) -> float:
    """Return a duration in seconds: a number of them, or text such as `2.5h`, `90m`, `1h30m`. Raises BadCall,
    naming the option.
    """
    if isinstance(told, str):
        match = _DURATION.fullmatch(told)
        if re.fullmatch(_NUMBER, told):
            whole = float(told)
        elif match and told:
            whole = sum(float(match[unit] or 0) * size for unit, size in _UNITS.items())
        else:
            hint = "Write it like 2.5h, 90m, 1h30m, 45s, or as a number of seconds."
            raise BadCall(f"{option}: {told[:40]!r} is not a duration", hint=hint)
        told = round(whole, 9)
    return int(told) if math.isfinite(told) and told == int(told) else told


def tensors(option: str, told: Sequence[str]) -> list[dict[str, Any]]:
    """Read `NAME:DTYPE[:SHAPE]`, with a shape such as `-1x3`, into a half of the signature, the type in the
    vocabulary's word where it has one.

    Raises BadCall, naming the option.
    """
    found = [_tensor(option, text) for text in told]
    distinct(option, [tensor["name"] for tensor in found])
    return found


def _tensor(option: str, text: str) -> dict[str, Any]:
    label, _, last = text.rpartition(":")
    shape = [int(size) for size in last.split("x")] if _SHAPE.fullmatch(last) else None
    name, _, dtype = label.rpartition(":") if shape else (label, "", last)
    if not name or not dtype:
        hint = f"E.g. {option} probability:float32, or {option} probabilities:float32:-1x3"
        raise BadCall(f"{option} {text[:80]!r} is not NAME:DTYPE[:SHAPE]", hint=hint)
    return {"name": name, "dtype": word_for(dtype), **({"shape": shape} if shape else {})}


def distinct(option: str, names: Sequence[str]) -> list[str]:
    """Return the names. Raises BadCall for one that comes twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BadCall(f"{option} {name[:80]!r} is given twice")
        seen.add(name)
    return [*names]


def _named(option: str, text: str) -> dict[str, str]:
    name, at, version = text.partition("@")
    if not name or (at and not version):
        raise BadCall(f"{option} {text[:80]!r} is not NAME[@VERSION]")
    return {"name": name, "version": version} if version else {"name": name}


def _as_told(_: str, told: Any) -> Any:
    return [*told] if isinstance(told, tuple | list) else told


_FACTS = (
    _Fact("--feature-pipeline", "feature_pipeline", ("feature_pipeline",), _named),
    _Fact("--preprocessing", "preprocessing", ("preprocessing",), _as_told),
    _Fact("--input", "inputs", ("signature", "inputs"), tensors),
    _Fact("--output", "outputs", ("signature", "outputs"), tensors),
    _Fact("--trained-at", "trained_at", ("training", "trained_at"), day_or_time),
    _Fact("--training-started", "training_started", ("training", "started_at"), day_or_time),
    _Fact("--training-ended", "training_ended", ("training", "ended_at"), day_or_time),
    _Fact("--training-duration", "training_duration", ("training", "duration_seconds"), seconds),
    _Fact("--training-rows", "training_rows", ("training", "rows"), _as_told),
    _Fact("--limitation", "limitations", ("limitations",), _as_told, adds=True),
    _Fact("--protected-group", "protected_groups", ("protected_groups",), _as_told, adds=True),
)
