"""Write the samples of ONNX: `python tests/artifact/formats/samples/write_onnx.py`. Needs skl2onnx."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression

HERE = Path(__file__).parent / "onnx"


def classifier() -> onnx.ModelProto:
    """What skl2onnx makes of a classifier: one of its outputs is a sequence of maps."""
    rows = np.array([[0, 1], [1, 0], [2, 2], [3, 1]], dtype=np.float32)
    fitted = LogisticRegression().fit(rows, [0, 1, 0, 1])
    model = to_onnx(fitted, rows[:1], target_opset={"": 17, "ai.onnx.ml": 3})
    assert isinstance(model, onnx.ModelProto)
    return model


def product(ir_version: int, domain: str = "") -> onnx.ModelProto:
    """A product with weights, which before IR version 4 are inputs too; symbolic and unknown sizes."""
    weights = numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(2, 3), "weights")
    inputs = [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 2]),
        helper.make_tensor_value_info("weights", TensorProto.FLOAT, [2, 3]),
    ]
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "weights"], ["y"], domain=domain)],
        "product",
        inputs if ir_version < 4 else inputs[:1],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 3])],
        [weights],
    )
    sets = [helper.make_opsetid(name, 13 if not name else 1) for name in {"": 0, domain: 0}]
    model = helper.make_model(graph, producer_name="by-hand", producer_version="1.0", opset_imports=sets)
    model.ir_version = ir_version
    helper.set_model_props(model, {"author": "ana"})
    return model


def main() -> None:
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir()
    onnx.save(classifier(), HERE / "classifier.onnx")
    onnx.save(product(3), HERE / "old.onnx")
    onnx.save(product(8, "com.example"), HERE / "foreign.onnx")
    (HERE / "external").mkdir()
    onnx.save(
        product(8),
        HERE / "external" / "model.onnx",
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=0,
    )


if __name__ == "__main__":
    main()
