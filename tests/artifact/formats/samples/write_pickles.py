"""Write the samples of pickles, of joblib's files and of PyTorch's checkpoints; PyTorch is needed."""

from __future__ import annotations

import pickle
from pathlib import Path

import joblib
import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

FOLDER = Path(__file__).parent


def main() -> None:
    """Write them all."""
    rows, labels = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 5.0]]), [0, 1, 0, 1]
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, labels)
    for name in ("joblib", "pickle", "pytorch"):
        (FOLDER / name).mkdir(exist_ok=True)
    joblib.dump(model, FOLDER / "joblib/plain.joblib")
    joblib.dump(model, FOLDER / "joblib/packed.joblib", compress=3)
    for protocol in (0, 2, 5):
        (FOLDER / f"pickle/protocol-{protocol}.pkl").write_bytes(pickle.dumps(model, protocol))
    layer = torch.nn.Linear(2, 1)
    torch.save(layer.state_dict(), FOLDER / "pytorch/weights.pt")
    torch.save(layer.state_dict(), FOLDER / "pytorch/legacy.pt", _use_new_zipfile_serialization=False)


if __name__ == "__main__":
    main()
