from __future__ import annotations

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

from rollbook.errors import BadCall
from rollbook.yaml.scalars import FORBIDDEN
from rollbook.yaml.strict import load
from rollbook.yaml.write import dump

TRAPS = [
    "no", "y", "1.10", "1.2.0", "2024-01-01", "1_000", "null", "~", "", " x", "x ", "a: b", "#x",
    "\n", "<<", "=",
    "a\nb", "a\nb\n", "a\n\n", "\na", " a\nb", "a \nb", "a\r\nb", "12:30", "0o17", "1e5", "😀",
    "---", "...", "- x",
    "\tx", "x #y", "'", '"', "%a", "&a", "*a", "!a", "?", "? x", "[", "2026-11-21T09:00:00Z", ".inf",
    "0b1", "017",
]  # fmt: skip
text = st.one_of(
    st.sampled_from(TRAPS),
    st.text().filter(lambda value: not FORBIDDEN.search(value)),
    st.text(alphabet="ab \n\t:#-'\"\r", max_size=12),
)
leaf = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**29), 10**29),
    st.floats(allow_nan=False, allow_infinity=False),
    text,
)
tree = st.recursive(
    leaf, lambda child: st.lists(child, max_size=4) | st.dictionaries(text, child, max_size=4), max_leaves=12
)
documents = st.dictionaries(text, tree, max_size=5)


@given(documents)
def test_what_is_dumped_loads_as_the_same_data_in_the_same_order(data):
    assert repr(load(dump(data))) == repr(data)


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_survives_as_key_and_as_value(trap):
    assert load(dump({trap: trap, "l": [trap, [trap]]})) == {trap: trap, "l": [trap, [trap]]}


@pytest.mark.parametrize("trap", [trap for trap in TRAPS if trap != "2026-11-21T09:00:00Z"])
def test_a_reader_of_yaml_1_1_reads_the_same_text(trap):
    assert pyyaml.safe_load(dump({"a": trap})) == {"a": trap}


@pytest.mark.parametrize("number", [1e20, 1e-7, 5e-324, 1.7e308, -0.5, 1e16])
def test_a_reader_of_yaml_1_1_reads_the_same_number(number):
    assert pyyaml.safe_load(dump({"a": number})) == {"a": number}


def test_people_read_what_is_dumped():
    data = {
        "version": "1.2.0",
        "wine": "1.10",
        "at": "2026-11-21T09:00:00Z",
        "who": "Zoë 😀",
        "note": "one\ntwo\n",
        "long": "word " * 60 + "end",
        "list": [{"a": 1, "b": []}],
    }
    long = data["long"]
    assert dump(data, "Made by rollbook.\n# Edit freely.").decode() == (
        '# Made by rollbook.\n# Edit freely.\nversion: 1.2.0\nwine: "1.10"\nat: 2026-11-21T09:00:00Z\n'
        "who: Zoë 😀\n"
        f"note: |\n  one\n  two\nlong: {long}\nlist:\n  - a: 1\n    b: []\n"
    )


def test_a_value_used_twice_is_written_twice():
    shared = {"a": [1]}
    assert load(dump({"x": shared, "y": shared})) == {"x": shared, "y": shared}


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        "\x1b[31m",
        "\u202e",
        "\ud800",
        {"\0": 1},
        {1: 2},
        10**30,
        {1, 2},
        b"x",
        "x" * 2**20,
    ],
)
def test_what_can_not_be_read_back_is_refused(value):
    with pytest.raises(BadCall):
        dump({"a": value})


def test_data_that_contains_itself_is_refused():
    data: dict[str, object] = {}
    data["a"] = data
    with pytest.raises(BadCall, match="levels deep"):
        dump(data)


def test_a_header_with_a_control_character_is_refused():
    with pytest.raises(BadCall):
        dump({}, "\x1b")
