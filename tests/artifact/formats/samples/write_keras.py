"""Write the samples of Keras's format: `python write_keras.py`."""

from __future__ import annotations

import zipfile
from pathlib import Path

import keras

FOLDER = Path(__file__).parent / "keras"


def _write() -> None:
    FOLDER.mkdir(exist_ok=True)
    rows = keras.Input((4,), name="rows")
    keras.Sequential([rows, keras.layers.Dense(2, name="scores")]).save(FOLDER / "sequential.keras")
    codes = keras.Input((3,), dtype="int32", name="codes")
    flat = keras.layers.Flatten()(keras.layers.Embedding(5, 2)(codes))
    both = keras.layers.Concatenate()([rows, flat])
    share = keras.layers.Dense(1, activation="sigmoid", name="share")(both)
    kinds = keras.layers.Softmax(name="kinds")(keras.layers.Dense(3)(both))
    keras.Model([rows, codes], [share, kinds]).save(FOLDER / "functional.keras")
    keras.Model({"r": rows, "c": codes}, {"s": share}).save(FOLDER / "named.keras")
    # Its code names the file that it stands in, which is no path of the machine that it was made on.
    function = eval(compile("lambda values: values * 2", "doubled.py", "eval"))
    doubled = keras.layers.Lambda(function, name="doubled")
    keras.Sequential([rows, doubled]).save(FOLDER / "lambda.keras")


def _pack() -> None:
    """Pack the weights, which Keras leaves as they are."""
    for path in FOLDER.iterdir():
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)


if __name__ == "__main__":
    _write()
    _pack()
