"""A deed is one line, from which the next run tells whether to try again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.integrations.monitor import deed
from rollbook.integrations.monitor.deed import (
    FAILED,
    LANDED,
    MOST_TRIES,
    NOTHING,
    PERSON,
    PROPOSED,
    REFUSED,
    TOLD,
    WAITS,
    Deed,
    read_deed,
    stopped,
    tried,
)

MAIN, OTHER = "a" * 40, "b" * 40


@given(
    st.sampled_from([LANDED, PROPOSED, TOLD, NOTHING, PERSON, REFUSED, WAITS, FAILED]),
    st.text(max_size=3000),
    st.sampled_from(["", "0123456789ab"]),
    st.integers(0, MOST_TRIES),
)
def test_what_is_written_is_read_again(word: str, what: str, main: str, tries: int) -> None:
    """Whatever it says, what it says of main and of tries is what was written."""
    line = str(Deed(word, what, main, tries if main else 0))
    read = read_deed(line)
    assert read is not None
    assert read.word == word
    assert len(line) < 2000
    if main:
        assert (read.main, read.tries, str(read)) == (main, tries, line)


def test_no_line_is_no_deed() -> None:
    assert read_deed(None) is read_deed("") is None


@pytest.mark.parametrize("word", [LANDED, PROPOSED, TOLD, NOTHING])
def test_what_is_done_is_never_due(word: str) -> None:
    assert not Deed(word).is_due(MAIN)


def test_what_waits_is_always_due() -> None:
    assert Deed(WAITS).is_due(MAIN)


@pytest.mark.parametrize("word", [REFUSED, PERSON])
def test_what_was_stopped_is_due_once_main_has_moved(word: str) -> None:
    refused = stopped(word, "no", MAIN)
    assert (refused.is_due(MAIN), refused.is_due(OTHER), refused.is_stuck) == (False, True, True)


def test_what_failed_is_tried_so_many_times_and_anew_when_main_has_moved() -> None:
    failed = None
    for count in range(1, MOST_TRIES + 1):
        failed = tried(FAILED, "away", MAIN, failed)
        assert (failed.tries, failed.is_due(MAIN)) == (count, count < MOST_TRIES)
    assert failed is not None
    assert (failed.is_stuck, failed.is_due(OTHER)) == (True, True)
    assert tried(FAILED, "away", OTHER, failed).tries == 1


def test_every_word_is_known_to_the_reader() -> None:
    words = {value for name, value in vars(deed).items() if name.isupper() and isinstance(value, str)}
    assert all((found := read_deed(word)) is not None and found.word == word for word in words)
