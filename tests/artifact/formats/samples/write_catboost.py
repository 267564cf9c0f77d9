"""Write the samples of CatBoost, with catboost: `python tests/artifact/formats/samples/write_catboost.py`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
from catboost import CatBoostClassifier, CatBoostRegressor

HERE = Path(__file__).parent
OPTIONS = {"depth": 2, "verbose": False, "allow_writing_files": False, "random_seed": 0, "thread_count": 1}


def main() -> None:
    rows = pd.DataFrame(
        {"income": [1.0, 2, 3, 4, 5, 6], "city": ["a", "b", "a", "c", "b", "a"], "age": [1, 2, 3, 4, 5, 6]}
    )
    labels = ["no", "yes", "no", "yes", "perhaps", "no"]
    classifier = CatBoostClassifier(iterations=2, **OPTIONS).fit(rows, labels, cat_features=["city"])
    regressor = CatBoostRegressor(iterations=3, **OPTIONS).fit(rows[["income", "age"]], [*range(6)])
    for form, name, options in (
        ("catboost", "model.cbm", {}),
        ("catboost-json", "model.json", {"format": "json"}),
    ):
        folder = HERE / form
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        classifier.save_model(folder / f"classifier-{name}", **options)
        regressor.save_model(folder / f"regressor-{name}", **options)


if __name__ == "__main__":
    main()
