"""Write the samples of TensorFlow's formats: `python write_tensorflow.py`."""

from __future__ import annotations

import tempfile
from pathlib import Path

import tensorflow as tf

HERE = Path(__file__).parent


class Scorer(tf.Module):
    def __init__(self) -> None:
        self.weights = tf.Variable([[1.0], [2.0]])

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="rows")])
    def score(self, rows: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"scores": rows @ self.weights}

    @tf.function(input_signature=[tf.TensorSpec([], tf.string, name="path")])
    def read(self, path: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"text": tf.io.read_file(path)}


class Doubler(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec(None, tf.int64, name="values")])
    def double(self, values: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"doubled": values * 2}


def _write() -> None:
    scorer, doubler = Scorer(), Doubler()
    options = tf.saved_model.SaveOptions(save_debug_info=False)
    folder = HERE / "tf-saved-model"
    signatures = {"serving_default": scorer.score, "read": scorer.read}
    tf.saved_model.save(scorer, folder / "scorer", signatures, options)
    tf.saved_model.save(doubler, folder / "doubler", {"double": doubler.double}, options)
    (HERE / "tflite").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        tf.saved_model.save(scorer, place, {"serving_default": scorer.score}, options)
        converted = tf.lite.TFLiteConverter.from_saved_model(place).convert()
    (HERE / "tflite" / "scorer.tflite").write_bytes(converted)
    reading = tf.lite.TFLiteConverter.from_concrete_functions([scorer.read.get_concrete_function()], scorer)
    reading.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS, tf.lite.OpsSet.SELECT_TF_OPS]
    (HERE / "tflite" / "flex.tflite").write_bytes(reading.convert())


if __name__ == "__main__":
    _write()
