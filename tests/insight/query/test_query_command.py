from __future__ import annotations

import csv
import io
import json
import sys
import time
from typing import TYPE_CHECKING

import pytest

from building.work_tree import commit, new_repository, write
from building.world import rollbook
from rollbook.insight.query import sql as query_run
from rollbook.insight.query.views import VIEWS

if TYPE_CHECKING:
    from pathlib import Path

_HOSTILE = "=cmd|'/c calc'!A1,\"x\""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = new_repository(tmp_path_factory.mktemp("query") / "work")
    notes = "registry/credit-approval/versions/1.0.0/notes.yaml"
    write(
        root,
        {
            notes: json.dumps({"description": _HOSTILE}),
            notes.replace("1.0.0", "1.1.0"): "{description: '::x'}",
        },
    )
    commit(root)
    return root


def test_a_table_has_names_and_rows(small: Path) -> None:
    ran = rollbook(small, "query", "SELECT version, stage FROM versions WHERE stage = 'production'")
    assert (ran.code, ran.out) == (0, "version\tstage\n1.1.0\tproduction\n")


def test_what_would_act_in_a_log_is_shown_instead(small: Path) -> None:
    ran = rollbook(small, "query", "SELECT notes, char(27) || '[31m' FROM versions WHERE version = '1.1.0'")
    assert ran.out.splitlines()[1] == "\\x3a:x\t\\x1b[31m"


def test_json_has_an_object_for_each_row(small: Path) -> None:
    ran = rollbook(
        small, "query", "SELECT model, 1.5 AS number, null AS n, x'ff' AS b FROM models LIMIT 1", "--json"
    )
    assert json.loads(ran.out) == [{"model": "credit-approval", "number": 1.5, "n": None, "b": "ff"}]


def test_json_refuses_two_columns_of_one_name(small: Path) -> None:
    ran = rollbook(small, "query", "SELECT 1 AS a, 2 AS a", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "two columns have the same name" in ran.err


def test_csv_is_quoted_and_nothing_in_it_is_a_formula(small: Path) -> None:
    ran = rollbook(
        small, "query", "SELECT notes, 'a\nb', null FROM versions WHERE notes LIKE '=%'", "--format", "csv"
    )
    assert ran.out.startswith("notes,")
    assert list(csv.reader(io.StringIO(ran.out, newline="")))[1] == [f"'{_HOSTILE}", "a\nb", ""]


def test_lines_of_csv_end_as_the_standard_says() -> None:
    result = query_run.Result(("a", "b"), ((1, 'say "x"'),))
    from rollbook.insight.query.printed import as_csv

    assert as_csv(result) == 'a,b\r\n1,"say ""x"""\r\n'


def test_a_query_comes_from_stdin(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("SELECT 1 AS one"))
    assert rollbook(small, "query", "-").out == "one\n1\n"


def test_a_parameter_is_given_by_name(small: Path) -> None:
    ran = rollbook(small, "query", "SELECT count(*) AS n FROM versions WHERE stage = :s", "-p", "s=staging")
    assert ran.out == "n\n2\n"


@pytest.mark.parametrize(
    "arguments",
    [[], ["SELECT 1", "--schema"], ["SELECT :a", "-p", "a"], ["SELECT 1", "--rev", "x", "--at", "y"]],
)
def test_a_wrong_call_is_refused(small: Path, arguments: list[str]) -> None:
    assert rollbook(small, "query", *arguments).code == 2


def test_the_schema_lists_every_view_and_column(small: Path) -> None:
    printed = rollbook(small, "query", "--schema").out
    for view in VIEWS:
        for column in view.columns:
            assert f"{view.name}\t{column.name}\t{column.type}\t{column.meaning}" in printed
    assert [view["view"] for view in json.loads(rollbook(small, "query", "--schema", "--json").out)] == [
        view.name for view in VIEWS
    ]


@pytest.mark.parametrize(
    ("sql", "says", "hints"),
    [
        ("SELECT * FROM modls", "no such table: modls", "Did you mean models"),
        ("SELECT stag FROM versions", "no such column: stag", "stage"),
        ("SELEC 1", "syntax error", "--schema"),
        ("SELECT :who", "binding parameter :who", "--schema"),
        ("", "the query is empty", "SELECT"),
        ("/* nothing */", "the query is empty", "SELECT"),
    ],
)
def test_wrong_sql_is_said_with_a_hint(small: Path, sql: str, says: str, hints: str) -> None:
    ran = rollbook(small, "query", sql)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert hints in ran.err


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM versions",
        "DELETE FROM main.version",
        "INSERT INTO version (model_id) VALUES (1)",
        "UPDATE sqlite_master SET sql = ''",
        "DROP TABLE version",
        "CREATE TABLE x (y)",
        "CREATE TEMP TABLE x AS SELECT 1",
        "CREATE TEMP TRIGGER t INSTEAD OF DELETE ON versions BEGIN SELECT 1; END",
        "ATTACH DATABASE '{place}' AS other",
        "DETACH DATABASE main",
        "VACUUM INTO '{place}'",
        "PRAGMA journal_mode = WAL",
        "PRAGMA query_only = OFF",
        "SELECT * FROM pragma_table_info('version')",
        "SELECT load_extension('{place}')",
        "SELECT * FROM version",
        "SELECT * FROM main.evidence",
        "SELECT sql FROM sqlite_master",
        "SELECT sql FROM sqlite_temp_master",
        "SELECT first_stage FROM asked",
        "SELECT * FROM dbstat",
        "BEGIN",
        "COMMIT",
        "ROLLBACK",
        "SAVEPOINT x",
        "SELECT 1; DELETE FROM version",
        "REINDEX",
        "ANALYZE",
        "CREATE VIRTUAL TABLE x USING fts5(y)",
        "SELECT readfile('{place}')",
        "SELECT writefile('{place}', 'x')",
    ],
)
def test_sql_that_does_more_than_read_the_views_is_refused(small: Path, tmp_path: Path, sql: str) -> None:
    place = tmp_path / "place"
    ran = rollbook(small, "query", sql.format(place=place))
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert not place.exists()
    assert rollbook(small, "query", "SELECT count(*) AS n FROM versions").out == "n\n7\n"


