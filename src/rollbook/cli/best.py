"""`rollbook best MODEL --metric M`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_pairs, say
from rollbook.cli.source import at_repository, opened_registry


@click.command("best")
@click.argument("model")
@click.option("-m", "--metric", metavar="NAME", required=True, help="The metric to go by.")
@click.option(
    "--lower-is-better/--higher-is-better",
    default=None,
    help="Default: as the metric's name tells; an error, a loss or a latency is better when lower.",
)
@options.evidence
@click.option("--stage", metavar="STAGE", help="Look only at the versions in this stage.")
@at_repository
@options.snapshot
@options.directory
@options.as_json
def command(
    model: str,
    metric: str,
    lower_is_better: bool | None,
    evidence: str | None,
    stage: str | None,
    repo: str | None,
    rev: str | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Print the best version of MODEL by a metric.

    Of equal ones it is the newest. Versions that don't give the metric, or not as a finite number, are named
    on stderr.
    """
    with opened_registry(repo, rev, at) as registry:
        best = registry.best(model, metric, lower_is_better=lower_is_better, evidence=evidence, stage=stage)
    if best.without:
        say(f"without {metric}: {', '.join(best.without)}")
    if as_json:
        print_json(best)
        return
    facts = best.as_document()
    names = ("version", "stage", "value", "metrics_from", "commit", "path", "sha256")
    print_pairs([(name, str(facts[name])) for name in names])
