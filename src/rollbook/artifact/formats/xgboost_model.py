"""What an XGBoost model says of itself, as JSON, UBJSON or in the binary layout before them.

https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html has the schema of the first two; the
third is LearnerModelParamLegacy and what follows it in `src/learner.cc` of XGBoost up to 3.0.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from rollbook.artifact.formats.byte_cursor import ByteCursor
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.formats.json_outline import LeftOut, json_outline
from rollbook.artifact.formats.ubjson import ubjson_outline
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact, Scalar

# What grows with the number of trees, rows or categories.
_LARGE = frozenset(
    [
        *("trees", "tree_info", "iteration_indptr", "weight_drop", "weights"),
        *("values", "offsets", "sorted_idx", "feature_segments"),
    ]
)
_MOST_BYTES = 4 << 30
_MOST_FEATURES = 1_000_000
LEGACY_NAMES_AT = 136  # bytes of LearnerModelParamLegacy
LEGACY_MAGIC = b"binf"
_LEGACY_OBJECTIVE = re.compile(rb"(reg|binary|multi|rank|survival|count):[a-z0-9_]+")
_LEGACY_BOOSTERS = (b"gbtree", b"gblinear", b"dart")


def read_json(artifact: ArtifactBytes) -> Contents:
    """Read a model in JSON. Raises Broken where it is cut off, or has fewer trees than it says."""
    if (size := artifact.size()) > _MOST_BYTES:
        return Contents(remarks=(f"It has {size:,} bytes; up to {_MOST_BYTES:,} are read.",))
    with artifact.open() as file:
        return _contents(json_outline(file, _LARGE))


def read_ubjson(artifact: ArtifactBytes) -> Contents:
    """Read a model in UBJSON. Raises Broken where it is cut off, or has fewer trees than it says."""
    with artifact.open() as file:
        # The outline has a bound of its own, which is that of values.
        cursor = ByteCursor(file, artifact.size(), reads=itertools.repeat(0))
        return _contents(ubjson_outline(cursor, _LARGE))


def read_legacy(artifact: ArtifactBytes) -> Contents:
    """Read the beginning of a model in the binary layout that XGBoost wrote before, and reads up to 3.0."""
    with artifact.open() as file:
        start = len(LEGACY_MAGIC) if file.read(len(LEGACY_MAGIC)) == LEGACY_MAGIC else 0
        cursor = ByteCursor(file, artifact.size(), start)
        base_score = cursor.real("<f", "the base score")
        features, classes, _, _, major, minor, targets = (
            cursor.number("<I", "a parameter of the model") for _ in range(7)
        )
        cursor.skip(start + LEGACY_NAMES_AT - cursor.at, "the parameters of the model")
        objective = _legacy_text(cursor, "the objective")
        booster = _legacy_text(cursor, "the booster")
        trees = cursor.number("<I", "the number of trees") if booster != "gblinear" else 0
    facts: dict[str, Fact] = {
        "objective": objective,
        "booster": booster,
        "features": features,
        **({"trees": trees} if trees else {}),
        **({"classes": classes} if classes else {}),
        **({"targets": targets} if targets > 1 else {}),
        "base_score": base_score,
    }
    framework = {"name": "xgboost", **({"version": f"{major}.{minor}"} if major else {})}
    remark = "It is in XGBoost's old binary layout, which XGBoost 3.1 and later do not read."
    return Contents(facts, framework, _inputs([], [], {}, features), remarks=(remark,))


def looks_legacy(head: bytes) -> bool:
    """Return whether a file that begins with `head` is a model in the binary layout."""
    start = len(LEGACY_MAGIC) if head.startswith(LEGACY_MAGIC) else 0
    at = start + LEGACY_NAMES_AT
    objective, at = _counted(head, at)
    booster, _ = _counted(head, at)
    return bool(_LEGACY_OBJECTIVE.fullmatch(objective)) and booster in _LEGACY_BOOSTERS


def _counted(head: bytes, at: int) -> tuple[bytes, int]:
    length = min(int.from_bytes(head[at : at + 8], "little"), 64)
    return head[at + 8 : at + 8 + length], at + 8 + length


def _legacy_text(cursor: ByteCursor, what: str) -> str:
    length = cursor.number("<Q", what)
    if length > 64:
        raise Broken(f"{what} would have {length:,} letters")
    return cursor.take(length, what).decode("latin-1")


def _contents(document: Any) -> Contents:
    learner = _mapping(document, "learner")
    if not learner:
        raise Broken("it has no learner")
    booster = _mapping(learner, "gradient_booster")
    name = str(booster.get("name", ""))
    # DART keeps the trees one level deeper.
    model = _mapping(booster, "gbtree", "model") or _mapping(booster, "model")
    parameters = _mapping(learner, "learner_model_param")
    features = _number(parameters.get("num_feature"))
    names, types = _texts(learner, "feature_names"), _texts(learner, "feature_types")
    facts: dict[str, Fact] = {
        "objective": str(_mapping(learner, "objective").get("name", "")),
        "booster": name,
        "features": features,
        **_trees(model),
        **{
            fact: number
            for fact, key in (("classes", "num_class"), ("targets", "num_target"))
            if (number := _number(parameters.get(key))) > 1
        },
        "base_score": str(parameters.get("base_score", "")),
        **_told(names, types),
        **_attributes(_mapping(learner, "attributes")),
    }
    remarks = []
    if names and len(names) != features:
        remarks.append(f"It names {len(names):,} features, and says that it has {features:,}.")
        names = []
    version = document.get("version")
    known = {"version": ".".join(map(str, version))} if isinstance(version, list) and version else {}
    columns = _inputs(names, types, _mapping(model, "cats"), features)
    return Contents(facts, {"name": "xgboost", **known}, columns, remarks=tuple(remarks))


def _trees(model: Mapping[str, Any]) -> dict[str, int]:
    if "boosted_rounds" in model:
        return {"rounds": _number(model["boosted_rounds"])}
    told = _number(_mapping(model, "gbtree_model_param").get("num_trees"))
    trees = model.get("trees")
    found = trees.objects if isinstance(trees, LeftOut) else 0
    if told != found:
        raise Broken(f"it says that it has {told:,} trees, and {found:,} are there")
    parallel = _number(_mapping(model, "gbtree_model_param").get("num_parallel_tree"))
    return {"trees": told, **({"parallel_trees": parallel} if parallel > 1 else {})}


def _told(names: list[str], types: list[str]) -> dict[str, Fact]:
    categorical: list[Scalar] = [
        name for name, kind in zip(names, types, strict=False) if kind.startswith("c")
    ]
    return {
        **({"feature_types": dict(sorted(Counter(types).items()))} if types else {}),
        **({"categorical": categorical} if categorical else {}),
    }


def _attributes(attributes: Mapping[str, Any]) -> dict[str, Fact]:
    """Return what training left: numbers as such, the others as text."""
    facts: dict[str, Fact] = {
        name: _number(attributes[name]) for name in ("best_iteration",) if name in attributes
    }
    others: dict[str, Scalar | list[Scalar]] = {
        name: str(value) for name, value in attributes.items() if name not in facts
    }
    return {**facts, **({"attributes": others} if others else {})}


def _inputs(
    names: list[str], types: list[str], categories: Mapping[str, Any], features: int
) -> tuple[Column, ...] | None:
    """Return a column for each name; one tensor where there are none. XGBoost computes with float32."""
    if not names:
        return (Column("input", "float32", (-1, features)),) if 0 < features <= _MOST_FEATURES else None
    known = categories.get("enc")
    encodings = known if isinstance(known, list) and len(known) == len(names) else [None] * len(names)
    columns = []
    for place, (name, encoding) in enumerate(zip(names, encodings, strict=True)):
        # Categories that are texts are kept as their letters, with where each begins.
        is_text = isinstance(encoding, dict) and "offsets" in encoding and types[place : place + 1] == ["c"]
        columns.append(Column(name, "string" if is_text else "float32", (-1,)))
    return tuple(columns)


def _mapping(document: Any, *path: str) -> Mapping[str, Any]:
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document if isinstance(document, dict) else {}


def _texts(document: Mapping[str, Any], name: str) -> list[str]:
    value = document.get(name)
    return [str(entry) for entry in value] if isinstance(value, list) else []


def _number(value: Any) -> int:
    """Return a whole number, which XGBoost writes as text."""
    if value is None:
        return 0
    if isinstance(value, int) or (isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value)):
        return int(value)
    raise Broken(f"a number of its parameters is {str(value)[:80]!r}")
