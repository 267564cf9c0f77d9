"""Models of Keras of each kind: names, types and shapes are those that the library tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from artifact.formats.reading_samples import read

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("tensorflow")  # what Keras computes with
keras = pytest.importorskip("keras")


def _sequential() -> Any:
    layers = [keras.layers.Dense(8, activation="relu"), keras.layers.Dropout(0.1), keras.layers.Dense(2)]
    return keras.Sequential([keras.Input((4,), name="rows"), *layers])


def _functional() -> Any:
    rows = keras.Input((4,), name="rows")
    codes = keras.Input((3,), dtype="int32", name="codes")
    both = keras.layers.Concatenate()([rows, keras.layers.Flatten()(keras.layers.Embedding(5, 2)(codes))])
    share = keras.layers.Dense(1, activation="sigmoid", name="share")(both)
    return keras.Model(
        [rows, codes], [share, keras.layers.Softmax(name="kinds")(keras.layers.Dense(3)(both))]
    )


def _image() -> Any:
    image = keras.Input((None, None, 3), batch_size=2, name="image")
    features = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(image))
    return keras.Model(image, keras.layers.Dense(5, name="kinds")(features))


def _nested() -> Any:
    rows = keras.Input((4,), name="rows")
    return keras.Model(rows, keras.layers.Dense(1, name="out")(_sequential()(rows)))


MODELS = {"sequential": _sequential, "functional": _functional, "image": _image, "nested": _nested}


def _sizes(shape: Any) -> tuple[int, ...]:
    return tuple(-1 if size is None else int(size) for size in shape)


@pytest.mark.parametrize("what", MODELS)
def test_a_model_is_told_as_the_library_tells_it(tmp_path: Path, what: str) -> None:
    model = MODELS[what]()
    model.compile(loss="mse")
    model.save(tmp_path / "model.keras")
    found = read(tmp_path / "model.keras", "keras")
    assert found.remarks == ()
    assert found.framework == {"name": "keras", "version": keras.__version__}
    assert found.inputs is not None
    assert found.outputs is not None
    told = [(tensor.name, tensor.dtype, _sizes(tensor.shape)) for tensor in model.inputs]
    assert [(column.name, column.dtype, column.shape) for column in found.inputs] == told
    told = [(tensor.dtype, _sizes(tensor.shape)) for tensor in model.outputs]
    assert [(column.dtype, column.shape) for column in found.outputs] == told
    assert found.facts["layers"] >= len(model.layers)  # type: ignore[operator]


def test_code_in_a_layer_is_found_in_a_model_within(tmp_path: Path) -> None:
    inner = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda rows: rows * 2, name="doubled")])
    keras.Sequential([keras.Input((4,)), inner]).save(tmp_path / "model.keras")
    assert read(tmp_path / "model.keras", "keras").facts["lambda_layers"] == ["doubled"]


def test_a_layer_of_ones_own_is_code_from_elsewhere(tmp_path: Path) -> None:
    class Ours(keras.layers.Layer):  # type: ignore[misc]
        def call(self, rows: Any) -> Any:
            return rows

    def ours(rows: Any) -> Any:
        return rows

    model = keras.Sequential([keras.Input((4,)), Ours(), keras.layers.Dense(1, activation=ours)])
    model.save(tmp_path / "model.keras")
    assert "Ours" in str(read(tmp_path / "model.keras", "keras").facts["outside_code"])
