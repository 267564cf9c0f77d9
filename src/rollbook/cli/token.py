"""`rollbook token create`, `list` and `revoke`: who may ask the service, and how far each token goes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from rollbook.cli.options import Command

_VARIABLE = "ROLLBOOK_TOKENS"


def tokens_option(command: Command) -> Command:
    """`--tokens FILE`: where the hashes of the tokens stand."""
    return click.option(
        "--tokens",
        metavar="FILE",
        envvar=_VARIABLE,
        type=click.Path(dir_okay=False, path_type=Path),
        help=f"The file that keeps the tokens' hashes. Default: {_VARIABLE}, or a file beside git's own.",
    )(command)


def tokens_path(given: Path | None) -> Path:
    """Return the file of tokens that is meant. Raises NotFound where nothing names one and there is no
    repository."""
    from rollbook.web.identity.token_file import default_path

    return given or default_path(options.repository())


@click.group("token")
def command() -> None:
    """Make, list and revoke the tokens that `rollbook serve` lets people and programs in by."""


@command.command("create")
@click.option(
    "--for", "subject", required=True, metavar="WHO", help="Whom it speaks for: an address, or @login."
)
@click.option("--name", default="", metavar="TEXT", help="What the author of their commits is called.")
@click.option(
    "--scope", default="read,fetch", show_default=True, metavar="RIGHTS",
    help="What it may do, of what its owner may: catalog, read, fetch, propose, approve, land, admin.",
)  # fmt: skip
@click.option("--models", metavar="PATTERN", multiple=True, help="These models alone: 'risk/*'. Repeatable.")
@click.option(
    "--registry", "registries", metavar="NAME", multiple=True, help="This registry alone. Repeatable."
)
@click.option(
    "--expires",
    default="90d",
    show_default=True,
    metavar="SPAN",
    help="When it ends: 12h, 90d, a date, never.",
)
@click.option("--note", default="", metavar="TEXT", help="What it is for.")
@tokens_option
@options.directory
@options.as_json
def create_command(
    subject: str, name: str, scope: str, expires: str, tokens: Path | None, as_json: bool, **given: Any
) -> None:
    """Make a token and print it, once: only its hash is kept.

    What it lets its owner do is what the policy's roles and grants let them, as main has them when they ask,
    and of that no more than its scope and its models.
    """
    from rollbook.web.identity.token_making import make_token

    path = tokens_path(tokens)
    made, kept = make_token(path, subject, name=name, scopes=scope, expires=expires, **given)
    if as_json:
        print_json({**kept.as_document(), "token": made.text, "file": str(path)})
        return
    click.echo(made.text)
    end = f"until {kept.expires}" if kept.expires else "until it is revoked"
    say(f"{kept.id} for {kept.subject}: {', '.join(kept.scopes)}, {end}. It is not shown again.")


@command.command("list")
@tokens_option
@options.directory
@options.as_json
def list_command(tokens: Path | None, as_json: bool) -> None:
    """List the tokens: whose each is, how far it goes, whether it counts. None is shown itself."""
    from rollbook.web.identity.token_file import read_tokens

    kept = [*read_tokens(tokens_path(tokens)).values()]
    if as_json:
        print_json([token.as_document() for token in kept])
        return
    columns = ["id", "for", "scope", "models", "registries", "expires", "state", "note"]
    rows = [
        [
            token.id,
            token.subject,
            ", ".join(token.scopes),
            ", ".join(token.models) or "all",
            ", ".join(token.registries) or "all",
            token.expires or "never",
            token.state,
            token.note,
        ]
        for token in kept
    ]
    print_table(columns, rows)


@command.command("revoke")
@click.argument("token_id", metavar="ID")
@tokens_option
@options.directory
@options.as_json
def revoke_command(token_id: str, tokens: Path | None, as_json: bool) -> None:
    """Revoke a token by its ID, the letters between `rbk_` and the next `_`: it counts no more from the next
    request on, and no service has to be started anew."""
    from rollbook.web.identity.token_file import revoke_token
    from rollbook.web.identity.token_text import parse_token

    token = parse_token(token_id)  # whoever found one on the web has all of it
    revoked = revoke_token(tokens_path(tokens), token.id if token else token_id)
    if as_json:
        print_json(revoked.as_document())
        return
    click.echo(revoked.id)
    say(f"The token for {revoked.subject} counts no more.")
