from __future__ import annotations

import copy

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from rollbook.errors import BadCall, InvalidFile
from rollbook.yaml.edit import edit
from rollbook.yaml.strict import load
from rollbook.yaml.write import dump

STAGES = b"""# who holds what
---
# stages
production: {version: 1.1.0, reason: "AUC +0.02", at: 2026-11-21T09:00:00Z}  # since May
# canary is watched
canary:
  version: 1.2.0
  owner: 'jane'
  share: 1.50
  since: 2024-01-01
  count: 1_000
  on: TRUE
# old ones
archived:
- {version: 1.0.0}
# the end
"""
keys = st.text(alphabet="abcno1", min_size=1, max_size=4)
finite = st.dictionaries(
    keys, st.integers().filter(lambda n: abs(n) < 10**29) | st.text("ab1. \n:#-", max_size=6)
)


def removed(*path):
    def change(document):
        for key in path[:-1]:
            document = document[key]
        del document[path[-1]]

    return change


def test_untouched_lines_stay_as_they_are():
    edited = edit(STAGES, lambda d: d["production"].update(version="1.3.0"))
    assert edited == STAGES.replace(b"1.1.0", b"1.3.0")


def test_a_new_mapping_is_written_as_a_block_in_its_order_with_traps_quoted():
    edited = edit(
        b"a: 1\n", lambda d: d.update(b={"z": "no", "a": "1.10", "t": "x\ny\n", "l": [{"q": 1, "c": 2}]})
    )
    assert edited == (
        b'a: 1\nb:\n  z: "no"\n  a: "1.10"\n  t: |\n    x\n    y\n  l:\n    - q: 1\n      c: 2\n'
    )


@pytest.mark.parametrize("data", [b"l:\n- a\n", b"l:\n  - a\n", b"m:\n    l:\n      - a\n    k: 1\nl: [a]\n"])
def test_the_indentation_of_lists_and_mappings_is_kept(data):
    assert edit(data, lambda d: d.update(z=1)) == data + b"z: 1\n"


def test_a_comment_survives_the_deletion_of_the_key_above_it():
    edited = edit(STAGES, removed("canary"))
    assert b"# old ones\narchived:" in edited
    assert edited.startswith(b"# who holds what\n---\n# stages\nproduction:")


def test_a_comment_inside_a_mapping_survives_the_deletion_of_the_key_above_it():
    assert edit(b"a:\n  b: 1\n  # for c\n  c: 2\n", removed("a", "b")) == b"a:\n  # for c\n  c: 2\n"


def test_a_comment_survives_the_deletion_of_the_first_key():
    assert edit(b"# head\na: 1  # gone\n# for b\nb: 2\n", removed("a")) == b"# head\n# for b\nb: 2\n"


def test_the_comment_at_the_end_survives_the_deletion_of_the_last_key():
    assert edit(STAGES, removed("archived")).endswith(b"# the end\n")


def test_a_key_that_is_added_does_not_double_the_comment_at_the_end():
    assert edit(STAGES, lambda d: d.update(z=1)).count(b"# the end") == 1


def test_windows_line_endings_stay():
    assert edit(b"# h\r\na: 1\r\n", lambda d: d.update(b=2)) == b"# h\r\na: 1\r\nb: 2\r\n"


@pytest.mark.parametrize("data", [b"", b"# only a comment\n", b"# h\n---\n", b"# no newline"])
def test_an_empty_file_is_edited_as_an_empty_mapping_below_its_comments(data):
    edited = edit(data, lambda d: d.update(a="b"))
    assert edited == (data.rstrip(b"\n") + b"\n").lstrip(b"\n") + b"a: b\n"


def test_what_load_refuses_is_refused_with_path_and_line():
    with pytest.raises(InvalidFile, match=r"m\.yaml:2"):
        edit(b"a: 1\na: 2\n", lambda d: d.clear(), "m.yaml")


@pytest.mark.parametrize("value", ["\x1b", float("nan"), {1: 2}])
def test_a_change_that_can_not_be_written_is_refused(value):
    with pytest.raises(BadCall):
        edit(b"a: 1\n", lambda d: d.update(b=value))


def test_a_value_put_in_twice_is_written_twice():
    shared = {"x": [1]}
    assert load(edit(b"", lambda d: d.update(a=shared, b=shared))) == {"a": shared, "b": shared}


@given(st.text(alphabet="ab1:-[]{}\"'\n #|>,.~0x_\r").map(str.encode))
def test_a_change_that_alters_nothing_gives_the_same_bytes(data):
    try:
        load(data)
    except InvalidFile:
        return
    assert edit(data, lambda document: None) == data


@given(finite, finite)
def test_what_a_change_puts_in_is_what_is_read_afterwards(before, added):
    assert load(edit(dump(before), lambda d: d.update(added))) == {**before, **added}


def test_a_text_that_can_not_be_kept_is_refused_when_it_is_changed():
    with pytest.raises(InvalidFile, match="can't be edited"):
        edit(b"null\t", lambda d: d.update(a=1))


def test_a_text_that_can_not_be_kept_is_returned_when_nothing_changes():
    assert edit(b"null\t", lambda document: None) == b"null\t"


def test_a_block_of_text_that_ends_without_a_newline_keeps_its_value():
    assert load(edit(b"a: |\n  x", lambda d: d.update(b=1))) == {"a": "x", "b": 1}


