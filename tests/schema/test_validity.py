"""The quick yes or no agrees with the explanation, for every schema and every part of one."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from typing import Any

import pytest
from contract_examples import EXAMPLES, example, subschemas
from hypothesis import given, settings
from hypothesis import strategies as st

from building.examples import examples
from rollbook.schema.schemas import SCHEMA_NAMES, schema
from rollbook.schema.validity import explainer, judge

MANY = settings(max_examples=examples(40), deadline=None)
_NAMES = [name for name in SCHEMA_NAMES if (EXAMPLES / f"{name}.yaml").is_file()]
_TEXTS = (
    "", "x", "a\n", "1.2.0", "1.2.0\n", "jane@example.com", "2026-02-29T09:00:00Z", "2026-02-28T09:00:00Z",
    "2026-02-28T24:00:00Z", "production", "latest", "credit@1.0.0", "a" * 64, "a" * 64 + "\n", "x" * 5000,
)  # fmt: skip
_NUMBERS = (0, 0.0, -0.0, 1, 1.0, True, False, -1, 2.5, 10**6, 1 << 63, 1e308)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12), st.sampled_from(_TEXTS), st.sampled_from(_NUMBERS),
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)


JUDGES = {name: judge(schema(name)) for name in SCHEMA_NAMES}
EXPLAINERS = {name: explainer(schema(name)) for name in SCHEMA_NAMES}


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a value: a list or map, and the index or key in it."""
    found: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            found += [(value, key), *places(value[key])]
    return found


@st.composite
def spoilt(draw: st.DrawFn, name: str) -> Any:
    """The example of a file after a few changes, which may leave it valid."""
    value = copy.deepcopy(example(name))
    for _ in range(draw(st.integers(0, 3))):
        inside, key = draw(st.sampled_from(places(value) or [([value], 0)]))
        match draw(st.sampled_from(["set", "drop", "add", "repeat"])):
            case "set":
                inside[key] = draw(values)
            case "drop":
                del inside[key]
            case "add" if isinstance(inside, dict):
                inside[draw(st.text(max_size=6) | st.sampled_from(_TEXTS))] = draw(values)
            case "repeat" if isinstance(inside, list):
                inside.append(copy.deepcopy(inside[key]))
    return value


@pytest.mark.parametrize("name", _NAMES)
@MANY
@given(data=st.data())
def test_a_spoilt_file_is_judged_as_it_is_explained(name: str, data: st.DataObject) -> None:
    value = data.draw(spoilt(name))
    assert JUDGES[name].is_valid(value) == EXPLAINERS[name].is_valid(value)


@pytest.mark.parametrize("name", SCHEMA_NAMES)
def test_every_part_of_a_schema_is_judged_as_it_is_explained(name: str) -> None:
    document = schema(name)
    examples = [example for _, part in subschemas(document) for example in part.get("examples", ())]
    tried = [*_TEXTS, *_NUMBERS, None, [], {}, [1, 1.0], [1, True], ["a", "a"], *examples[::7]]
    for where, part in subschemas(document):
        alone = {**part, "$defs": document.get("$defs", {})}
        quick, slow = judge(alone), explainer(alone)
        for value in [*part.get("examples", ()), *tried]:
            assert quick.is_valid(value) == slow.is_valid(value), (where, value)


@given(name=st.sampled_from(SCHEMA_NAMES), value=values)
def test_any_value_is_judged_as_it_is_explained(name: str, value: object) -> None:
    assert JUDGES[name].is_valid(value) == EXPLAINERS[name].is_valid(value)


PATTERNS = sorted(
    {part["pattern"] for name in SCHEMA_NAMES for _, part in subschemas(schema(name)) if "pattern" in part}
)
BY_PATTERN = {pattern: (judge({"pattern": pattern}), explainer({"pattern": pattern})) for pattern in PATTERNS}
_UNUSUAL = st.sampled_from(
    ["\n", "\r", "\u2028", "\0", "\x7f", "\xa0", "\u0661", "\u212a", "\u017f", ".", "@"]
)


@pytest.mark.parametrize("pattern", PATTERNS)
@MANY
@given(data=st.data())
def test_a_pattern_means_the_same_to_both_libraries(pattern: str, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(pattern))
    at = data.draw(st.integers(0, len(text)))
    changed = text[:at] + data.draw(_UNUSUAL | st.just("")) + text[at + data.draw(st.integers(0, 1)) :]
    quick, slow = BY_PATTERN[pattern]
    for value in (text, changed):
        assert quick.is_valid(value) == slow.is_valid(value)


@pytest.mark.parametrize("kind", ["integer", ["integer", "null"]])
def test_a_whole_number_is_written_without_a_fraction(kind: object) -> None:
    for judging in (judge({"type": kind}), explainer({"type": kind})):
        assert [judging.is_valid(value) for value in (1, 1.0, True, 10**30)] == [True, False, False, True]


def test_a_pattern_that_takes_too_long_is_left_to_the_explanation() -> None:
    assert not judge({"pattern": "^(?:(?=a)a+)+$"}).is_valid("a" * 40 + "b")


@pytest.mark.parametrize("name", _NAMES)
def test_a_valid_file_is_judged_without_jsonschema(name: str) -> None:
    code = (
        "import json, sys; from rollbook.schema.schemas import violations; "
        "assert violations(sys.argv[1], json.loads(sys.argv[2])) == []; sys.exit('jsonschema' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, name, json.dumps(example(name))]).returncode == 0
