"""Models of XGBoost of each kind: names, classes, trees and rounds are those that the library tells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from artifact.formats.reading_samples import read
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from pathlib import Path

xgboost = pytest.importorskip("xgboost")
pd = pytest.importorskip("pandas")

_RANDOM = np.random.default_rng(7)
_ROWS = _RANDOM.random((80, 3)).astype("float32")
_TABLE = pd.DataFrame(_ROWS, columns=["age", "größe", "with space"])
_HIGH = (_ROWS[:, 0] > 0.5).astype(int)
_THIRDS = (_ROWS[:, 0] * 3).astype(int)
_FEW = {"n_estimators": 4, "max_depth": 2}


def _categorical() -> Any:
    table = _TABLE.assign(city=pd.Categorical(["Oslo", "Bergen"] * 40), floor=pd.Categorical([1, 2] * 40))
    return xgboost.XGBRegressor(**_FEW, enable_categorical=True).fit(table, _HIGH)


def _stopped() -> Any:
    model = xgboost.XGBClassifier(n_estimators=50, max_depth=2, early_stopping_rounds=2)
    return model.fit(_TABLE, _HIGH, eval_set=[(_TABLE, 1 - _HIGH)], verbose=False)


MODELS = {
    "binary": lambda: xgboost.XGBClassifier(**_FEW).fit(_TABLE, _HIGH),
    "multiclass": lambda: xgboost.XGBClassifier(**_FEW).fit(_ROWS, _THIRDS),
    "regression": lambda: xgboost.XGBRegressor(**_FEW).fit(_ROWS, _ROWS[:, 1]),
    "several targets": lambda: xgboost.XGBRegressor(**_FEW).fit(_ROWS, _ROWS[:, :2]),
    "one tree for all": lambda: xgboost.XGBRegressor(**_FEW, multi_strategy="multi_output_tree").fit(
        _ROWS, _ROWS[:, :2]
    ),
    "forest": lambda: xgboost.XGBRFRegressor(**_FEW).fit(_TABLE, _HIGH),
    "ranking": lambda: xgboost.XGBRanker(**_FEW).fit(_TABLE, _HIGH, qid=[0] * 40 + [1] * 40),
    "dart": lambda: xgboost.XGBRegressor(**_FEW, booster="dart").fit(_TABLE, _HIGH),
    "linear": lambda: xgboost.XGBRegressor(n_estimators=4, booster="gblinear").fit(_TABLE, _HIGH),
    "categorical": _categorical,
    "stopped": _stopped,
}


@pytest.mark.parametrize("form", ["xgboost-json", "xgboost-ubj"])
@pytest.mark.parametrize("what", MODELS)
def test_a_model_is_told_as_the_library_tells_it(tmp_path: Path, what: str, form: str) -> None:
    booster = MODELS[what]().get_booster()
    path = tmp_path / ("model.json" if form == "xgboost-json" else "model.ubj")
    booster.save_model(path)
    found = read(path, form)
    config = json.loads(booster.save_config())["learner"]
    assert found.remarks == ()
    assert found.framework == {"name": "xgboost", "version": xgboost.__version__}
    assert found.facts["features"] == booster.num_features()
    assert found.facts["objective"] == config["objective"]["name"]
    if what == "linear":
        assert found.facts["rounds"] == booster.num_boosted_rounds()
    else:
        assert found.facts["trees"] == len(booster.get_dump())
    assert found.facts.get("classes", 0) == int(config["learner_model_param"]["num_class"])
    assert found.facts.get("targets", 1) == int(config["learner_model_param"]["num_target"])
    assert found.inputs is not None
    if booster.feature_names is None:
        assert found.inputs == (Column("input", "float32", (-1, booster.num_features())),)
    else:
        assert [column.name for column in found.inputs] == booster.feature_names


def test_the_best_round_is_the_librarys(tmp_path: Path) -> None:
    model = _stopped()
    model.save_model(tmp_path / "model.ubj")
    assert read(tmp_path / "model.ubj", "xgboost-ubj").facts["best_iteration"] == model.best_iteration


def test_categories_that_are_texts_make_a_column_of_texts(tmp_path: Path) -> None:
    model = _categorical()
    model.save_model(tmp_path / "model.json")
    found = read(tmp_path / "model.json", "xgboost-json")
    assert found.facts["categorical"] == ["city", "floor"]
    assert found.inputs is not None
    assert [column.dtype for column in found.inputs] == [*["float32"] * 3, "string", "float32"]
