"""What was told of a version that its artifact itself says otherwise: the one place for that rule.

A file is the better witness. Where its format tells nothing, nothing contradicts it.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.errors import Refused
from rollbook.records.dtypes import kind_of, word_for
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.artifact.formats.contents import Contents
    from rollbook.records.signature import Column

# The library that trained what is in a format, where the format alone tells it. One that many write, such as
# ONNX, tells who converted the model; a checkpoint may be of any library upon PyTorch.
_TRAINED_BY = {
    "catboost": "catboost",
    "catboost-json": "catboost",
    "keras": "keras",
    "lightgbm-text": "lightgbm",
    "xgboost-json": "xgboost",
    "xgboost-legacy": "xgboost",
    "xgboost-ubj": "xgboost",
}
# Those whose one library stands in the file.
_NAMED_INSIDE = frozenset(["hdf5", "mlflow-model"])
# Libraries that hold models of others: flavours of MLflow's that tell nothing of who trained.
_CONTAINERS = frozenset(["onnx", "python_function", "pyfunc"])
# Producers in ONNX files that trained what they wrote.
_EXPORTERS = frozenset(["pytorch"])
# What the same library is called besides.
_SAME = {
    "sklearn": "scikit-learn",
    "torch": "pytorch",
    "xgb": "xgboost",
    "lgbm": "lightgbm",
    "tf": "tensorflow",
    "tf.keras": "keras",
    "tensorflow.keras": "keras",
}
# Libraries that may well have trained what a file is said to be another's: what Keras runs on and is part of,
# and what has estimators as scikit-learn's are.
_MAY_BE: Mapping[str, frozenset[str]] = {
    "keras": frozenset(["tensorflow", "jax", "pytorch"]),
    "tensorflow": frozenset(["keras"]),
    "scikit-learn": frozenset(["catboost", "imbalanced-learn", "lightgbm", "xgboost"]),
}
_SHOWN = 4
# What else tells the same as an option.
_TOLD_BY: Mapping[str, str] = {
    "--input": "--input, --signature or --sample-input",
    "--output": "--output, --signature or --sample-output",
    "--feature": "--feature or --features-file",
}
# What a sample without names of columns is called.
_UNNAMED = ("input", "output")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What was told, what the file says, and the option that tells it."""

    told: str
    found: str
    option: str

    def __str__(self) -> str:
        return f"{self.option}: told is {self.told}, and the file says {self.found}"


def require_agreement(name: str, facts: Mapping[str, Any], form: str, contents: Contents) -> None:
    """Raise Refused, with each contradiction, where a manifest's facts are not what the artifact `name`, in
    the format `form`, says of itself."""
    found = contradictions(facts, form, contents)
    if not found:
        return
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    options = "; ".join(dict.fromkeys(_TOLD_BY.get(each.option, each.option) for each in found))
    raise Refused(
        f"what was told of {name} contradicts it: {'; '.join(map(str, found[:_SHOWN]))}{more}",
        hint=f"Leave out what the file says itself, or correct it (also in --from): {options}",
    )


def contradictions(facts: Mapping[str, Any], form: str, contents: Contents) -> list[Contradiction]:
    """Return what contradicts the contents of an artifact in a manifest's facts."""
    signature = facts.get("signature") or {}
    return [
        *_format(facts.get("artifact") or {}, form),
        *_framework(facts.get("framework") or {}, form, contents),
        *_half(signature.get("inputs") or [], contents.inputs or (), "--input"),
        *_half(signature.get("outputs") or [], contents.outputs or (), "--output"),
        *_features(facts.get("features") or [], contents.inputs or ()),
    ]


def framework_of(form: str, contents: Contents) -> dict[str, str]:
    """Return the library that trained an artifact in the format `form`, as a manifest names it; empty where
    only who converted or packed it is known."""
    name, version = contents.framework.get("name", ""), contents.framework.get("version", "")
    if form == "onnx" and _library(name) not in _EXPORTERS:
        return {}
    if _library(name) in _CONTAINERS:
        return {}
    name = name or _TRAINED_BY.get(form, "")
    return {"name": name, **({"version": version} if version else {})} if name else {}


def same_library(one: str, other: str) -> bool:
    """Whether two names mean the same library."""
    return _library(one) == _library(other)


def _format(told: Mapping[str, Any], form: str) -> Iterator[Contradiction]:
    if "format" in told and told["format"] != form:
        yield Contradiction(shown(told["format"]), shown(form), "artifact.format")


def _framework(told: Mapping[str, Any], form: str, contents: Contents) -> Iterator[Contradiction]:
    found = framework_of(form, contents)
    if not told or not found or not (form in _TRAINED_BY or form in _NAMED_INSIDE):
        return
    name, version = str(told.get("name", "")), str(told.get("version", ""))
    if not same_library(name, found["name"]):
        if _library(name) not in _MAY_BE.get(_library(found["name"]), ()):
            yield Contradiction(shown(name), shown(found["name"]), "--framework")
    elif version and "version" in found and not _same_version(version, found["version"]):
        yield Contradiction(
            f"{shown(name)} {shown(version)}", f"its version is {shown(found['version'])}", "--framework"
        )


def _library(name: str) -> str:
    plain = re.sub(r"[\s_]+", "-", name.strip().casefold())
    return _SAME.get(plain, plain)


