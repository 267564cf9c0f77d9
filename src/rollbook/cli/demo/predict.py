# ruff: noqa: T201 (a script that a person runs)
"""Load a fetched model and let it judge a few tumours: python predict.py MODEL PATIENTS

An ONNX file brings no code along. `rollbook fetch` has verified that these are the registered bytes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime


def main() -> None:
    """Print what the model says of each patient, beside what turned out to be true."""
    model = onnxruntime.InferenceSession(sys.argv[1])
    patients = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    rows = np.array([[*patient["measured"].values()] for patient in patients], dtype=np.float32)
    _, probabilities = model.run(None, {model.get_inputs()[0].name: rows})
    for patient, probability in zip(patients, probabilities[:, 1], strict=True):
        truth = "malignant" if patient["malignant"] else "benign"
        print(f"predicted: malignant with probability {probability:.3f}; in truth: {truth}")


if __name__ == "__main__":
    main()
