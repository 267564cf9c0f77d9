"""Train a model that tells malignant tumours from benign ones, and write what `rollbook register` takes.

    python train.py out

writes into the folder `out`: the model, its metrics, its parameters, sample rows, and facts.json with the
fields of the manifest that only the training knows: what it read, how long it took, what the model answers.
The data set is the Wisconsin breast cancer data, which ships with scikit-learn.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import joblib
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split

PARAMS = {"learning_rate": 0.1, "max_iter": 80, "max_leaf_nodes": 15, "random_state": 7}


def main() -> None:
    """Train, measure and save."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "out")
    target.mkdir(parents=True, exist_ok=True)
    started, clock = datetime.now(UTC), time.monotonic()
    data = load_breast_cancer()
    names = [str(name).replace(" ", "_") for name in data.feature_names]
    malignant = 1 - data.target
    train, test, train_truth, test_truth = train_test_split(
        data.data, malignant, test_size=0.3, random_state=PARAMS["random_state"], stratify=malignant
    )
    model = HistGradientBoostingClassifier(**PARAMS).fit(train, train_truth)
    took = time.monotonic() - clock
    joblib.dump(model, target / "model.joblib")
    write(target / "metrics.json", measure(model, test, test_truth))
    write(target / "params.json", PARAMS)
    write(target / "sample-input.json", [dict(zip(names, map(float, row), strict=True)) for row in test[:3]])
    digest = hashlib.sha256(data.data.tobytes() + data.target.tobytes()).hexdigest()
    write(target / "facts.json", facts(digest, len(data.data), len(train), started, took))


def measure(model: Any, rows: Any, truth: Any) -> dict[str, float]:
    """The metrics of a fitted model on rows that it has not seen."""
    chance = model.predict_proba(rows)[:, 1]
    found = {
        "auc": roc_auc_score(truth, chance),
        "accuracy": accuracy_score(truth, model.predict(rows)),
        "log_loss": log_loss(truth, chance),
    }
    return {name: round(float(value), 4) for name, value in found.items()}


def facts(digest: str, rows: int, trained_on: int, started: datetime, took: float) -> dict[str, Any]:
    """Fields of the manifest. `digest` is that of the `rows` in the data set, `took` is in seconds."""
    return {
        "framework": {"name": "scikit-learn", "version": version("scikit-learn")},
        "algorithm": "gradient-boosted-trees",
        "signature": {"outputs": [{"name": "malignant", "dtype": "int64", "shape": [-1]}]},
        "training": {
            "started_at": started.isoformat(timespec="seconds"),
            "duration_seconds": round(took, 2),
            "rows": trained_on,
        },
        "environment": {"python": platform.python_version()},
        "lineage": {
            "data": [
                {
                    "name": "breast-cancer-wisconsin",
                    "version": f"scikit-learn-{version('scikit-learn')}",
                    "digest": digest,
                    "rows": rows,
                }
            ]
        },
    }


def write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
