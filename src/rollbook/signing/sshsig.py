"""SSH signatures taken apart, and checked in this process.

A process of ssh-keygen takes longer than ten thousand such checks. What is checked here is the cryptography
alone: that a key made a signature of some bytes. Whose key it is and whether it may sign, ssh-keygen says.
Formats: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig, RFC 4253 section 6.6,
RFC 5656 section 3.1, RFC 8332 section 3, RFC 8709 sections 4 and 6.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable
from functools import lru_cache

_HEAD, _FOOT = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
ARMOUR = f"{_HEAD}\n"
_END = f"\n{_FOOT}\n"
_LINE = 70
_PREAMBLE = b"SSHSIG"
_MAGIC = _PREAMBLE + b"\0\0\0\x01"
_DIGESTS = {b"sha256": hashlib.sha256, b"sha512": hashlib.sha512}
_CURVES = {b"nistp256": "SECP256R1", b"nistp384": "SECP384R1", b"nistp521": "SECP521R1"}
_CURVE_DIGESTS = {b"nistp256": "SHA256", b"nistp384": "SHA384", b"nistp521": "SHA512"}
_RSA_DIGESTS = {b"rsa-sha2-256": "SHA256", b"rsa-sha2-512": "SHA512"}
_UNCOMPRESSED = 4

# Whether a signature (its algorithm, its value) is one of some bytes; raises ValueError or InvalidSignature.
_Check = Callable[[bytes, bytes, bytes], None]


def unarmoured(text: str) -> bytes | None:
    """Return the bytes of an armoured signature; None unless it is written the one way that ssh-keygen writes
    it."""
    body = text.removeprefix(ARMOUR).removesuffix(_END)
    try:
        blob = base64.b64decode(body.replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return None
    encoded = base64.b64encode(blob).decode()
    lines = "\n".join(encoded[start : start + _LINE] for start in range(0, len(encoded), _LINE))
    return blob if text == ARMOUR + lines + _END else None


def public_key(blob: bytes) -> bytes | None:
    """Return the public key inside a signature, as SSH writes one; None when it has none."""
    try:
        key, _ = _string(blob.removeprefix(_MAGIC))
    except ValueError:
        return None
    return key if key and blob.startswith(_MAGIC) else None


def signing_key(text: str) -> bytes | None:
    """Return the public key inside an armoured signature, however that is laid out; None without one."""
    body = text.partition(_HEAD)[2].partition(_FOOT)[0]
    try:
        return public_key(base64.b64decode(body))
    except (binascii.Error, ValueError):
        return None


def fingerprint(key: bytes) -> str:
    """Return a public key's fingerprint, as `ssh-keygen -l` prints it: `SHA256:...`."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def allowing(key: bytes, principal: str) -> bytes:
    """Return the line of an allowed-signers file that gives a public key to a principal."""
    kind, _ = _string(key)
    return b"%s %s %s\n" % (principal.encode(), kind, base64.b64encode(key))


def is_signature_of(blob: bytes, payload: bytes, namespace: str) -> bool:
    """Return whether the signature `blob` was made of `payload` in `namespace` by the key inside it.

    False says only that it can't be told here: kinds of keys that are not known here (certificates, keys on
    tokens) are for ssh-keygen to judge, and so is all that is written in any unusual way.
    """
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        key, signed, algorithm, value = _parts(blob, payload, namespace)
        _check(key)(algorithm, value, signed)
    except (ValueError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _parts(blob: bytes, payload: bytes, namespace: str) -> tuple[bytes, bytes, bytes, bytes]:
    """Return the key, the bytes that it signs, the signature's algorithm and its value."""
    if not blob.startswith(_MAGIC):
        raise ValueError("no signature")
    key, rest = _string(blob.removeprefix(_MAGIC))
    inside, rest = _string(rest)
    reserved, rest = _string(rest)
    digest, rest = _string(rest)
    signature, rest = _string(rest)
    algorithm, tail = _string(signature)
    value, tail = _string(tail)
    if rest or tail or reserved or inside != namespace.encode() or digest not in _DIGESTS:
        raise ValueError("unusual")
    fields = (inside, reserved, digest, _DIGESTS[digest](payload).digest())
    return key, _PREAMBLE + b"".join(_written(field) for field in fields), algorithm, value


@lru_cache(maxsize=256)
def _check(key: bytes) -> _Check:
    kind, rest = _string(key)
    if kind == b"ssh-ed25519":
        return _ed25519(rest)
    if kind == b"ssh-rsa":
        return _rsa(rest)
    curve = kind.removeprefix(b"ecdsa-sha2-")
    if curve != kind and curve in _CURVES:
        return _ecdsa(kind, curve, rest)
    raise ValueError("a kind of key for ssh-keygen")


def _ed25519(rest: bytes) -> _Check:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    point, tail = _string(rest)
    if tail:
        raise ValueError("unusual")
    key = Ed25519PublicKey.from_public_bytes(point)

    def check(algorithm: bytes, value: bytes, signed: bytes) -> None:
        if algorithm != b"ssh-ed25519":
            raise ValueError("another algorithm")
        key.verify(value, signed)

    return check


def _rsa(rest: bytes) -> _Check:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

    exponent, rest = _number(rest)
    modulus, rest = _number(rest)
    if rest:
        raise ValueError("unusual")
    key = RSAPublicNumbers(exponent, modulus).public_key()

    def check(algorithm: bytes, value: bytes, signed: bytes) -> None:
        if algorithm not in _RSA_DIGESTS:  # SHA-1 is out
            raise ValueError("another algorithm")
        key.verify(value, signed, padding.PKCS1v15(), getattr(hashes, _RSA_DIGESTS[algorithm])())

    return check


def _ecdsa(kind: bytes, curve: bytes, rest: bytes) -> _Check:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    named, rest = _string(rest)
    point, rest = _string(rest)
    if rest or named != curve or point[:1] != bytes([_UNCOMPRESSED]):
        raise ValueError("unusual")
    key = ec.EllipticCurvePublicKey.from_encoded_point(getattr(ec, _CURVES[curve])(), point)
    digest = getattr(hashes, _CURVE_DIGESTS[curve])

    def check(algorithm: bytes, value: bytes, signed: bytes) -> None:
        r, tail = _number(value)
        s, tail = _number(tail)
        if tail or algorithm != kind:
            raise ValueError("unusual")
        key.verify(encode_dss_signature(r, s), signed, ec.ECDSA(digest()))

    return check


def _string(data: bytes) -> tuple[bytes, bytes]:
    """Return the first string of some bytes (RFC 4251, section 5), and what follows it."""
    end = 4 + int.from_bytes(data[:4], "big")
    if len(data) < end:
        raise ValueError("cut off")
    return data[4:end], data[end:]


def _number(data: bytes) -> tuple[int, bytes]:
    """Return the first number (`mpint`), positive and written as short as can be, and what follows it."""
    digits, rest = _string(data)
    number = int.from_bytes(digits, "big")
    if not number or digits != number.to_bytes(number.bit_length() // 8 + 1, "big"):
        raise ValueError("unusual")
    return number, rest


def _written(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data
