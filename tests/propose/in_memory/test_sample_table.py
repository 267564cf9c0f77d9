"""Sample rows as programs have them, in a form that is kept beside a manifest."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy
import pandas
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook import BadCall
from rollbook.propose.in_memory.sample_table import sample_table
from rollbook.propose.samples import read_sample

if TYPE_CHECKING:
    from pathlib import Path


def types(given: Any) -> dict[str, tuple[str, list[int]]]:
    return {one["name"]: (one["dtype"], one["shape"]) for one in sample_table(given).inputs}


def test_a_data_frame_tells_the_types_of_its_columns():
    frame = pandas.DataFrame(
        {
            "age": numpy.array([41, 33], "int32"),
            "income": numpy.array([0.5, 1.5], "float32"),
            "city": ["Ulm", "Bonn"],
            "kind": pandas.Categorical(["a", "b"]),
            "since": pandas.to_datetime(["2026-01-01", "2026-02-01"]),
            "member": [True, False],
        }
    )
    assert types(frame) == {
        "age": ("int32", [-1]),
        "income": ("float32", [-1]),
        "city": ("string", [-1]),
        "kind": ("string", [-1]),
        "since": ("datetime", [-1]),
        "member": ("bool", [-1]),
    }


def test_what_is_missing_in_a_column_is_null():
    frame = pandas.DataFrame({"a": [1.5, numpy.nan], "b": ["x", None], "c": [pandas.NaT, pandas.NaT]})
    assert json.loads(sample_table(frame).kept())[1] == {"a": None, "b": None, "c": None}


def test_an_arrow_table_tells_its_types():
    table = pyarrow.table({"a": pyarrow.array([1.5], pyarrow.float32()), "b": ["x"]})
    assert types(table) == {"a": ("float32", [-1]), "b": ("string", [-1])}


def test_a_polars_frame_tells_its_types():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1.5], "b": ["x"]}, schema={"a": polars.Float32, "b": polars.String})
    assert types(frame) == {"a": ("float32", [-1]), "b": ("string", [-1])}


def test_an_array_is_one_tensor_without_names():
    array = numpy.zeros((3, 28, 28), "float32")
    table = sample_table(array)
    assert table.names is None
    assert list(table.inputs) == [{"name": "input", "dtype": "float32", "shape": [-1, 28, 28]}]
    assert numpy.array(json.loads(table.kept())).shape == (3, 28, 28)


def test_arrays_by_name_are_columns_where_each_has_one_dimension_and_tensors_otherwise():
    assert types({"a": [1, 2], "b": [0.5, 1.5]}) == {"a": ("int64", [-1]), "b": ("float64", [-1])}
    several = {"x": numpy.zeros((2, 3), "float32"), "y": numpy.zeros(2, "int64")}
    assert types(several) == {"x": ("float32", [-1, 3]), "y": ("int64", [-1])}


def test_rows_may_be_mappings_or_lists():
    assert types([{"a": 1, "b": "x"}, {"a": 2}]) == {"a": ("int64", [-1]), "b": ("string", [-1])}
    assert types([[0.5, 1.5]]) == {"input": ("float64", [-1, 2])}
    assert types(["one text", "another"]) == {"input": ("string", [-1])}


def test_a_file_of_rows_is_taken_as_register_takes_it(tmp_path: Path):
    path = tmp_path / "rows.csv"
    path.write_text("a,b\n1,x\n")
    assert types(path) == {"a": ("int64", [-1]), "b": ("string", [-1])}


def test_no_more_rows_are_kept_than_beside_a_manifest_and_no_more_bytes():
    assert len(sample_table(numpy.zeros((500, 2))).cells) == 100
    wide = sample_table(numpy.full((100, 4000), 0.123456789))
    assert 1 <= len(wide.cells) < 100
    assert len(wide.kept()) <= 1 << 20


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (pandas.DataFrame({"a": []}), "no row"),
        (pandas.DataFrame([[1, 2]], columns=["a", "a"]), "comes twice"),
        ([[1, 2], [3]], "different sizes"),
        ({"a": [1], "b": [1, 2]}, "same number of rows"),
        (pandas.DataFrame({"a": [object()]}), "more than texts and numbers"),
        (numpy.array([[numpy.inf]]), "no finite number"),
        ([[1, "x"]], "mixes"),
        (5, "holds no rows"),
        (pandas.DataFrame({"a": [datetime.now(UTC)], "b": [b"x"]}), "more than texts and numbers"),
        (["x" * (2 << 20)], "more than"),
    ],
)
def test_what_are_no_rows_is_refused_with_what_to_give(given: Any, why: str):
    with pytest.raises(BadCall, match=why):
        sample_table(given)


@given(
    st.lists(
        st.tuples(st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False), st.text()),
        min_size=1,
        max_size=20,
    )
)
def test_what_is_kept_reads_back_as_the_rows(rows: list[tuple[int, float, str]]):
    frame = pandas.DataFrame(rows, columns=["whole", "real", "text"]).astype({"text": "object"})
    from pathlib import Path

    kept = read_sample(sample_table(frame).kept(), Path("sample-input.json"))
    assert kept.names == ("whole", "real", "text")
    assert [tuple(row) for row in kept.rows] == rows
