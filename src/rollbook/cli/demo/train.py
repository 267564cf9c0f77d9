# ruff: noqa: T201 (a script that a person runs)
"""Train the three models of `rollbook demo`, and measure each on data that it has not seen.

The data set is the Wisconsin breast cancer data, which ships with scikit-learn: 569 tumours, each measured
under the microscope. The models tell malignant tumours (1) from benign ones (0).

For each model a folder is written, with what `rollbook register` takes: the model, metrics.json,
sample-input.json and requirements.txt. The first model is a joblib file; the second is an
ONNX file, which brings no code; the bad one is a plain pickle.
patients.json holds a few tumours that no model was trained on.
"""

from __future__ import annotations

import json
import pickle
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from skl2onnx import to_onnx
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FEATURES = 6  # radius, texture, perimeter, area, smoothness, compactness
SEED = 42
PINNED = ("scikit-learn", "numpy", "scipy", "joblib", "skl2onnx", "onnxruntime")


def main() -> None:
    """Train, measure and save all three."""
    cancer = load_breast_cancer()
    names = [str(name).replace(" ", "_") for name in cancer.feature_names[:FEATURES]]
    rows, malignant = cancer.data[:, :FEATURES], 1 - cancer.target
    train, test, train_truth, test_truth = train_test_split(
        rows, malignant, test_size=0.3, random_state=SEED, stratify=malignant
    )
    shuffled = np.random.default_rng(SEED).permutation(train_truth)
    models = {
        "logistic": (make_pipeline(StandardScaler(), LogisticRegression(C=1.0)), train_truth),
        "boosting": (GradientBoostingClassifier(n_estimators=60, random_state=SEED), train_truth),
        "shuffled": (make_pipeline(StandardScaler(), LogisticRegression(C=1.0)), shuffled),
    }
    sample = [dict(zip(names, map(float, row), strict=True)) for row in test[:5]]
    for name, (model, truth) in models.items():
        model.fit(train, truth)
        metrics = measure(model, test, test_truth)
        save(Path(name), model, metrics, sample)
        print(f"{name}: auc {metrics['auc']}, accuracy {metrics['accuracy']}")
    chosen = [*np.flatnonzero(test_truth == 1)[:2], *np.flatnonzero(test_truth == 0)[:2]]
    patients = [
        {
            "measured": dict(zip(names, map(float, test[index]), strict=True)),
            "malignant": bool(test_truth[index]),
        }
        for index in chosen
    ]
    Path("patients.json").write_text(json.dumps(patients, indent=2) + "\n", encoding="utf-8")


def measure(model: Any, rows: Any, truth: Any) -> dict[str, float]:
    """Return the metrics of a fitted model on rows that it has not seen."""
    auc = roc_auc_score(truth, model.predict_proba(rows)[:, 1])
    accuracy = accuracy_score(truth, model.predict(rows))
    return {"auc": round(float(auc), 4), "accuracy": round(float(accuracy), 4)}


def save(folder: Path, model: Any, metrics: dict[str, float], sample: list[dict[str, float]]) -> None:
    """Write what `rollbook register` takes."""
    folder.mkdir()
    if folder.name == "boosting":
        rows = np.array([[*row.values()] for row in sample], dtype=np.float32)
        onnx = to_onnx(model, rows, options={"zipmap": False})
        (folder / "model.onnx").write_bytes(onnx.SerializeToString())
    elif folder.name == "shuffled":
        (folder / "model.pkl").write_bytes(pickle.dumps(model))
    else:
        joblib.dump(model, folder / "model.joblib")
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    (folder / "sample-input.json").write_text(json.dumps(sample, indent=2) + "\n", encoding="utf-8")
    pins = "".join(f"{package}=={version(package)}\n" for package in PINNED)
    (folder / "requirements.txt").write_text(pins, encoding="utf-8")


if __name__ == "__main__":
    main()
