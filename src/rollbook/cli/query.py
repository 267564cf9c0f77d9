"""`rollbook query SQL`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, say
from rollbook.cli.source import at_repository, opened_registry

if TYPE_CHECKING:
    from rollbook.insight.query.sql import Result


@click.command("query")
@click.argument("sql", required=False)
@click.option(
    "-p",
    "--param",
    "parameters",
    metavar="NAME=VALUE",
    multiple=True,
    help="The value of :NAME in the query, as text. Repeatable.",
)
@click.option("--schema", is_flag=True, help="Print the views and their columns.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    help="How to print it.",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0.1),
    default=30.0,
    show_default=True,
    help="How long the query may take.",
)
@at_repository
@options.snapshot
@options.directory
@options.as_json
def command(
    sql: str | None,
    parameters: tuple[str, ...],
    schema: bool,
    form: str,
    timeout: float,
    repo: str | None,
    rev: str | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Ask SQL of the registry: one SELECT, in SQLite's dialect, over the views that --schema prints.

    SQL is the query, or - to read it from stdin. It can only read: no file, no other table, no change.
    """
    form = "json" if as_json else form
    if schema:
        if sql is not None:
            raise click.UsageError("Give either SQL or --schema.")
        _print_schema(form)
        return
    if sql is None:
        raise click.UsageError("Give a query, or --schema.")
    values = dict(map(_parameter, parameters))
    with opened_registry(repo, rev, at) as registry:
        result = registry.query(sys.stdin.read() if sql == "-" else sql, values, timeout=timeout)
    _print(result, form)
    if result.problems:
        say(
            f"{result.problems} files can't be read, and what they say is missing; run `rollbook check --all`"
        )


def _parameter(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise click.UsageError(f"{text!r} is no NAME=VALUE.")
    return name, value


def _print(result: Result, form: str) -> None:
    from rollbook.insight.query import printed

    if form == "json":
        print_json(result)
    elif form == "csv":
        click.echo(printed.as_csv(result), nl=False)
    else:
        print_table(result.columns, printed.as_cells(result))


def _print_schema(form: str) -> None:
    from rollbook.insight.query.views import VIEWS

    if form == "json":
        print_json(
            [
                {
                    "view": view.name,
                    "meaning": view.meaning,
                    "columns": [
                        {"name": column.name, "type": column.type, "meaning": column.meaning}
                        for column in view.columns
                    ],
                }
                for view in VIEWS
            ]
        )
        return
    rows = [
        [view.name, column.name, column.type, column.meaning] for view in VIEWS for column in view.columns
    ]
    print_table(["view", "column", "type", "meaning"], rows, may_go=["type"])
