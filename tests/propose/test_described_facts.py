"""What is told of a version's making and of its limits becomes the manifest's own fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rollbook.errors import BadCall
from rollbook.propose.described_facts import describe, seconds
from rollbook.propose.told_facts import attach_files, manifest_fields

if TYPE_CHECKING:
    from pathlib import Path


def described(before: dict[str, Any] | None = None, **told: Any) -> dict[str, Any]:
    fields: dict[str, Any] = dict(before or {})
    describe(fields, told)  # type: ignore[arg-type]
    return fields


@pytest.mark.parametrize(
    ("told", "fields"),
    [
        ({"features": ("age", "income")}, {"features": ["age", "income"]}),
        ({"feature_pipeline": "loans@3"}, {"feature_pipeline": {"name": "loans", "version": "3"}}),
        ({"feature_pipeline": "loans"}, {"feature_pipeline": {"name": "loans"}}),
        ({"preprocessing": ["a", "b", "a"]}, {"preprocessing": ["a", "b", "a"]}),
        ({"inputs": ["age:int64"]}, {"signature": {"inputs": [{"name": "age", "dtype": "int64"}]}}),
        (
            {"outputs": ["p:float32:-1x3"]},
            {"signature": {"outputs": [{"name": "p", "dtype": "float32", "shape": [-1, 3]}]}},
        ),
        (
            {"outputs": ["ns:p:datetime64[ns]"]},
            {"signature": {"outputs": [{"name": "ns:p", "dtype": "datetime"}]}},
        ),
        (
            {"inputs": ["a:double", "b:category", "c:tensor(float)"]},
            {
                "signature": {
                    "inputs": [
                        {"name": "a", "dtype": "float64"},
                        {"name": "b", "dtype": "category"},
                        {"name": "c", "dtype": "float32"},
                    ]
                }
            },
        ),
        ({"trained_at": "2026-11-20"}, {"training": {"trained_at": "2026-11-20"}}),
        ({"trained_at": "20261120"}, {"training": {"trained_at": "2026-11-20"}}),
        ({"training_started": "2026-11-20T23:30"}, {"training": {"started_at": "2026-11-20T23:30:00Z"}}),
        (
            {"training_ended": "2026-11-20 23:30:00.5+01:00"},
            {"training": {"ended_at": "2026-11-20T22:30:00Z"}},
        ),
        ({"training_duration": "1h30m"}, {"training": {"duration_seconds": 5400}}),
        ({"training_duration": 12.5}, {"training": {"duration_seconds": 12.5}}),
        ({"training_rows": 0}, {"training": {"rows": 0}}),
        ({"limitations": ["none below 25"]}, {"limitations": ["none below 25"]}),
        ({"protected_groups": ["age", "age"]}, {"protected_groups": ["age"]}),
        ({"features": (), "trained_at": None, "feature_pipeline": ""}, {}),
    ],
)
def test_what_is_told_stands_at_its_place(told: dict[str, Any], fields: dict[str, Any]) -> None:
    assert described(**told) == fields


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2.5h", 9000),
        ("90m", 5400),
        ("1d", 86400),
        ("2d4h", 187200),
        ("45s", 45),
        ("3600", 3600),
        ("0.25", 0.25),
    ],
)
def test_a_duration_is_kept_in_seconds(text: str, expected: float) -> None:
    assert seconds("--training-duration", text) == expected


@pytest.mark.parametrize(
    "text", ["h", "1.h", "-1h", "1m1h", "2 h", "1e3", "nan", "inf", "\u0661h", "1h\n", "9" * 40]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(BadCall, match="--training-duration"):
        seconds("--training-duration", text)


@pytest.mark.parametrize(
    "told",
    [
        {"trained_at": "yesterday"},
        {"trained_at": "2026-02-30"},
        {"training_started": "0001-01-01T00:00:00+14:00"},
        {"training_ended": "9999-12-31T23:59:59-14:00"},
        {"features": ["age", "age"]},
        {"inputs": ["age"]},
        {"inputs": [":int64"]},
        {"outputs": ["p:float32", "p:float64"]},
        {"feature_pipeline": "@3"},
        {"feature_pipeline": "loans@"},
    ],
)  # fmt: skip
def test_what_has_no_such_shape_is_refused_by_the_option(told: dict[str, Any]) -> None:
    word = next(iter(told)).removesuffix("s").replace("_", "-")
    with pytest.raises(BadCall, match=f"--{word}"):
        described(**told)


def test_limits_are_added_to_those_of_the_file_and_other_lists_take_their_place() -> None:
    before = {"limitations": ["old"], "features": ["a"], "training": {"rows": 5, "trained_at": "2025-01-01"}}
    found = described(before, limitations=["new", "old"], features=["b"], trained_at="2026-01-01")
    assert found == {
        "limitations": ["old", "new"],
        "features": ["b"],
        "training": {"rows": 5, "trained_at": "2026-01-01"},
    }


@pytest.mark.parametrize("before", [{"limitations": "one"}, {"training": "long"}])
def test_a_file_of_another_shape_is_refused(before: dict[str, Any]) -> None:
    with pytest.raises(BadCall, match="is needed here"):
        described(before, limitations=["a"], trained_at="2026-01-01")


@pytest.mark.parametrize(
    ("name", "text"),
    [("f.txt", "age\n\n income \n"), ("f.json", '["age", "income"]'), ("f.yaml", "- age\n- income\n")],
)
def test_features_come_from_a_file_in_its_order_and_others_after_them(
    tmp_path: Path, name: str, text: str
) -> None:
    (tmp_path / name).write_text(text)
    found = described(features_file=tmp_path / name, features=["rate", "age"])
    assert found == {"features": ["age", "income", "rate"]}


@pytest.mark.parametrize(
    ("name", "text"),
    [("f.json", '{"a": 1}'), ("f.json", "[1]"), ("f.txt", "\n"), ("f.yaml", "- 1"), ("f.txt", "a\na\n")],
)
def test_a_file_without_a_list_of_distinct_features_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadCall, match=name):
        described(features_file=tmp_path / name)


def test_the_signature_that_is_told_wins_over_the_one_that_is_inferred(tmp_path: Path) -> None:
    sample = tmp_path / "s.json"
    sample.write_text('[{"age": 41}]')
    told: Any = {"inputs": ["age:float32"], "sample_input": sample, "sample_output": sample}
    fields, _ = manifest_fields(told)
    files = attach_files(told, fields)
    assert fields["signature"] == {
        "inputs": [{"name": "age", "dtype": "float32"}],
        "outputs": [{"name": "age", "dtype": "int64", "shape": [-1]}],
    }
    assert [*files] == ["sample-input.json"]