_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "


@pytest.mark.parametrize("what", ["count(*)", "max(i)"])
def test_a_query_that_does_not_end_is_ended(small: Path, what: str) -> None:
    start = time.monotonic()
    ran = rollbook(small, "query", f"{_ENDLESS} SELECT {what} FROM n", "--timeout", "0.3")
    assert ran.code == 1
    assert "longer than 0.3 seconds" in ran.err
    assert time.monotonic() - start < 10


def test_a_query_that_gives_too_many_rows_is_refused(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_run, "MOST_ROWS", 1_000)
    ran = rollbook(small, "query", f"{_ENDLESS} SELECT i FROM n")
    assert ran.code == 1
    assert "more than 1,000 rows" in ran.err
    assert "LIMIT" in ran.err


def test_a_query_that_takes_too_much_memory_is_ended(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rollbook.insight.query.guard.MOST_MEMORY", 1 << 25)
    sql = f"{_ENDLESS} SELECT count(*) FROM (SELECT DISTINCT i, hex(randomblob(500)) FROM n)"
    ran = rollbook(small, "query", sql)
    assert ran.code == 1
    assert "memory" in ran.err


def test_a_value_that_is_too_long_is_refused(small: Path) -> None:
    assert rollbook(small, "query", "SELECT length(hex(zeroblob(900000000)))").code == 2


def test_json_functions_may_be_used(small: Path) -> None:
    assert rollbook(small, "query", "SELECT sum(value) AS n FROM json_each('[1, 2]')").out == "n\n3\n"


def test_another_repository_is_asked_without_a_clone_but_not_about_events(
    small: Path, tmp_path: Path
) -> None:
    address = ("--repo", f"file://{small}")
    found = rollbook(tmp_path, "query", "SELECT version FROM stages WHERE stage = 'production'", *address)
    assert (found.code, found.out) == (0, "version\n1.1.0\n"), found.err
    refused = rollbook(tmp_path, "query", "SELECT count(*) FROM events", *address)
    assert (refused.code, refused.out) == (1, "")
    assert "Clone the repository" in refused.err


def test_a_folder_that_is_no_registry_is_said(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "none", {"readme": "x"})
    ran = rollbook(root, "query", "SELECT 1")
    assert ran.code == 1
    assert "there is no registry" in ran.err
