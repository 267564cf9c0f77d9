"""`rollbook signature REF`."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import click

from rollbook.api.version_signature import SignatureForm, signature_of
from rollbook.cli import options
from rollbook.cli.output import print_json, print_table
from rollbook.cli.source import asked_version, at_index, at_repositories, warn_if_deprecated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.api.version_signature import VersionSignature


@click.command("signature")
@click.argument("reference", metavar="REF")
@click.option(
    "--as",
    "form",
    type=click.Choice(get_args(SignatureForm)),
    help="Print JSON: the manifest's own, MLflow's, or a model's metadata in the Open Inference Protocol.",
)
@at_repositories
@at_index
@options.snapshot
@options.directory
@options.as_json
def command(
    reference: str,
    form: SignatureForm | None,
    repo: tuple[str, ...],
    rev: str | None,
    at: str | None,
    as_json: bool,
) -> None:
    """Print what goes into a version and what comes out of it: names, types, shapes."""
    with asked_version(reference, repo, rev, at, whole=True) as version:
        signature = signature_of(version)
        warn_if_deprecated(version)
    if form:
        print_json(signature.in_form(form))
    elif as_json:
        print_json(signature)
    else:
        print_table(["side", "name", "type", "shape", "required"], [*_rows(signature)])


def _rows(signature: VersionSignature) -> Iterator[list[str]]:
    for what, columns in (("input", signature.inputs), ("output", signature.outputs)):
        for column in columns:
            shape = "any" if column.shape is None else str([*column.shape])
            yield [what, column.name, column.dtype, shape, "" if column.required else "no"]
