"""`--verify`: an index's answer checked by the audit trail, and what that rests on said on stderr."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rollbook.api.public_registry import Registry
from rollbook.cli.output import say
from rollbook.errors import Conflict
from rollbook.names import parse_reference
from rollbook.text import printable
from rollbook.transfer.static_index.index_snapshot import IndexSnapshot
from rollbook.transfer.static_index.verification import claims_of, verify

if TYPE_CHECKING:
    from rollbook.api.public_model import ModelVersion
    from rollbook.cli.source import IndexOptions
    from rollbook.transfer.static_index.index_source import Source
    from rollbook.transfer.static_index.verification import Verified


def verified_version(source: Source, reference: str, index: IndexOptions, *, whole: bool) -> ModelVersion:
    """The version that REF stands for, by an index whose every word on the model agrees with the trail.

    Raises Refused when one does not.
    """
    witness = None
    if index.witness is not None:
        from rollbook.trail.witness import read_witness

        witness = read_witness(index.witness)
    signers = index.allowed_signers.read_bytes() if index.allowed_signers else None
    # The files may be replaced between two requests: once more, all of them are asked for.
    for is_last in (False, True):
        snapshot = IndexSnapshot(source, whole=whole, fresh=True)
        try:
            version = Registry(None, snapshot).version(reference)
            claims = claims_of(snapshot, version.model)
            verified = verify(source, claims, witness=witness, allowed_signers=signers)
        except Conflict:
            if is_last:
                raise
            continue
        _tell(reference, version, verified)
        return version
    raise AssertionError("the loop returns or raises")


def _tell(reference: str, version: ModelVersion, verified: Verified) -> None:
    signed = f", signed by {verified.signed_by}" if verified.signed_by else ""
    extends = ", which extends the witness" if verified.extends_witness else ""
    head = f"{verified.tag} ({verified.object[:12]}, {verified.events} events)"
    say(f"{version} follows from the audit trail up to {head}{signed}{extends}")
    if not verified.signed_by and not verified.extends_witness:
        _warn("that head is the index's own word: name a --witness or --allowed-signers")
    name, stages = parse_reference(reference).name, version.model.stages
    if name is not None and name in stages.aliases and not stages.holders(name):
        _warn(f"the trail records no aliases: that {name} is {version.version} is the index's own word")


def _warn(message: str) -> None:
    click.echo(click.style("warning: ", fg="yellow") + printable(message), err=True)
