from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rollbook.errors import InvalidFile
from rollbook.yaml.plain import NotPlain, plain
from rollbook.yaml.scalars import FORBIDDEN
from rollbook.yaml.strict import load

WORDS = [
    "", "a", "b", "null", "Null", "true", "~", "<<", "1", "-1", "-", "+.5", ".inf", "0x1F", "1e3", "1e999",
    "9" * 40, "é", "a b", "a: b", "a:b", "a #b", "a#b", "a:", "a ", " a", "#a", "'a'", '"a"', "'a", "'a''b'",
    '"a\\n"', '"a" ', "[]", "{}", "[a]", "{a: b}", "|", ">", "&a", "*a", "!a", "@a", "%a", "`a", "? a",
    "---", "...", "-a", "- a", "a, b", "s3://a/b", "2026-11-21T09:00:00Z", "(a)", "/a", ",", "=", "a\u00a0b",
]  # fmt: skip
ANY_TEXT = st.text(alphabet="ab1:-?[]{}\"'\n #&*!|>%<,.\\\t0x~e_\u202e\u00a0é")
LINES = st.builds(
    lambda indent, dash, key, gap, value: f"{' ' * indent}{dash}{key}{gap}{value}",
    st.integers(0, 6),
    st.sampled_from(["", "", "- ", "-  ", "- - ", "-"]),
    st.sampled_from(["a", "b", "c", "d_e", "f-g", "h.i", "null", "True", "a b", "1", "<<", "é", "'a'", ""]),
    st.sampled_from([":", ": ", ": ", ": ", ":  ", " : ", ""]),
    st.one_of(st.sampled_from(WORDS), ANY_TEXT),
)


@given(st.lists(LINES, min_size=1, max_size=8).map("\n".join))
def test_what_is_read_as_plain_means_the_same_to_the_strict_reader(text):
    assume(not FORBIDDEN.search(text))
    try:
        found = plain(text)
    except (NotPlain, ValueError):
        return
    # What begins a document explicitly is not plain.
    assert repr(found) == repr(load(f"---\n{text}".encode()))


@pytest.mark.parametrize(
    "text", ["a: 1\na: 2\n", "a: b\n  c\n", "- a\n", "a: &b c\n", "a: 1\n---\n", "a: b: c\n", ""]
)
def test_what_is_not_plain_is_left_to_the_strict_reader(text):
    with pytest.raises(NotPlain):
        plain(text)


def test_lines_that_each_go_deeper_are_left_to_the_strict_reader():
    text = "".join(f"{' ' * depth}a:\n" for depth in range(1_300))
    with pytest.raises(NotPlain):
        plain(text)
    with pytest.raises(InvalidFile, match="levels deep"):
        load(text.encode())


def test_a_manifest_as_it_is_written_is_plain():
    text = (
        "# yaml-language-server: $schema=version.schema.json\nmodel: a/b\nversion: 1.0.0\n"
        "description: Adds rows, drops 2 (of 3).\nartifact:\n  path: m.onnx\n  size: 12\nfeatures:\n  - age\n"
        "signature:\n  inputs:\n    - name: age\n      shape:\n        - -1\n  outputs: []\n"
        "lineage:\n  code:\n"
        '    repository: https://example.com/#/a\n    dirty: false\ntags: {}\ncard: "a: b"\nlast:\n'
    )
    assert plain(text) == load(f"---\n{text}".encode())
