# ruff: noqa: T201 (a script that a person runs)
"""Load a fetched model and let it judge a few tumours: python predict.py MODEL PATIENTS

A joblib file runs code when it is loaded. `rollbook fetch` has verified that these are the registered bytes;
whether to trust who registered them is for the reader of the pull request to say.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import joblib


def main() -> None:
    """Print what the model says of each patient, beside what turned out to be true."""
    model = joblib.load(sys.argv[1])
    patients = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    rows = [list(patient["measured"].values()) for patient in patients]
    for patient, probability in zip(patients, model.predict_proba(rows)[:, 1], strict=True):
        truth = "malignant" if patient["malignant"] else "benign"
        print(f"predicted: malignant with probability {probability:.3f}; in truth: {truth}")


if __name__ == "__main__":
    main()
