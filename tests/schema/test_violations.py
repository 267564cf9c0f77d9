from __future__ import annotations

import copy
from typing import Any

import pytest
from contract_examples import changed, example
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.schema.schemas import SCHEMA_NAMES, Violation, violations
from rollbook.yaml.strict import load

ENTRY = {"version": "1.0.0", "reason": "r", "requested_by": "a", "requested_at": "2026-11-21T09:00:00Z"}


def only(found: list[Violation]) -> Violation:
    assert len(found) == 1, found
    return found[0]


def without(name: str, key: str) -> Any:
    return {kept: value for kept, value in example(name).items() if kept != key}


def test_a_missing_key_is_named_with_an_example() -> None:
    found = only(violations("model", without("model", "owner")))
    assert found == Violation((), "missing key `owner`", 'Add it, for example: owner: "jane@example.com"')


def test_a_missing_nested_key_leads_to_the_map_that_lacks_it() -> None:
    data = changed("version")
    del data["artifact"]["sha256"]
    assert only(violations("version", data)).path == ("artifact",)


def test_an_unknown_key_gets_the_nearest_known_one_and_extra() -> None:
    found = only(violations("model", changed("model", ownr="x")))
    assert (found.path, found.message) == (("ownr",), "unknown key `ownr`")
    assert "Did you mean `owner`?" in found.hint
    assert "`extra:`" in found.hint


def test_an_unlike_key_gets_no_suggestion() -> None:
    assert "Did you mean" not in only(violations("model", changed("model", zzz="x"))).hint


def test_an_unquoted_version_is_told_to_be_quoted() -> None:
    data = load(b"model: credit-approval\nversion: 1.10\n")
    found = next(found for found in violations("version", data) if found.path == ("version",))
    assert found.message == "must be text, not the number `1.1`"
    assert 'quote it: version: "1.1"' in found.hint
    assert '"1.10"' in found.hint


def test_an_unquoted_whole_number_is_told_to_be_quoted() -> None:
    found = only(violations("notes", {"tags": {"year": 2026}}))
    assert found.path == ("tags", "year")
    assert 'quote it: year: "2026"' in found.hint
    assert "if that is what" not in found.hint


def test_a_truth_value_where_text_is_due_is_told_to_be_quoted() -> None:
    assert 'language: "false"' in only(violations("card", {"language": False})).hint


def test_a_quoted_number_where_a_number_is_due_is_told_to_lose_its_quotes() -> None:
    found = only(violations("evidence", changed("evidence", metrics={"auc": "0.9"})))
    assert found.path == ("metrics", "auc")
    assert "without quotes" in found.hint


def test_an_empty_value_says_so() -> None:
    found = only(violations("model", changed("model", owner=None)))
    assert found.message == "must be text, not empty"
    assert "remove the key" in found.hint


@pytest.mark.parametrize("document", [None, "text", 3, [1]])
def test_a_document_that_is_no_map_is_refused(document: object) -> None:
    found = only(violations("model", document))
    assert (found.path, found.message[:9]) == ((), "must be a")


def test_a_fraction_is_no_whole_number() -> None:
    data = changed("version")
    data["artifact"]["size"] = 5.0
    assert only(violations("version", data)).message == "must be a whole number, not the number `5.0`"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_is_not_finite_is_refused_anywhere(value: float) -> None:
    data = changed("evidence", metrics={"auc": value}, extra={"deep": [{"er": value}]})
    assert [found.path for found in violations("evidence", data)] == [
        ("extra", "deep", 0, "er"),
        ("metrics", "auc"),
    ]
    assert all("not a finite number" in found.message for found in violations("evidence", data))


def test_a_word_outside_an_enumeration_lists_the_words() -> None:
    found = only(violations("evidence", changed("evidence", kind="fairnes")))
    assert "`fairnes` is none of: evaluation, fairness," in found.message
    assert found.hint == "Did you mean `fairness`?"


