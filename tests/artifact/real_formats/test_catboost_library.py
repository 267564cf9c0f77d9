"""Models of CatBoost of each shape: names, classes and trees are those that the library tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from artifact.formats.samples import artifact_at
from rollbook.artifact.formats.detection import detect_format
from rollbook.artifact.formats.reading import read_contents

if TYPE_CHECKING:
    from pathlib import Path

catboost = pytest.importorskip("catboost")
pd = pytest.importorskip("pandas")

_OPTIONS = {"iterations": 5, "depth": 2, "verbose": False, "allow_writing_files": False, "thread_count": 1}


def _numbers() -> Any:
    return catboost.CatBoostRegressor(**_OPTIONS).fit(np.arange(40.0).reshape(10, 4), np.arange(10.0))


def _deep() -> Any:
    model = catboost.CatBoostClassifier(**_OPTIONS, grow_policy="Lossguide")
    return model.fit(np.arange(40.0).reshape(10, 4), [0, 1] * 5)


def _categories() -> Any:
    rows = pd.DataFrame({"a": ["x", "y"] * 5, "größe": np.arange(10.0), "c": ["u", "v"] * 5})
    return catboost.CatBoostClassifier(**_OPTIONS).fit(rows, list("abcab" * 2), cat_features=["a", "c"])


def _texts() -> Any:
    rows = pd.DataFrame({"n": np.arange(10.0), "t": ["good day", "bad night"] * 5})
    return catboost.CatBoostClassifier(**_OPTIONS).fit(rows, [0, 1] * 5, text_features=["t"])


def _embeddings() -> Any:
    rows = pd.DataFrame({"n": np.arange(10.0), "e": [[float(number), 1.0] for number in range(10)]})
    return catboost.CatBoostClassifier(**_OPTIONS).fit(rows, [0, 1] * 5, embedding_features=["e"])


MODELS = {
    "numbers": _numbers,
    "other trees": _deep,
    "categories": _categories,
    "texts": _texts,
    "embeddings": _embeddings,
}


# CatBoost does not save texts and embeddings as JSON.
SAVED = [(what, "catboost") for what in MODELS]
SAVED += [(what, "catboost-json") for what in ("numbers", "other trees", "categories")]


@pytest.mark.parametrize(("what", "form"), SAVED)
def test_a_model_is_told_as_the_library_tells_it(tmp_path: Path, what: str, form: str) -> None:
    model = MODELS[what]()
    model.save_model(tmp_path / "m", format="cbm" if form == "catboost" else "json")
    assert detect_format(tmp_path / "m") == form
    contents = read_contents(artifact_at(tmp_path / "m"), form)
    assert contents.inputs is not None
    assert [column.name for column in contents.inputs] == model.feature_names_
    assert contents.facts["trees"] == model.tree_count_
    assert contents.framework["version"] == catboost.__version__
    if len(model.classes_):
        assert contents.facts["classes"] == [*model.classes_]
