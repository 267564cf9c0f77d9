"""`rollbook lineage REF`, and backwards from data, code or a parent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, say
from rollbook.cli.source import at_repository, opened_registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.insight.lineage.descendants import Descendant
    from rollbook.insight.lineage.trace import Lineage

_FORMATS = ("tree", "mermaid", "dot", "json", "openlineage")


@click.command("lineage")
@click.argument("reference", metavar="REF", required=False)
@click.option(
    "--data",
    metavar="NAME[@VERSION]",
    help="List what came from this data set, given by name, address or SHA-256.",
)
@click.option("--commit", metavar="SHA", help="List what came from this commit of the training code.")
@click.option("--parent", metavar="REF", help="List what was derived from this version.")
@click.option("--format", "form", type=click.Choice(_FORMATS), help="How to print it. Default: tree.")
@at_repository
@options.snapshot
@options.directory
@options.as_json
def command(
    reference: str | None,
    data: str | None,
    commit: str | None,
    parent: str | None,
    form: str | None,
    repo: str | None,
    rev: str | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Show what REF came from: its data, features, code, run, environment and parents, and theirs.

    Then what became of it: the stages it stood in, and where it is deployed. Backwards, with --data, --commit
    or --parent: every version that came from it, directly or through other versions, the stage it is in now,
    and where it runs.
    """
    sources = {"data": data, "commit": commit, "parent": parent}
    backwards = [source for source in sources.values() if source is not None]
    if len(backwards) + (reference is not None) != 1:
        raise click.UsageError("Give one of REF, --data, --commit and --parent.")
    if backwards and form not in (None, "json"):
        raise click.UsageError("--format is about REF; for a list there is --json.")
    with opened_registry(repo, rev, at) as registry:
        if reference is not None:
            _show(registry.lineage(reference), "json" if as_json else form or "tree")
        else:
            _list(registry.descendants(**sources), as_json=as_json or form == "json")


def _show(lineage: Lineage, form: str) -> None:
    if form == "json":
        print_json(lineage)
    elif form == "openlineage":
        from rollbook.insight.lineage.openlineage import as_events

        print_json(as_events(lineage))
    elif form == "tree":
        from rollbook.insight.lineage.lineage_tree import as_tree

        click.echo(as_tree(lineage), nl=False)
    else:
        from rollbook.insight.lineage.graph import as_dot, as_mermaid, graph_of

        write = as_mermaid if form == "mermaid" else as_dot
        click.echo(write(graph_of(lineage)), nl=False)


def _list(found: Sequence[Descendant], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    if not found:
        say("no version came from it")
        return
    rows = [
        [item.reference, item.stage, ", ".join(item.aliases), _running(item), " > ".join(item.via)]
        for item in found
    ]
    print_table(
        ["version", "stage", "aliases", "runs at", "through"], rows, may_go=["aliases", "runs at", "through"]
    )


def _running(item: Descendant) -> str:
    targets = [
        deployment.target or deployment.evidence
        for deployment in item.deployments
        if deployment.status == "running"
    ]
    return ", ".join(targets)
