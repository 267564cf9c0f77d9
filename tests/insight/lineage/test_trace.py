from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from building.memory import registry_of
from rollbook.errors import BadCall, InvalidFile, NotFound
from rollbook.insight.lineage.descendants import from_commit, from_data, from_version
from rollbook.insight.lineage.trace import trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.insight.lineage.descendants import Descendant

OLD, NEW = "1f7a" + "0" * 36, "1f7b" + "0" * 36


def _came(
    parents: Iterable[str] = (), data: Iterable[tuple[str, str]] = (), commit: str = ""
) -> dict[str, Any]:
    lineage: dict[str, Any] = {"parents": [*parents]}
    lineage["data"] = [{"name": name, "version": version, "digest": version * 64} for name, version in data]
    if commit:
        lineage["code"] = {"commit": commit}
    return {"lineage": lineage}


FAMILY = {
    "base@1.0.0": _came(data=[("customers", "1")], commit=OLD),
    "base@2.0.0": _came(data=[("customers", "2")], commit=NEW),
    "ns/tuned@1.0.0": _came(["base@1.0.0"], data=[("own", "1")]),
    "small@1.0.0": _came(["ns/tuned@1.0.0", "gone@9.0.0"]),
    "small@1.1.0": _came(["base@2.0.0"]),
}
REGISTRY = registry_of(FAMILY, {"small": "production: {version: 1.0.0}\n"})


def _names(found: Iterable[Descendant]) -> list[str]:
    return [item.reference for item in found]


def test_parents_are_followed_to_the_end() -> None:
    lineage = trace(REGISTRY, "small@production")
    assert list(lineage.versions) == ["small@1.0.0", "ns/tuned@1.0.0", "base@1.0.0"]
    assert lineage.asked.stage == "production"


def test_a_parent_that_the_registry_does_not_have_is_missing() -> None:
    assert trace(REGISTRY, "small@1.0.0").missing == ("gone@9.0.0",)


@pytest.mark.parametrize("parent", ["small@7.0.0", "small@production", "no reference", "x/y/z@1.0.0", "@"])
def test_a_parent_that_names_no_version_is_missing(parent: str) -> None:
    registry = registry_of({"m@1.0.0": _came([parent]), "small@1.0.0": {}})
    assert trace(registry, "m@1.0.0").missing == (parent,)


def test_a_cycle_of_parents_ends() -> None:
    registry = registry_of(
        {"a@1.0.0": _came(["b@1.0.0"]), "b@1.0.0": _came(["a@1.0.0"]), "self@1.0.0": _came(["self@1.0.0"])}
    )
    assert list(trace(registry, "a@1.0.0").versions) == ["a@1.0.0", "b@1.0.0"]
    assert list(trace(registry, "self@1.0.0").versions) == ["self@1.0.0"]
    assert _names(from_version(registry, "a@1.0.0")) == ["b@1.0.0"]
    assert from_version(registry, "self@1.0.0") == []


def test_a_long_line_of_parents_is_followed() -> None:
    family = {f"m@1.{n}.0": _came([f"m@1.{n - 1}.0"] if n else ()) for n in range(150)}
    registry = registry_of(family)
    assert len(trace(registry, "m@1.149.0").versions) == 150
    assert len(from_version(registry, "m@1.0.0")) == 149


def test_a_parent_in_another_form_is_the_same_version() -> None:
    registry = registry_of({"a@1.0.0": {}, "b@1.0.0": _came(["a@v1.0.0"])})
    assert trace(registry, "b@1.0.0").asked.origin.parents == ("a@1.0.0",)


def test_an_unreadable_lineage_is_named_with_its_file_and_key() -> None:
    registry = registry_of({"m@1.0.0": {"lineage": {"data": [{"version": "1"}]}}})
    with pytest.raises(InvalidFile, match=r"m/versions/1\.0\.0/version\.yaml: lineage\.data\.name"):
        trace(registry, "m@1.0.0")


def test_a_data_set_leads_to_all_that_saw_it_and_where_they_stand() -> None:
    found = from_data(REGISTRY, "customers@1")
    assert _names(found) == ["base@1.0.0", "ns/tuned@1.0.0", "small@1.0.0"]
    assert found[2].stage == "production"
    assert [item.via for item in found] == [(), ("base@1.0.0",), ("base@1.0.0", "ns/tuned@1.0.0")]


def test_a_data_set_without_a_version_stands_for_all_its_versions() -> None:
    assert len(from_data(REGISTRY, "customers")) == 5


def test_a_data_set_is_found_by_its_digest() -> None:
    assert _names(from_data(REGISTRY, "2" * 64)) == ["base@2.0.0", "small@1.1.0"]


def test_a_data_set_that_no_version_names_is_not_found() -> None:
    with pytest.raises(NotFound, match="no version names the data set 'custmers'") as caught:
        from_data(REGISTRY, "custmers")
    assert "customers" in caught.value.hint


