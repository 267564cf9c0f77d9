"""Facts from options and files: what they become, and what is no fact."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.errors import BadCall
from rollbook.propose import manifest_facts
from rollbook.propose.samples import read_sample
from rollbook.propose.told_data import data_sets

NO_NUMBERS = ["nan", "inf", "-Infinity", "1e999", "high", "", "0x10", "1" + "0" * 400, "1" * 5000]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_a_metric_that_is_no_finite_number_is_a_wrong_call_that_names_it(text: str) -> None:
    with pytest.raises(BadCall, match="--metric auc"):
        manifest_facts.metrics([f"auc={text}"])


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**300), 10**300))
def test_a_finite_number_is_taken_as_it_is(number: float) -> None:
    (found,) = manifest_facts.metrics([f"m={number!r}"]).values()
    assert (found, type(found)) == (number, type(number))


@pytest.mark.parametrize("argument", ["auc", "=0.9", ""])
def test_an_argument_without_name_or_value_is_a_wrong_call(argument: str) -> None:
    with pytest.raises(BadCall, match="is not NAME=VALUE"):
        manifest_facts.pairs("--tag", [argument])


def test_a_name_given_twice_is_a_wrong_call() -> None:
    with pytest.raises(BadCall, match="'team' is given twice"):
        manifest_facts.pairs("--tag", ["team=a", "team=b"])


def test_a_value_may_hold_an_equals_sign() -> None:
    assert manifest_facts.pairs("--tag", ["query=a=b"]) == {"query": "a=b"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4", 4), ("0.1", 0.1), ("true", True), ("no", "no"), ("1_000", "1_000"), ("", ""), ("null", "null"),
        ("[1, 2]", "[1, 2]"), ("{a: b}", "{a: b}"), ("2024-01-01", "2024-01-01"), ("'4'", "4"),
        ("*x", "*x"), ("&a b", "&a b"),
    ],
)  # fmt: skip
def test_a_parameter_is_the_scalar_a_person_expects(text: str, value: Any) -> None:
    found = manifest_facts.params([f"p={text}"])["p"]
    assert (found, type(found)) == (value, type(value))


def written(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.json", "[1]"), ("cut.json", '{"a": '), ("deep.json", "[" * 100_000),
        ("twice.yaml", "a: 1\na: 2\n"),
        ("anchor.yaml", "a: &x 1\nb: *x\n"), ("text.yaml", "just text"), ("empty.yaml", ""),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_mapping_is_a_wrong_call_that_names_it(
    tmp_path: Path, name: str, content: str
) -> None:
    with pytest.raises(BadCall, match=name):
        manifest_facts.mapping_file(written(tmp_path / name, content))


def test_a_file_that_is_not_there_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(BadCall, match="can't be read"):
        manifest_facts.mapping_file(tmp_path / "nothing.yaml")


def test_a_file_of_more_than_a_mebibyte_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(BadCall, match="has more than"):
        manifest_facts.small_file(written(tmp_path / "big", "x" * ((1 << 20) + 1)))


def test_the_later_part_of_a_merge_wins() -> None:
    assert manifest_facts.merged("metrics", {"a": 1, "b": 1}, [{"b": 2}, {"c": 3}]) == {
        "a": 1,
        "b": 2,
        "c": 3,
    }


@pytest.mark.parametrize("base", [[1], "text", 3, True])
def test_adding_to_what_is_no_mapping_is_a_wrong_call_that_names_the_field(base: Any) -> None:
    with pytest.raises(BadCall, match="metrics: a mapping"):
        manifest_facts.merged("metrics", base, [{"a": 1}])


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("loans", {"name": "loans"}),
        ("loans@2026-10", {"name": "loans", "version": "2026-10"}),
        ("loans=s3://b/l?v=1", {"name": "loans", "uri": "s3://b/l?v=1"}),
        ("loans@7=s3://b/l", {"name": "loans", "version": "7", "uri": "s3://b/l"}),
    ],
)
def test_a_data_set_has_a_name_and_optionally_version_and_address(argument: str, expected: Any) -> None:
    assert data_sets([argument]) == [expected]


def test_a_data_set_without_a_name_is_a_wrong_call() -> None:
    with pytest.raises(BadCall, match="--data"):
        data_sets(["@7=s3://b"])


def test_data_sets_are_added_to_those_there_are() -> None:
    lineage = {"data": [{"name": "a"}], "parents": ["m@1.0.0"]}
    expected = {"data": [{"name": "a"}, {"name": "b"}], "parents": ["m@1.0.0"]}
    assert manifest_facts.with_listed(lineage, "data", data_sets(["b"])) == expected


def test_what_a_lineages_list_holds_already_is_not_added_again() -> None:
    assert manifest_facts.with_listed({"parents": ["m@1.0.0"]}, "parents", ["m@1.0.0", "m@2.0.0"]) == {
        "parents": ["m@1.0.0", "m@2.0.0"]
    }


def test_a_lineage_whose_list_is_none_is_a_wrong_call_that_names_it() -> None:
    with pytest.raises(BadCall, match=r"lineage\.parents"):
        manifest_facts.with_listed({"parents": "m@1.0.0"}, "parents", ["n@1.0.0"])


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("mlflow/a1b2c3", {"tool": "mlflow", "id": "a1b2c3"}),
        (
            "github-actions/42=https://github.com/acme/training/actions/runs/42",
            {"tool": "github-actions", "id": "42", "uri": "https://github.com/acme/training/actions/runs/42"},
        ),
    ],
)
def test_a_run_has_a_tool_an_id_and_optionally_an_address(argument: str, expected: Any) -> None:
    assert manifest_facts.with_run({"data": []}, argument) == {"data": [], "run": expected}


@pytest.mark.parametrize("argument", ["mlflow", "/a1b2c3", "mlflow/", "=s3://b"])
def test_a_run_without_a_tool_or_an_id_is_a_wrong_call(argument: str) -> None:
    with pytest.raises(BadCall, match="TOOL/ID"):
        manifest_facts.with_run(None, argument)


def test_a_framework_has_a_version_after_two_equals_signs() -> None:
    assert manifest_facts.framework("scikit-learn==1.9.1") == {"name": "scikit-learn", "version": "1.9.1"}
    assert manifest_facts.framework("xgboost") == {"name": "xgboost"}


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2], "int64"),
        ([1, 2.5], "float64"),
        ([True, False], "bool"),
        ([1, None], "float64"),
        ([None], "string"),
    ],
)
def test_a_columns_dtype_holds_all_its_values(values: list[Any], dtype: str) -> None:
    rows = json.dumps([{"x": value} for value in values]).encode()
    assert read_sample(rows, Path("s.json")).tensors("input") == [
        {"name": "x", "dtype": dtype, "shape": [-1]}
    ]


def test_rows_of_plain_numbers_are_one_tensor() -> None:
    found = read_sample(b"[[1, 2.5, 3], [4, 5, 6]]", Path("s.json")).tensors("input")
    assert found == [{"name": "input", "dtype": "float64", "shape": [-1, 3]}]


def test_columns_that_only_later_rows_have_are_inputs_too() -> None:
    found = read_sample(b'[{"a": 1}, {"a": 2, "b": 3}]', Path("s.json")).tensors("input")
    assert [item["name"] for item in found] == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "[[1, 2], [3]]",
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        "[1, 2]",
        "[[1], {}]",
        "nope",
        "[NaN]",
        "[[[1]]]",
        '[{"a": [1]}]',
        '[{"a": 1}, [1]]',
    ],
)
def test_a_sample_that_is_no_table_is_a_wrong_call(text: str) -> None:
    with pytest.raises(BadCall, match=r"s\.json"):
        read_sample(text.encode(), Path("s.json")).tensors("input")
