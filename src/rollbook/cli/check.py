"""`rollbook check`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.errors import NotFound

if TYPE_CHECKING:
    from rollbook.check.finding import Finding
    from rollbook.git.repository import Repository

_FORMATS = ("text", "json", "github", "sarif")


@click.command("check")
@click.option("--all", "everything", is_flag=True, help="The whole working tree (the default).")
@click.option("--staged", is_flag=True, help="What is staged, for pre-commit.")
@click.option("--base", metavar="REV", help="What a pull request starts from; needs --head.")
@click.option("--head", metavar="REV", help="What a pull request would merge; needs --base.")
@click.option(
    "--format", "style", type=click.Choice(_FORMATS), default="text", help="How findings are printed."
)
@options.directory
@options.as_json
def command(
    everything: bool, staged: bool, base: str | None, head: str | None, style: str, as_json: bool
) -> None:
    """Check the registry's files, or what a change does to them.

    Every finding is reported, with a stable code, the file, the line and the key. Exits with 1 when one is
    an error.
    """
    from rollbook.check.report import FORMATS

    if (base is None) != (head is None):
        raise click.UsageError("--base and --head go together.")
    if everything + staged + (base is not None) > 1:
        raise click.UsageError("Give one of --all, --staged, and --base with --head.")
    found = _findings(options.repository(), staged, base, head)
    click.echo(FORMATS["json" if as_json else style](found), nl=False)
    if any(finding.severity == "error" for finding in found):
        click.get_current_context().exit(1)


def _findings(repository: Repository, staged: bool, base: str | None, head: str | None) -> list[Finding]:
    from rollbook.check.judge import check_change, check_merge, check_tree
    from rollbook.git.repository import resolve_commit
    from rollbook.snapshot import commit_snapshot, index_snapshot, worktree_snapshot

    if base is not None and head is not None:
        merged = check_merge(repository, resolve_commit(repository, base), resolve_commit(repository, head))
        return merged[0]
    if not staged:
        return check_tree(worktree_snapshot(repository))
    index = index_snapshot(repository)
    try:
        return check_change(repository, commit_snapshot(repository, "HEAD"), index)
    except NotFound:
        return check_tree(index)
