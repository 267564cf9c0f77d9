"""What is told of a version, against what its artifact says."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from building.model_files import columns, tensor
from rollbook.artifact.formats.contents import Contents
from rollbook.errors import Refused
from rollbook.propose.contradictions import contradictions, framework_of, require_agreement
from rollbook.propose.described_facts import tensors
from rollbook.records.signature import Column


def told(
    *, framework: dict[str, str] | None = None, features: int = 0, **halves: list[str]
) -> dict[str, Any]:
    """Facts as the options tell them: `inputs=["income:float32"]`."""
    signature = {half: tensors("--input", texts) for half, texts in halves.items()}
    facts: dict[str, Any] = {"framework": framework} if framework else {}
    facts |= {"signature": signature} if signature else {}
    return facts | ({"features": [f"f{at}" for at in range(features)]} if features else {})


def wrong(facts: dict[str, Any], form: str, **found: Any) -> list[str]:
    return [str(each) for each in contradictions(facts, form, Contents(**found))]


XGBOOST_2 = {"name": "xgboost", "version": "2.1.3"}


@pytest.mark.parametrize(
    ("form", "found", "framework", "says"),
    [
        ("xgboost-json", XGBOOST_2, {"name": "lightgbm"}, "`lightgbm`, and the file says `xgboost`"),
        ("xgboost-json", XGBOOST_2, {"name": "xgboost", "version": "1.7"}, "version is `2.1.3`"),
        ("xgboost-ubj", {}, {"name": "scikit-learn"}, "`scikit-learn`, and the file says `xgboost`"),
        ("lightgbm-text", {}, {"name": "xgboost"}, "the file says `lightgbm`"),
        ("catboost", {"name": "catboost"}, {"name": "lightgbm"}, "the file says `catboost`"),
        ("keras", {"name": "keras", "version": "3.1"}, {"name": "xgboost"}, "the file says `keras`"),
        ("mlflow-model", {"name": "scikit-learn"}, {"name": "pytorch"}, "the file says `scikit-learn`"),
    ],
)
def test_a_framework_that_the_format_rules_out_is_a_contradiction(
    form: str, found: dict[str, str], framework: dict[str, str], says: str
) -> None:
    (only,) = wrong(told(framework=framework), form, framework=found)
    assert only.startswith("--framework: told is ")
    assert says in only


@pytest.mark.parametrize(
    ("form", "found", "framework"),
    [
        ("xgboost-json", XGBOOST_2, {"name": "XGBoost", "version": "2.1.3"}),
        ("xgboost-json", XGBOOST_2, {"name": "xgb", "version": "2.1"}),
        ("xgboost-json", XGBOOST_2, {"name": "xgboost", "version": "2.1.3+cu12"}),
        ("xgboost-json", {"name": "xgboost"}, {"name": "xgboost", "version": "1.7"}),
        ("onnx", {"name": "skl2onnx", "version": "1.19"}, {"name": "scikit-learn", "version": "1.7"}),
        ("pytorch", {"name": "pytorch", "version": "2.1"}, {"name": "transformers"}),
        ("tf-saved-model", {"name": "tensorflow", "version": "2.20"}, {"name": "jax"}),
        ("keras", {"name": "keras", "version": "3.1"}, {"name": "tensorflow", "version": "2.20"}),
        ("mlflow-model", {"name": "scikit-learn", "version": "1.7"}, {"name": "sklearn", "version": "1.7"}),
        ("mlflow-model", {"name": "scikit-learn", "version": "1.7"}, {"name": "xgboost", "version": "3.0"}),
        ("mlflow-model", {"name": "onnx"}, {"name": "pytorch"}),
        ("safetensors", {}, {"name": "anything"}),
    ],
)
def test_a_framework_that_may_well_be_is_none(
    form: str, found: dict[str, str], framework: dict[str, str]
) -> None:
    assert wrong(told(framework=framework), form, framework=found) == []


def test_who_converted_a_model_is_not_who_trained_it() -> None:
    assert framework_of("onnx", Contents(framework={"name": "skl2onnx", "version": "1.19"})) == {}
    exported = Contents(framework={"name": "pytorch", "version": "2.13"})
    assert framework_of("onnx", exported) == {"name": "pytorch", "version": "2.13"}
    assert framework_of("lightgbm-text", Contents()) == {"name": "lightgbm"}


ONE = tensor("X", "float32", -1, 3)


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        (["a:float64", "b:float64", "c:int64"], ONE),  # a table is fed as one tensor
        (["a:float64:-1", "b:bool:-1", "c:float64:-1"], ONE),
        (["a:float64", "b:float64"], tensor("X", "float32", -1, -1)),
        (["a:float64", "b:float64"], (Column("X", "float32", None),)),
        (["input:float64:-1x3"], ONE),  # rows without names
        (["X:float32:8x3"], ONE),
        (["X:float64"], (Column("X", "float32", None),)),
        (["X:FP32:-1x3"], ONE),
        (["age:int64", "name:string"], (*tensor("age", "int64", -1, 1), *tensor("name", "string", -1, 1))),
        (["age:int64"], columns(age="float32")),  # whole numbers are taken as floats
        (["when:string"], columns(when="datetime")),
        (["X:category"], columns(X="float32")),  # no word that means one type
        (["X:float32"], columns(X="sequence(map(int64,float32))")),
        (["x:float64:-1x2"], columns(age="float32", income="float32")),
        (["age:int64"], (*columns(age="int64"), Column("note", "string", (-1,), required=False))),
        (["X:float32:-1x784"], tensor("X", "float32", -1, 28, 28)),
    ],
)
def test_inputs_that_may_well_be_are_no_contradiction(inputs: list[str], found: tuple[Column, ...]) -> None:
    assert wrong(told(inputs=inputs), "onnx", inputs=found) == []


@pytest.mark.parametrize(
    ("inputs", "found", "says"),
    [
        (
            ["a:float64", "b:float64"],
            ONE,
            "told is 2 columns, and the file says 3 (`X` is `float32` [-1, 3])",
        ),
        (["a:string", "b:float64", "c:float64"], ONE, "`a` as `string`"),
        (["Y:float32:-1x3"], ONE, "told is `Y`, and the file says it is called `X`"),
        (["input:float64:-1x4"], ONE, "`X` of the shape [-1, 4]"),
        (["X:float32:-1x4"], ONE, "`X` of the shape [-1, 4], and the file says `X` is `float32` [-1, 3]"),
        (["X:string:-1x3"], ONE, "`X` as `string`"),
        (["ids:float32"], columns(ids="int64"), "`ids` as `float32`, and the file says `ids` is `int64`"),
        (["age:int64", "agee:int64"], columns(age="int64", sex="string"), "told is `agee`"),
        (["age:int64"], columns(age="int64", sex="string"), "told is no `sex`"),
        (["x:float64:-1x3"], columns(age="float32", income="float32"), "3 columns in `x`"),
        (["X:float32:-1x3x32x32"], tensor("X", "float32", -1, 3, 64, 64), "of the shape [-1, 3, 32, 32]"),
        (["X:float32:-1x32"], tensor("X", "float32", -1, 3, 64, 64), "of the shape [-1, 32]"),
    ],
)
def test_inputs_that_the_file_rules_out_are_told_with_what_it_says(
    inputs: list[str], found: tuple[Column, ...], says: str
) -> None:
    every = wrong(told(inputs=inputs), "onnx", inputs=found)
    assert any(says in each for each in every), every
    assert all(each.startswith("--input: ") for each in every)


def test_outputs_may_be_told_in_part_but_not_be_others() -> None:
    found = (*columns(label="int64"), *tensor("probabilities", "float32", -1, 3))
    assert wrong(told(outputs=["probabilities:float64:-1x3"]), "onnx", outputs=found) == []
    (only,) = wrong(told(outputs=["label:int64", "score:float32"]), "onnx", outputs=found)
    assert only == "--output: told is `score`, and the file says its outputs are `label`, `probabilities`"


def test_whole_numbers_are_another_kind_of_output_than_floats() -> None:
    (only,) = wrong(told(outputs=["label:int64"]), "onnx", outputs=columns(label="float32"))
    assert "`label` as `int64`, and the file says `label` is `float32`" in only


@pytest.mark.parametrize(
    ("count", "found", "taken"),
    [
        (3, ONE, None),
        (4, ONE, 3),
        (3, columns(a="float32", b="float32"), 2),
        (2, columns(a="float32", b="float32"), None),
        (5, tensor("X", "float32", -1, -1), None),
        (5, tensor("picture", "float32", -1, 3, 8, 8), None),
        (5, (), None),
    ],
)
def test_the_number_of_features_is_that_of_the_values_that_the_file_takes(
    count: int, found: tuple[Column, ...], taken: int | None
) -> None:
    every = wrong(told(features=count), "onnx", inputs=found)
    says = [f"--feature: told is {count} features, and the file says it takes {taken}"]
    assert every == (says if taken else [])


def test_a_refusal_names_the_artifact_each_contradiction_and_the_options_to_change() -> None:
    facts = told(framework={"name": "lightgbm"}, inputs=["a:float32"], features=1)
    found = columns(a="string", b="string")
    contents = Contents(framework=XGBOOST_2, inputs=found)
    with pytest.raises(Refused) as caught:
        require_agreement("model.json", facts, "xgboost-json", contents)
    assert str(caught.value).startswith("what was told of model.json contradicts it: --framework: ")
    assert "--framework; --input, --signature or --sample-input; --feature" in caught.value.hint


def test_names_in_a_refusal_are_harmless_on_a_terminal() -> None:
    (only,) = wrong(told(inputs=["Y:float32:-1x3"]), "onnx", inputs=tensor("\x1b[2J", "float32", -1, 3))
    assert "`\\x1b[2J`" in only


NAMES = st.text("abcxyz", min_size=1, max_size=3)
WORDS = st.sampled_from(["float32", "float64", "int64", "string", "bool", "datetime", "map(string,int64)"])
SHAPES = st.none() | st.lists(st.sampled_from([-1, 1, 2, 3]), max_size=4).map(tuple)
HALVES = st.lists(
    st.builds(Column, NAMES, WORDS, SHAPES), min_size=1, max_size=4, unique_by=lambda each: each.name
)


@given(HALVES, HALVES)
def test_what_the_file_says_itself_contradicts_nothing(inputs: list[Column], outputs: list[Column]) -> None:
    facts = {
        "signature": {
            "inputs": [column.as_mapping() for column in inputs],
            "outputs": [column.as_mapping() for column in outputs],
        }
    }
    contents = Contents(inputs=tuple(inputs), outputs=tuple(outputs))
    assert contradictions(facts, "onnx", contents) == []


@given(HALVES, HALVES)
def test_any_two_signatures_can_be_compared(one: list[Column], other: list[Column]) -> None:
    facts = {"signature": {"inputs": [column.as_mapping() for column in one]}, "features": ["a", "b"]}
    for each in contradictions(facts, "onnx", Contents(inputs=tuple(other))):
        assert str(each).startswith(("--input: ", "--feature: "))
