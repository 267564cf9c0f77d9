"""DSSE: what a signature in an envelope is made over, and whether a key made it.

The format: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import BadCall

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

    from rollbook.records.attestation import Envelope

    PublicKey = EllipticCurvePublicKey | Ed25519PublicKey

_ONE_OF = "Give an EC key of P-256, P-384 or P-521, or an Ed25519 key, as PEM."


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed (pre-authentication encoding): the type and the payload, each after
    its length, so that neither can pass for the other."""
    kind = payload_type.encode(errors="surrogatepass")
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def public_key(pem: bytes, where: str) -> PublicKey:
    """Read a public key. Raises BadCall, naming `where` it stands, for one that nobody may sign with."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BadCall(f"{where} is no public key", hint=_ONE_OF) from error
    return supported(key, where)


def supported(key: object, where: str) -> PublicKey:
    """Return a key with which a statement may be signed. Raises BadCall for one of another kind."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if isinstance(key, Ed25519PublicKey):
        return key
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in _hashes():
        return key
    raise BadCall(f"{where} is a key of another kind", hint=_ONE_OF)


def is_signed_with(envelope: Envelope, key: PublicKey) -> bool:
    """Return whether one of an envelope's signatures was made with a key, over this type and payload.

    With an elliptic curve the hash has the curve's size, as Sigstore has it.
    """
    content = pae(envelope.payload_type, envelope.payload)
    return any(_is_valid(key, one.signature, content) for one in envelope.signatures)


def _is_valid(key: PublicKey, signature: bytes, content: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey

    try:
        if isinstance(key, EllipticCurvePublicKey):
            key.verify(signature, content, ECDSA(_hashes()[key.curve.name]))
        else:
            key.verify(signature, content)
    except InvalidSignature:
        return False
    return True


def _hashes() -> dict[str, SHA256 | SHA384 | SHA512]:
    from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512

    return {"secp256r1": SHA256(), "secp384r1": SHA384(), "secp521r1": SHA512()}