def test_a_comment_above_the_next_key_stays_there_when_an_item_is_added_before_it():
    text = b"archived:\n  - version: 1.0.0\n\n# serves the web shop\nproduction:\n  version: 1.1.0\n"
    edited = edit(text, lambda document: document["archived"].append({"version": "0.9.0"}))
    assert edited == (
        b"archived:\n  - version: 1.0.0\n  - version: 0.9.0\n\n"
        b"# serves the web shop\nproduction:\n  version: 1.1.0\n"
    )


def test_a_comment_above_the_next_key_stays_there_when_a_key_is_added_before_it():
    edited = edit(b"tags:\n  a: b\n# ours\nextra:\n  c: d\n", lambda document: document["tags"].update(x="y"))
    assert edited == b'tags:\n  a: b\n  x: "y"\n# ours\nextra:\n  c: d\n'


def test_a_comment_beside_a_key_stays_when_its_value_is_another():
    edited = edit(
        b"a:  # ours\n  b: 1\n  # gone\n  c: 2\nd: 1\n", lambda document: document.update(a={"x": 1})
    )
    assert edited == b"a:  # ours\n  x: 1\nd: 1\n"


def test_quotes_and_comments_of_a_line_stay_when_its_text_is_another():
    assert edit(b"'a':  1   # one\n", lambda document: document.update(a="no")) == b"'a':  \"no\"   # one\n"


def test_the_first_key_behind_the_dash_of_a_list_can_go():
    assert edit(b"l:\n- a: 1\n  b: 2\n- c\n", removed("l", 0, "a")) == b"l:\n- b: 2\n- c\n"


def test_an_item_comes_between_others_in_their_column():
    edited = edit(b"l:\n- a # x\n- c\n", lambda document: document["l"].insert(1, {"b": 1, "d": 2}))
    assert edited == b"l:\n- a # x\n- b: 1\n  d: 2\n- c\n"


def test_what_is_added_in_flow_style_leaves_the_rest_of_the_line() -> None:
    edited = edit(b"a: {b: '1' , c: [ x ]} # y\n", lambda document: document["a"].update(d=["u, v"]))
    assert edited == b"a: {b: '1' , c: [ x ], d: ['u, v']} # y\n"


# --- any change of any file


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 10**6)
    | st.sampled_from(["x", "no", "1.10", "a: b", "a, b]", "l\nm\n", "n\n\n", "", "#", "-"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
STYLES = st.sampled_from([{}, {"default_flow_style": True}, {"default_flow_style": False}, {"indent": 4}])


def altered(data: st.DataObject, value):
    """Change one place somewhere below, in place."""
    places = list(value) if isinstance(value, dict) else list(range(len(value)))
    inner = [place for place in places if isinstance(value[place], dict | list)]
    if inner and data.draw(st.booleans()):
        altered(data, value[data.draw(st.sampled_from(inner))])
    elif places and data.draw(st.booleans()):
        del value[data.draw(st.sampled_from(places))]
    elif isinstance(value, list):
        value.insert(data.draw(st.integers(0, len(value))), data.draw(values))
    else:
        value[data.draw(keys)] = data.draw(values)


@given(st.dictionaries(keys, values, max_size=4), STYLES, st.data())
def test_any_change_of_a_file_in_any_style_is_made(document, style, data):
    before = yaml.safe_dump(document, sort_keys=False, **style).encode()
    wanted = []

    def change(given):
        for _ in range(data.draw(st.integers(1, 3))):
            altered(data, given)
        wanted.append(copy.deepcopy(given))

    after = edit(before, change)
    assert (load(after) or {}) == wanted[0]


@given(st.dictionaries(keys, values, min_size=1, max_size=4), st.data())
def test_comments_beside_what_stays_are_kept(document, data):
    text = dump(document).decode()
    # Comments go above the keys of the file, and to the end.
    lines = [f"# {line}\n{line}" if line[:1].strip(" -#") else line for line in text.splitlines()]
    before = "\n".join(lines) + "\n# at the end\n"
    assume((load(before.encode()) or {}) == document)
    added = data.draw(st.dictionaries(keys, values, max_size=2))
    after = edit(before.encode(), lambda given: given.update(added)).decode()
    assert load(after.encode()) == {**document, **added}
    assert [line for line in before.splitlines() if line.startswith("#")] == [
        line for line in after.splitlines() if line.startswith("#")
    ]


@pytest.mark.parametrize(
    ("data", "change", "expected"),
    [
        (b"a:\n  b: 1", lambda d: d["a"].update(c=[{"d": 2}]), b"a:\n  b: 1\n  c:\n    - d: 2\n"),
        (b"a: 1\nb: {c: 1}", lambda d: d.update(e=2), b"a: 1\nb: {c: 1}\ne: 2\n"),
        (b"a: 1\nb: 2", lambda d: d.pop("b"), b"a: 1\n"),
        (b"a: 1\nb: 2 # last", lambda d: d.update(b=3), b"a: 1\nb: 3 # last\n"),
        (b"a: 1\nb:\n  - 2", lambda d: d.update(b="x\ny\n"), b"a: 1\nb: |\n  x\n  y\n"),
    ],
)  # fmt: skip
def test_a_file_without_a_line_break_at_its_end_gets_one(data, change, expected):
    assert edit(data, change) == expected
