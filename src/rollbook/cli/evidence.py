"""`rollbook evidence add REF KIND`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, say
from rollbook.records.evidence import KINDS

_MANY: dict[str, Any] = {"multiple": True}


@click.group("evidence")
def command() -> None:
    """Put on record what was learnt about a version."""


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
@click.option("-m", "--metric", metavar="NAME=NUMBER", **_MANY, help="A metric; it wins. Repeatable.")
@click.option("--summary", default="", help="What was found, in a few sentences.")
@click.option("--tool", metavar="NAME[==VERSION]", help="The tool that gathered it, e.g. fairlearn==0.12.0.")
@click.option("--data", metavar="NAME[@VERSION]", help="The data set that was used.")
@click.option("--uri", default="", help="Where the full report is kept.")
@options.proposal
@options.directory
@options.as_json
def add_command(
    reference: str, kind: str, status: str, then: str | None, as_json: bool, **given: Any
) -> None:
    """Add evidence on REF: a file that is never edited, bound to the artifact's digest.

    KIND is evaluation, fairness, data-validation, smoke-test, load-test, monitoring or deployment. Who and
    when come from git and the clock. Your checkout, your staged files and your branch stay as they are.
    """
    from rollbook.cli.proposed import carry_on
    from rollbook.propose import facts
    from rollbook.propose.evidence import Examination, add_evidence, named

    repository = options.repository()
    report = facts.report_metrics(given["file"]) if given["file"] else {}
    examination = Examination(
        kind=kind,
        passed=status == "passed",
        summary=given["summary"],
        metrics={**report, **facts.metrics(given["metric"])},
        data=named("--data", given["data"], "@") if given["data"] else {},
        tool=named("--tool", given["tool"], "==") if given["tool"] else {},
        uri=given["uri"],
    )
    added = add_evidence(repository, reference, examination)
    if not as_json:
        say(f"{added.model}@{added.version}: {kind}-{added.number} {status}")
    carried = carry_on(repository, added.branch, then=then, quiet=as_json)
    if as_json:
        print_json(
            {
                "model": added.model,
                "version": added.version,
                "kind": added.kind,
                "number": added.number,
                "path": added.path,
                "artifact_sha256": added.artifact_sha256,
                "branch": added.branch,
                "commit": added.commit,
                **carried,
            }
        )