def _same_version(told: str, found: str) -> bool:
    """Whether one is the other, or names less of it: 2.1 of 2.1.3. What follows a `+` is of a build."""
    parts = [version.strip().removeprefix("v").partition("+")[0].split(".") for version in (told, found)]
    fewest = min(map(len, parts))
    return parts[0][:fewest] == parts[1][:fewest]


def _half(told: Sequence[Any], found: Sequence[Column], option: str) -> Iterator[Contradiction]:
    """Compare one half of the signature. What is not as the schema asks is the schema's to refuse."""
    columns = [item for item in told if isinstance(item, dict) and isinstance(item.get("name"), str)]
    if not columns or not found:
        return
    by_name = {column.name: column for column in found}
    if all(item["name"] not in by_name for item in columns):
        if len(found) == 1:
            yield from _as_one(columns, found[0], option)
            return
        if len(columns) == 1 and _is_table(found):
            yield from _one_for_all(columns[0], found, option)
            return
    for item in columns:
        if (column := by_name.get(item["name"])) is None:
            yield Contradiction(shown(item["name"]), _names(found, option), option)
        else:
            yield from _column(item, column, option)
    if option == "--input":
        given = {item["name"] for item in columns}
        for column in found:
            if column.required and column.name not in given:
                yield Contradiction(f"no {shown(column.name)}", f"it takes {shown(column.name)}", option)


def _column(told: Mapping[str, Any], found: Column, option: str) -> Iterator[Contradiction]:
    if not _same_kind(str(told.get("dtype", "")), found.dtype, widens=option == "--input"):
        yield Contradiction(f"{shown(found.name)} as {shown(told['dtype'])}", _written(found), option)
    if not _same_shape(told.get("shape"), found.shape):
        yield Contradiction(f"{shown(found.name)} of the shape {told['shape']}", _written(found), option)


def _as_one(told: Sequence[Mapping[str, Any]], found: Column, option: str) -> Iterator[Contradiction]:
    """Compare columns, or a tensor under another name, with the one tensor that the file has: a table is fed
    into it as a whole."""
    if len(told) == 1 and _rank(told[0]) != 1:
        (only,) = told
        if only["name"] in _UNNAMED:
            yield from _column(only, found, option)
        else:
            yield Contradiction(shown(only["name"]), f"it is called {shown(found.name)}", option)
        return
    width = _width(found.shape)
    if width not in (None, len(told)):
        yield Contradiction(f"{len(told)} columns", f"{width} ({_written(found)})", option)
    for item in told:
        if not _same_kind(str(item.get("dtype", "")), found.dtype, widens=option == "--input"):
            yield Contradiction(f"{shown(item['name'])} as {shown(item['dtype'])}", _written(found), option)


def _one_for_all(told: Mapping[str, Any], found: Sequence[Column], option: str) -> Iterator[Contradiction]:
    """Compare one tensor with the columns that the file has."""
    width = _width(told.get("shape"))
    if width not in (None, len(found)):
        yield Contradiction(f"{width} columns in {shown(told['name'])}", str(len(found)), option)


def _features(told: Sequence[Any], found: Sequence[Column]) -> Iterator[Contradiction]:
    if not told or not found:
        return
    taken = len(found) if len(found) > 1 and _is_table(found) else None
    if len(found) == 1 and found[0].shape is not None and len(found[0].shape) == 2:
        taken = _width(found[0].shape)
    if taken not in (None, len(told)):
        count = f"{len(told)} feature{'' if len(told) == 1 else 's'}"
        yield Contradiction(count, f"it takes {taken}", "--feature")


def _is_table(columns: Sequence[Column]) -> bool:
    return all(column.shape is None or _width(column.shape) == 1 for column in columns)


def _width(shape: Sequence[int] | None) -> int | None:
    """Return how many values a row has; None where that is not fixed or not told."""
    if shape is None or any(size == -1 for size in shape[1:]):
        return None
    return math.prod(shape[1:])


def _rank(told: Mapping[str, Any]) -> int:
    shape = told.get("shape")
    return len(shape) if isinstance(shape, list) else 1


def _same_kind(told: str, found: str, *, widens: bool) -> bool:
    """Whether values of one type may be told of the other; with `widens` whole numbers are taken as floats,
    and texts as what they are read as. What the vocabulary does not have is not judged."""
    one, other = kind_of(word_for(told)), kind_of(found)
    if not one or not other or one == other:
        return True
    if not widens:
        return False
    return (one, other) in _TAKEN_AS


# Values that samples in JSON or CSV give as the one, and a model takes as the other.
_TAKEN_AS = frozenset(
    [
        *[(number, "float") for number in ("bool", "integer")],
        *[("bool", "integer")],
        *[("string", other) for other in ("datetime", "binary")],
    ]
)


def _same_shape(told: Any, found: Sequence[int] | None) -> bool:
    if not isinstance(told, list) or found is None or not all(type(size) is int for size in told):
        return True
    if len(told) != len(found):  # a column may be fed as [-1, 1], and a picture as a row of its pixels
        one, other = _width(told), _width(found)
        return one is None or other is None or one == other
    return all(-1 in (one, other) or one == other for one, other in zip(told, found, strict=True))


def _names(found: Sequence[Column], option: str) -> str:
    called = ", ".join(shown(column.name) for column in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return f"its {option.removeprefix('--')}s are {called}{more}"


def _written(column: Column) -> str:
    shape = "" if column.shape is None else f" {[*column.shape]}"
    return f"{shown(column.name)} is {shown(column.dtype)}{shape}"
