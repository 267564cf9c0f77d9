"""`rollbook access`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, say
from rollbook.cli.source import at_repository, opened_registry

if TYPE_CHECKING:
    from rollbook.insight.review.access_review import AccessReview


@click.command("access")
@click.option("--model", metavar="MODEL", help="Who may do something with this model.")
@click.option(
    "--who", metavar="PERSON", help="What an address, `@login`, `@org/team` or a key's fingerprint may do."
)
@click.option(
    "--format", "form", type=click.Choice(("table", "csv", "json")), default="table", help="Default: table."
)
@at_repository
@options.snapshot
@options.directory
@options.as_json
def command(
    model: str | None,
    who: str | None,
    form: str,
    repo: str | None,
    rev: str | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Say who may do what by the policy: each member, each role, for which models.

    A change is judged by main's policy: give `--rev main` where something else is checked out. Who belongs
    to a team, the forge knows.
    """
    with opened_registry(repo, rev, at) as registry:
        review = registry.access(model=model, who=who)
    if as_json or form == "json":
        print_json(review)
    elif form == "csv":
        click.echo(review.as_csv(), nl=False)
    else:
        print_table(*review.as_table())
    _remark(review)


def _remark(review: AccessReview) -> None:
    if review.everybody:
        say("the policy names no roles: everybody may do everything, and the forge decides")
    elif not review.rows:
        say("nobody has such a role")
    if review.exists is False:
        say(f"there is no model {review.model} yet")
