"""A signed statement about artifacts: an in-toto statement, in a DSSE envelope, perhaps in a Sigstore bundle.

The formats: https://github.com/in-toto/attestation/tree/main/spec (statement, v0.1 and v1),
https://github.com/secure-systems-lab/dsse/blob/master/envelope.md (envelope) and
https://docs.sigstore.dev/about/bundle/ (bundle). Nothing is verified here; `signing` does that.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollbook.errors import InvalidFile
from rollbook.records.strict_json import strict_json

if TYPE_CHECKING:
    from collections.abc import Mapping

IN_TOTO = "application/vnd.in-toto+json"
STATEMENT_TYPES = ("https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1")
LARGEST = 1 << 20  # bytes, of one attestation
MOST_SUBJECTS = 5_000
MOST_SIGNATURES = 16
MOST_CERTIFICATES = 10
_BUNDLE = re.compile(r"application/vnd\.dev\.sigstore\.bundle(?:\.v0\.[3-9]\+json|\+json;version=0\.[1-3])")
_HEX = re.compile(r"[0-9a-f]{32,128}")


@dataclass(frozen=True, slots=True)
class EnvelopeSignature:
    """One signature of an envelope; `keyid` is a hint that nobody has to believe."""

    keyid: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """A DSSE envelope: what is signed, of which type it is said to be, and the signatures."""

    payload_type: str
    payload: bytes
    signatures: tuple[EnvelopeSignature, ...]


@dataclass(frozen=True, slots=True)
class Attested:
    """An envelope with what came along to verify it. `key_hint` names a public key; `certificates` are those
    of the signer (first) and of who certified it, in DER. Both are empty in a bare envelope, and
    `is_bundle` is false. `data` is the document as it came."""

    envelope: Envelope
    data: bytes
    is_bundle: bool = False
    key_hint: str = ""
    certificates: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What a statement is about: a name, and digests by algorithm, in lower-case hexadecimal."""

    name: str
    digests: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Statement:
    """An in-toto statement: of what it speaks, what kind of thing it says, and what it says."""

    type: str
    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: Mapping[str, Any]


def parse_attested(data: bytes, path: str) -> Attested:
    """Read a Sigstore bundle with a DSSE envelope, or such an envelope alone. Raises InvalidFile."""
    if len(data) > LARGEST:
        raise InvalidFile(f"an attestation has at most {LARGEST:,} bytes", path=path)
    value = strict_json(data, path)
    if not isinstance(value, dict):
        raise _broken(path, "it is no JSON object")
    if "payloadType" in value:
        return Attested(_envelope(value, path), data)
    media_type = value.get("mediaType")
    if not isinstance(media_type, str) or not _BUNDLE.fullmatch(media_type):
        raise _broken(path, "it is neither a DSSE envelope nor a Sigstore bundle", "mediaType")
    if "dsseEnvelope" not in value:
        raise _broken(path, "the Sigstore bundle signs no statement (it has no `dsseEnvelope`)")
    material = _mapping(value, "verificationMaterial", path)
    envelope = _envelope(_mapping(value, "dsseEnvelope", path), path)
    if len(envelope.signatures) != 1:
        raise _broken(path, "a Sigstore bundle has exactly one signature", "dsseEnvelope.signatures")
    hint, certificates = _material(material, path)
    return Attested(envelope, data, is_bundle=True, key_hint=hint, certificates=certificates)


def statement_of(envelope: Envelope, path: str) -> Statement:
    """Read the in-toto statement in an envelope. Raises InvalidFile for another type of payload, and for no
    statement."""
    if envelope.payload_type != IN_TOTO:
        raise _broken(path, f"the payload is no in-toto statement ({IN_TOTO})", "payloadType")
    value = strict_json(envelope.payload, path)
    if not isinstance(value, dict):
        raise _broken(path, "the payload is no JSON object", "payload")
    kind = _text(value, "_type", path)
    if kind not in STATEMENT_TYPES:
        raise _broken(path, "the payload is no in-toto statement of version 0.1 or 1", "_type")
    listed = value.get("subject")
    if not isinstance(listed, list) or not listed:
        raise _broken(path, "the statement is about nothing", "subject")
    if len(listed) > MOST_SUBJECTS:
        raise _broken(path, f"the statement is about more than {MOST_SUBJECTS:,} things", "subject")
    predicate = value.get("predicate", {})
    if not isinstance(predicate, dict):
        raise _broken(path, "the predicate is no JSON object", "predicate")
    subjects = tuple(_subject(item, path) for item in listed)
    return Statement(kind, subjects, _text(value, "predicateType", path), predicate)


