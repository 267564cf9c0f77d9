"""Models as their libraries write them are clean, and say what wrote them."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
from rollbook.artifact.formats.detection import detect_format
from rollbook.artifact.formats.reading import read_contents
from rollbook.artifact.scan.stored_scan import scan_path

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.artifact.formats.contents import Contents

ROWS = np.random.default_rng(7).random((40, 3))
LABELS = (ROWS[:, 0] > 0.5).astype(int)


def require_clean(path: Path) -> None:
    report = scan_path(path)
    assert report.is_clean, report.sentence()


def contents(path: Path) -> Contents:
    return read_contents(ArtifactBytes(path.name, {path.name: path}), detect_format(path))


def pickled(folder: Path, model: Any) -> None:
    """Require that a model is clean as a pickle of every protocol in use, and as a joblib file."""
    joblib = pytest.importorskip("joblib")
    for protocol in (0, 2, 4, 5):
        path = folder / f"model-{protocol}.pkl"
        path.write_bytes(pickle.dumps(model, protocol))
        require_clean(path)
    for compress in (0, 3, ("xz", 1)):
        joblib.dump(model, folder / "model.joblib", compress=compress)
        require_clean(folder / "model.joblib")


def test_pipelines_of_scikit_learn(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer, StandardScaler

    parts = StandardScaler(), FunctionTransformer(np.log1p), RandomForestClassifier(3)
    pickled(tmp_path, make_pipeline(*parts).fit(ROWS, LABELS))


def test_boosting_and_neighbours_of_scikit_learn(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    from sklearn.ensemble import HistGradientBoostingClassifier, VotingClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier

    models = [("h", HistGradientBoostingClassifier(max_iter=2)), ("l", LogisticRegression())]
    models += [("k", KNeighborsClassifier(algorithm="kd_tree"))]
    pickled(tmp_path, VotingClassifier(models).fit(ROWS, LABELS))


def test_a_pickle_of_scikit_learn_says_its_version(tmp_path: Path) -> None:
    sklearn = pytest.importorskip("sklearn")
    from sklearn.linear_model import LogisticRegression

    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(LogisticRegression().fit(ROWS, LABELS)))
    found = contents(path)
    assert found.framework == {"name": "scikit-learn", "version": sklearn.__version__}
    assert "sklearn.linear_model._logistic.LogisticRegression" in found.globals


def test_tables_of_pandas(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(ROWS, columns=list("abc"))
    table["kind"] = pandas.Categorical(["x", "y"] * 20)
    table["day"] = pandas.Timestamp("2026-01-01", tz="UTC")
    pickled(tmp_path, table)


def test_wrappers_of_xgboost(tmp_path: Path) -> None:
    xgboost = pytest.importorskip("xgboost")
    pickled(tmp_path, xgboost.XGBClassifier(n_estimators=2).fit(ROWS, LABELS))


def test_wrappers_of_lightgbm(tmp_path: Path) -> None:
    lightgbm = pytest.importorskip("lightgbm")
    pickled(tmp_path, lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(ROWS, LABELS))


@pytest.mark.parametrize("zipped", [True, False])
def test_state_dictionaries_of_torch(tmp_path: Path, zipped: bool) -> None:
    torch = pytest.importorskip("torch")
    path = tmp_path / "model.pt"
    state = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LSTM(4, 2)).state_dict()
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    require_clean(path)
    found = contents(path)
    assert found.framework == {"name": "pytorch"}
    assert found.facts["dtypes"] == ["float32"]
    if zipped:
        assert found.facts["storages"] == len(state)


def test_whole_modules_and_torchscript(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())
    torch.save(module, tmp_path / "module.pt")
    torch.jit.save(torch.jit.script(module), tmp_path / "script.pt")
    require_clean(tmp_path / "module.pt")
    require_clean(tmp_path / "script.pt")


def test_a_payload_in_a_torch_archive_is_malicious(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")

    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return exec, ("raise SystemExit",)

    torch.save({"weights": torch.zeros(3), "more": Hostile()}, tmp_path / "model.pt")
    report = scan_path(tmp_path / "model.pt")
    assert report.verdict == "malicious"
    assert "model.pt > model/data.pkl" in report.sentence()


def test_a_lambda_of_keras_is_suspicious(tmp_path: Path) -> None:
    keras = pytest.importorskip("keras")
    plain = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    plain.save(tmp_path / "plain.keras")
    require_clean(tmp_path / "plain.keras")
    hidden = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda value: value * 2)])
    for name in ("hidden.keras", "hidden.h5"):
        hidden.save(tmp_path / name)
        assert scan_path(tmp_path / name).verdict == "suspicious"
