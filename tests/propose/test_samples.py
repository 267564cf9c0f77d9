"""Sample rows: whatever form they come in, the same table gives the same signature."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas
import pyarrow
import pytest
from pyarrow import parquet

from rollbook.errors import BadCall
from rollbook.propose.sample_files import csv_table
from rollbook.propose.samples import KEPT_ROWS, read_sample
from rollbook.snapshot.snapshot import MAX_FILE

FRAME = pandas.DataFrame(
    {"age": [41, 22], "income": [3.5, None], "city": ["Graz", "Wien"], "owner": [True, False]}
)
SIGNATURE = [
    {"name": "age", "dtype": "int64", "shape": [-1]},
    {"name": "income", "dtype": "float64", "shape": [-1]},
    {"name": "city", "dtype": "string", "shape": [-1]},
    {"name": "owner", "dtype": "bool", "shape": [-1]},
]
ROWS = [
    {"age": 41, "income": 3.5, "city": "Graz", "owner": True},
    {"age": 22, "income": None, "city": "Wien", "owner": False},
]


def signature(data: bytes, name: str = "s.json") -> list[dict[str, Any]]:
    return read_sample(data, Path(name)).tensors("input")


@pytest.mark.parametrize("orient", ["records", "split", "columns", "index", "table"])
def test_every_orientation_of_pandas_gives_the_same_signature_and_rows(orient: Any) -> None:
    sample = read_sample(FRAME.to_json(orient=orient).encode(), Path("s.json"))
    assert sample.tensors("input") == SIGNATURE
    assert json.loads(sample.kept()) == ROWS


@pytest.mark.parametrize("orient", ["tight", "list", "split"])
def test_every_orientation_of_a_dictionary_does_so_too(orient: Any) -> None:
    frame = FRAME.astype(object).where(FRAME.notna(), None)
    assert signature(json.dumps(frame.to_dict(orient=orient)).encode()) == SIGNATURE


def test_values_alone_are_one_tensor() -> None:
    assert signature(FRAME[["age", "income"]].to_json(orient="values").encode()) == [
        {"name": "input", "dtype": "float64", "shape": [-1, 2]}
    ]


def test_rows_that_were_taken_out_of_a_frame_keep_its_labels() -> None:
    frame = FRAME.set_index(pandas.Index([17, 3]))
    for orient in ("columns", "index"):
        assert signature(frame.to_json(orient=orient).encode()) == SIGNATURE  # type: ignore[arg-type]


def test_csv_and_tsv_give_the_same(tmp_path: Path) -> None:
    for name, separator in (("s.csv", ","), ("s.tsv", "\t")):
        sample = read_sample(FRAME.to_csv(index=False, sep=separator).encode(), Path(name))
        assert sample.tensors("input") == SIGNATURE
        assert json.loads(sample.kept()) == ROWS


def test_parquet_gives_the_same(tmp_path: Path) -> None:
    FRAME.set_index(pandas.Index([17, 3])).to_parquet(tmp_path / "s.parquet")
    sample = read_sample((tmp_path / "s.parquet").read_bytes(), tmp_path / "s.parquet")
    assert sample.tensors("input") == SIGNATURE
    assert json.loads(sample.kept()) == ROWS


def test_a_day_in_parquet_is_a_time_whose_rows_are_texts(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    pandas.DataFrame({"day": pandas.to_datetime(["2026-11-20"])}).to_parquet(path)
    sample = read_sample(path.read_bytes(), path)
    assert sample.tensors("input")[0]["dtype"] == "datetime"
    assert json.loads(sample.kept()) == [{"day": "2026-11-20T00:00:00"}]


@pytest.mark.parametrize(
    ("arrow", "values", "dtype"),
    [
        (pyarrow.int32(), [1, 2], "int32"),
        (pyarrow.int8(), [1, None], "int8"),
        (pyarrow.uint64(), [1 << 63, 0], "uint64"),
        (pyarrow.float32(), [0.5, None], "float32"),
        (pyarrow.float64(), [1, 2], "float64"),
        (pyarrow.bool_(), [True, None], "bool"),
        (pyarrow.string(), ["a", None], "string"),
        (pyarrow.large_string(), ["a", None], "string"),
        (pyarrow.dictionary(pyarrow.int32(), pyarrow.string()), ["a", "b"], "string"),
        (pyarrow.date32(), [datetime.date(2026, 11, 20), None], "datetime"),
        (
            pyarrow.timestamp("us", tz="UTC"),
            [datetime.datetime(2026, 11, 20, tzinfo=datetime.UTC), None],
            "datetime",
        ),
        (pyarrow.time64("us"), [datetime.time(9, 30), None], "string"),
        (pyarrow.decimal128(9, 2), [Decimal("1.50"), None], "float64"),
    ],
)
def test_the_types_of_parquet_are_its_own(
    tmp_path: Path, arrow: pyarrow.DataType, values: list[Any], dtype: str
) -> None:
    path = tmp_path / "s.parquet"
    parquet.write_table(pyarrow.table({"a": pyarrow.array(values, arrow)}), path)
    assert signature(path.read_bytes(), "s.parquet") == [{"name": "a", "dtype": dtype, "shape": [-1]}]


def test_a_list_of_rows_is_kept_as_it_is_and_others_by_their_first_rows() -> None:
    data = b'[ {"a":1},{"a":2} ]'
    assert read_sample(data, Path("s.json")).kept() == data
    many = "a\n" + "".join(f"{number}\n" for number in range(KEPT_ROWS + 5))
    assert len(json.loads(read_sample(many.encode(), Path("s.csv")).kept())) == KEPT_ROWS


def test_long_rows_are_kept_as_far_as_a_registry_holds_them() -> None:
    # A control character takes one byte here, and six in JSON.
    cells = ",".join(["\x01" * 60_000] * 2)
    kept = read_sample(f"a,b\n{cells}\n{cells}\n".encode(), Path("s.csv")).kept()
    assert len(json.loads(kept)) == 1
    assert len(kept) <= MAX_FILE
    cells = ",".join(["\x01" * 100_000] * 2)
    with pytest.raises(BadCall, match="a row has more than"):
        read_sample(f"a,b\n{cells}\n".encode(), Path("s.csv")).kept()


@pytest.mark.parametrize(
    ("cells", "dtype"),
    [
        (["1", "-2", "+3"], "int64"),
        (["1", "", "3"], "float64"),
        (["1", "2.5e3"], "float64"),
        (["true", "False"], "bool"),
        (["007", "8"], "string"),
        (["a", "1"], "string"),
        (["A-1", "nan"], "string"),
        ([" 41 "], "int64"),
        ([str(1 << 62)], "int64"),
        (["9999999999999999999"], "float64"),
    ],
)
def test_a_column_of_csv_is_of_numbers_where_all_of_its_cells_are(cells: list[str], dtype: str) -> None:
    text = "a,b\n" + "".join(f"{cell},x\n" for cell in cells)
    assert signature(text.encode(), "s.csv")[0]["dtype"] == dtype


def test_a_quoted_cell_may_hold_separators_and_line_breaks() -> None:
    assert csv_table(b'\xef\xbb\xbfa,b\r\n"x, ""y""\nz",1\r\n', Path("s.csv"), ",") == (
        ["a", "b"],
        [['x, "y"\nz', 1]],
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("a,b\n", "no row"),
        ("a,a\n1,2\n", "'a' comes twice"),
        ("a,\n1,2\n", "column 2 has no name"),
        ("a,b\n1,2\n3\n", "s.csv:3: 1 cells"),
        ("a\nNaN\n1\n", "'NaN' is not a finite number"),
        ("a\n1\n-inf\n", "not a finite number"),
        ("a\n1e999\n", "not a finite number"),
        ('a\n=cmd|" /C calc"!A0\n', "a spreadsheet would run"),
        ("a\nx\n@SUM(1)\n", "a spreadsheet would run"),
        ('a\n"unclosed\n', "not CSV"),
        ("a\n\0\n", "null character"),
        ("a\n" + "x" * 200_000 + "\n", "not CSV"),
        (",".join(f"c{place}" for place in range(5001)) + "\n", "5,001 columns"),
    ],
)
def test_csv_that_is_no_table_is_refused_and_says_where(text: str, said: str) -> None:
    with pytest.raises(BadCall) as refused:
        read_sample(text.encode(), Path("s.csv"))
    assert said in str(refused.value)
    assert "s.csv" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"a": 1}, {"a": "x"}]', "'a' mixes numbers and texts"),
        ('[{"a": true}, {"a": 1}]', "mixes numbers and true or false"),
        ('[{"a": [1]}]', "more than texts"),
        ('[{"a": 1, "a": 2}]', "'a' comes twice"),
        ('{"columns": ["a", "a"], "data": [[1, 2]]}', "'a' comes twice"),
        ('{"columns": [["a", "b"]], "data": [[1]]}', "names of columns are texts"),
        ('{"columns": ["a"], "data": [[1, 2]]}', "a value for each of the 1 columns"),
        ('{"columns": ["a"], "data": []}', "a value for each"),
        ('{"a": {"x": 1}, "b": {"x": 2}}', "columns or rows"),
        ('{"0": {"1": 1}}', "columns or rows"),
        ('{"a": {"0": 1}, "b": {"1": 2}}', "list of rows"),
        ('{"a": [1, 2], "b": [1]}', "list of rows"),
        ('{"schema": {"fields": []}, "data": [1]}', "list of rows"),
        ('{"schema": {"primaryKey": ["a"]}, "data": [{"a": 1}]}', "list of rows"),
        ('[{"a": 1e999}]', "no finite number"),
        ("[" * 100_000, "not JSON"),
        ("[NaN]", "NaN is no JSON number"),
    ],
)
def test_json_that_is_no_table_is_refused_and_says_why(text: str, said: str) -> None:
    with pytest.raises(BadCall) as refused:
        signature(text.encode())
    assert said in str(refused.value)


def test_parquet_that_can_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    with pytest.raises(BadCall, match="not Parquet"):
        read_sample(b"PAR1 and no more", path)
    table = pyarrow.table([pyarrow.array([1]), pyarrow.array([2])], names=["a", "a"])
    parquet.write_table(table, path)
    with pytest.raises(BadCall, match="comes twice"):
        read_sample(path.read_bytes(), path)
    parquet.write_table(pyarrow.table({"a": [float("nan")]}), path)
    with pytest.raises(BadCall, match="no finite number"):
        read_sample(path.read_bytes(), path).tensors("input")
    parquet.write_table(pyarrow.table({"a": [[1, 2]]}), path)
    with pytest.raises(BadCall, match="more than texts"):
        read_sample(path.read_bytes(), path).tensors("input")


def test_parquet_that_unpacks_to_very_much_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    table = pyarrow.table({"a": ["x" * 1000] * 200_000})
    parquet.write_table(table, path, compression="zstd", use_dictionary=False)
    assert path.stat().st_size < MAX_FILE
    with pytest.raises(BadCall, match="unpacked it has"):
        read_sample(path.read_bytes(), path)


def test_without_pyarrow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(BadCall, match="needs pyarrow") as refused:
        read_sample(b"PAR1", Path("s.parquet"))
    assert refused.value.hint == "pip install 'rollbook[parquet]'"


def test_very_many_names_take_no_time() -> None:
    names = ",".join(f'"c{place}": 1' for place in range(50_000))
    with pytest.raises(BadCall, match="comes twice"):
        signature(f'[{{{names}, "c0": 2}}]'.encode())
