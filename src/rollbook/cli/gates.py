"""`rollbook gates REF STAGE`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from rollbook.check.promotion_report import GateReport


@click.command("gates")
@click.argument("reference", metavar="[REF", required=False)
@click.argument("stage", metavar="STAGE]", required=False)
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
    markdown: bool,
    as_json: bool,
) -> None:
    """Show gate by gate what it takes to move REF to STAGE, or what a pull request's promotions meet.

    A gate has passed, has failed with the figure and the threshold, or waits for time or for people. Exits
    with 1 when one fails or waits.
    """
    if markdown and as_json:
        raise click.UsageError("Give either --markdown or --json.")
    reports = _reports(reference, stage, base, head)
    if as_json:
        met = all(report.met for report in reports)
        print_json({"met": met, "promotions": [as_mapping(report) for report in reports]})
    elif markdown:
        from rollbook.check.gate_markdown import as_markdown

        click.echo(as_markdown(reports), nl=False)
    else:
        for report in reports:
            _print(report)
    if not all(report.met for report in reports):
        click.get_current_context().exit(1)


def _reports(
    reference: str | None, stage: str | None, base: str | None, head: str | None
) -> list[GateReport]:
    from rollbook.check.promotion_report import gate_report, proposed_gate_reports

    if (base is None) != (head is None):
        raise click.UsageError("--base and --head go together.")
    if (reference is None) == (base is None) or (reference is None) != (stage is None):
        raise click.UsageError("Give either REF and STAGE, or --base and --head.")
    repository = options.repository()
    if base is not None and head is not None:
        return proposed_gate_reports(repository, base, head)
    return [gate_report(repository, reference or "", stage or "")]


def _print(report: GateReport) -> None:
    say(f"{report.model}@{report.version}: {report.start} -> {report.target}")
    rows = [
        (judged.gate, verdict.state.value, verdict.figure, verdict.threshold, verdict.hint)
        for judged in report.results
        for verdict in [judged.verdict]
    ]
    print_table(("gate", "state", "found", "asked for", "what to do"), rows)


def as_mapping(report: GateReport) -> dict[str, Any]:
    """A report as `gates --json` prints it."""
    return {
        "model": report.model,
        "version": report.version,
        "from": report.start,
        "to": report.target,
        "state": report.state.value,
        "gates": [
            {
                "gate": judged.gate,
                "code": judged.code,
                "state": judged.verdict.state.value,
                "figure": judged.verdict.figure,
                "threshold": judged.verdict.threshold,
                "hint": judged.verdict.hint,
                "path": judged.path,
                "key": judged.key,
            }
            for judged in report.results
        ],
    }