def test_another_value_than_the_only_one_is_refused() -> None:
    assert only(violations("version", changed("version", card="README.md"))).hint == 'Write "card.md".'


def test_a_bad_name_is_explained_in_words_with_an_example() -> None:
    found = only(violations("model", changed("model", name="credit approval")))
    assert found.message == "`credit approval` is no model name"
    assert "ASCII letters" in found.hint
    assert '"credit-approval"' in found.hint


def test_a_bad_key_is_reported_at_the_key() -> None:
    found = only(violations("evidence", changed("evidence", metrics={"a\tb": 1})))
    assert found.path == ("metrics", "a\tb")
    assert found.message == "the key `a\\tb` is no metric name"


def test_a_bad_key_and_its_bad_value_are_both_reported() -> None:
    found = violations("evidence", changed("evidence", metrics={"a\tb": "x"}))
    assert [one.path for one in found] == [("metrics", "a\tb")] * 2


def test_a_line_break_after_a_name_is_refused() -> None:
    assert only(violations("model", changed("model", name="credit-approval\n"))).path == ("name",)


@pytest.mark.parametrize(
    "value", ["2026-11-21T09:00:00", "2026-11-21", "2026-11-21 09:00:00Z", "2026-13-01T00:00:00Z"]
)
def test_a_time_needs_its_date_and_zone(value: str) -> None:
    assert (
        "is no time with a zone" in only(violations("version", changed("version", created_at=value))).message
    )


def test_a_time_that_does_not_exist_is_refused() -> None:
    found = only(violations("version", changed("version", created_at="2026-02-30T09:00:00Z")))
    assert "is no time that exists" in found.message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"created_by": ""}, "must not be empty"),
        ({"description": "x" * 10001}, "has 10001 characters; 10000 are allowed"),
        ({"training": {"rows": -1}}, "`-1` is less than 0"),
        ({"training": {"duration_seconds": 1e13}}, "`10000000000000.0` is more than"),
        ({"lineage": {"parents": [f"a@0.0.{n}" for n in range(101)]}}, "has 101 entries; 100 are allowed"),
        ({"tags": {f"t{n}": "" for n in range(1001)}}, "has 1001 entries; 1000 are allowed"),
        ({"features": ["a", "b", "a"]}, "the text `a` stands in the list twice"),
        ({"signature": {"inputs": [{"name": "x", "dtype": "f4", "shape": [0]}]}}, "`0` is not allowed here"),
    ],
)
def test_a_bound_that_is_broken_is_named(fields: dict[str, Any], message: str) -> None:
    assert message in only(violations("version", changed("version", **fields))).message


def test_a_list_that_needs_an_entry_says_so() -> None:
    assert "1 or more are needed" in only(violations("policy", changed("policy", stages=[]))).message


@pytest.mark.parametrize("data", [{"production": {**ENTRY, "by": "x"}}, {"archived": [{**ENTRY, "by": "x"}]}])
def test_an_error_in_a_stage_is_that_of_the_form_it_is_written_in(data: Any) -> None:
    assert only(violations("stages", data)).message == "unknown key `by`"


def test_a_stage_that_is_neither_a_map_nor_a_list_is_refused() -> None:
    found = only(violations("stages", {"production": "1.0.0"}))
    assert found.message == "must be a map of keys to values or a list, not the text `1.0.0`"


REMOVED = {"removed" if key == "version" else key: value for key, value in ENTRY.items()}


@pytest.mark.parametrize("told", ["1.2.0", ENTRY, REMOVED])
def test_an_alias_is_a_version_an_entry_of_its_own_or_what_it_was(told: Any) -> None:
    assert violations("stages", {"aliases": {"champion": told}, "extra": {"any": ["thing"]}}) == []


