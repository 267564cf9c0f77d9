"""Figures in files: JSON, CSV, Parquet; and files that are no files."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rollbook.integrations.monitor.question import SourceFailed
from rollbook.integrations.monitor.sources import figure_documents

from .asking import HOUR, ago, answer, figure, opened, question, values

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.integrations.monitor.question import Answer


def told(tmp_path: Path, *figures: object, metric: str = "error_rate") -> Answer:
    (tmp_path / "live.json").write_text(json.dumps(figures))
    return answer("file", question(metric), path=str(tmp_path / "live.json"))


def tabled(tmp_path: Path, name: str, columns: dict[str, Any]) -> Answer:
    path = tmp_path / name
    if name.endswith(".parquet"):
        pq.write_table(pa.table(columns), path)
    else:
        rows = zip(*columns.values(), strict=True)
        path.write_text("\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows), ""]))
    return answer("file", path=str(path))


def test_figures_of_the_version_are_told_oldest_first(tmp_path: Path) -> None:
    found = told(tmp_path, figure(0.2, at=ago(minutes=1)), figure(0.1, at=ago(minutes=9), samples=7))
    assert (values(found), found.figures[0].samples) == ([0.1, 0.2], 7)


def test_a_version_may_be_written_in_another_way(tmp_path: Path) -> None:
    assert values(told(tmp_path, figure(0.2, "v1.2.0"))) == [0.2]


def test_figures_of_other_versions_and_models_do_not_count(tmp_path: Path) -> None:
    found = told(tmp_path, figure(0.9, "1.1.0"), figure(0.8, model="fraud"), figure(0.7, model="credit"))
    assert (values(found), found.others) == ([0.7], ("1.1.0",))


def test_a_figure_without_a_time_is_of_when_the_file_was_written(tmp_path: Path) -> None:
    found = told(tmp_path, figure())
    modified = datetime.fromtimestamp((tmp_path / "live.json").stat().st_mtime, UTC)
    assert abs(found.figures[0].at - modified) < timedelta(seconds=1)


def test_a_file_that_nobody_writes_any_more_tells_nothing(tmp_path: Path) -> None:
    told(tmp_path, figure())
    path = tmp_path / "live.json"
    os.utime(path, (path.stat().st_mtime - 7200,) * 2)
    assert values(answer("file", path=str(path))) == []


@pytest.mark.parametrize("at", ["2999-01-01", ago(hours=2), ago(hours=-2)], ids=["far", "before", "after"])
def test_a_figure_out_of_the_window_is_no_answer(tmp_path: Path, at: str) -> None:
    assert values(told(tmp_path, figure(at=at))) == []


def test_what_was_measured_while_it_was_asked_is_of_the_windows_end(tmp_path: Path) -> None:
    asked = question()
    (tmp_path / "live.json").write_text(json.dumps([figure(at=datetime.now(UTC).isoformat())]))
    found = answer("file", asked, path=str(tmp_path / "live.json"))
    assert [each.at for each in found.figures] == [asked.window.end]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_finite_number_is_no_figure(tmp_path: Path, value: float) -> None:
    assert values(told(tmp_path, figure(value), figure(0.25))) == [0.25]


@pytest.mark.parametrize(
    "item",
    [
        {}, "text", 3, None, [], {"metric": 3}, figure("0.5"), figure(True), figure(None), figure(10**400),
        figure(version=1.2), figure(version="main"), figure(at="yesterday"), figure(at=5),
        figure(at="0001-01-01T00:00+23:59"), figure(samples=-1), figure(samples=1.5), figure(samples=True),
        figure(samples=10**30),
        {"metric": "error_rate", "version": "1.2.0"}, {"metric": "error_rate", "value": 1},
    ],
    ids=repr,
)  # fmt: skip
def test_what_can_not_be_read_is_told_and_not_skipped(tmp_path: Path, item: object) -> None:
    with pytest.raises(SourceFailed):
        told(tmp_path, figure(), item)


def test_a_broken_figure_of_another_metric_is_not_in_the_way(tmp_path: Path) -> None:
    assert values(told(tmp_path, figure(), {"metric": "other", "value": "x"})) == [0.5]


@pytest.mark.parametrize("data", [b"", b"{", b"3", b'{"figures": 3}', b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_no_document_is_told(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "live.json").write_bytes(data)
    with pytest.raises(SourceFailed):
        answer("file", path=str(tmp_path / "live.json"))


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "live.json"
    path.touch()
    os.truncate(path, 1 << 40)
    with pytest.raises(SourceFailed, match="has more than"):
        answer("file", path=str(path))


@pytest.mark.parametrize("name", ["live.json", "live.csv", "live.parquet"])
def test_a_pipe_and_a_folder_hold_nobody_up(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    os.mkfifo(path)
    with pytest.raises(SourceFailed, match="no plain file"):
        answer("file", path=str(path))
    path.unlink()
    path.mkdir()
    with pytest.raises(SourceFailed, match="no plain file"):
        answer("file", path=str(path))


@pytest.mark.parametrize("name", ["live.json", "live.csv", "live.parquet", "*.parquet"])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(SourceFailed):
        answer("file", path=str(tmp_path / name))


COLUMNS = {
    "metric": ["error_rate", "error_rate", "latency"],
    "value": [0.25, 0.5, 9.0],
    "version": ["1.2.0", "1.1.0", "1.2.0"],
}


@pytest.mark.parametrize("name", ["live.csv", "live.parquet"])
def test_a_table_tells_figures_too(tmp_path: Path, name: str) -> None:
    at = [datetime.now(UTC) - timedelta(minutes=5)] * 3
    found = tabled(tmp_path, name, {**COLUMNS, "at": at, "samples": [10, 20, 30]})
    assert (values(found), found.figures[0].samples, found.others) == ([0.25], 10, ("1.1.0",))
    assert abs(found.figures[0].at - at[0]) < timedelta(seconds=1)


@pytest.mark.parametrize("name", ["live.csv", "live.parquet"])
def test_figures_of_a_table_without_a_time_are_of_when_it_was_written(tmp_path: Path, name: str) -> None:
    assert values(tabled(tmp_path, name, COLUMNS)) == [0.25]
    path = tmp_path / name
    os.utime(path, (path.stat().st_mtime - 7200,) * 2)
    assert values(answer("file", path=str(path))) == []


def test_times_without_a_zone_are_of_utc(tmp_path: Path) -> None:
    at = [(datetime.now(UTC) - timedelta(minutes=5)).replace(tzinfo=None)] * 3
    assert values(tabled(tmp_path, "live.parquet", {**COLUMNS, "at": at})) == [0.25]


def test_counts_that_became_floats_are_counts(tmp_path: Path) -> None:
    found = tabled(tmp_path, "live.parquet", {**COLUMNS, "samples": [10.0, float("nan"), 1.0]})
    assert found.figures[0].samples == 10


def test_several_files_are_one_table_each_with_its_own_time(tmp_path: Path) -> None:
    pq.write_table(pa.table(COLUMNS), tmp_path / "a.parquet")
    pq.write_table(pa.table({**COLUMNS, "value": [0.75, 1.0, 1.0]}), tmp_path / "b.parquet")
    os.utime(tmp_path / "a.parquet", (1, 1))
    assert values(answer("file", path=str(tmp_path / "*.parquet"))) == [0.75]


def test_a_table_of_another_shape_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="has no column 'metric'"):
        tabled(tmp_path, "live.parquet", {"name": ["error_rate"]})
    with pytest.raises(SourceFailed, match="can't be read"):
        tabled(tmp_path, "live.parquet", {**COLUMNS, "value": ["a", "b", "c"]})


@pytest.mark.parametrize("data", [b"", b"PAR1", b"\0" * 100, b'metric,value,version\n"'])
@pytest.mark.parametrize("name", ["live.csv", "live.parquet"])
def test_a_file_that_is_no_table_is_told(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SourceFailed):
        answer("file", path=str(tmp_path / name))


def test_more_figures_than_anybody_needs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figure_documents, "MOST_FIGURES", 2)
    with pytest.raises(SourceFailed, match="no list of figures"):
        told(tmp_path, figure(), figure(), figure())


def test_a_table_of_rows_tells_them_where_it_says_which_column_is_the_time(tmp_path: Path) -> None:
    rows = {"version": ["1.2.0", "1.1.0"], "income": [3.0, 4.0], "seen": [datetime.now(UTC) - HOUR / 2] * 2}
    pq.write_table(pa.table(rows), tmp_path / "rows.parquet")
    path = str(tmp_path / "rows.parquet")
    with opened("file", path=path, time_column="seen", model="credit") as source:
        assert source.rows(question(), ["income"]).to_pydict() == {"income": [3.0]}
    with opened("file", path=path) as source, pytest.raises(SourceFailed, match="no rows"):
        source.rows(question(), ["income"])


def test_a_series_is_all_that_the_file_has(tmp_path: Path) -> None:
    told(tmp_path, figure(0.1, at=ago(minutes=50)), figure(0.2, at=ago(minutes=10)))
    with opened("file", path=str(tmp_path / "live.json")) as source:
        assert values(source.series(question(), timedelta(minutes=1))) == [0.1, 0.2]
