"""SQL of strangers: what it may not do, however it is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from rollbook.integrations.monitor.question import SourceFailed
from rollbook.integrations.monitor.sources.log_query import LogQueries

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS = pa.table(
    {"x": [1.0, 2.0, 3.0, 4.0] * 5000, "flag": [True, False] * 10000, "word": ["a", None] * 10000}
)


@pytest.fixture
def queries() -> Iterator[LogQueries]:
    opened = LogQueries(0.5)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("SELECT avg(x) FROM predictions", 2.5),
        ("SELECT avg(CASE WHEN x > 3 THEN 1 ELSE 0 END) FROM predictions", 0.25),
        ("SELECT count(*) FILTER (WHERE flag) / count(*) FROM predictions", 0.5),
        ("SELECT quantile_cont(x, 0.5) FROM predictions WHERE word IS NOT NULL", 2.0),
        ("WITH few AS (SELECT * FROM predictions WHERE x IN (1, 2)) SELECT max(x) FROM few", 2.0),
        ("SELECT sum(n) FROM (SELECT count(*) AS n FROM predictions GROUP BY x)", 20000.0),
        ("SELECT max(x)::DECIMAL(5, 2) FROM predictions", 4.0),
        ("SELECT CAST('nan' AS DOUBLE)", None),
        ("SELECT NULL", None),
    ],
)
def test_what_is_asked_of_figures_can_be_asked(queries: LogQueries, sql: str, value: float | None) -> None:
    assert queries.ask(sql, ROWS, {}) == (value, None)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM read_csv('/etc/passwd')",
        "SELECT count(*) FROM read_text('/etc/passwd')",
        "SELECT count(*) FROM '/etc/passwd'",
        "SELECT count(*) FROM glob('/*')",
        "SELECT count(*) FROM query('SELECT 1')",
        "SELECT count(*) FROM query_table('predictions')",
        "SELECT count(*) FROM duckdb_settings()",
        "SELECT count(*) FROM information_schema.tables",
        "SELECT count(*) FROM rows",  # a variable of ours
        "SELECT (SELECT count(*) FROM read_blob('/etc/passwd'))",
        "SELECT 1 FROM predictions ORDER BY (SELECT 1 FROM '/etc/passwd')",
        "WITH p AS (FROM '/etc/passwd') SELECT count(*) FROM p",
        "SELECT getenv('HOME')",
        "SELECT length(current_setting('memory_limit'))",
        "SELECT max(x) FROM predictions WHERE getvariable('x') IS NULL",
        "COPY predictions TO '/tmp/rollbook-copied.csv'",
        "ATTACH '/tmp/rollbook-attached.db'",
        "EXPORT DATABASE '/tmp/rollbook-exported'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA version",
        "CALL pragma_version()",
        "SET memory_limit = '100GB'",
        "SET enable_external_access = true",
        "RESET lock_configuration",
        "CREATE TABLE t AS SELECT 1",
        "CREATE MACRO avg(x) AS 0",
        "INSERT INTO predictions SELECT * FROM predictions",
        "DROP VIEW predictions",
        "EXPLAIN ANALYZE SELECT 1",
        "SELECT 1; SELECT 2",
        "SHOW TABLES",
        "SUMMARIZE predictions",
        "SELECT length(repeat('x', 1000000000))",
        "SELECT levenshtein(repeat('a', 1000000), repeat('b', 1000000))",
        "SELECT count(*) FROM range(1000000000000)",
        "SELECT unnest(range(1000000000))",
        "SELECT list_sum(list_transform([1], x -> x))",
        "SELECT 'aaaa' ~ '(a*)*b'",
        "",
        "-- nothing",
        "SELECT",
        "SELECT x FROM predictions WHERE " + "(" * 1500 + "1" + ")" * 1500,
        "SELECT " + "+".join(["1"] * 1000),
        "SELECT '" + "x" * 5000 + "'",
    ],
)  # fmt: skip
def test_what_is_more_than_reading_the_rows_is_refused(queries: LogQueries, sql: str) -> None:
    with pytest.raises(SourceFailed):
        queries.ask(sql, ROWS, {})
    assert queries.ask("SELECT max(x) FROM predictions", ROWS, {}) == (4.0, None)


@pytest.mark.parametrize(
    "sql",
    [
        "WITH RECURSIVE a AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM a) SELECT count(*) FROM a",
        "SELECT sum(a.x * b.x + c.x) FROM predictions a, predictions b, predictions c WHERE a.x + b.x <> c.x",
        "SELECT a.x FROM predictions a, predictions b, predictions c, predictions d ORDER BY 1 LIMIT 1",
    ],
)
def test_what_never_ends_is_ended(queries: LogQueries, sql: str) -> None:
    with pytest.raises(SourceFailed):
        queries.ask(sql, ROWS, {})
    assert queries.ask("SELECT max(x) FROM predictions", ROWS, {}) == (4.0, None)


@pytest.mark.parametrize(
    "sql",
    [
        "FROM read_csv('/etc/passwd')", "FROM '/etc/passwd'", "COPY (SELECT 1) TO '/tmp/rollbook-copied.csv'",
        "ATTACH '/tmp/rollbook-attached.db'", "INSTALL httpfs", "LOAD httpfs",
        "SET enable_external_access = true", "SET memory_limit = '100GB'", "FROM rows",
    ],
)  # fmt: skip
def test_the_database_itself_refuses_too_what_the_tree_does_not_let_through(
    queries: LogQueries, sql: str
) -> None:
    rows = ROWS  # noqa: F841 - what SQL must not reach
    import duckdb

    with pytest.raises(duckdb.Error):
        queries._connection.execute(sql).fetchall()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT x FROM predictions", "SELECT avg(x), max(x) FROM predictions", "SELECT 'text'",
        "SELECT avg(x) AS samples FROM predictions", "SELECT x FROM predictions WHERE false",
        "SELECT 1 AS v, -1 AS samples", "SELECT 1 AS v, 'many' AS samples", "SELECT $other",
    ],
)  # fmt: skip
def test_what_is_no_single_number_is_no_figure(queries: LogQueries, sql: str) -> None:
    with pytest.raises(SourceFailed):
        queries.ask(sql, ROWS, {})


def test_a_query_names_the_columns_that_it_needs(queries: LogQueries) -> None:
    assert queries.columns("SELECT avg(x) FROM predictions WHERE p.flag") == ("x", "p", "flag")
    assert queries.columns("SELECT max(n) FROM (SELECT *, 1 AS n FROM predictions)") is None
