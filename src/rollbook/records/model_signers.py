"""`model_signers` of the policy: who may sign models and attest how they were made, each under a name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile

if TYPE_CHECKING:
    from rollbook.records.fields import Fields

_WAYS = ("key", "certificates", "identity")


@dataclass(frozen=True, slots=True)
class ModelSigner:
    """Somebody who may sign, known in one of three ways: a public `key` (PEM); `certificates` (PEM) of those
    who certify the signer, perhaps with the `subject` that the signer's certificate must name; or an
    `identity` that Sigstore certifies, as told by `issuer`. What is not used is empty."""

    name: str
    key: str = ""
    certificates: str = ""
    subject: str = ""
    identity: str = ""
    issuer: str = ""


def model_signers(fields: Fields) -> tuple[ModelSigner, ...]:
    """Read the signers, by their names. Raises InvalidFile for one who can be known in no way, or in two."""
    return tuple(_signer(name, fields.inner(name)) for name in fields.names())


def _signer(name: str, told: Fields) -> ModelSigner:
    if sum(told.has(way) for way in _WAYS) != 1 or told.has("identity") != told.has("issuer"):
        raise InvalidFile(
            "a signer has a key, or certificates, or an identity and its issuer",
            key=f"model_signers.{name}",
        )
    return ModelSigner(
        name,
        key=told.optional_text("key"),
        certificates=told.optional_text("certificates"),
        subject=told.optional_text("subject"),
        identity=told.optional_text("identity"),
        issuer=told.optional_text("issuer"),
    )