def _envelope(value: Mapping[str, Any], path: str) -> Envelope:
    listed = value.get("signatures")
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST_SIGNATURES:
        raise _broken(path, f"an envelope has 1 to {MOST_SIGNATURES} signatures", "signatures")
    signatures = tuple(_signature(item, path) for item in listed)
    return Envelope(
        _text(value, "payloadType", path), _binary(value.get("payload"), path, "payload"), signatures
    )


def _signature(item: object, path: str) -> EnvelopeSignature:
    if not isinstance(item, dict):
        raise _broken(path, "a signature is no JSON object", "signatures")
    keyid = item.get("keyid") or ""
    if not isinstance(keyid, str):
        raise _broken(path, "a keyid is no text", "signatures")
    return EnvelopeSignature(keyid, _binary(item.get("sig"), path, "sig"))


def _material(value: Mapping[str, Any], path: str) -> tuple[str, tuple[bytes, ...]]:
    """Return the hint at a public key, and the certificates; a bundle has one of the two."""
    ways = [name for name in ("publicKey", "x509CertificateChain", "certificate") if value.get(name)]
    if len(ways) > 1:
        raise _broken(path, "it names several ways to verify it", "verificationMaterial")
    if not ways:
        return "", ()
    inner = _mapping(value, ways[0], path)
    if ways == ["publicKey"]:
        hint = inner.get("hint") or ""
        if not isinstance(hint, str):
            raise _broken(path, "the hint at the key is no text", "verificationMaterial")
        return hint, ()
    listed = inner.get("certificates") if ways == ["x509CertificateChain"] else [inner]
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST_CERTIFICATES:
        raise _broken(path, f"a chain has 1 to {MOST_CERTIFICATES} certificates", "verificationMaterial")
    certificates = (item.get("rawBytes") if isinstance(item, dict) else None for item in listed)
    return "", tuple(_binary(item, path, "rawBytes") for item in certificates)


def _subject(item: object, path: str) -> Subject:
    if not isinstance(item, dict):
        raise _broken(path, "a subject is no JSON object", "subject")
    digests = item.get("digest")
    if not isinstance(digests, dict) or not digests:
        raise _broken(path, "a subject has no digest", "subject")
    for value in digests.values():
        if not isinstance(value, str) or not _HEX.fullmatch(value):
            raise _broken(path, "a digest is not lower-case hexadecimal", "subject")
    name = item.get("name") or ""
    if not isinstance(name, str):
        raise _broken(path, "a subject's name is no text", "subject")
    return Subject(name, digests)


def _mapping(value: Mapping[str, Any], name: str, path: str) -> Mapping[str, Any]:
    inner = value.get(name)
    if not isinstance(inner, dict):
        raise _broken(path, "a JSON object is needed here", name)
    return inner


def _text(value: Mapping[str, Any], name: str, path: str) -> str:
    text = value.get(name)
    if not isinstance(text, str) or not text:
        raise _broken(path, "a text is needed here", name)
    return text


def _binary(text: object, path: str, key: str) -> bytes:
    """Read base64 (RFC 4648, section 4), which says the same in one way alone."""
    try:
        data = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except (binascii.Error, ValueError) as error:
        raise _broken(path, "this is not base64", key) from error
    if not data or base64.b64encode(data).decode() != text:
        raise _broken(path, "this is not base64", key)
    return data


def _broken(path: str, what: str, key: str = "") -> InvalidFile:
    return InvalidFile(what, path=path, key=key)
