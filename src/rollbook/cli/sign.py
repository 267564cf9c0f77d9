"""`rollbook sign REF`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from rollbook.api.json_document import document
from rollbook.cli import options
from rollbook.cli.output import print_json, progress_bar, say
from rollbook.cli.proposed import carry_on

_FILE = click.Path(path_type=Path)


@click.command("sign")
@click.argument("reference", metavar="REF")
@click.option("--key", metavar="KEY.pem", type=_FILE, help="The private key (EC, PEM) to sign with.")
@click.option("--certificate", metavar="CERT.pem", type=_FILE, help="The certificate of that key.")
@click.option(
    "--chain",
    metavar="PEM",
    type=_FILE,
    multiple=True,
    help="Certificates of who certified it, but for those trusted. Repeatable.",
)
@click.option(
    "--keyless",
    is_flag=True,
    help="In CI: with the identity that Sigstore certifies to the job. Needs the network.",
)
@click.option("--artifact", metavar="PATH", type=_FILE, help="Where the bytes are; else they are fetched.")
@click.option("--remote", metavar="URL", help="Get the bytes from this copy of the DVC remote (path or URL).")
@options.proposal
@options.directory
@options.as_json
def command(reference: str, then: str | None, as_json: bool, **given: Any) -> None:
    """Sign REF's artifact, in the format of OpenSSF Model Signing: propose its `model.sig`.

    It is signed over the bytes that were registered, once, and never overwritten. The password of a key
    that is encrypted is read from ROLLBOOK_SIGNING_PASSWORD.
    """
    registry = options.registry()
    with progress_bar("fetching", reference) as progress:
        signed = registry.sign(reference, progress=progress, **given)
    if not as_json:
        say(f"{signed.model}@{signed.version} signed by {signed.signer}: sha256 {signed.sha256}")
    carried = carry_on(registry, signed.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**document(signed), **carried})
