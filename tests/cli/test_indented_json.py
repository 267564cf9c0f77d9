"""JSON that people can read is, byte for byte, what Python's own writer makes of finite data."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.cli.indented_json import indented

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
DATA = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(DATA)
def test_any_data_is_written_as_python_writes_it(data: object) -> None:
    assert indented(data) == json.dumps(data, indent=2)


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_what_json_has_no_number_for_is_null(number: float) -> None:
    assert json.loads(indented({"a": [number, 1.5]})) == {"a": [None, 1.5]}


def test_keys_that_are_no_texts_are_written_as_python_writes_them() -> None:
    assert indented({7: 2, None: 3, True: 4}) == json.dumps({7: 2, None: 3, True: 4}, indent=2)
