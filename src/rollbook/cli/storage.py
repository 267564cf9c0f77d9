"""`rollbook storage`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import print_facts, print_json, print_table, say, size
from rollbook.cli.source import opened_registry

if TYPE_CHECKING:
    from rollbook.retention.accounting import StorageReport


@click.command("storage")
@options.snapshot
@options.directory
@options.as_json
def command(rev: str | None, at: str | None, as_json: bool) -> None:
    """Say what the artifacts take, by model, stage and format; what they share, what may go, what it costs.

    The price is the policy's, and so are the rules by which artifacts may go. With --at they are applied as
    on that date.
    """
    from rollbook.names import parse_moment

    with opened_registry(None, rev, at) as registry:
        report = registry.storage(now=parse_moment(at) if at else None)
    if as_json:
        print_json(report)
        return
    groups = (("model", report.models), ("stage", report.stages), ("format", report.formats))
    rows = [
        [kind, share.name, str(share.versions), size(share.size), size(share.own)]
        for kind, shares in groups
        for share in shares
    ]
    print_table(["by", "name", "versions", "size", "needed by nothing else"], rows, may_go=["versions"])
    print_facts(_facts(report))
    if report.unlisted:
        say(f"{len(report.unlisted)} folders could not be listed; each counts as one object")


def _facts(report: StorageReport) -> list[tuple[str, str]]:
    may_go = report.may_go
    return [
        ("versions", f"{report.versions}, and {report.removed} whose artifact is removed"),
        ("stored", f"{size(report.stored)}{_cost(report.cost, report.currency)}"),
        ("saved by sharing", size(report.saved)),
        (
            "may go",
            f"{may_go.versions} versions, {size(may_go.own)}{_cost(report.cost_may_go, report.currency)}",
        ),
    ]


def _cost(amount: float | None, currency: str) -> str:
    return "" if amount is None else f", {amount:.2f} {currency} a month"
