"""The quick yes or no agrees with jsonschema, for every schema and every part of one."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from contract_examples import EXAMPLES, example, subschemas
from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.schema import schemas as contract
from rollbook.schema.schemas import SCHEMA_NAMES, schema, violations
from rollbook.schema.validity import Validity

MANY = settings(max_examples=150, deadline=None)
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


def says_jsonschema(name: str, value: object, part: Any = None) -> bool:
    validator = contract._validator(name)
    return bool((validator if part is None else validator.evolve(schema=part)).is_valid(value))


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
def test_a_spoilt_file_is_judged_as_jsonschema_judges_it(name: str, data: st.DataObject) -> None:
    value = data.draw(spoilt(name))
    assert Validity(schema(name))(value) == says_jsonschema(name, value)


@pytest.mark.parametrize("name", SCHEMA_NAMES)
def test_every_part_of_a_schema_is_judged_as_jsonschema_judges_it(name: str) -> None:
    document = schema(name)
    quick = Validity(document)
    examples = [each for _, part in subschemas(document) for each in part.get("examples", ())]
    tried = [*_TEXTS, *_NUMBERS, None, [], {}, [1, 1.0], [1, True], ["a", "a"], *examples[::7]]
    for where, part in subschemas(document):
        whole = contract._in_place(part, document["$defs"])
        for value in [*part.get("examples", ()), *tried]:
            assert quick.test(part)(value) == says_jsonschema(name, value, whole), (where, value)


@given(name=st.sampled_from(SCHEMA_NAMES), value=values)
def test_any_value_is_judged_as_jsonschema_judges_it(name: str, value: object) -> None:
    assert Validity(schema(name))(value) == says_jsonschema(name, value)


@pytest.mark.parametrize("name", _NAMES)
def test_a_valid_file_is_judged_without_jsonschema(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unwanted(_: str) -> None:
        raise AssertionError("jsonschema was asked")

    monkeypatch.setattr(contract, "_validator", unwanted)
    assert violations(name, example(name)) == []


def test_an_unknown_keyword_is_not_passed_over() -> None:
    with pytest.raises(KeyError):
        Validity({"patternProperties": {"^x": False}})({"x": 1})
