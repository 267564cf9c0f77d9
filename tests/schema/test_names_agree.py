"""The patterns of the schemas accept exactly the names that rollbook.names accepts."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from contract_examples import changed
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook import names
from rollbook.schema.schemas import violations

if TYPE_CHECKING:
    from collections.abc import Callable

RESERVED = [*sorted(names.WINDOWS_RESERVED), "versions", "evidence", *sorted(names.RESERVED_SELECTORS)]


@st.composite
def near_names(draw: st.DrawFn) -> str:
    """Names, reserved words in any case, and texts that differ from them a little."""
    characters = st.text(string.ascii_letters + string.digits + "-_/.@\n $é", max_size=6)
    word = st.sampled_from(RESERVED).flatmap(
        lambda word: st.tuples(*(st.sampled_from([c, c.upper()]) for c in word)).map("".join)
    )
    part = st.one_of(characters, word, st.just("a" * 62), st.just("a" * 63))
    return "".join(draw(st.lists(st.one_of(part, st.sampled_from(["/", "-"])), max_size=4)))


@st.composite
def near_versions(draw: st.DrawFn) -> str:
    """Versions, and texts that differ from them a little."""
    number = st.one_of(
        st.integers(0, 99).map(str), st.sampled_from(["00", "01", "9" * 18, "9" * 19, "", "٣"])
    )
    identifier = st.one_of(number, st.text("ab0-", max_size=4), st.just("rc"), st.just("x" * 60))
    core = ".".join(draw(st.lists(number, min_size=2, max_size=4)))
    prerelease = ".".join(draw(st.lists(identifier, max_size=3)))
    end = draw(st.sampled_from(["", "", "", "+build", "\n", " "]))
    return draw(st.sampled_from(["", "", "", "v"])) + core + (f"-{prerelease}" if prerelease else "") + end


def agrees(accepted: bool, data: object, schema: str) -> bool:
    return accepted == (violations(schema, data) == [])


@settings(deadline=None)  # the first call builds the validator
@given(st.one_of(near_names(), st.from_regex(names.MODEL_NAME, fullmatch=True)))
def test_model_names_agree(name: str) -> None:
    assert agrees(names.is_model_name(name), changed("model", name=name), "model")


@settings(deadline=None)  # the first call builds the validator
@given(st.one_of(near_names(), st.from_regex(names.STAGE_NAME, fullmatch=True)))
def test_stage_names_agree(name: str) -> None:
    policy = {"rollbook": 1, "stages": [{"name": name}]}
    assert agrees(names.is_stage_name(name), policy, "policy")


@settings(deadline=None)  # the first call builds the validator
@given(near_names().filter(lambda name: name not in {"aliases", "extra"}))
def test_keys_of_stages_agree_with_stage_names(name: str) -> None:
    assert agrees(names.is_stage_name(name), {name: []}, "stages")


@settings(deadline=None)  # the first call builds the validator
@given(near_names())
def test_aliases_agree_with_stage_names(name: str) -> None:
    assert agrees(names.is_stage_name(name), {"aliases": {name: "1.2.0"}}, "stages")


@settings(deadline=None)  # the first call builds the validator
@given(st.one_of(near_versions(), st.from_regex(names.VERSION, fullmatch=True)))
def test_versions_agree(version: str) -> None:
    assert agrees(names.is_version(version), changed("version", version=version), "version")


@settings(deadline=None)  # the first call builds the validator
@given(near_names(), near_versions())
def test_parents_agree_with_model_names_and_versions(name: str, version: str) -> None:
    manifest = changed("version", lineage={"parents": [f"{name}@{version}"]})
    accepted = names.is_model_name(name) and names.is_version(version)
    assert agrees(accepted, manifest, "version")


def test_the_strategies_reach_both_sides() -> None:
    both: list[tuple[Callable[[str], bool], list[str]]] = [
        (names.is_model_name, ["a/b", "CON", "risk/versions", "a" * 64, "a" * 65]),
        (names.is_version, ["1.2.0", "1.2.0-rc.1", "01.2.0", "1.2.0+build"]),
    ]
    for judge, texts in both:
        assert {judge(text) for text in texts} == {True, False}