@pytest.mark.parametrize(
    ("key", "told"), [("traffic", {**ENTRY, "traffic": 5}), ("version", {**REMOVED, "version": "1.2.0"})]
)
def test_an_alias_is_no_stage_entry_and_not_two_things_at_once(key: str, told: Any) -> None:
    found = violations("stages", {"aliases": {"champion": told}})
    assert found
    assert all(violation.path[:2] == ("aliases", "champion") for violation in found)


def test_an_unknown_gate_lists_the_known_ones() -> None:
    found = only(
        violations("policy", changed("policy", gates=[{"gate": "metric-treshold", "to": ["production"]}]))
    )
    assert (found.path, found.message) == (("gates", 0, "gate"), "`metric-treshold` is no known gate")
    assert "Did you mean `metric-threshold`?" in found.hint


def test_an_error_in_a_gate_is_that_of_its_kind() -> None:
    gate = {"gate": "metric-threshold", "to": ["production"], "metric": "auc", "min": "0.8"}
    assert only(violations("policy", changed("policy", gates=[gate]))).path == ("gates", 0, "min")


def test_a_newer_format_is_all_that_is_reported() -> None:
    found = only(violations("policy", {"rollbook": 2, "unheard_of": 1}))
    assert found.path == ("rollbook",)
    assert "format `2`; this rollbook knows formats up to 1" in found.message
    assert "Upgrade" in found.hint


def test_a_format_that_never_was_is_refused() -> None:
    assert (
        only(violations("policy", changed("policy", rollbook=0))).message == "must be 1, not the number `0`"
    )


def test_all_violations_are_reported_in_the_order_of_their_paths() -> None:
    data = changed("version", zeal=1, created_by="", features=["a\n"] * 2)
    paths = [found.path for found in violations("version", data)]
    assert paths == [("created_by",), ("features", 0), ("features", 1), ("features", 1), ("zeal",)]


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "a/b",
        ".hidden",
        "-rf",
        "model.",
        "CON",
        "nul.onnx",
        "Version.yaml",
        "card.md",
        "x.dvc",
        "a b",
        "é",
        "",
    ],
)
def test_an_artifact_has_a_plain_and_safe_file_name(name: str) -> None:
    data = changed("version")
    data["artifact"]["path"] = name
    assert only(violations("version", data)).path == ("artifact", "path")


def test_a_pointer_has_exactly_one_output() -> None:
    output = example("pointer")["outs"][0]
    assert violations("pointer", {"outs": [output, output]})
    assert violations("pointer", {"outs": []})
    assert violations("pointer", {"outs": [{**output, "isexec": True}]}) == []


@pytest.mark.parametrize("gone", ["\x1b[31mred", "x" * 5000, "\u202etxt.exe", "a\nb"])
def test_hostile_text_is_echoed_short_and_harmless(gone: str) -> None:
    data = changed("model", name=gone, task=gone, tags={gone: 1, "t": [gone]}, **{gone: 1})
    for found in violations("model", data):
        assert found.message.isprintable()
        assert found.hint.isprintable()
        assert len(found.message) < 200


def test_what_json_cannot_hold_is_refused_before_it_does_harm() -> None:
    deep: list[Any] = []
    for _ in range(10_000):
        deep = [deep]
    for value in (deep, 1 << 100_000, b"bytes", {1: "x"}, "\ud800"):
        assert only(violations("model", changed("model", extra={"x": value}))).path[:2] == ("extra", "x")


def test_a_list_of_unlike_items_is_judged_quickly() -> None:
    found = violations("version", changed("version", features=[1, "a", None, [2]] * 2500))
    assert len(found) > 10_000 - 4


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=8,
)


@settings(deadline=None)  # the first call builds the validator
@given(st.sampled_from(SCHEMA_NAMES), st.data())
def test_any_value_in_any_place_is_answered_in_printable_words(name: str, data: st.DataObject) -> None:
    document = copy.deepcopy(example(name))
    document[data.draw(st.sampled_from(sorted(document)) | st.text(max_size=10))] = data.draw(JSON)
    for found in violations(name, document):
        assert found.message.isprintable()
        assert found.message
