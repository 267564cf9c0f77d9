"""`rollbook storage`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import print_facts, print_json, print_table, say, size
from rollbook.cli.source import opened_registry
from rollbook.cli.told_use import usage_option, warn_of_unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.retention.accounting import StorageReport
    from rollbook.retention.cold import ColdCandidate

_MOST = 20  # unused artifacts that are named


@click.command("storage")
@click.option(
    "--cold",
    metavar="SPAN",
    help="Also name the largest artifacts that nothing used for SPAN (90d, 12w): a cheaper class would do.",
)
@usage_option
@options.snapshot
@options.directory
@options.as_json
def command(cold: str | None, usage: bool, rev: str | None, at: str | None, as_json: bool) -> None:
    """Say what the artifacts take, by model, stage and format; what they share, what may go, what it costs.

    The price is the policy's, and so are the rules by which artifacts may go. With --at they are applied as
    on that date.

    With --cold, what is in an exclusive stage or has an alias is in use, and so is what runs or served within
    SPAN, as for `list --stale`. An artifact
    whose format or name says that it is compressed is told apart: it would not get smaller.
    """
    from rollbook.names import parse_moment

    with opened_registry(None, rev, at) as registry:
        report = registry.storage(cold=cold, usage=usage, now=parse_moment(at) if at else None)
    warn_of_unknown({(each.model, each.version): each.why for each in report.use_unknown})
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
    if cold is not None:
        _print_cold(report.cold, cold)


def _print_cold(candidates: Sequence[ColdCandidate], span: str) -> None:
    if not candidates:
        say(f"nothing is unused for {span}")
        return
    click.echo("")
    rows = [
        [
            each.model,
            each.version,
            each.stage,
            size(each.size),
            size(each.own),
            str(each.days),
            each.served,
            each.format,
            "yes" if each.compressed else "",
        ]
        for each in candidates[:_MOST]
    ]
    columns = [
        "model",
        "version",
        "stage",
        "size",
        "needed by nothing else",
        "days",
        "served",
        "format",
        "compressed",
    ]
    print_table(columns, rows, may_go=["needed by nothing else", "format", "compressed", "stage", "served"])
    if len(candidates) > _MOST:
        say(f"and {len(candidates) - _MOST} smaller ones; --json has all")


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
