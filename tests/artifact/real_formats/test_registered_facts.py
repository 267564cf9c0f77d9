"""Models of real libraries are registered: what they say is on record, and what contradicts it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from building.world import rollbook
from rollbook.artifact.formats.reading import READERS

if TYPE_CHECKING:
    from pathlib import Path

    from building.world import Ran, World

COLUMNS = ["age", "income", "debt"]


def read(form: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(form not in READERS, reason=f"nothing reads {form}")


def register(world: World, path: Path, *options: str) -> Ran:
    return rollbook(world.registry, "register", "m", str(path), "--version", "1.0.0", *options)


def manifest(world: World) -> Any:
    path = "rollbook/register/m/1.0.0:registry/m/versions/1.0.0/version.yaml"
    return yaml.safe_load(world.git("show", path))


def told(columns: list[str]) -> list[str]:
    return [word for name in columns for word in ("--input", f"{name}:float64:-1")]


def table() -> tuple[Any, Any]:
    numpy: Any = pytest.importorskip("numpy")
    values = numpy.random.default_rng(7).random((60, 3)).astype("float32")
    return values, (values[:, 0] > 0.5).astype("int64")


@read("onnx")
def test_a_classifier_in_onnx_takes_a_table_of_its_width_as_one_tensor(world: World) -> None:
    skl2onnx: Any = pytest.importorskip("skl2onnx")
    linear: Any = pytest.importorskip("sklearn.linear_model")
    values, classes = table()
    fitted = linear.LogisticRegression().fit(values, classes)
    model = skl2onnx.to_onnx(fitted, values[:1], options={"zipmap": False})
    path = world.artifact(model.SerializeToString(), "model.onnx")
    ran = register(world, path, *told(COLUMNS[:2]))
    assert (ran.code, "told is 2 columns, and the file says 3" in ran.err) == (1, True)
    assert register(world, path, *told(COLUMNS), "--framework", "scikit-learn==1.7").code == 0
    assert [column["name"] for column in manifest(world)["signature"]["inputs"]] == COLUMNS
    assert manifest(world)["artifact"]["contents"]["producer"] == "skl2onnx"
    world.git("branch", "-D", "rollbook/register/m/1.0.0")
    assert register(world, path).code == 0
    read_of_it = manifest(world)
    assert read_of_it["signature"] == {
        "inputs": [{"name": "X", "dtype": "float32", "shape": [-1, 3]}],
        "outputs": [
            {"name": "label", "dtype": "int64", "shape": [-1]},
            {"name": "probabilities", "dtype": "float32", "shape": [-1, 2]},
        ],
    }
    assert "framework" not in read_of_it


@read("xgboost-json")
def test_a_model_of_xgboost_names_its_library_and_its_columns(world: World) -> None:
    xgboost: Any = pytest.importorskip("xgboost")
    pandas: Any = pytest.importorskip("pandas")
    values, classes = table()
    frame = pandas.DataFrame(values, columns=COLUMNS)
    path = world.root / "model.json"
    xgboost.XGBClassifier(n_estimators=2).fit(frame, classes).save_model(path)
    ran = register(world, path, "--framework", "xgboost==1.7")
    assert (ran.code, f"its version is `{xgboost.__version__}`" in ran.err) == (1, True)
    assert "`salary`" in register(world, path, *told(["age", "income", "salary"])).err
    assert register(world, path).code == 0
    assert manifest(world)["framework"] == {"name": "xgboost", "version": xgboost.__version__}
    assert [column["name"] for column in manifest(world)["signature"]["inputs"]] == COLUMNS


@read("mlflow-model")
def test_a_folder_of_mlflows_names_the_library_of_its_one_flavour(world: World) -> None:
    mlflow: Any = pytest.importorskip("mlflow.sklearn")
    linear: Any = pytest.importorskip("sklearn.linear_model")
    models: Any = pytest.importorskip("mlflow.models")
    pandas: Any = pytest.importorskip("pandas")
    values, classes = table()
    frame = pandas.DataFrame(values, columns=COLUMNS)
    path = world.root / "model"
    signature = models.infer_signature(frame, classes)
    fitted = linear.LogisticRegression().fit(frame, classes)
    mlflow.save_model(fitted, str(path), signature=signature, pip_requirements=["scikit-learn"])
    ran = register(world, path, "--framework", "pytorch")
    assert (ran.code, "the file says `scikit-learn`" in ran.err) == (1, True)
    assert register(world, path).code == 0
    assert manifest(world)["framework"]["name"] == "scikit-learn"
    assert [column["name"] for column in manifest(world)["signature"]["inputs"]] == COLUMNS
