"""Which writer writes an object in memory, and in which format: one table of the families of models."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall, Refused, nearest
from rollbook.propose.in_memory.booster_writers import write_catboost, write_lightgbm, write_xgboost
from rollbook.propose.in_memory.graph_writers import write_onnx, write_transformers
from rollbook.propose.in_memory.mlflow_writer import write_mlflow
from rollbook.propose.in_memory.model_parts import SESSION, roots
from rollbook.propose.in_memory.network_writers import (
    write_keras,
    write_pytorch,
    write_safetensors,
    write_torch_export,
    write_torchscript,
)
from rollbook.propose.in_memory.sklearn_writer import write_joblib, write_skops
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.propose.in_memory.written_model import Writer

MLFLOW_FORMAT = "mlflow-model"
_PICKLED: Mapping[str, Writer] = {"joblib": write_joblib}


@dataclass(frozen=True, slots=True)
class Family:
    """Models of one library: what a manifest calls it, how they are written by formats, of which the first is
    the safest that carries the whole model, and the libraries that load it besides, by formats."""

    framework: str
    writers: Mapping[str, Writer]
    loaded_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


# By the package that the class of an object, or the first of its bases that is known, comes from.
FAMILIES: Mapping[str, Family] = {
    "sklearn": Family(
        "scikit-learn",
        {"skops": write_skops, **_PICKLED},
        {"skops": ("skops",), "joblib": ("joblib",)},
    ),
    "xgboost": Family("xgboost", {"xgboost-ubj": write_xgboost, "xgboost-json": write_xgboost, **_PICKLED}),
    "lightgbm": Family("lightgbm", {"lightgbm-text": write_lightgbm, **_PICKLED}),
    "catboost": Family("catboost", {"catboost": write_catboost, **_PICKLED}),
    "transformers": Family(
        "transformers", {"hugging-face": write_transformers}, {"hugging-face": ("torch", "safetensors")}
    ),
    "torch": Family(
        "pytorch",
        {
            "torchscript": write_torchscript,
            "torch-export": write_torch_export,
            "pytorch": write_pytorch,
            "safetensors": write_safetensors,
        },
        {"safetensors": ("safetensors",)},
    ),
    "keras": Family("keras", {"keras": write_keras}),
    "onnx": Family("", {"onnx": write_onnx}, {"onnx": ("onnxruntime",)}),
}
# What people call formats besides.
_SAME = {
    "ubj": "xgboost-ubj", "json": "xgboost-json", "txt": "lightgbm-text", "cbm": "catboost",
    "pt2": "torch-export", "mlflow": MLFLOW_FORMAT,
}  # fmt: skip
_CONTAINERS = frozenset(["mlflow"])


@dataclass(frozen=True, slots=True)
class ChosenWriter:
    """Who writes an object: the family, None where only MLflow has a flavour for it, the format, and the
    package that its class comes from."""

    family: Family | None
    format: str
    writer: Writer
    library: str

    @property
    def framework(self) -> str:
        """What a manifest calls the library that trained it; empty where the class does not tell."""
        if self.family is not None:
            return self.family.framework
        return "" if self.library in _CONTAINERS else self.library

    @property
    def loaded_by(self) -> tuple[str, ...]:
        """The packages that load what is written, besides the one of the object's class."""
        if self.format == MLFLOW_FORMAT:
            return ("mlflow",)
        return self.family.loaded_by.get(self.format, ()) if self.family else ()


def choose_writer(model: Any, form: str | None, flavor: str | None) -> ChosenWriter:
    """Return who writes an object: in the format that is told, as MLflow's flavour where one is, else in the
    safest that its library has. Raises BadCall for a path and an unknown format, Refused for an object of no
    library that is known."""
    if isinstance(model, str | bytes | Path):
        hint = "A file or a folder is registered by Registry.register(model, path)."
        raise BadCall("an object in memory is needed, not a path", hint=hint)
    form = _SAME.get(form or "", form or "")
    packages = roots(model)
    library = next((name for name in packages if name in FAMILIES), "")
    family = FAMILIES.get(library)
    if flavor or form == MLFLOW_FORMAT:
        if form not in ("", MLFLOW_FORMAT) or not flavor:
            raise BadCall("a flavour is one of MLflow's", hint='Give flavor="sklearn" without a format.')
        return ChosenWriter(family, MLFLOW_FORMAT, write_mlflow, library or _home(packages))
    if family is None:
        raise _unknown(model, packages)
    chosen = form or next(iter(family.writers))
    if chosen not in family.writers:
        known = ", ".join(family.writers)
        raise BadCall(
            f"a model of {library} isn't written as {printable(chosen[:40])!r}",
            hint=nearest(chosen, [*family.writers]) or f"There is: {known}.",
        )
    return ChosenWriter(family, chosen, family.writers[chosen], library)


def _home(packages: tuple[str, ...]) -> str:
    """Return the first package that is neither Python's nor the running session; empty for none."""
    own = {*sys.stdlib_module_names, SESSION}
    return next((name for name in packages if name not in own), "")


def _unknown(model: Any, packages: tuple[str, ...]) -> Refused:
    kind = printable(f"{type(model).__module__}.{type(model).__qualname__}"[:200])
    home = printable(_home(packages)[:40])
    others = (
        "write it to a file in a format of its library's, and register that: Registry.register(model, path)."
    )
    if home == "mlflow":
        hint = 'MLflow runs its code to load it. If it is to be registered so: flavor="pyfunc".'
    elif home:
        hint = f'If MLflow has a flavour for it: flavor="{home}". Or {others}'
    else:
        hint = f'Make it a mlflow.pyfunc.PythonModel, and register that with flavor="pyfunc". Or {others}'
    return Refused(f"there is no safe format for an object of {kind}", hint=hint)
