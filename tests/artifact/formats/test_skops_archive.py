from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import skops.io
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from artifact.formats.reading_samples import read, sample
from artifact.formats.samples import FOLDER
from rollbook.artifact.formats.skops_archive import untrusted_types
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from pathlib import Path


def test_a_pipeline_of_numbers_names_its_columns() -> None:
    found = sample("skops", "table.skops")
    assert found.inputs == (Column("age", "float64", (-1,)), Column("ünï", "float64", (-1,)))
    assert found.facts["class"] == "sklearn.pipeline.Pipeline"
    assert found.framework["name"] == "scikit-learn"
    assert found.framework["version"][0].isdigit()
    assert found.remarks == ()


def test_a_model_of_an_array_takes_one_tensor() -> None:
    found = sample("skops", "array.skops")
    assert found.inputs == (Column("input", "float64", (-1, 2)),)
    assert "sklearn.linear_model._base.LinearRegression" in str(found.facts["types"])


def test_a_function_is_not_trusted_by_its_package() -> None:
    found = sample("skops", "function.skops")
    assert found.facts["untrusted_types"] == ["numpy.loadtxt"]
    assert found.inputs is None
    assert "numpy.loadtxt" in found.remarks[0]


@pytest.mark.parametrize("name", ["table", "array", "function"])
def test_what_skops_does_not_trust_is_named(name: str) -> None:
    path = FOLDER / "skops" / f"{name}.skops"
    found = sample("skops", path.name).facts.get("untrusted_types", [])
    assert {*skops.io.get_untrusted_types(file=path)} == {*found}  # type: ignore[misc]


def test_columns_that_may_be_texts_have_no_type(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame({"city": ["Oslo", "Bergen"], "age": [1, 2]})
    model = make_pipeline(
        make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough"), LogisticRegression()
    ).fit(table, [0, 1])
    skops.io.dump(model, tmp_path / "model.skops")
    found = read(tmp_path / "model.skops", "skops")
    assert found.inputs is None
    assert found.facts["feature_names"] == ["city", "age"]


def test_a_search_tells_the_features_of_its_best(tmp_path: Path) -> None:
    rows = [[number / 10, 1.0] for number in range(10)]
    model = GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2).fit(rows, [0, 1] * 5)
    skops.io.dump(model, tmp_path / "model.skops")
    found = read(tmp_path / "model.skops", "skops")
    assert found.facts["features"] == 2


def _node(module: str, kind: str, loader: str = "TypeNode") -> dict[str, Any]:
    return {"__module__": module, "__class__": kind, "__loader__": loader}


@pytest.mark.parametrize(
    ("node", "is_trusted"),
    [
        (_node("builtins", "dict"), True),
        (_node("builtins", "eval", "FunctionNode"), False),
        (_node("builtins", "eval"), False),
        (_node("sklearn.svm._classes", "SVC"), True),
        (_node("sklearnx", "SVC"), False),
        (_node("numpy", "load", "FunctionNode"), False),
        (_node("posix", "system"), False),
        ({"__class__": "SVC"}, False),
    ],
)
def test_a_type_is_known_by_its_package_and_how_it_is_loaded(node: dict[str, Any], is_trusted: bool) -> None:
    deep = json.loads("[" * 300 + "0" + "]" * 300)
    assert (untrusted_types([deep, {"content": node}]) == ()) is is_trusted
