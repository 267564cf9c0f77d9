"""Models to run: one of scikit-learn's in several formats, and pickles that do what no model should."""

from __future__ import annotations

import io
import json
import pickle
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

ROWS: list[list[float]] = [[0.1, 0.2, 0.3], [0.9, 0.8, 0.3], [0.4, 0.9, 0.7], [0.5, 0.1, 0.2]]
NAMES = ("age", "income", "debt")
NAMED_ROWS = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
SAMPLE = json.dumps(NAMED_ROWS)


@dataclass(frozen=True)
class Trained:
    """A classifier in several formats, and what it says of ROWS."""

    onnx: bytes
    joblib: bytes
    skops: bytes
    labels: list[int]
    probabilities: list[list[float]]


@lru_cache
def trained() -> Trained:
    """A logistic regression over three columns."""
    import joblib
    import numpy
    import skops.io
    from skl2onnx import to_onnx
    from sklearn.linear_model import LogisticRegression

    inputs = numpy.random.RandomState(7).rand(60, 3).astype("float32")
    model = LogisticRegression().fit(inputs, (inputs.sum(axis=1) > 1.5).astype(int))
    packed, rows = io.BytesIO(), numpy.array(ROWS)
    joblib.dump(model, packed)
    return Trained(
        onnx=to_onnx(model, inputs[:1], options={"zipmap": False}).SerializeToString(),
        joblib=packed.getvalue(),
        skops=skops.io.dumps(model),
        labels=model.predict(rows).tolist(),
        probabilities=model.predict_proba(rows).tolist(),
    )


def graph(operator: str, *, rank: int = 2, **attributes: Any) -> bytes:
    """An ONNX model of one operator, from `x` to `y`, both float32."""
    from onnx import TensorProto, helper

    shape = ["rows", *(3 for _ in range(rank - 1))]
    node = helper.make_node(operator, ["x"], ["y"], **attributes)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "xy"]
    whole = helper.make_graph([node], "g", [ends[0]], [ends[1]])
    model = helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return bytes(model.SerializeToString())


class _Runs:
    def __init__(self, code: str) -> None:
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (self.code,)


def running(code: str) -> bytes:
    """A pickle that runs a program when it is unpickled, instead of being a model."""
    return pickle.dumps(_Runs(code))


def written(folder: Path, name: str, data: bytes) -> Path:
    """The bytes as a file."""
    path = folder / name
    path.write_bytes(data)
    return path


def unscanned(patch: pytest.MonkeyPatch) -> None:
    """Have the scan know nothing of attacks: what is tested is what holds when it is deceived."""
    from rollbook.artifact.scan.verdict import ScanReport, ScanVerdict

    def clean(*_: object, **__: object) -> ScanReport:
        return ScanReport(ScanVerdict.CLEAN, (), (), (), "none 0", "0" * 64)

    patch.setattr("rollbook.artifact.running.trust.scan", clean)
    patch.setattr("rollbook.propose.scan_evidence.scan", clean)
