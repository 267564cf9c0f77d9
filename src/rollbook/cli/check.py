"""`rollbook check`."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import say
from rollbook.errors import NotFound, RollbookError

if TYPE_CHECKING:
    from rollbook.access.roles import Person
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
@click.option(
    "--pull-request",
    metavar="NUMBER",
    help="The pull request on GitHub whose approvals count; needs --base and --head.",
)
@click.option(
    "--summary",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write what a pull request's comment says into FILE; needs --base and --head.",
)
@click.option("--no-cache", is_flag=True, help="Judge every file, also those that were found right before.")
@options.directory
@options.as_json
def command(
    everything: bool,
    staged: bool,
    base: str | None,
    head: str | None,
    style: str,
    pull_request: str | None,
    summary: Path | None,
    no_cache: bool,
    as_json: bool,
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
    if base is None and (pull_request or summary):
        raise click.UsageError("--pull-request and --summary need --base and --head.")
    repository = options.repository()
    if base is not None and head is not None:
        found = _judge_merge(repository, base, head, pull_request, summary)
    else:
        found = _staged_findings(repository) if staged else _all_findings(repository, not no_cache)
    click.echo(FORMATS["json" if as_json else style](found), nl=False)
    if any(finding.severity == "error" for finding in found):
        click.get_current_context().exit(1)


def _judge_merge(
    repository: Repository, base: str, head: str, pull_request: str | None, summary: Path | None
) -> list[Finding]:
    from rollbook.check.judge import check_merge
    from rollbook.git.repository import resolve_commit

    base, head = resolve_commit(repository, base), resolve_commit(repository, head)
    reviews = _reviews(repository, pull_request, base, head) if pull_request else ()
    found, _ = check_merge(repository, base, head, reviews=reviews)
    if summary is not None:
        from rollbook.integrations.forge.pull_request import summary as written

        summary.write_text(written(repository, base, head, found, reviews), encoding="utf-8")
    return found


def _reviews(repository: Repository, pull_request: str, base: str, head: str) -> tuple[Person, ...]:
    """Who approved on GitHub. Where that can't be told, nobody did: the check goes on and says so."""
    from rollbook.integrations.forge.configured_forge import github, pull_request_number
    from rollbook.integrations.forge.reviews import reviews

    number, forge = pull_request_number(pull_request), github()
    try:
        return reviews(forge, repository, number, base, head)
    except RollbookError as error:
        say(f"no review counts: {error}")
        return ()


def _all_findings(repository: Repository, cached: bool) -> list[Finding]:
    from rollbook.check.clean_files import Remembered, remembered
    from rollbook.check.whole_tree import check_tree
    from rollbook.snapshot.snapshot import worktree_snapshot

    known = remembered(repository) if cached else Remembered()
    return check_tree(worktree_snapshot(repository), None, known, processes=_processors())


def _processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _staged_findings(repository: Repository) -> list[Finding]:
    from rollbook.check.judge import check_change
    from rollbook.check.whole_tree import check_tree
    from rollbook.snapshot.snapshot import commit_snapshot, index_snapshot

    index = index_snapshot(repository)
    try:
        found = check_change(repository, commit_snapshot(repository, "HEAD"), index)
        # What waits for time or for other people can't hold up the commit that asks for it.
        return [replace(each, severity="warning") if each.waiting else each for each in found]
    except NotFound:
        return check_tree(index)