def test_an_empty_name_matches_no_data_set() -> None:
    with pytest.raises(NotFound):
        from_data(REGISTRY, "")


def test_a_commit_leads_to_what_its_code_trained() -> None:
    assert _names(from_commit(REGISTRY, "1F7B0")) == ["base@2.0.0", "small@1.1.0"]
    assert len(from_commit(REGISTRY, "1f7a")) == 3


@pytest.mark.parametrize("commit", ["", "abc", "main", "g" * 40])
def test_what_is_no_commit_id_is_refused(commit: str) -> None:
    with pytest.raises(BadCall, match="is no commit id"):
        from_commit(REGISTRY, commit)


def test_a_commit_that_no_version_names_is_not_found() -> None:
    with pytest.raises(NotFound):
        from_commit(REGISTRY, "abcd")


def test_a_version_leads_to_its_children_and_theirs_without_itself() -> None:
    assert _names(from_version(REGISTRY, "base@1.0.0")) == ["ns/tuned@1.0.0", "small@1.0.0"]


def test_a_version_without_children_leads_to_none() -> None:
    assert from_version(REGISTRY, "small@latest") == []


def test_a_parent_that_is_not_in_the_registry_leads_to_its_children() -> None:
    assert _names(from_version(REGISTRY, "gone@9.0.0")) == ["small@1.0.0"]


def test_a_version_that_nothing_knows_is_not_found() -> None:
    with pytest.raises(NotFound):
        from_version(REGISTRY, "base@3.0.0")


_PLACES = [f"{name}@1.{minor}.0" for name in ("a", "ns/b") for minor in range(3)]
_FAMILIES = st.fixed_dictionaries(
    {
        place: st.tuples(
            st.lists(st.sampled_from([*_PLACES, "gone@1.0.0"]), max_size=2, unique=True),
            st.lists(st.sampled_from(["x", "y"]), max_size=1),
        )
        for place in _PLACES
    }
)


@settings(deadline=None, max_examples=40)
@given(_FAMILIES)
def test_backwards_is_the_inverse_of_forwards(family: Mapping[str, tuple[list[str], list[str]]]) -> None:
    registry = registry_of(
        {place: _came(parents, [(name, "1") for name in data]) for place, (parents, data) in family.items()}
    )
    lineages = {place: trace(registry, place) for place in family}
    for ancestor in (*family, "gone@1.0.0"):
        forwards = {
            place
            for place, lineage in lineages.items()
            if place != ancestor and ancestor in (*lineage.versions, *lineage.missing)
        }
        if ancestor in family or forwards:
            assert set(_names(from_version(registry, ancestor))) == forwards
    for name in ("x", "y"):
        saw = {
            place
            for place, lineage in lineages.items()
            if any(one.name == name for item in lineage.versions.values() for one in item.origin.data)
        }
        if saw:
            assert set(_names(from_data(registry, name))) == saw


TOLD_BY_TRAINING = registry_of(
    {
        "a@1.0.0": {"training": {"dataset": "loans", "dataset_version": "2026-10"}},
        "a@1.1.0": {"training": {"dataset_version": "2026-11"}, "lineage": {"data": [{"name": "loans"}]}},
        "a@1.2.0": {"training": {"dataset_version": "2026-12"}},
        "a@1.3.0": {
            "training": {"dataset_version": "2027-01"},
            "lineage": {"data": [{"name": "loans", "version": "2026-10"}]},
        },
        "b@1.0.0": _came(["a@1.2.0"]),
    }
)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("loans", ["a@1.0.0", "a@1.1.0", "a@1.3.0"]),
        ("loans@2026-10", ["a@1.0.0", "a@1.3.0"]),
        ("loans@2026-11", ["a@1.1.0"]),
        ("@2026-12", ["a@1.2.0", "b@1.0.0"]),
        ("2026-12", ["a@1.2.0", "b@1.0.0"]),
        ("2027-01", ["a@1.3.0"]),
    ],
)
def test_a_data_set_that_only_training_names_leads_to_what_saw_it(data: str, expected: list[str]) -> None:
    assert _names(from_data(TOLD_BY_TRAINING, data)) == expected


def test_a_version_of_a_named_data_set_is_not_found_without_its_name() -> None:
    with pytest.raises(NotFound):
        from_data(TOLD_BY_TRAINING, "2026-10")
    with pytest.raises(NotFound):
        from_data(TOLD_BY_TRAINING, "@")


def test_what_training_says_of_the_data_is_traced() -> None:
    assert [str(one) for one in trace(TOLD_BY_TRAINING, "a@1.1.0").asked.origin.data] == ["loans@2026-11"]


def test_a_data_version_that_is_no_text_is_named_with_its_file_and_key() -> None:
    registry = registry_of({"m@1.0.0": {"training": {"dataset_version": 3}}})
    with pytest.raises(InvalidFile, match=r"version\.yaml: training\.dataset_version"):
        trace(registry, "m@1.0.0")
