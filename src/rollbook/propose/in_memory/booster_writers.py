"""Boosted trees of XGBoost, LightGBM and CatBoost, each in the format of its library, which runs nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from rollbook.artifact.running.model_child.loaders import catboost_model, lightgbm_booster, xgboost_booster
from rollbook.propose.in_memory.model_parts import roots
from rollbook.propose.in_memory.written_model import WrittenModel

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.propose.in_memory.written_model import WritingRequest

_SCORES = "it gives what the booster does: scores or probabilities, no labels"


def write_xgboost(model: Any, request: WritingRequest) -> WrittenModel:
    """Write `model.ubj` or `model.json`:
    https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html"""
    path = request.folder / f"model.{request.format.partition('-')[2]}"
    model.save_model(path)
    booster = model.get_booster() if hasattr(model, "get_booster") else model
    return _written(model, path, partial(xgboost_booster, booster), "xgboost")


def write_lightgbm(model: Any, request: WritingRequest) -> WrittenModel:
    """Write `model.txt`: https://lightgbm.readthedocs.io/en/stable/pythonapi/lightgbm.Booster.html"""
    path = request.folder / "model.txt"
    booster = model.booster_ if hasattr(model, "booster_") else model
    booster.save_model(path)
    return _written(model, path, partial(lightgbm_booster, booster), "lightgbm")


def write_catboost(model: Any, request: WritingRequest) -> WrittenModel:
    """Write `model.cbm`: https://catboost.ai/docs/en/concepts/python-reference_catboost_save_model"""
    path = request.folder / "model.cbm"
    model.save_model(str(path), format="cbm")
    return _written(model, path, partial(catboost_model, model), "catboost")


def _written(model: Any, path: Path, ask: Any, library: str) -> WrittenModel:
    remarks = [_SCORES] if hasattr(model, "classes_") and library != "catboost" else []
    if roots(model)[0] != library:
        remarks.append(f"what the class {type(model).__name__} adds to {library} is not in the file")
    return WrittenModel(path, ask, remarks=remarks)
