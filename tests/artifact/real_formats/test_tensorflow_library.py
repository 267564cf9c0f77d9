"""SavedModels and TensorFlow Lite files: signatures and operators are those that the library tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from artifact.formats.reading_samples import read

if TYPE_CHECKING:
    from pathlib import Path

tf = pytest.importorskip("tensorflow")


def _module() -> Any:
    class Scorer(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            self.weights = tf.Variable(tf.ones([2, 1], tf.float64))

        @tf.function(  # type: ignore[misc]
            input_signature=[
                tf.TensorSpec([None, 2], tf.float64, name="rows"),
                tf.TensorSpec([], tf.bool, name="flag"),
            ]
        )
        def score(self, rows: Any, flag: Any) -> Any:
            return {"scores": rows @ self.weights, "flags": tf.logical_not(flag)}

        @tf.function(input_signature=[tf.TensorSpec(None, tf.string, name="texts")])  # type: ignore[misc]
        def length(self, texts: Any) -> Any:
            return {"lengths": tf.strings.length(texts)}

        @tf.function(input_signature=[tf.TensorSpec([3], tf.float32, name="values")])  # type: ignore[misc]
        def run(self, values: Any) -> Any:
            return {"values": tf.numpy_function(lambda given: given, [values], tf.float32)}

    return Scorer()


def _told(structure: Any) -> list[tuple[str, str, tuple[int, ...] | None]]:
    return sorted(
        (
            name,
            tensor.dtype.name,
            None
            if tensor.shape.rank is None
            else tuple(-1 if size is None else size for size in tensor.shape.as_list()),
        )
        for name, tensor in structure.items()
    )


def _found(columns: Any) -> list[tuple[str, str, tuple[int, ...] | None]]:
    return [(column.name, column.dtype, column.shape) for column in columns]


@pytest.mark.parametrize("chosen", ["serving_default", "length"])
def test_the_signatures_are_those_that_the_library_loads(tmp_path: Path, chosen: str) -> None:
    module = _module()
    signatures = {"serving_default": module.score, "length": module.length}
    if chosen == "length":
        del signatures["serving_default"]
    tf.saved_model.save(module, str(tmp_path / "model"), signatures)
    found = read(tmp_path / "model", "tf-saved-model")
    loaded = tf.saved_model.load(str(tmp_path / "model")).signatures
    assert set(found.facts["signatures"]) == {*loaded}  # type: ignore[arg-type]
    assert found.facts["signature"] == chosen
    assert _found(found.inputs) == _told(loaded[chosen].structured_input_signature[1])
    assert _found(found.outputs) == _told(loaded[chosen].structured_outputs)
    assert found.framework == {"name": "tensorflow", "version": tf.__version__}
    assert found.facts["tags"] == ["serve"]


def test_operators_that_run_python_are_remarked(tmp_path: Path) -> None:
    module = _module()
    tf.saved_model.save(module, str(tmp_path / "model"), {"run": module.run})
    found = read(tmp_path / "model", "tf-saved-model")
    assert "PyFunc" in found.facts["ops_of_note"]  # type: ignore[operator]
    assert any("more than compute" in remark for remark in found.remarks)


def test_what_keras_exports_is_told_by_its_names(tmp_path: Path) -> None:
    layers = [tf.keras.Input((4,), name="rows"), tf.keras.layers.Dense(2)]
    tf.keras.Sequential(layers).export(str(tmp_path / "model"), verbose=False)
    found = read(tmp_path / "model", "tf-saved-model")
    assert _found(found.inputs) == [("rows", "float32", (-1, 4))]
    assert _found(found.outputs) == [("output_0", "float32", (-1, 2))]
    assert found.remarks == ()


def test_a_lite_file_has_the_signature_that_its_interpreter_tells(tmp_path: Path) -> None:
    module = _module()
    tf.saved_model.save(module, str(tmp_path / "model"), {"serving_default": module.score})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "model"))
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    (tmp_path / "model.tflite").write_bytes(converter.convert())
    found = read(tmp_path / "model.tflite", "tflite")
    interpreter = tf.lite.Interpreter(str(tmp_path / "model.tflite"))
    (signature,) = interpreter.get_signature_list().values()
    assert found.inputs is not None
    assert sorted(column.name for column in found.inputs) == sorted(signature["inputs"])
    assert found.outputs is not None
    assert sorted(column.name for column in found.outputs) == sorted(signature["outputs"])
    sizes = {tuple(each["shape_signature"].tolist()) for each in interpreter.get_input_details()}
    assert {column.shape for column in found.inputs} == sizes
