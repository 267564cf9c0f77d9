"""Write the samples of LightGBM's formats: `python write_lightgbm.py`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pandas as pd

HERE = Path(__file__).parent
RANDOM = np.random.default_rng(7)
ROWS = RANDOM.random((200, 3))
HIGH = (ROWS[:, 0] > 0.5).astype(int)
THIRDS = (ROWS[:, 0] * 3).astype(int)
TABLE = pd.DataFrame(ROWS, columns=["age", "income", "debt"])
CITIES = TABLE.assign(
    city=pd.Categorical(RANDOM.choice(["Oslo", "Zürich"], 200)),
    floor=pd.Categorical(RANDOM.choice([1, 2, 3], 200)),
    nothing=0.0,
)


def _train(data: Any, labels: Any, rounds: int = 2, **parameters: Any) -> lightgbm.Booster:
    parameters = {"num_leaves": 3, "verbose": -1, "seed": 7, **parameters}
    return lightgbm.train(parameters, lightgbm.Dataset(data, labels), rounds)


def _write() -> None:
    folder = HERE / "lightgbm-text"
    folder.mkdir(exist_ok=True)
    binary = _train(CITIES, HIGH, objective="binary")
    binary.save_model(folder / "binary.txt")
    _train(ROWS, THIRDS, objective="multiclass", num_class=3).save_model(folder / "multiclass.txt")
    forest = _train(ROWS, HIGH, boosting="rf", bagging_freq=1, bagging_fraction=0.5)
    forest.save_model(folder / "forest.txt")
    (HERE / "lightgbm-json").mkdir(exist_ok=True)
    (HERE / "lightgbm-json" / "binary.json").write_text(json.dumps(binary.dump_model()))


if __name__ == "__main__":
    _write()
