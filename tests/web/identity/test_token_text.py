"""A token can be told from what is none without asking anybody, and is compared without telling anything."""

from __future__ import annotations

import string
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from rollbook.web.identity import token_text
from rollbook.web.identity.token_text import TOKEN, is_of, new_token, parse_token

if TYPE_CHECKING:
    import pytest

ONE = new_token()


def test_a_new_token_reads_as_itself_and_is_unlike_every_other() -> None:
    made = [new_token() for _ in range(50)]
    assert [parse_token(token.text) for token in made] == made
    assert len({token.text.split("_")[2] for token in made}) == 50


@given(st.text() | st.from_regex(TOKEN, fullmatch=True))
def test_what_nobody_made_is_no_token(text: str) -> None:
    assert parse_token(text) is None  # a checksum is right by chance once in four thousand million times


@given(st.integers(0, len(ONE.text) - 1), st.sampled_from(string.ascii_letters + string.digits + "_-é\n "))
def test_a_token_with_a_letter_mistyped_is_none(place: int, letter: str) -> None:
    text = ONE.text[:place] + letter + ONE.text[place + 1 :]
    assert parse_token(text) == (ONE if text == ONE.text else None)


@given(st.integers(0, len(ONE.text) - 1))
def test_a_token_cut_off_or_with_more_behind_it_is_none(place: int) -> None:
    assert parse_token(ONE.text[:place]) is None
    assert parse_token(ONE.text + ONE.text[place:]) is None


def test_its_secret_is_not_in_what_a_log_would_print() -> None:
    assert ONE.text not in repr(ONE)
    assert ONE.text not in str(ONE)


def test_digests_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr(token_text.hmac, "compare_digest", lambda *pair: compared.append(pair) or False)
    assert not is_of(ONE, "0" * 64)
    assert compared == [(ONE.digest.encode(), b"0" * 64)]
