"""Write the samples of NumPy: `python tests/artifact/formats/samples/write_numpy.py`."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def main() -> None:
    for form in ("npy", "npz"):
        shutil.rmtree(HERE / form, ignore_errors=True)
        (HERE / form).mkdir()
    weights = np.arange(6, dtype=np.float32).reshape(2, 3)
    people = np.array([("ana", 41)], dtype=[("name", "U10"), ("age", "<i4")])
    np.save(HERE / "npy" / "weights.npy", weights)
    np.save(HERE / "npy" / "structured.npy", people)
    np.savez(
        HERE / "npz" / "model.npz", weights=weights, bias=np.float64(0.5), labels=np.array(["no", "yes"])
    )
    np.savez_compressed(HERE / "npz" / "compressed.npz", weights=weights)


if __name__ == "__main__":
    main()
