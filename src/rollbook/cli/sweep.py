"""`rollbook sweep`."""

from __future__ import annotations

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, say, size


@click.command("sweep")
@click.option("--yes", is_flag=True, help="Delete it. Without this, only say what would go.")
@click.option(
    "--also", metavar="REPO", multiple=True,
    help="Another repository (path or URL) that stores in the same DVC remote. Repeatable.",
)  # fmt: skip
@options.directory
@options.as_json
def command(yes: bool, also: tuple[str, ...], as_json: bool) -> None:
    """Delete from the DVC remote what landed removals let go and nothing else needs; first say what.

    Needed is what any branch, tag, stash or proposal mentions, here or on the git remote, but for the removed
    versions' own pointers.
    """
    swept = options.registry().sweep(yes=yes, also=also)
    if as_json:
        print_json(swept)
        return
    rows = [
        [f"{entry.model}@{entry.version}", entry.landed_at, entry.state, size(entry.frees), entry.why]
        for entry in swept.removals
    ]
    print_table(["version", "removed", "bytes", "frees", "why"], rows, may_go=["removed", "bytes", "why"])
    many = f"{len(swept.objects)} objects, {size(sum(entry.size for entry in swept.objects))}"
    if yes:
        say(f"deleted from {swept.remote}: {many}")
    elif swept.objects:
        say(f"may go from {swept.remote}: {many}; delete them: rollbook sweep --yes")
    else:
        say(f"nothing may go from {swept.remote}")
