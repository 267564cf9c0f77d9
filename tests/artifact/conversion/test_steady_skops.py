"""An archive of skops' that is the same each time, and holds what it held."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.artifact.running.model_child.steady_skops import in_fixed_form

skops_io = pytest.importorskip("skops.io")

LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4) | st.binary(max_size=4)
KEYS = st.sampled_from(["file", "__id__", "content", "a"])
OBJECTS = st.recursive(LEAVES, lambda one: st.lists(one, max_size=3) | st.dictionaries(KEYS, one, max_size=3))


def again(held: Any) -> Any:
    return skops_io.loads(in_fixed_form(skops_io.dumps(held)))


@given(OBJECTS)
def test_it_holds_what_it_held(held: Any):
    assert again(held) == held


def test_arrays_that_are_one_stay_one():
    array, other = numpy.arange(3.0), numpy.ones(2)
    loaded = again({"file": array, "same": array, "other": [other, b"bytes", {1, 2}]})
    assert loaded["file"] is loaded["same"]
    assert loaded["file"].tolist() == [0, 1, 2]
    assert loaded["other"][0].tolist() == [1, 1]
    assert loaded["other"][1:] == [b"bytes", {1, 2}]


def test_addresses_and_dates_are_not_in_it():
    held = {"a": numpy.arange(3.0), "b": [b"bytes", 1.5]}
    copied = {"a": numpy.arange(3.0), "b": [bytes([*b"bytes"]), float("1.5")]}
    assert in_fixed_form(skops_io.dumps(held)) == in_fixed_form(skops_io.dumps(copied))
    with zipfile.ZipFile(io.BytesIO(in_fixed_form(skops_io.dumps(held)))) as archive:
        assert archive.namelist() == ["1.npy", "2.bin", "schema.json"]
        assert {one.date_time[0] for one in archive.infolist()} == {1980}
        assert json.loads(archive.read("schema.json"))["__id__"] == 1


def test_other_values_give_other_bytes():
    one, other = ({"a": numpy.full(3, value)} for value in (1.0, 2.0))
    assert in_fixed_form(skops_io.dumps(one)) != in_fixed_form(skops_io.dumps(other))
