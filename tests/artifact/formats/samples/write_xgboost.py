"""Write the samples of XGBoost's formats: `python write_xgboost.py`.

With XGBoost up to 3.0 those of its old binary layout are written instead: `python write_xgboost.py legacy`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import xgboost

HERE = Path(__file__).parent
RANDOM = np.random.default_rng(7)
ROWS = RANDOM.random((120, 4)).astype("float32")
HIGH = (ROWS[:, 0] > 0.5).astype(int)
THIRDS = (ROWS[:, 0] * 3).astype(int)
TABLE = pd.DataFrame(ROWS, columns=["age", "income", "debt", "ünï"])


def _save(name: str, booster: xgboost.Booster) -> None:
    for form, suffix in (("xgboost-json", "json"), ("xgboost-ubj", "ubj")):
        (HERE / form).mkdir(exist_ok=True)
        booster.save_model(HERE / form / f"{name}.{suffix}")


def _write() -> None:
    binary = xgboost.XGBClassifier(n_estimators=3, max_depth=2).fit(TABLE, HIGH)
    _save("binary", binary.get_booster())
    multiclass = xgboost.XGBClassifier(n_estimators=3, max_depth=2, early_stopping_rounds=2)
    multiclass.fit(ROWS, THIRDS, eval_set=[(ROWS, THIRDS)], verbose=False)
    _save("multiclass", multiclass.get_booster())
    cities = TABLE.assign(city=pd.Categorical(RANDOM.choice(["Oslo", "Zürich"], 120)))
    categorical = xgboost.XGBRegressor(n_estimators=2, max_depth=2, enable_categorical=True)
    _save("categorical", categorical.fit(cities, HIGH).get_booster())
    data = xgboost.DMatrix(ROWS, HIGH)
    _save("linear", xgboost.train({"booster": "gblinear"}, data, 3))
    _save("dart", xgboost.train({"booster": "dart", "max_depth": 2}, data, 2))


def _write_legacy() -> None:
    (HERE / "xgboost-legacy").mkdir(exist_ok=True)
    data = xgboost.DMatrix(ROWS, THIRDS)
    softprob = {"objective": "multi:softprob", "num_class": 3, "max_depth": 1}
    xgboost.train(softprob, data, 2).save_model(HERE / "xgboost-legacy" / "multiclass.deprecated")
    linear = xgboost.train({"booster": "gblinear"}, data, 2)
    linear.save_model(HERE / "xgboost-legacy" / "linear.deprecated")


if __name__ == "__main__":
    _write_legacy() if sys.argv[1:] == ["legacy"] else _write()
