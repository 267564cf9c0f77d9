"""`rollbook gates REF STAGE`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.check.promotion_report import GateReport


@click.command("gates")
@click.argument("reference", metavar="[REF", required=False)
@click.argument("stage", metavar="STAGE]", required=False)
@click.option("--all", "every", is_flag=True, help="Judge every version that holds a stage, as it stands.")
@click.option("--base", metavar="REV", help="What a pull request starts from; needs --head.")
@click.option("--head", metavar="REV", help="What a pull request would merge; needs --base.")
@click.option("--markdown", is_flag=True, help="Print a table for a pull request's comment.")
@options.directory
@options.as_json
def command(
    reference: str | None,
    stage: str | None,
    base: str | None,
    head: str | None,
    every: bool,
    markdown: bool,
    as_json: bool,
) -> None:
    """Show gate by gate what it takes to move REF to STAGE, or what a pull request's promotions meet.
    In the place of STAGE, @champion is the alias of that name.

    Of a version that holds STAGE, it is what today's gates say of it as it stands, with the approvals that
    are on record: would it be let in today? --all asks that of every version that holds a stage.

    A gate has passed, has failed with the figure and the threshold, or waits for time or for people. Exits
    with 1 when one fails or waits.
    """
    if markdown and as_json:
        raise click.UsageError("Give either --markdown or --json.")
    if (base is None) != (head is None):
        raise click.UsageError("--base and --head go together.")
    if (reference is not None) + (base is not None) + every != 1 or (reference is None) != (stage is None):
        raise click.UsageError("Give either REF and STAGE, or --base and --head, or --all.")
    registry = options.registry()
    reports = registry.standing_gates() if every else registry.gates(reference, stage, base=base, head=head)
    if as_json:
        print_json(reports)
    elif markdown:
        from rollbook.check.gate_markdown import as_markdown

        click.echo(as_markdown(reports.promotions), nl=False)
    elif every:
        _print_all(reports.promotions)
    else:
        for report in reports.promotions:
            _print(report)
    if not reports.met:
        click.get_current_context().exit(1)


def _print_all(reports: Sequence[GateReport]) -> None:
    rows = [
        (report.model, report.version, report.target, report.state.value, "; ".join(_unmet(report)))
        for report in reports
    ]
    print_table(("model", "version", "stage", "state", "what it would not be let in for"), rows)


def _unmet(report: GateReport) -> Iterator[str]:
    for judged in report.results:
        if not judged.verdict.passed:
            yield f"{judged.gate}: {judged.verdict.figure} (asked for: {judged.verdict.threshold})"


def _print(report: GateReport) -> None:
    say(f"{report.model}@{report.version}: {report.start} -> {report.target}")
    rows = [
        (judged.gate, verdict.state.value, verdict.figure, verdict.threshold, verdict.hint)
        for judged in report.results
        for verdict in [judged.verdict]
    ]
    print_table(
        ("gate", "state", "found", "asked for", "what to do"), rows, may_go=("asked for", "what to do")
    )
