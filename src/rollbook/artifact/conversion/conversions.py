"""Which formats can be written in which other, and by what."""

from __future__ import annotations

from dataclasses import dataclass

from rollbook.errors import Refused

# The formats that one can ask for.
TARGETS = ("onnx", "skops", "torchscript", "safetensors")
_SUFFIXES = {"onnx": ".onnx", "skops": ".skops", "torchscript": ".pt", "safetensors": ".safetensors"}


@dataclass(frozen=True, slots=True)
class Conversion:
    """A pair of formats, and the library that converts. `is_runnable` says whether what is made can be run;
    weights alone can't. `unpickles` says whether the source is unpickled."""

    source: str
    target: str
    converter: str
    is_runnable: bool = True
    unpickles: bool = False

    @property
    def suffix(self) -> str:
        """The ending of the file that is made."""
        return _SUFFIXES[self.target]


CONVERSIONS = (
    Conversion("joblib", "onnx", "skl2onnx", unpickles=True),
    Conversion("pickle", "onnx", "skl2onnx", unpickles=True),
    Conversion("skops", "onnx", "skl2onnx"),
    Conversion("joblib", "skops", "skops", unpickles=True),
    Conversion("pickle", "skops", "skops", unpickles=True),
    Conversion("xgboost-json", "onnx", "onnxmltools"),
    Conversion("xgboost-ubj", "onnx", "onnxmltools"),
    Conversion("lightgbm-text", "onnx", "onnxmltools"),
    Conversion("pytorch", "torchscript", "torch", unpickles=True),
    # PyTorch's own reader of weights unpickles nothing but tensors.
    Conversion("pytorch", "safetensors", "safetensors", is_runnable=False),
)


def conversion_of(source: str, target: str) -> Conversion:
    """Return how a format is written in another. Raises Refused, saying which can be, for no such pair."""
    for conversion in CONVERSIONS:
        if (conversion.source, conversion.target) == (source, target):
            return conversion
    there_are = "; ".join(
        f"{target} from {', '.join(one.source for one in CONVERSIONS if one.target == target)}"
        for target in TARGETS
    )
    raise Refused(f"{source[:40]} can't be converted to {target[:40]}", hint=f"There are: {there_are}.")
