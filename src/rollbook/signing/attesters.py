"""Who signed a statement about a model: one of those whom the policy, or the caller, names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import BadCall
from rollbook.signing.certificate_chain import (
    chain_fault,
    names_subject,
    parse_chain,
    read_certificates,
    subjects,
)
from rollbook.signing.dsse import is_signed_with, public_key, supported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.records.attestation import Attested
    from rollbook.records.model_signers import ModelSigner

NOBODY = "nobody is named who may sign (the policy's `model_signers`)"
_MOST_FAULTS = 5


@dataclass(frozen=True, slots=True)
class Vouched:
    """Who signed: the name that the policy (or the caller) has for them, and what they were known by.

    `signer` is empty where none of them is known to have; `why` says why then, and `unknown` is set where
    that could not be told here, rather than being wrong.
    """

    signer: str = ""
    known_by: str = ""
    why: str = ""
    unknown: bool = False

    def __str__(self) -> str:
        return f"{self.signer} ({self.known_by})" if self.signer else self.why


def vouch(attested: Attested, signers: Sequence[ModelSigner]) -> Vouched:
    """Return which of `signers` signed a statement. Nothing is asked of the network."""
    if not signers:
        return Vouched(why=NOBODY)
    found = []
    for signer in signers:
        vouched = _judged(attested, signer)
        if vouched.signer:
            return vouched
        found.append(vouched)
    told = [f"{signer.name}: {one.why}" for signer, one in zip(signers, found, strict=True)]
    more = f"; and {len(told) - _MOST_FAULTS} more" if len(told) > _MOST_FAULTS else ""
    return Vouched(
        why=f"nobody named signed it: {'; '.join(told[:_MOST_FAULTS])}{more}",
        unknown=any(one.unknown for one in found),
    )


def signer_claim(attested: Attested) -> str:
    """Return what a statement itself says of its signer, which proves nothing."""
    if attested.certificates:
        try:
            return ", ".join(subjects(parse_chain(attested.certificates[:1])[0])) or "a certificate"
        except ValueError:
            return "a certificate that can't be read"
    hint = attested.key_hint or next((one.keyid for one in attested.envelope.signatures if one.keyid), "")
    return f"a key ({hint[:16]})" if hint else "a key"


def signer_fault(signer: ModelSigner) -> str:
    """Return why nothing can ever be known to be signed by somebody; empty when it can."""
    try:
        if signer.key:
            public_key(signer.key.encode(), "the key")
        if signer.certificates:
            read_certificates(signer.certificates.encode(), "certificates")
    except BadCall as error:
        return str(error)
    return ""


def fingerprint(pem: bytes, where: str) -> str:
    """Return the SHA-256 of a public key (its SubjectPublicKeyInfo in DER), hexadecimal. Raises BadCall."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = public_key(pem, where)
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _judged(attested: Attested, signer: ModelSigner) -> Vouched:
    try:
        if signer.key:
            return _by_key(attested, signer)
        if signer.certificates:
            return _by_certificate(attested, signer)
    except BadCall as error:
        return Vouched(why=str(error))
    from rollbook.signing.sigstore_identity import identity_fault

    why, unknown = identity_fault(attested, signer.identity, signer.issuer)
    if why:
        return Vouched(why=why, unknown=unknown)
    return Vouched(signer.name, f"{signer.identity}, as {signer.issuer} has it")


def _by_key(attested: Attested, signer: ModelSigner) -> Vouched:
    pem = signer.key.encode()
    if not is_signed_with(attested.envelope, public_key(pem, "the key")):
        return Vouched(why="it is not signed with that key")
    return Vouched(signer.name, f"key {fingerprint(pem, 'the key')[:16]}")


def _by_certificate(attested: Attested, signer: ModelSigner) -> Vouched:
    roots = read_certificates(signer.certificates.encode(), "certificates")
    try:
        chain = parse_chain(attested.certificates)
    except ValueError:
        return Vouched(why="its certificates can't be read")
    if fault := chain_fault(chain, roots):
        return Vouched(why=fault)
    if signer.subject and not names_subject(chain[0], signer.subject):
        return Vouched(why=f"its certificate is not one for {signer.subject}")
    if not is_signed_with(attested.envelope, supported(chain[0].public_key(), "its certificate")):
        return Vouched(why="it is not signed with its certificate's key")
    return Vouched(signer.name, f"certificate of {', '.join(subjects(chain[0])) or 'nobody named'}")
