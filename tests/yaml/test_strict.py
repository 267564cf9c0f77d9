from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.errors import InvalidFile
from rollbook.yaml.strict import MAX_BYTES, load, locate, source


def refused(data: bytes) -> InvalidFile:
    with pytest.raises(InvalidFile) as caught:
        load(data, "registry/m/model.yaml")
    assert caught.value.path == "registry/m/model.yaml"
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    "text",
    ["no", "on", "y", "2024-01-01", "2026-11-21T09:00:00Z", "1_000", "12:30:00", "1.2.0", "0o8", "é"],
)
def test_an_unquoted_word_that_yaml_1_2_reads_as_text_is_text(text):
    assert load(f"a: {text}".encode()) == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("NULL", None), ("True", True), ("FALSE", False), ("-12", -12), ("017", 17),
        ("0o17", 15), ("0x1F", 31), ("1.10", 1.1), ("1.", 1.0), (".5", 0.5), ("1e3", 1000.0),
        ("-.inf", float("-inf")), ("+1", 1),
    ],
)  # fmt: skip
def test_an_unquoted_scalar_has_its_core_schema_value(text, value):
    loaded = load(f"a: {text}".encode())["a"]
    assert (loaded, type(loaded)) == (value, type(value))


def test_not_a_number_is_read_as_a_float():
    assert load(b".nan") != load(b".nan")


@pytest.mark.parametrize("data", [b"", b"# only a comment\n", b"---\n", b"\n\n"])
def test_an_empty_file_is_none(data):
    assert load(data) is None


@pytest.mark.parametrize(
    ("data", "line", "key"),
    [
        (b"a: 1\nb: 2\na: 3\n", 3, "a"),
        (b"x:\n  - a: 1\n    a: 2\n", 3, "x.0.a"),
        (b"x: 1\ny: &b [1]\n", 2, "y"),
        (b"a: 1\nb: *a\n", 2, "b"),
        (b"a: !!str 1\n", 1, "a"),
        (b"a: ! x\n", 1, "a"),
        (b"a: !!python/object/apply:os.system [ls]\n", 1, "a"),
        (b"a:\n  <<: {b: 1}\n", 2, "a"),
        (b"a: 1\n1: b\n", 2, ""),
        (b"true: b\n", 1, ""),
        (b": b\n", 1, ""),
        (b"? [a]\n: b\n", 1, ""),
        (b"# c\n%YAML 1.2\n---\na: 1\n", 2, ""),
        (b"a: 1\n---\nb: 2\n", 2, ""),
        (b"a: 1\nb: \x1b[31m\n", 2, ""),
        ("a: 1\nb: \u202ex\n".encode(), 2, ""),
        (b'a: 1\nb: "\\e"\n', 2, "b"),
        (b'a: "\\u202e"\n', 1, "a"),
        (b'a: "\\0"\n', 1, "a"),
        (b'"\\0": a\n', 1, ""),
        (b'a: "\\ud800"\n', 1, ""),
        (b"a: 1\nb: " + b"9" * 31, 2, "b"),
        (b"a: 1e999\n", 1, "a"),
        (b"a: 1\nb: \xff\n", 2, ""),
        (b"\xef\xbb\xbfa: 1\n", 1, ""),
        (b"a: [1\n", 2, ""),
    ],
)
def test_what_the_dialect_leaves_out_is_refused_with_its_line_and_key(data, line, key):
    error = refused(data)
    assert (error.line, error.key) == (line, key)


def test_utf_16_is_refused():
    refused("a: 1".encode("utf-16"))


def test_a_number_as_a_key_is_answered_with_quote_it():
    assert 'Quote it: "1":' in refused(b"1: a").hint


def test_a_quoted_merge_key_is_text():
    assert load(b'"<<": 1') == {"<<": 1}


def test_a_file_of_the_largest_size_is_read_and_a_larger_one_refused():
    assert load(b"#" * MAX_BYTES) is None
    refused(b"#" * (MAX_BYTES + 1))


def test_forty_levels_are_read_and_one_more_refused():
    load(b"[" * 40 + b"]" * 40)
    assert "40 levels" in refused(b"[" * 41 + b"]" * 41).message


@pytest.mark.parametrize("start", [b"[", b"{a: ", b"- ", b"? ", b"a: &a [*a, *a]\n"])
def test_a_bomb_is_refused_at_once(start):
    began = time.monotonic()
    refused(start * (MAX_BYTES // len(start)))
    assert time.monotonic() - began < 1


@given(st.one_of(st.binary(), st.text(alphabet="ab1:-?[]{}\"'\n #&*!|>%<,.\\\t0x~e_\u202e").map(str.encode)))
def test_any_bytes_are_read_or_refused_as_an_invalid_file(data):
    try:
        load(data)
    except InvalidFile:
        return
    assert () in locate(data)


def test_each_key_path_has_its_line():
    data = b"# c\na:\n  - x: 1\n    y: 2\n  - 3\nb: {c: d}\n"
    assert locate(data) == {
        (): 2, ("a",): 2, ("a", 0): 3, ("a", 0, "x"): 3, ("a", 0, "y"): 4, ("a", 1): 5,
        ("b",): 6, ("b", "c"): 6,
    }  # fmt: skip


def test_the_root_of_an_empty_file_is_on_line_one():
    assert locate(b"") == {(): 1}


@pytest.mark.parametrize(
    ("path", "text"), [(("é", "v"), "1.10"), (("q",), "'x'"), (("é",), None), (("z",), None)]
)
def test_the_source_of_a_scalar_is_what_stands_in_the_file(path, text):
    assert source("# ü😀\né:\r\n  v: 1.10 # c\nq: 'x'\n".encode(), path) == text


@pytest.mark.parametrize("text", [b"a: 1 # harmless\rb: 2\n", b"a: 1\r", b"a: 1\r\r\n"])
def test_a_carriage_return_alone_hides_no_line_behind_a_comment(text: bytes) -> None:
    with pytest.raises(InvalidFile, match=r"forbidden character U\+000D"):
        load(text)


def test_windows_line_ends_are_read() -> None:
    assert load(b"a: 1\r\nb: 2\r\n") == {"a": 1, "b": 2}
