from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from artifact.formats.reading_samples import read, sample
from artifact.formats.samples import FOLDER
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from pathlib import Path

SUFFIXES = {"xgboost-json": "json", "xgboost-ubj": "ubj"}


@pytest.fixture(params=SUFFIXES)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def model(form: str, name: str) -> Contents:
    return sample(form, f"{name}.{SUFFIXES[form]}")


def test_a_model_of_a_table_names_its_columns(form: str) -> None:
    found = model(form, "binary")
    assert found.inputs == tuple(Column(name, "float32", (-1,)) for name in ("age", "income", "debt", "ünï"))
    assert found.outputs is None
    assert found.framework["name"] == "xgboost"
    assert found.framework["version"].startswith("3.")
    assert found.facts["objective"] == "binary:logistic"
    assert (found.facts["booster"], found.facts["trees"], found.facts["features"]) == ("gbtree", 3, 4)
    assert found.facts["feature_types"] == {"float": 4}
    assert found.remarks == ()


def test_a_model_of_an_array_takes_one_tensor(form: str) -> None:
    found = model(form, "multiclass")
    assert found.inputs == (Column("input", "float32", (-1, 4)),)
    assert (found.facts["classes"], found.facts["trees"]) == (3, 9)
    assert found.facts["best_iteration"] == 2


def test_a_column_of_categories_takes_their_texts(form: str) -> None:
    found = model(form, "categorical")
    assert found.inputs
    assert found.inputs[-1] == Column("city", "string", (-1,))
    assert found.inputs[0].dtype == "float32"
    assert found.facts["categorical"] == ["city"]


@pytest.mark.parametrize(("name", "told"), [("linear", {"rounds": 3}), ("dart", {"trees": 2})])
def test_each_booster_tells_its_own(form: str, name: str, told: dict[str, int]) -> None:
    facts = model(form, name).facts
    assert facts["booster"] in ("gblinear", "dart")
    assert {key: facts[key] for key in told} == told


def test_the_old_binary_layout_is_read_as_far_as_it_begins() -> None:
    found = sample("xgboost-legacy", "multiclass.deprecated")
    assert found.inputs == (Column("input", "float32", (-1, 4)),)
    assert found.facts["objective"] == "multi:softprob"
    assert (found.facts["classes"], found.facts["trees"]) == (3, 6)
    assert found.framework == {"name": "xgboost", "version": "2.1"}
    assert "old binary layout" in found.remarks[0]


def test_the_old_binary_layout_is_known_without_its_mark(tmp_path: Path) -> None:
    data = (FOLDER / "xgboost-legacy" / "linear.deprecated").read_bytes()
    (tmp_path / "model.bin").write_bytes(data.removeprefix(b"binf"))
    assert read(tmp_path / "model.bin", "xgboost-legacy").facts["booster"] == "gblinear"


def changed(tmp_path: Path, name: str, change: Any) -> Path:
    document = json.loads((FOLDER / "xgboost-json" / f"{name}.json").read_text())
    change(document["learner"])
    path = tmp_path / "model.json"
    path.write_text(json.dumps(document))
    return path


def test_a_missing_tree_is_broken(tmp_path: Path) -> None:
    path = changed(tmp_path, "binary", lambda it: it["gradient_booster"]["model"]["trees"].pop())
    with pytest.raises(Broken, match="3 trees, and 2"):
        read(path, "xgboost-json")


def test_names_that_are_too_few_are_remarked(tmp_path: Path) -> None:
    found = read(changed(tmp_path, "binary", lambda it: it["feature_names"].pop()), "xgboost-json")
    assert found.inputs == (Column("input", "float32", (-1, 4)),)
    assert found.remarks == ("It names 3 features, and says that it has 4.",)


def test_a_number_that_is_none_is_broken(tmp_path: Path) -> None:
    path = changed(tmp_path, "binary", lambda it: it["learner_model_param"].update(num_feature="four"))
    with pytest.raises(Broken, match="'four'"):
        read(path, "xgboost-json")


def test_many_feature_names_do_not_hide_what_it_is(tmp_path: Path) -> None:
    def widen(learner: dict[str, Any]) -> None:
        learner["feature_names"] = [f"a_rather_long_name_of_a_feature_{number}" for number in range(5000)]
        learner["feature_types"] = []
        learner["learner_model_param"]["num_feature"] = "5000"

    found = read(changed(tmp_path, "binary", widen), "xgboost-json")
    assert found.inputs is not None
    assert len(found.inputs) == 5000


@pytest.mark.parametrize("name", ["binary.json", "dart.json"])
def test_a_file_that_is_cut_off_is_broken(tmp_path: Path, name: str) -> None:
    data = (FOLDER / "xgboost-json" / name).read_bytes()
    (tmp_path / name).write_bytes(data[: len(data) // 2])
    with pytest.raises(Broken, match="cut off"):
        read(tmp_path / name, "xgboost-json")
