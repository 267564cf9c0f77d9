from __future__ import annotations

import itertools
import string
from typing import TYPE_CHECKING

import pytest
import semver
from hypothesis import assume, given
from hypothesis import strategies as st

from rollbook.errors import BadCall
from rollbook.names import (
    VERSION,
    bump,
    day_of,
    is_model_name,
    is_stage_name,
    is_version,
    normalise_version,
    precedence,
    require_model_name,
    require_stage_name,
    split_build,
)

if TYPE_CHECKING:
    from datetime import date

numbers = st.integers(0, 10**18 - 1) | st.integers(0, 3)
identifiers = st.from_regex(r"(?:0|[1-9][0-9]{0,3}|[0-9]{0,2}[A-Za-z-][0-9A-Za-z-]{0,3})", fullmatch=True)
releases = st.tuples(numbers, numbers, numbers).map(lambda parts: ".".join(map(str, parts)))
versions = (
    st.tuples(releases, st.lists(identifiers, max_size=3))
    .map(lambda made: made[0] + ("-" + ".".join(made[1]) if made[1] else ""))
    .filter(is_version)
)
parts = st.sampled_from(["major", "minor", "patch"])


@pytest.mark.parametrize(
    "name", ["credit-approval", "risk/credit-approval", "a", "7", "A_b", "x" * 64, f"{'x' * 64}/{'y' * 64}"]
)
def test_letters_digits_hyphens_underscores_and_one_slash_make_a_model_name(name):
    assert require_model_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../x",
        "x/..",
        "a..b",
        "-x",
        "x-",
        "_x",
        "/x",
        "x/",
        "x//y",
        "x/y/z",
        "a b",
        "a.b",
        "a\n",
        "x" * 65,
        "x" * 300,
        "a/" + "x" * 65,
        "cr\u0435dit",
        "\uff41",
        "é",
        "a\u0301",
        "x\u200d",
        "\u0663",
        "a\x00",
        "a\x1b",
        "versions",
        "Versions",
        "risk/versions",
        "versions/x",
        "evidence",
        "x@y",
        "x#y",
        "x~1",
        "x:y",
        "x*",
        "x\\y",
    ],
)
def test_anything_else_is_no_model_name(name):
    assert not is_model_name(name)


@pytest.mark.parametrize("name", ["con", "CON", "Nul", "com1", "LPT9", "risk/aux", "prn/x"])
def test_a_name_that_windows_reserves_is_no_model_name(name):
    assert not is_model_name(name)


@pytest.mark.parametrize("name", ["console", "com10", "com0", "auxiliary", "my-con"])
def test_a_name_that_only_begins_like_a_reserved_one_is_fine(name):
    assert is_model_name(name)


def test_a_refused_name_is_shown_shortened_and_with_what_is_allowed():
    with pytest.raises(BadCall) as caught:
        require_model_name("x" * 300)
    assert len(str(caught.value)) < 120
    assert "ASCII letters" in caught.value.hint


def test_a_refused_look_alike_is_shown():
    with pytest.raises(BadCall, match="'cr\u0435dit' is not a model name"):
        require_model_name("cr\u0435dit")


@given(st.text(string.ascii_letters + string.digits + "-_/.\n@#é", max_size=12))
def test_a_model_name_never_leaves_its_folder_nor_breaks_a_reference(name):
    if is_model_name(name):
        assert name.isascii()
        assert not set(name) & set("@#.\n ")
        assert all(part and not part.startswith("-") for part in name.split("/"))


@pytest.mark.parametrize("name", ["production", "v1", "pre-production", "eu_west", "a1", "x" * 64])
def test_lower_case_words_are_stage_names(name):
    assert require_stage_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "Production", "1st", "-x", "x-", "a--b", "a b", "a/b", "a.b", "x" * 65, "prod\n", "pr\u043ed", "a!"],
)
def test_anything_else_is_no_stage_name(name):
    with pytest.raises(BadCall):
        require_stage_name(name)


@pytest.mark.parametrize("name", ["latest", "aliases", "extra"])
def test_a_word_with_a_meaning_of_its_own_is_no_stage_name(name):
    assert not is_stage_name(name)


@pytest.mark.parametrize(
    "version", ["0.0.0", "1.2.3", "1.0.0-alpha", "1.0.0-0.3.7", "1.0.0-x-y-z.--", "1.0.0-0a", "1.0.0--"]
)
def test_a_semantic_version_is_a_version(version):
    assert is_version(version)


@pytest.mark.parametrize(
    "version",
    [
        "",
        "1",
        "1.2",
        "1.2.3.4",
        "01.2.3",
        "1.02.3",
        "1.2.03",
        "1.2.3-",
        "1.2.3-01",
        "1.2.3-a..b",
        "1.2.3-a.",
        "1.2.3+build",
        "1.2.3-a+b",
        " 1.2.3",
        "1.2.3\n",
        "1.2.3-é",
        "-1.2.3",
        "1.2.3-a_b",
        "\u0661.\u0662.\u0663",
        "../1.2.3",
        "1.2.3-" + "a" * 60,
        f"{10**18}.0.0",
        "latest",
    ],
)
def test_anything_else_is_no_version(version):
    assert not is_version(version)


@given(versions)
def test_a_version_is_one_for_the_semver_library_too(version):
    assert str(semver.Version.parse(version)) == version


