"""Whatever MLflow has a flavour for, as a folder of MLflow's."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rollbook.artifact.running.model_child.loaders import mlflow_function
from rollbook.artifact.running.model_child.model_rows import Rows
from rollbook.errors import BadCall
from rollbook.propose.in_memory.written_model import WrittenModel, needed
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rollbook.propose.in_memory.written_model import WritingRequest

_TRUST = "whoever loads it has to trust it: MLflow unpickles it, or runs code that it brings"
# Flavours whose folders are loaded without unpickling: those of `artifact/running/trust.py`.
_DATA_ALONE = frozenset(["onnx", "xgboost", "lightgbm", "catboost"])


def write_mlflow(model: Any, request: WritingRequest) -> WrittenModel:
    """Write a folder by `mlflow.<flavour>.save_model`, with the signature that the sample tells of.

    https://mlflow.org/docs/latest/api_reference/python_api/index.html
    Raises BadCall for a flavour that MLflow has not.
    """
    path, flavor = request.folder / "model", request.flavor
    if not flavor.isidentifier():
        raise BadCall(f"{printable(flavor[:80])!r} is no flavour", hint='E.g. flavor="sklearn".')
    module = needed(f"mlflow.{flavor}", f"'rollbook[mlflow]' and what the flavour {flavor} needs")
    if not hasattr(module, "save_model"):
        raise BadCall(f"MLflow has no flavour {flavor}", hint='E.g. flavor="sklearn".')
    told: dict[str, Any] = {"signature": _signature(request), "pip_requirements": [*request.requirements]}
    with warnings.catch_warnings(), _quiet_log():
        warnings.simplefilter("ignore")
        if flavor == "pyfunc":
            module.save_model(str(path), python_model=model, **told)
        else:
            module.save_model(model, str(path), **told)
    is_data = flavor in _DATA_ALONE
    return WrittenModel(path, _asker(path), needs_trust=not is_data, remarks=[] if is_data else [_TRUST])


def _signature(request: WritingRequest) -> Any:
    """Return MLflow's signature of the sample's columns or tensors; None without a sample."""
    if request.sample is None:
        return None
    rows, (first, *_) = Rows(request.sample.as_request()), request.sample.inputs
    given = rows.matrix(str(first["dtype"])) if rows.names is None else rows.frame()
    return needed("mlflow.models", "'rollbook[mlflow]'").infer_signature(given)


def _asker(path: Path) -> Any:
    return lambda asked: mlflow_function(needed("mlflow.pyfunc", "mlflow").load_model(str(path)), asked)


@contextmanager
def _quiet_log() -> Iterator[None]:
    """Have MLflow tell errors alone: what it warns of is said by remarks."""
    log = logging.getLogger("mlflow")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
