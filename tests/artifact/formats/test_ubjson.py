from __future__ import annotations

import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.artifact.formats import ubjson as module
from rollbook.artifact.formats.byte_cursor import ByteCursor
from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.formats.json_outline import LeftOut
from rollbook.artifact.formats.ubjson import ubjson_outline


def outline(data: bytes, *left_out: str) -> Any:
    return ubjson_outline(ByteCursor(io.BytesIO(data), len(data)), frozenset(left_out))


def _length(number: int) -> bytes:
    return b"L" + struct.pack(">q", number)


def _text(text: str) -> bytes:
    data = text.encode()
    return _length(len(data)) + data


def _written(value: Any, *, counted: bool) -> bytes:
    if value is None or isinstance(value, bool):
        return {None: b"Z", True: b"T", False: b"F"}[value]
    if isinstance(value, int):
        return _length(value)
    if isinstance(value, float):
        return b"D" + struct.pack(">d", value)
    if isinstance(value, str):
        return b"S" + _text(value)
    head = b"#" + _length(len(value)) if counted else b""
    if isinstance(value, list):
        inner = b"".join(_written(entry, counted=counted) for entry in value)
        return b"[" + head + inner + (b"" if counted else b"]")
    inner = b"".join(_text(name) + _written(entry, counted=counted) for name, entry in value.items())
    return b"{" + head + inner + (b"" if counted else b"}")


_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(1 << 63), (1 << 63) - 1),
    st.floats(allow_nan=False),
    st.text(),
)
_DOCUMENTS = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(), inner, max_size=5)),
    max_leaves=30,
)


@given(_DOCUMENTS, st.booleans())
def test_a_document_is_read_as_it_was_written(document: object, counted: bool) -> None:
    assert outline(_written(document, counted=counted)) == document


@given(_DOCUMENTS, st.booleans(), st.data())
def test_what_is_cut_off_is_broken(document: object, counted: bool, data: st.DataObject) -> None:
    written = _written([document], counted=counted)
    with pytest.raises(Broken):
        outline(written[: data.draw(st.integers(0, len(written) - 1))])


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_broken(data: bytes) -> None:
    for start in (b"", b"{", b"[#", b"[$", b"{#i\x05"):
        try:
            outline(start + data, "a")
        except Broken:
            continue


def test_arrays_of_one_type_are_read_and_passed_over() -> None:
    numbers = b"[$d#L" + struct.pack(">q2f", 2, 0.5, 1.5)
    assert outline(numbers) == [0.5, 1.5]
    assert outline(b"{" + _text("w") + numbers + _text("x") + b"T}", "w") == {"w": LeftOut(0), "x": True}


def test_what_is_left_out_tells_its_objects() -> None:
    trees = _written([{"a": [1]}, {"b": 2}, 3], counted=True)
    assert outline(b"{" + _text("trees") + trees + b"}", "trees") == {"trees": LeftOut(2)}


def test_counts_beyond_the_end_allocate_nothing() -> None:
    for head in (b"[#", b"[$d#", b"[$T#", b"{#", b"S"):
        with pytest.raises(Broken):
            outline(head + _length(1 << 60))


def test_deep_nesting_and_many_values_are_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Broken, match="nested"):
        outline(b"[" * 100_000)
    monkeypatch.setattr(module, "_MOST_VALUES", 100)
    with pytest.raises(Broken, match="values"):
        outline(b"[" + b"N" * 1000)
