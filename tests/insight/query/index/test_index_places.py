from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rollbook.insight.query.index.row_owner import sort_key
from rollbook.insight.query.index.rows import moment, number, text
from rollbook.names import is_version, precedence

_PARTS = st.one_of(st.integers(0, 10**17).map(str), st.from_regex(r"[0-9A-Za-z-]{1,4}", fullmatch=True))
_VERSIONS = st.builds(
    lambda core, pre: ".".join(map(str, core)) + (f"-{'.'.join(pre)}" if pre else ""),
    st.tuples(*[st.integers(0, 12) | st.integers(0, 10**17)] * 3),
    st.lists(_PARTS, max_size=3),
).filter(is_version)


@given(_VERSIONS, _VERSIONS)
def test_the_sort_key_orders_as_precedence_does(one: str, other: str) -> None:
    assert (sort_key(one) < sort_key(other)) == (precedence(one) < precedence(other))
    assert (sort_key(one) == sort_key(other)) == (one == other)


def test_times_are_in_utc_to_the_second() -> None:
    assert moment("2026-01-01T01:30:00.750+02:00") == "2025-12-31T23:30:00Z"
    assert moment("2026-01-01") == "2026-01-01T00:00:00Z"
    assert moment("yesterday") is None
    assert moment("0001-01-01T00:00:00+14:00") is None


def test_numbers_that_no_table_can_compare_are_none() -> None:
    assert [number(value) for value in (1, 0.5, True, float("nan"), float("inf"), 10**400)] == [
        1.0, 0.5, None, None, None, None,
    ]  # fmt: skip


def test_half_a_character_does_not_reach_the_index() -> None:
    assert text("a\ud800b") == "a?b"
