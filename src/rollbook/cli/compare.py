"""`rollbook compare MODEL [VERSION...]`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, say
from rollbook.cli.source import at_repository, opened_registry

if TYPE_CHECKING:
    from rollbook.insight.compare.comparison import Comparison


@click.command("compare")
@click.argument("model")
@click.argument("versions", nargs=-1, metavar="[VERSION]...")
@click.option(
    "-m", "--metric", "metrics", metavar="NAME", multiple=True, help="Show this metric only. Repeatable."
)
@click.option("--all", "every", is_flag=True, help="Compare all versions of the model.")
@options.direction
@options.evidence
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "markdown", "csv", "json"]),
    default="table",
    help="How to print it; markdown is for a pull request's comment.",
)
@click.option(
    "--plot",
    "picture",
    metavar="FILE",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also draw the metrics over the versions, as SVG or PNG. Needs the extra `plot`.",
)
@at_repository
@options.snapshot
@options.directory
@options.as_json
def command(
    model: str,
    versions: tuple[str, ...],
    every: bool,
    form: str,
    picture: Path | None,
    repo: str | None,
    rev: str | None,
    at: str | None,
    as_json: bool,
    **narrowed: Any,
) -> None:
    """Put versions of MODEL side by side: stages, dates, metrics, what differs in parameters, data and code.

    Without a VERSION: the version in production, those in the stages before it, and the newest. The best of
    each metric is marked, and each change is against the version in production. Metrics named like an error,
    a loss or a latency are better when lower; the others when higher.
    """
    if every and versions:
        raise click.UsageError("Give either versions or --all.")
    with opened_registry(repo, rev, at) as registry:
        compared = registry.compare(
            model, registry.model(model).version_names if every else versions, **narrowed
        )
    if picture is not None:
        from rollbook.insight.compare.plot import plot

        plot(compared, picture)
    _print(compared, "json" if as_json else form)


def _print(compared: Comparison, form: str) -> None:
    from rollbook.insight.compare import comparison_table as comparison_table

    if form == "json":
        print_json(compared)
    elif form == "markdown":
        click.echo(comparison_table.as_markdown(compared), nl=False)
    elif form == "csv":
        click.echo(comparison_table.as_csv(compared), nl=False)
    else:
        print_table(*comparison_table.as_rows(compared))
        if compared.evidence:
            say(f"metrics are those of the newest {compared.evidence} evidence")
        if compared.baseline:
            say(f"changes are against {compared.baseline}, which is in production")
