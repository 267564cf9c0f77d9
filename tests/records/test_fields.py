from __future__ import annotations

import pytest

from rollbook.errors import InvalidFile
from rollbook.records.fields import Fields, read_fields

TEXT = b"""\
name: credit
version: 1.10
count: 3
ratio: 0.5
flag: true
words: [a, b]
inner:
  deep: {size: text}
  numbers: {auc: 0.9, n: 3}
nothing:
"""


@pytest.fixture
def fields() -> Fields:
    return read_fields(TEXT, "registry/m/model.yaml")


def test_each_kind_of_field_is_read(fields: Fields):
    assert fields.text("name") == "credit"
    assert fields.integer("count") == 3
    assert fields.optional_number("ratio") == 0.5
    assert fields.optional_number("count") == 3
    assert fields.flag("flag", default=False) is True
    assert fields.texts("words") == ("a", "b")
    assert fields.inner("inner").numbers("numbers") == {"auc": 0.9, "n": 3}


@pytest.mark.parametrize("name", ["gone", "nothing"])
def test_an_optional_field_that_is_not_there_is_empty(fields: Fields, name):
    assert fields.optional_text(name) == ""
    assert fields.optional_integer(name) is None
    assert fields.optional_number(name) is None
    assert fields.flag(name, default=True) is True
    assert fields.texts(name) == ()
    assert fields.mapping(name) == fields.inner(name).mapping("x") == {}


@pytest.mark.parametrize(
    ("read", "key", "line", "message"),
    [
        (lambda f: f.text("gone"), "gone", 1, "the field is missing"),
        (lambda f: f.text("nothing"), "nothing", 10, "the field must be text"),
        (lambda f: f.text("count"), "count", 3, "the field must be text"),
        (lambda f: f.integer("name"), "name", 1, "the field must be a whole number"),
        (lambda f: f.integer("flag"), "flag", 5, "the field must be a whole number"),
        (lambda f: f.integer("ratio"), "ratio", 4, "the field must be a whole number"),
        (lambda f: f.optional_number("flag"), "flag", 5, "the field must be a number"),
        (lambda f: f.flag("name", default=True), "name", 1, "the field must be true or false"),
        (lambda f: f.texts("inner"), "inner", 7, "the field must be a list"),
        (lambda f: f.mapping("words"), "words", 6, "the field must be a mapping"),
        (lambda f: f.numbers("inner"), "inner", 7, "the field must be a mapping of names to numbers"),
        (lambda f: f.required("gone"), "gone", None, "a mapping is needed here"),
        (lambda f: f.required("name"), "name", 1, "a mapping is needed here"),
        (
            lambda f: f.inner("inner").inner("deep").integer("size"),
            "inner.deep.size",
            8,
            "must be a whole number",
        ),
        (lambda f: f.inner("inner").inner("deep").text("gone"), "inner.deep.gone", 8, "the field is missing"),
    ],
)
def test_a_wrong_field_is_named_with_file_line_and_key(fields: Fields, read, key, line, message):
    with pytest.raises(InvalidFile, match=message) as caught:
        read(fields)
    assert (caught.value.path, caught.value.key, caught.value.line) == ("registry/m/model.yaml", key, line)
    assert caught.value.hint


def test_a_version_that_is_a_number_is_told_to_be_quoted(fields: Fields):
    with pytest.raises(InvalidFile) as caught:
        fields.text("version")
    assert str(caught.value) == "registry/m/model.yaml:2: version: the field must be text"
    assert "in quotes" in caught.value.hint


@pytest.mark.parametrize("text", [b"", b"[1]", b"text", b"# comment\n"])
def test_a_file_that_is_no_mapping_is_refused(text):
    with pytest.raises(InvalidFile, match="a mapping is needed here"):
        read_fields(text, "x.yaml")


def test_data_without_its_text_is_read_without_lines():
    with pytest.raises(InvalidFile) as caught:
        Fields({"a": {}}, "x.yaml").inner("a").text("b")
    assert (caught.value.key, caught.value.line) == ("a.b", None)
