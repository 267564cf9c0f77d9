"""`rollbook check`."""

from __future__ import annotations

from pathlib import Path

import click

from rollbook.cli import options
from rollbook.cli.output import say

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
    checked = options.registry().check(
        staged=staged, base=base, head=head, pull_request=pull_request, summary=summary, no_cache=no_cache
    )
    if checked.no_review:
        say(f"no review counts: {checked.no_review}")
    click.echo(FORMATS["json" if as_json else style]([*checked.findings]), nl=False)
    if not checked.passed:
        click.get_current_context().exit(1)
