from __future__ import annotations

import io
import json
import math
from typing import Any, BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.artifact.formats import json_outline as module
from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.formats.json_outline import LeftOut, json_outline

_LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text())
_DOCUMENTS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(), inner, max_size=5)),
    max_leaves=30,
)


class _Trickle(io.BytesIO):
    """A file that gives few bytes at a time, so that each thing stands across a boundary once."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(3)


def outline(text: str | bytes, *left_out: str, file: type[BinaryIO] | type[io.BytesIO] = io.BytesIO) -> Any:
    data = text.encode() if isinstance(text, str) else text
    return json_outline(file(data), frozenset(left_out))  # type: ignore[arg-type,call-arg]


@given(_DOCUMENTS, st.sampled_from([None, 2]), st.booleans())
def test_nothing_left_out_is_what_any_reader_of_json_finds(
    document: object, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    assert outline(text) == document
    assert outline(text, file=_Trickle) == document


@given(_DOCUMENTS, _DOCUMENTS)
def test_what_is_left_out_changes_nothing_else(large: object, kept: object) -> None:
    text = json.dumps({"large": large, "kept": {"deeper": [kept]}}, ensure_ascii=False)
    found = outline(text, "large", file=_Trickle)
    assert found["kept"] == {"deeper": [kept]}
    if isinstance(large, list):
        assert found["large"] == LeftOut(sum(isinstance(entry, dict) for entry in large))
    elif isinstance(large, dict):
        assert found["large"] == LeftOut(sum(isinstance(entry, dict) for entry in large.values()))
    else:
        assert found["large"] == large


@given(_DOCUMENTS, st.data())
def test_what_is_cut_off_is_broken(document: object, data: st.DataObject) -> None:
    text = json.dumps([document, {"large": [document]}])
    end = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(Broken):
        outline(text[:end], "large")


@pytest.mark.parametrize(
    "text", ["{", "[1,]", '{"a":1,}', '{"a"}', "{1:2}", "[1 2]", "tru", "1 2", "@", '"\\']
)
def test_what_is_no_json_is_broken(text: str) -> None:
    with pytest.raises(Broken):
        outline(text)


def test_numbers_as_c_plus_plus_writes_them() -> None:
    found = outline("[NaN, Infinity, -Infinity, 1E0, 9.5E-9]")
    assert math.isnan(found[0])
    assert found[1:] == [math.inf, -math.inf, 1.0, 9.5e-9]


def test_a_name_that_stands_twice_is_broken() -> None:
    with pytest.raises(Broken, match="names 'a' twice"):
        outline('{"a":1,"a":2}')


def test_deep_nesting_is_broken_where_it_is_kept_and_passed_over_where_not() -> None:
    deep = "[" * 100_000 + "]" * 100_000
    with pytest.raises(Broken, match="nested"):
        outline(deep)
    assert outline('{"large":' + deep + "}", "large") == {"large": LeftOut(0)}


@pytest.mark.parametrize(
    ("limit", "text"),
    [
        ("_LONGEST_STRING", '["' + "x" * 1_000_000 + '"]'),
        ("_MOST_KEPT", json.dumps([1] * 1000)),
        ("_MOST_PARTS", "[" + "{}," * 1000 + "{}]"),
    ],
)
def test_more_than_is_kept_is_broken(monkeypatch: pytest.MonkeyPatch, limit: str, text: str) -> None:
    outline(text)
    monkeypatch.setattr(module, limit, 1000)
    with pytest.raises(Broken):
        outline(text)
