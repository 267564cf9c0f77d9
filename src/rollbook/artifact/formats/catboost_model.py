"""What a model of CatBoost says of itself, in its binary form (`.cbm`) and as JSON.

The binary form is `CBM1`, a length, a FlatBuffer and further parts:
https://github.com/catboost/catboost/tree/master/catboost/libs/model/flatbuffers
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.artifact.formats.bounded_json import read_json_object
from rollbook.artifact.formats.byte_cursor import ByteCursor
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.formats.flatbuffer import root_table
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact
    from rollbook.artifact.formats.flatbuffer import FlatTable

MAGIC = b"CBM1"
_MOST_JSON = 32 << 20  # bytes of a model as JSON; no more is needed to be read to know what it is
_LONGEST_TEXT = 1 << 20  # bytes of what is told of the training
_LONGEST_NAME = 300  # bytes
_MOST_INFO = 1_000
_VERSION = re.compile(r"CatBoost release (\d[\w.]*)|tags/v(\d[\w.]*)")
_FLOAT, _CATEGORY, _TEXT, _EMBEDDING = "float32", "string", "string", "array(float32)"


@dataclass(frozen=True, slots=True)
class _Features:
    """The inputs of one kind: for each, its place among all and its name."""

    kind: str
    dtype: str
    features: tuple[tuple[int, str], ...]


def read_cbm(artifact: ArtifactBytes) -> Contents:
    """Read a binary model: its features, its trees, what its training left on record. Raises Broken."""
    with artifact.open() as file:
        cursor = ByteCursor(file, artifact.size())
        if cursor.take(4, "the magic number") != MAGIC:
            raise Broken("it does not begin with CBM1")
        core = root_table(cursor.within(cursor.number("<I", "the model's length"), "the model"))
        trees = core.table(1)
        if trees is None:
            raise Broken("it has no trees")
        features = [
            _Features("float_features", _FLOAT, _listed(trees, 5, index=2, name=4)),
            _Features("categorical_features", _CATEGORY, _listed(trees, 4, index=1, name=2)),
            _Features("text_features", _TEXT, _listed(trees, 12, index=1, name=2)),
            _Features("embedding_features", _EMBEDDING, _listed(trees, 18, index=1, name=2)),
        ]
        info: dict[str, Any] = {}
        for number, entry in enumerate(core.tables(2)):
            if number < _MOST_INFO and (key := entry.text(0, _LONGEST_NAME)) in _INFO:
                info[key] = _value(entry.text(1, _LONGEST_TEXT))
        counts = {"trees": trees.length(2), "dimensions": trees.number(0, "<i", 1)}
    return _contents(features, counts, info)


def read_json_model(artifact: ArtifactBytes) -> Contents:
    """Read a model saved as JSON. Raises Broken."""
    if artifact.size() > _MOST_JSON:
        return Contents(remarks=(f"It has more than {_MOST_JSON:,} bytes of JSON, which were not read.",))
    model = read_json_object(artifact.read(most=_MOST_JSON), "the model")
    described = model.get("features_info")
    if not isinstance(described, dict):
        raise Broken("it has no features_info")
    kinds = {
        "float_features": _FLOAT,
        "categorical_features": _CATEGORY,
        "text_features": _TEXT,
        "embedding_features": _EMBEDDING,
    }
    features = [_Features(kind, dtype, _named(described.get(kind))) for kind, dtype in kinds.items()]
    trees = next(
        (model[key] for key in ("oblivious_trees", "trees") if isinstance(model.get(key), list)), None
    )
    info = model.get("model_info")
    if trees is None or not isinstance(info, dict):
        raise Broken("it has no trees, or no model_info")
    return _contents(features, {"trees": len(trees)}, info)


def _listed(trees: FlatTable, field: int, *, index: int, name: int) -> tuple[tuple[int, str], ...]:
    return tuple(
        (feature.number(index, "<i", -1), feature.text(name, _LONGEST_NAME))
        for feature in trees.tables(field)
    )


def _named(features: object) -> tuple[tuple[int, str], ...]:
    found = []
    for feature in features if isinstance(features, list) else ():
        place = feature.get("flat_feature_index") if isinstance(feature, dict) else None
        if type(place) is not int:
            raise Broken("a feature has no flat_feature_index")
        found.append((place, str(feature.get("feature_id") or "")))
    return tuple(found)


# What the training left on record, of which something is told.
_INFO = ("catboost_version_info", "class_params", "model_guid", "params", "train_finish_time")


def _value(text: str) -> Any:
    """Return the object that a text is as JSON, else the text."""
    if not text.startswith("{"):
        return text
    try:
        return read_json_object(text.encode(errors="replace"), "what its training left")
    except Broken:
        return text


def _contents(kinds: Iterable[_Features], counts: Mapping[str, int], info: Mapping[str, Any]) -> Contents:
    kinds = [kind for kind in kinds if kind.features]
    placed = sorted(
        ((place, name, kind.dtype) for kind in kinds for place, name in kind.features),
        key=lambda feature: feature[0],
    )
    version = _VERSION.search(str(info.get("catboost_version_info", ""))[:_LONGEST_TEXT])
    facts: dict[str, Fact] = {
        **counts,
        "features": len(placed),
        **{kind.kind: len(kind.features) for kind in kinds},
        **_training(info),
    }
    return Contents(
        facts,
        {"name": "catboost", "version": (version[1] or version[2]) if version else ""},
        tuple(Column(name or str(place), dtype, None) for place, name, dtype in placed),
    )


def _training(info: Mapping[str, Any]) -> dict[str, Fact]:
    facts: dict[str, Fact] = {}
    classes = info.get("class_params")
    labels = classes.get("class_names") if isinstance(classes, dict) else None
    if isinstance(labels, list) and labels:
        facts["classes"] = [label for label in labels if isinstance(label, str | int | float)]
    params = info.get("params")
    loss = params.get("loss_function") if isinstance(params, dict) else None
    if isinstance(loss, dict) and isinstance(loss.get("type"), str):
        facts["loss_function"] = loss["type"]
    for key in ("model_guid", "train_finish_time"):
        if isinstance(info.get(key), str):
            facts[key] = info[key]
    return facts
