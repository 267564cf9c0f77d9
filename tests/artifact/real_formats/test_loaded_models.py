"""Models of the libraries that are heavy, loaded into this process: each is what its library makes of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from building.models import ROWS
from rollbook.artifact.running.loaded_model import opened_artifact
from rollbook.artifact.running.trust import require_trust_in_this_process
from rollbook.errors import Refused

if TYPE_CHECKING:
    from pathlib import Path


def _training() -> tuple[Any, Any]:
    import numpy

    inputs = numpy.random.RandomState(3).rand(80, 3).astype("float32")
    return inputs, (inputs.sum(axis=1) > 1.5).astype(int)


def _loaded(path: Path, form: str) -> Any:
    """What `load` gives without trust."""
    require_trust_in_this_process(path, form, "")
    return opened_artifact(path, form, trust=False, trusted_types=())


def test_xgboost(tmp_path: Path):
    xgboost = pytest.importorskip("xgboost")
    booster = xgboost.train({}, xgboost.DMatrix(*_training()), 3)
    booster.save_model(tmp_path / "m.ubj")
    rows = xgboost.DMatrix(ROWS)
    assert _loaded(tmp_path / "m.ubj", "xgboost-ubj").predict(rows).tolist() == booster.predict(rows).tolist()


def test_lightgbm(tmp_path: Path):
    lightgbm = pytest.importorskip("lightgbm")
    booster = lightgbm.train({"verbose": -1}, lightgbm.Dataset(*_training()), 3)
    booster.save_model(tmp_path / "m.txt")
    found = _loaded(tmp_path / "m.txt", "lightgbm-text").predict(ROWS)
    assert found.tolist() == pytest.approx(booster.predict(ROWS).tolist())


def test_catboost(tmp_path: Path):
    catboost = pytest.importorskip("catboost")
    model = catboost.CatBoostRegressor(iterations=3, verbose=0, allow_writing_files=False).fit(*_training())
    model.save_model(str(tmp_path / "m.cbm"))
    found = _loaded(tmp_path / "m.cbm", "catboost").predict(ROWS)
    assert found.tolist() == pytest.approx(model.predict(ROWS).tolist())


def test_torchscript_runs_what_it_brings_so_it_takes_trust(tmp_path: Path):
    torch = pytest.importorskip("torch")
    torch.jit.script(torch.nn.Linear(3, 1)).save(str(tmp_path / "m.pt"))
    with pytest.raises(Refused, match="may run what it brings"):
        require_trust_in_this_process(tmp_path / "m.pt", "torchscript", "")
    model = opened_artifact(tmp_path / "m.pt", "torchscript", trust=True, trusted_types=())
    assert model(torch.tensor(ROWS)).shape == (4, 1)


def test_safetensors_are_tensors_by_name(tmp_path: Path):
    numpy_form = pytest.importorskip("safetensors.numpy")
    numpy_form.save_file({"weight": _training()[0]}, tmp_path / "m.safetensors")
    assert _loaded(tmp_path / "m.safetensors", "safetensors")["weight"].shape == (80, 3)
