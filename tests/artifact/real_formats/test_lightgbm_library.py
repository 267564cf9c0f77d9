"""Models of LightGBM of each kind: names, classes and trees are those that the library tells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from artifact.formats.reading_samples import read
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from pathlib import Path

lightgbm = pytest.importorskip("lightgbm")
pd = pytest.importorskip("pandas")

_RANDOM = np.random.default_rng(7)
_ROWS = _RANDOM.random((200, 3))
_TABLE = pd.DataFrame(_ROWS, columns=["age", "größe", "debt"])
_HIGH = (_ROWS[:, 0] > 0.5).astype(int)
_THIRDS = (_ROWS[:, 0] * 3).astype(int)
_CITIES = _TABLE.assign(city=pd.Categorical(["Oslo", "Bergen"] * 100), same=pd.Categorical(["x"] * 200))


def _train(data: Any, labels: Any, **parameters: Any) -> Any:
    options = {"num_leaves": 4, "verbose": -1, **parameters}
    return lightgbm.train(options, lightgbm.Dataset(data, labels), 4)


MODELS = {
    "binary": lambda: _train(_TABLE, _HIGH, objective="binary"),
    "multiclass": lambda: _train(_ROWS, _THIRDS, objective="multiclass", num_class=3),
    "regression": lambda: _train(_ROWS, _ROWS[:, 1]),
    "forest": lambda: _train(_ROWS, _HIGH, boosting="rf", bagging_freq=1, bagging_fraction=0.5),
    "linear trees": lambda: _train(_ROWS, _ROWS[:, 1], linear_tree=True),
    "constant": lambda: _train(_ROWS * 0, _HIGH),
    "categorical": lambda: _train(_CITIES, _HIGH),
    "scikit-learn": lambda: lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(_TABLE, _THIRDS).booster_,
}


@pytest.mark.parametrize("what", MODELS)
def test_a_model_is_told_as_the_library_tells_it(tmp_path: Path, what: str) -> None:
    booster = MODELS[what]()
    booster.save_model(tmp_path / "model.txt")
    found = read(tmp_path / "model.txt", "lightgbm-text")
    assert found.remarks == ()
    assert found.facts["trees"] == booster.num_trees()
    assert found.facts["features"] == booster.num_feature()
    assert found.facts.get("classes", 1) == booster.num_model_per_iteration()
    assert found.inputs is not None
    names = booster.feature_name()
    if names[0] == "Column_0":
        assert found.inputs == (Column("input", "float64", (-1, len(names))),)
    else:
        assert [column.name for column in found.inputs] == names
    dump = tmp_path / "dump.json"
    dump.write_text(json.dumps(booster.dump_model()))
    assert read(dump, "lightgbm-json").facts["trees"] == booster.num_trees()


def test_categories_that_are_texts_make_a_column_of_texts(tmp_path: Path) -> None:
    MODELS["categorical"]().save_model(tmp_path / "model.txt")
    found = read(tmp_path / "model.txt", "lightgbm-text")
    assert found.inputs is not None
    assert [column.dtype for column in found.inputs] == [*["float64"] * 3, "string", "string"]
