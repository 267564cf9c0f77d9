"""Write the samples of skops's format: `python write_skops.py`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import skops.io
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

FOLDER = Path(__file__).parent / "skops"
RANDOM = np.random.default_rng(7)
TABLE = pd.DataFrame(RANDOM.random((20, 2)), columns=["age", "ünï"])
HIGH = (TABLE["age"] > 0.5).astype(int)


def _write() -> None:
    FOLDER.mkdir(exist_ok=True)
    pipeline = make_pipeline(StandardScaler(), LogisticRegression()).fit(TABLE, HIGH)
    skops.io.dump(pipeline, FOLDER / "table.skops", compression=8)
    skops.io.dump(LinearRegression().fit(TABLE.to_numpy(), HIGH), FOLDER / "array.skops")
    foreign = make_pipeline(FunctionTransformer(np.loadtxt), LinearRegression())
    skops.io.dump(foreign, FOLDER / "function.skops", compression=8)


if __name__ == "__main__":
    _write()