def test_the_order_is_that_of_the_specifications_example():
    lowest = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"]
    ordered = [*lowest, "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "2.0.0", "2.1.0", "2.1.1", "2.10.0"]
    shuffled = ordered[::2] + ordered[1::2]
    assert sorted(shuffled, key=precedence) == ordered


@given(versions, versions)
def test_the_order_is_that_of_the_semver_library(one, other):
    compared = (precedence(one) > precedence(other)) - (precedence(one) < precedence(other))
    assert compared == semver.Version.parse(one).compare(other)


@given(st.lists(versions, min_size=3, max_size=3))
def test_the_order_is_total_and_equal_only_for_equal_versions(three):
    for one, other in itertools.permutations(three, 2):
        assert (precedence(one) == precedence(other)) == (one == other)
        assert (precedence(one) < precedence(other)) + (precedence(one) > precedence(other)) == (one != other)
    low, middle, high = sorted(three, key=precedence)
    assert precedence(low) <= precedence(middle) <= precedence(high)
    assert precedence(low) <= precedence(high)


def test_what_is_no_version_has_no_place_in_the_order():
    with pytest.raises(ValueError, match=r"1\.2"):
        precedence("1.2")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.2.0", "1.2.0"),
        ("v1.2.0", "1.2.0"),
        ("1_2_0", "1.2.0"),
        ("v1_2_0", "1.2.0"),
        ("1_2_0-rc.1", "1.2.0-rc.1"),
        ("v2.0.0-a-b", "2.0.0-a-b"),
    ],
)
def test_every_accepted_way_to_write_a_version_has_one_canonical_form(text, version):
    assert normalise_version(text) == version


@pytest.mark.parametrize(
    "text", ["vv1.2.0", "V1.2.0", "1_2.0", "1.2_0", "1_2", "1_2_0_3", "v", "", "1_2_0-rc_1", "01_2_0"]
)
def test_other_ways_to_write_a_version_are_refused(text):
    assert split_build(text) == (text, "")
    with pytest.raises(BadCall, match="is not a version"):
        normalise_version(text)


@given(versions)
def test_normalising_is_idempotent(version):
    assert normalise_version(version) == normalise_version(f"v{version}") == version


@pytest.mark.parametrize(("place", "part"), [(0, "major"), (1, "minor"), (2, "patch")])
def test_a_number_of_eighteen_digits_is_not_raised(place, part):
    numbers = ["1", "1", "1"]
    numbers[place] = "9" * 18
    with pytest.raises(BadCall, match=f"the {part} number of"):
        bump(".".join(numbers), part)


@given(releases.filter(is_version), parts)
def test_a_raised_version_is_greater(version, part):
    assume(all(int(number) < 10**18 - 1 for number in version.split(".")))
    assert precedence(bump(version, part)) > precedence(version)
    assert is_version(bump(version, part))


@given(versions, parts)
def test_a_raised_pre_release_is_a_greater_release(version, part):
    match = VERSION.fullmatch(version)
    assert match
    assume(all(int(match[name]) < 10**18 - 1 for name in ("major", "minor", "patch")))
    raised = bump(version, part)
    assert "-" not in raised
    assert precedence(raised) > precedence(version)


@pytest.mark.parametrize(
    ("version", "part", "raised"),
    [
        ("1.2.3", "major", "2.0.0"),
        ("1.2.3", "minor", "1.3.0"),
        ("1.2.3", "patch", "1.2.4"),
        ("2.0.0-rc.1", "major", "2.0.0"),
        ("2.0.0-rc.1", "minor", "2.0.0"),
        ("2.0.0-rc.1", "patch", "2.0.0"),
        ("2.1.0-rc.1", "major", "3.0.0"),
        ("2.1.0-rc.1", "minor", "2.1.0"),
        ("2.1.1-rc.1", "minor", "2.2.0"),
        (None, "major", "1.0.0"),
        (None, "minor", "0.1.0"),
        (None, "patch", "0.0.1"),
    ],
)
def test_raising_a_part_finishes_a_pre_release_when_that_is_enough(version, part, raised):
    assert bump(version, part) == raised


@pytest.mark.parametrize("text", ["2.1.3+a1b2c3d", "v2.1.3+a1b2c3d", "2.1.3-rc.1+a.b"])
def test_a_build_is_no_part_of_a_version_and_the_hint_says_where_it_goes(text: str) -> None:
    core, _, build = text.removeprefix("v").partition("+")
    with pytest.raises(BadCall, match=r"is not a version: .* build") as refused:
        normalise_version(text)
    assert core in refused.value.hint
    assert split_build(text.removeprefix("v")) == (core, build)


@pytest.mark.parametrize("text", ["2.1.3+", "2.1.3++a", "2.1.3+\x1b[31m", "2.1+a", "2.1.3+" + "a" * 5000])
def test_what_only_looks_like_a_build_is_no_version(text: str) -> None:
    assert split_build(text) == (text, "")
    with pytest.raises(BadCall, match="is not a version"):
        normalise_version(text)


@given(st.dates())
def test_a_day_is_read_as_it_is_written(day: date) -> None:
    assert day_of(day.isoformat()) == day


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20270301",
        "2027-W09-1",
        "2027-02-30",
        "2027-3-1",
        "2027-03-01T00:00",
        "2027-03-01 ",
        "0",
        "\ud800",
    ],
)
def test_text_of_any_other_form_is_no_day(text: str) -> None:
    assert day_of(text) is None
