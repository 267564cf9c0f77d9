"""Logs of predictions: real Parquet, CSV and DuckDB."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from rollbook.integrations.monitor.outcome import Window
from rollbook.integrations.monitor.question import SourceFailed

from .asking import HOUR, answer, opened, values
from .asking import question as question_of_now

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.integrations.monitor.question import Question

NOW = datetime.now(UTC).replace(microsecond=0)
SECOND = timedelta(seconds=1)


def question(metric: str = "error_rate", query: str = "", **changed: Any) -> Question:
    """A question about the hour that the log below is of, however long ago that has become."""
    return question_of_now(metric, query, **{"window": Window(NOW - HOUR + SECOND, NOW + SECOND), **changed})


def log(rows: int = 60, **columns: Any) -> pa.Table:
    """A row a minute, the newest first: of two models and two versions in turn, which all say their place."""
    places = range(rows)
    return pa.table(
        {
            "time": [NOW - timedelta(minutes=place + 1) for place in places],
            "model": ["credit" if place % 2 else "fraud" for place in places],
            "version": ["1.2.0" if place % 4 < 2 else "1.1.0" for place in places],
            "place": [*places],
            "wrong": [place % 3 == 0 for place in places],
            **columns,
        }
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    pq.write_table(log(), tmp_path / "log.parquet", row_group_size=7)
    return tmp_path / "log.parquet"


OWN = [*reversed(range(1, 60, 4))]  # credit 1.2.0, oldest first


def places(table: pa.Table) -> list[int]:
    return list(table.column("place").to_pylist())


def write(path: Path, table: pa.Table) -> None:
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    elif path.suffix == ".csv":
        pa_csv.write_csv(table, path)
    else:
        with duckdb.connect(str(path)) as connection:
            connection.register("log", table)
            connection.execute("CREATE TABLE predictions AS FROM log")


@pytest.mark.parametrize("name", ["log.parquet", "log.csv", "log.duckdb"])
def test_rows_are_those_of_the_version_oldest_first(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, log())
    with opened("log", path=str(tmp_path / name)) as source:
        table = source.rows(question(), ["place", "wrong", "nothing"])
    assert (places(table), table.column_names) == (OWN, ["place", "wrong"])
    assert table.column("wrong").to_pylist() == [place % 3 == 0 for place in OWN]


def test_all_columns_are_told_where_none_is_named(path: Path) -> None:
    with opened("log", path=str(path)) as source:
        assert source.rows(question(), []).column_names == ["place", "wrong"]


def test_columns_asked_one_by_one_belong_to_the_same_rows(path: Path) -> None:
    with opened("log", path=str(path)) as source:
        source.rows(question(), ["place"])
        wrong = source.rows(question(), ["wrong"]).column(0).to_pylist()
    assert wrong == [place % 3 == 0 for place in OWN]


def test_a_shorter_window_has_fewer_rows_whichever_is_asked_first(path: Path) -> None:
    short = question(window=Window(NOW - timedelta(minutes=10), NOW))
    for order in ([short, question()], [question(), short]):
        with opened("log", path=str(path)) as source:
            found = [places(source.rows(asked, ["place"])) for asked in order]
        assert sorted(found, key=len) == [[9, 5, 1], OWN]


def test_a_window_has_its_beginning_and_not_its_end(path: Path) -> None:
    window = Window(NOW - timedelta(minutes=6), NOW - timedelta(minutes=2))
    with opened("log", path=str(path)) as source:
        assert places(source.rows(question(window=window), ["place"])) == [5]


@pytest.mark.parametrize("model", ["fraud", "unknown"])
def test_rows_of_another_model_are_others(path: Path, model: str) -> None:
    with opened("log", path=str(path)) as source:
        found = source.rows(replace(question(), model=model), ["place"])
    assert places(found) == ([*reversed(range(0, 60, 4))] if model == "fraud" else [])


def test_a_log_of_one_model_says_so(tmp_path: Path) -> None:
    write(tmp_path / "log.parquet", log().drop_columns(["model"]))
    path = str(tmp_path / "log.parquet")
    with pytest.raises(SourceFailed, match="has no column 'model'"):
        answer("log", path=path)
    with opened("log", path=path, model="credit") as source:
        assert source.rows(question(), ["place"]).num_rows == 30
        assert source.rows(replace(question(), model="fraud"), ["place"]).num_rows == 0


def test_a_version_may_be_written_in_several_ways(tmp_path: Path) -> None:
    versions = ["1.2.0" if place % 8 < 4 else "v1.2.0" for place in range(60)]
    write(tmp_path / "log.parquet", log().drop_columns(["version"]).append_column("version", [versions]))
    found = answer("log", question("place"), path=str(tmp_path / "log.parquet"))
    assert (found.figures[0].samples, found.others) == (29, ())


@pytest.mark.parametrize("name", ["log.parquet", "log.csv", "log.duckdb"])
def test_times_without_a_zone_are_of_utc(tmp_path: Path, name: str) -> None:
    bare = [moment.as_py().replace(tzinfo=None) for moment in log().column("time")]
    write(tmp_path / name, log().set_column(0, "time", [bare]))
    with opened("log", path=str(tmp_path / name)) as source:
        assert places(source.rows(question(), ["place"])) == OWN


def test_a_glob_of_files_is_one_log_whose_shape_may_grow(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", log().slice(0, 30))
    write(tmp_path / "b.parquet", log(score=[0.5] * 60).slice(30))
    with opened("log", path=str(tmp_path / "*.parquet")) as source:
        table = source.rows(question(), ["place", "score"])
    assert (places(table), table.column("score").null_count) == (OWN, 8)


def test_without_a_query_the_figure_is_the_mean_of_a_column(path: Path) -> None:
    found = answer("log", question("wrong"), path=str(path))
    assert values(found) == [5 / 15]
    assert (found.figures[0].samples, found.others) == (15, ("1.1.0",))
    assert found.figures[0].at == NOW - timedelta(minutes=2)


def test_nulls_are_no_samples(tmp_path: Path) -> None:
    write(tmp_path / "log.parquet", log(score=[None if place > 30 else 2.0 for place in range(60)]))
    found = answer("log", question("score"), path=str(tmp_path / "log.parquet"))
    assert (values(found), found.figures[0].samples) == ([2.0], 8)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), None])
def test_what_is_no_finite_number_is_no_figure(tmp_path: Path, score: float | None) -> None:
    write(tmp_path / "log.parquet", log(score=pa.array([score] * 60, pa.float64())))
    assert values(answer("log", question("score"), path=str(tmp_path / "log.parquet"))) == []


def test_a_query_sees_the_versions_rows_alone(path: Path) -> None:
    found = answer("log", question(query="SELECT count(*) FROM predictions"), path=str(path))
    assert (values(found), found.figures[0].samples) == ([15], 15)
    both = "SELECT max(place) FROM predictions WHERE model <> 'credit' OR version <> '1.2.0'"
    assert values(answer("log", question(query=both), path=str(path))) == []


def _doubled(levels: int) -> str:
    """SQL whose parser copies each CASE into its two WHENs."""
    value = "place"
    for _ in range(levels):
        value = f"CASE {value} WHEN 1 THEN 1 WHEN 2 THEN 2 END"
    return f"SELECT max({value}) FROM predictions"


def _aliased(levels: int) -> str:
    """SQL whose aliases stand for twice the one before."""
    doubled = ", ".join(f"a{place} + a{place} AS a{place + 1}" for place in range(levels))
    return f"SELECT max(last) FROM (SELECT place AS a0, {doubled}, a{levels} AS last FROM predictions)"


@pytest.mark.parametrize("query", [_doubled(60), _aliased(60)], ids=["parser", "aliases"])
def test_sql_that_is_never_understood_is_given_up(path: Path, query: str) -> None:
    with opened("log", path=str(path), time_limit=0.3) as source:
        with pytest.raises(SourceFailed, match="the query failed: it took too"):
            source.figures(question(query=query))
        assert values(source.figures(question(query="SELECT count(*) FROM predictions"))) == [15]


def test_a_query_may_tell_samples_of_its_own(path: Path) -> None:
    query = "SELECT avg(place) AS v, count(*) AS samples FROM predictions WHERE wrong"
    assert answer("log", question(query=query), path=str(path)).figures[0].samples == 5


def test_a_query_gets_the_question_as_parameters(path: Path) -> None:
    query = (
        "SELECT CASE WHEN $version = '1.2.0' AND $model = 'credit' THEN $window END FROM predictions LIMIT 1"
    )
    assert values(answer("log", question(query=query), path=str(path))) == [3600]


def test_a_name_is_never_a_part_of_the_sql(path: Path) -> None:
    for name in ("1.2.0' OR true --", '"', "'"):
        asked = replace(question("place"), model=name, version=name)
        assert values(answer("log", asked, path=str(path))) == []
        with pytest.raises(SourceFailed, match="has no column"):
            answer("log", question(f"place{name}"), path=str(path))


def test_no_rows_are_no_figure_also_where_a_query_would_count_them(path: Path) -> None:
    asked = replace(question(query="SELECT count(*) FROM predictions"), version="9.9.9")
    assert values(answer("log", asked, path=str(path))) == []


def test_a_series_tells_each_step_of_its_own_rows(path: Path) -> None:
    window = Window(NOW - timedelta(minutes=40), NOW)
    for asked in (question("place"), question(query="SELECT avg(place) FROM predictions")):
        with opened("log", path=str(path)) as source:
            found = source.series(
                replace(asked, window=window, looks_back=timedelta(minutes=20)), timedelta(minutes=20)
            )
        # The rows of the 20 minutes before 40, 20 and 0 minutes ago.
        assert values(found) == [49, 29, 9]
        assert [each.samples for each in found.figures] == [5, 5, 5]
        assert found.figures[-1].at == NOW


def test_rows_of_the_future_do_not_count(tmp_path: Path) -> None:
    later = [NOW + HOUR] * 60
    write(tmp_path / "log.parquet", log().set_column(0, "time", [later]))
    assert values(answer("log", question("place"), path=str(tmp_path / "log.parquet"))) == []


def test_files_that_are_rewritten_while_they_are_read_are_told(path: Path) -> None:
    with opened("log", path=str(path)) as source:
        source.rows(question(), ["place"])
        write(path, log(rows=40))
        with pytest.raises(SourceFailed, match="changed while it was read"):
            source.rows(question(), ["wrong"])


@pytest.mark.parametrize("name", ["log.parquet", "log.csv", "log.duckdb", "log.txt"])
@pytest.mark.parametrize("data", [b"", b"PAR1" * 100, b"\0" * 4096])
def test_what_is_no_log_is_told(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(SourceFailed):
        answer("log", path=str(tmp_path / name))


def test_a_time_that_is_none_is_told(path: Path) -> None:
    with pytest.raises(SourceFailed, match="place is no time"):
        answer("log", path=str(path), time_column="place")


def test_a_database_reads_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("version,model,time,place\n1.2.0,credit,2026-01-01,1\n")
    with duckdb.connect(str(tmp_path / "log.duckdb")) as connection:
        connection.execute(f"CREATE VIEW predictions AS FROM read_csv('{tmp_path}/secret.csv')")
    with pytest.raises(SourceFailed, match="disabled by configuration"):
        answer("log", path=str(tmp_path / "log.duckdb"))


def test_a_log_is_only_read(path: Path) -> None:
    before = path.read_bytes()
    path.chmod(0o400)
    answer("log", question("place"), path=str(path))
    assert path.read_bytes() == before


def test_nothing_is_left_when_a_source_is_closed(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    answer("log", question("place"), path=str(path))
    with pytest.raises(SourceFailed):
        answer("log", path=str(path), version_column="nothing")
    assert list((tmp_path / "temporary").iterdir()) == []
