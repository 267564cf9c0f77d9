"""`rollbook evidence add REF KIND`, `list REF` and `fetch REF NAME`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollbook.api.json_document import document
from rollbook.cli import options
from rollbook.cli.near_commands import NearCommands
from rollbook.cli.output import print_json, print_table, progress_bar, say, size, warn
from rollbook.cli.proposed import carry_on
from rollbook.cli.source import at_repository, opened_registry
from rollbook.insight.compare.metric import finite
from rollbook.records.evidence import KINDS
from rollbook.text import printable

if TYPE_CHECKING:
    from rollbook.records.evidence import Attachment, Evidence

_MANY: dict[str, Any] = {"multiple": True}


@click.group("evidence", cls=NearCommands)
def command() -> None:
    """Put on record what was learnt about a version, list it, and get what is attached to it."""


@command.command("add")
@click.argument("reference", metavar="REF")
@click.argument("kind", type=click.Choice(KINDS), metavar="KIND")
@click.option("--status", type=click.Choice(["passed", "failed"]), required=True, help="How the version did.")
@click.option(
    "--file",
    "file",
    type=click.Path(path_type=Path),
    help="A tool's report, JSON or YAML; the numbers in it become metrics, the rest is left out.",
)
@click.option(
    "-m", "--metric", "metrics", metavar="NAME=NUMBER", **_MANY, help="A metric; it wins. Repeatable."
)
@click.option("--summary", default="", help="What was found, in a few sentences.")
@click.option("--tool", metavar="NAME[==VERSION]", help="The tool that gathered it, e.g. fairlearn==0.12.0.")
@click.option("--data", metavar="NAME[@VERSION]", help="The data set that was used.")
@click.option("--target", default="", help="Of a deployment: where the version runs, e.g. eu-west/prod.")
@click.option(
    "--attach",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="A file or folder to keep with it, in the DVC remote. Repeatable.",
    **_MANY,
)
@click.option("--uri", default="", help="Where the full report is kept.")
@options.proposal
@options.directory
@options.as_json
def add_command(reference: str, kind: str, then: str | None, as_json: bool, **given: Any) -> None:
    """Add evidence on REF: a file that is never edited, bound to the artifact's digest.

    KIND is evaluation, fairness, data-validation, smoke-test, conversion, load-test, monitoring, deployment
    or reference: a Parquet file of rows that live data is held against. Who and when come from git and the
    clock. What is attached goes to the DVC remote, and a pointer to it stands beside the evidence. Your
    checkout, your staged files and your branch stay as they are.
    """
    from rollbook.propose.manifest_facts import metrics

    given["metrics"] = metrics(given["metrics"])
    registry = options.registry()
    with progress_bar("reading", "the attachments") as progress:
        added = registry.evidence.add(reference, kind, progress=progress, **given)
    if not as_json:
        say(f"{added.model}@{added.version}: {kind}-{added.number} {given['status']}")
        for remark in added.remarks:
            warn(remark)
    carried = carry_on(registry, added.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**document(added), **carried})


@command.command("list")
@click.argument("reference", metavar="REF")
@at_repository
@options.snapshot
@options.directory
@options.as_json
def list_command(reference: str, repo: str | None, rev: str | None, at: str | None, as_json: bool) -> None:
    """List the evidence on REF: how it went, when, by whom, what was measured, what is attached."""
    with opened_registry(repo, rev, at) as registry:
        listing = registry.evidence.list(reference)
    if as_json:
        print_json(listing)
    elif listing.evidence:
        columns = ["evidence", "status", "at", "by", "metrics", "attachments"]
        rows = [_row(evidence) for evidence in listing.evidence]
        print_table(columns, rows, may_go=["attachments", "by", "metrics"])
    else:
        say(f"{listing.model}@{listing.version} has no evidence")


@command.command("fetch")
@click.argument("reference", metavar="REF")
@click.argument("name", metavar="NAME")
@click.option(
    "-o",
    "--output",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder to write to, made when it is missing. Default: here.",
)
@click.option("--force", is_flag=True, help="Replace what stands there.")
@click.option("--remote", metavar="URL", help="Get the bytes from this copy of the DVC remote (path or URL).")
@at_repository
@options.snapshot
@options.directory
@options.as_json
def fetch_command(
    reference: str, name: str, repo: str | None, rev: str | None, at: str | None,
    as_json: bool, **how: Any,
) -> None:  # fmt: skip
    """Get what is attached to the evidence NAME (such as fairness-1) of REF: verified, whole or not at all.

    Nothing is opened or shown. A report is what its author made it: open it as carefully as any download.
    """
    with opened_registry(repo, rev, at) as registry, progress_bar("fetching", name) as progress:
        fetched = registry.evidence.fetch(reference, name, progress=progress, **how)
    if as_json:
        print_json(fetched)
        return
    for path in fetched.outputs:
        click.echo(printable(str(path)))
    say(f"{fetched.model}@{fetched.version} {name}: {len(fetched.outputs)} verified")


def evidence_line(evidence: Evidence) -> str:
    """Return a piece of evidence on one line, for a person."""
    where = f" at {evidence.target}" if evidence.target else ""
    outcome = f"{_status(evidence)}{where} on {evidence.created_at} by {evidence.created_by}"
    attached = _attachments(evidence.attachments)
    parts = [outcome, evidence.summary, _metrics(evidence), f"attached: {attached}" if attached else ""]
    return "; ".join(part for part in parts if part)


def _row(evidence: Evidence) -> list[str]:
    where = f" at {evidence.target}" if evidence.target else ""
    return [
        evidence.name,
        f"{_status(evidence)}{where}",
        evidence.created_at,
        evidence.created_by,
        _metrics(evidence),
        _attachments(evidence.attachments),
    ]


def _status(evidence: Evidence) -> str:
    return "passed" if evidence.passed else "failed"


def _metrics(evidence: Evidence) -> str:
    values = {name: finite(value) for name, value in evidence.metrics.items()}
    return ", ".join(f"{name}={'?' if value is None else f'{value:g}'}" for name, value in values.items())


def _attachments(attachments: tuple[Attachment, ...]) -> str:
    counts = (f"{attachment.files:,} files, " if attachment.files else "" for attachment in attachments)
    return ", ".join(
        f"{attachment.path} ({count}{size(attachment.size)})"
        for attachment, count in zip(attachments, counts, strict=True)
    )
