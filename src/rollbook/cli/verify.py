"""`rollbook verify REF`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rollbook.cli import options
from rollbook.cli.output import print_json, progress_bar, say
from rollbook.cli.source import asked_version, at_index, at_repositories
from rollbook.text import printable

_FILE = click.Path(path_type=Path)


@click.command("verify")
@click.argument("reference", metavar="REF")
@click.option("--key", metavar="PUB.pem", type=_FILE, help="The public key that must have signed.")
@click.option(
    "--certificate-chain",
    metavar="PEM",
    type=_FILE,
    multiple=True,
    help="Certificates of those who may certify the signer. Repeatable.",
)
@click.option("--identity", metavar="ID", help="The identity of Sigstore's that must have signed.")
@click.option("--issuer", metavar="URL", help="With --identity: who told Sigstore of it.")
@click.option("--artifact", metavar="PATH", type=_FILE, help="Where the bytes are; else they are fetched.")
@click.option("--remote", metavar="URL", help="Get the bytes from this copy of the DVC remote (path or URL).")
@at_repositories
@at_index
@options.snapshot
@options.directory
@options.as_json
def command(
    reference: str, repo: tuple[str, ...], rev: str | None, at: str | None, as_json: bool, **given: Any
) -> None:
    """Verify the signature of REF over its bytes, and say who signed.

    Whose signature counts stands in the policy (`model_signers`), unless an option names somebody. Exits
    with 1 when nobody of them signed exactly these bytes.
    """
    with asked_version(reference, repo, rev, at) as version, progress_bar("fetching", reference) as progress:
        verified = version.verify(progress=progress, **given)
    if as_json:
        print_json(verified)
        return
    click.echo(printable(verified.signer))
    by = f", and by {verified.library}" if verified.library else ""
    say(
        f"{verified.model}@{verified.version} is signed by {verified.signer} ({verified.known_by}): "
        f"sha256 {verified.sha256}, verified{by}"
    )
