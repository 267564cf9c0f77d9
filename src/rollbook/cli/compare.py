"""`rollbook compare MODEL [VERSION...]`."""

from __future__ import annotations

import dataclasses
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
    metrics: tuple[str, ...],
    every: bool,
    lower: tuple[str, ...],
    higher: tuple[str, ...],
    evidence: str | None,
    form: str,
    picture: Path | None,
    repo: str | None,
    rev: str | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Put versions of MODEL side by side: stages, dates, metrics, what differs in parameters, data and code.

    Without a VERSION: the version in production, those in the stages before it, and the newest. The best of
    each metric is marked, and each change is against the version in production. Metrics named like an error,
    a loss or a latency are better when lower; the others when higher.
    """
    from rollbook.insight.compare.comparison import compare

    if every and versions:
        raise click.UsageError("Give either versions or --all.")
    with opened_registry(repo, rev, at) as registry:
        found = registry.model(model)
        wanted = found.version_names if every else versions
        compared = compare(
            found,
            wanted,
            metrics,
            lower_is_better=lower,
            higher_is_better=higher,
            evidence=evidence or "",
        )
    if picture is not None:
        from rollbook.insight.compare.plot import plot

        plot(compared, picture)
    _print(compared, "json" if as_json else form)


def _print(compared: Comparison, form: str) -> None:
    from rollbook.insight.compare import comparison_table as comparison_table

    if form == "json":
        print_json(_as_data(compared))
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


def _as_data(compared: Comparison) -> dict[str, Any]:
    return {
        "model": compared.model,
        "baseline": compared.baseline,
        "metrics_from": compared.evidence or "manifest",
        "lower_is_better": list(compared.lower_is_better),
        "versions": [dataclasses.asdict(item) for item in compared.versions],
        "differences": {
            "hyperparameters": {item.name: list(item.values) for item in compared.hyperparameters},
            "data": _values(compared.data),
            "code": _values(compared.code),
        },
    }


def _values(difference: Any) -> list[Any] | None:
    return None if difference is None else list(difference.values)
