"""Keys, certificates and signed statements, made in the test as their makers make them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

IN_TOTO = "application/vnd.in-toto+json"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
BUILDER = "https://github.com/acme/training/.github/workflows/train.yml@refs/heads/main"
SOURCE, COMMIT = "https://github.com/acme/training", "a" * 40
START = datetime(2026, 1, 1, tzinfo=UTC)
_HASHES = {"secp256r1": hashes.SHA256(), "secp384r1": hashes.SHA384(), "secp521r1": hashes.SHA512()}


class Key:
    """An EC key, as a signer has it."""

    def __init__(self, curve: ec.EllipticCurve | None = None) -> None:
        self.private = ec.generate_private_key(curve or ec.SECP256R1())

    @property
    def public_pem(self) -> str:
        public = self.private.public_key()
        return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def save(self, folder: Path, name: str = "key", password: str = "") -> tuple[Path, Path]:
        """Write the private and the public key as PEM files."""
        how = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        private, public = folder / f"{name}.pem", folder / f"{name}.pub.pem"
        private.write_bytes(self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how))
        public.write_text(self.public_pem)
        return private, public

    def sign(self, content: bytes) -> bytes:
        return self.private.sign(content, ec.ECDSA(_HASHES[self.private.curve.name]))


class Authority:
    """Somebody who certifies signers, or others who do."""

    def __init__(self, name: str, above: Authority | None = None, **limits: Any) -> None:
        self.key = Key()
        self.name = name
        self.certificate = certify(name, self.key, above or self, is_authority=True, **limits)

    @property
    def pem(self) -> str:
        return pem_of(self.certificate)


def certify(
    name: str,
    key: Key,
    by: Authority,
    *,
    is_authority: bool = False,
    path_length: int | None = None,
    days: int = 3650,
    start: datetime = START,
    address: str = "",
    usage: bool = True,
    critical: bool = False,
) -> x509.Certificate:
    """Certify a key, as the one of an authority or of a signer."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(by.name))
        .public_key(key.private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.BasicConstraints(is_authority, path_length if is_authority else None), True)
    )
    if usage:
        builder = builder.add_extension(_usage(is_authority), True)
    if not is_authority and usage:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
    if address:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(address)]), False)
    if critical:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
        builder = builder.add_extension(unknown, True)
    return builder.sign(by.key.private, hashes.SHA256())


def pem_of(*certificates: x509.Certificate) -> str:
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in certificates)


def statement(
    *digests: str, predicate_type: str = "https://slsa.dev/provenance/v1", predicate: Any = None
) -> dict[str, Any]:
    """An in-toto statement about files with these SHA-256 digests."""
    subjects = [{"name": f"file-{place}", "digest": {"sha256": one}} for place, one in enumerate(digests)]
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subjects,
        "predicateType": predicate_type,
        "predicate": slsa_1() if predicate is None else predicate,
    }


def slsa_1(commit: str = COMMIT, builder: str = BUILDER) -> dict[str, Any]:
    """SLSA provenance as GitHub's `attest-build-provenance` writes it."""
    return {
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "externalParameters": {
                "workflow": {
                    "ref": "refs/heads/main",
                    "repository": SOURCE,
                    "path": ".github/workflows/train.yml",
                }
            },
            "internalParameters": {"github": {"event_name": "push", "runner_environment": "github-hosted"}},
            "resolvedDependencies": [
                {"uri": f"git+{SOURCE}@refs/heads/main", "digest": {"gitCommit": commit}},
                {"uri": "https://example.com/applicants.parquet", "digest": {"sha256": "d" * 64}},
            ],
        },
        "runDetails": {
            "builder": {"id": builder},
            "metadata": {"invocationId": f"{SOURCE}/actions/runs/42/attempts/1"},
        },
    }


def slsa_0_2(commit: str = COMMIT, builder: str = BUILDER) -> dict[str, Any]:
    """SLSA provenance of version 0.2, as older builders write it."""
    return {
        "builder": {"id": builder},
        "buildType": "https://example.com/build@v1",
        "invocation": {
            "configSource": {
                "uri": f"git+{SOURCE}@refs/heads/main",
                "digest": {"sha1": commit},
                "entryPoint": ".github/workflows/train.yml",
            }
        },
        "metadata": {"buildInvocationID": "42-1", "buildStartedOn": "2026-01-03T08:00:00Z"},
        "materials": [{"uri": f"git+{SOURCE}@refs/heads/main", "digest": {"sha1": commit}}],
    }


def pae(payload_type: str, payload: bytes) -> bytes:
    """What is signed, by the letter of the DSSE protocol."""
    kind = payload_type.encode()
    return b" ".join([b"DSSEv1", str(len(kind)).encode(), kind, str(len(payload)).encode(), payload])


def envelope(content: Any, *keys: Key, payload_type: str = IN_TOTO) -> dict[str, Any]:
    """A DSSE envelope of some JSON (or bytes), signed with each of these keys."""
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    signed = pae(payload_type, payload)
    return {
        "payloadType": payload_type,
        "payload": _base64(payload),
        "signatures": [{"sig": _base64(key.sign(signed)), "keyid": ""} for key in keys],
    }


def bundle(content: Any, key: Key, *certificates: x509.Certificate, **how: Any) -> dict[str, Any]:
    """A Sigstore bundle: signed with a key, or with that of the first of these certificates."""
    chain = [{"rawBytes": _base64(one.public_bytes(Encoding.DER))} for one in certificates]
    material = {"x509CertificateChain": {"certificates": chain}} if chain else {"publicKey": {"hint": "k"}}
    return {
        "mediaType": BUNDLE,
        "verificationMaterial": {**material, "tlogEntries": []},
        "dsseEnvelope": envelope(content, key, **how),
    }


def as_bytes(document: Any) -> bytes:
    return json.dumps(document).encode()


def signers(**keys: Key) -> str:
    """The `model_signers` of a policy, each with the public key given."""
    listed = "".join(f"  {name}: {{key: {json.dumps(key.public_pem)}}}\n" for name, key in keys.items())
    return f"model_signers:\n{listed}"


def write(folder: Path, name: str, *documents: Any) -> Path:
    """Write JSON documents, one a line."""
    path = folder / name
    path.write_bytes(b"\n".join(map(as_bytes, documents)))
    return path


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(is_authority: bool) -> x509.KeyUsage:
    flags: Sequence[str] = (
        "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "crl_sign",
        "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(
        digital_signature=not is_authority, key_cert_sign=is_authority, **dict.fromkeys(flags, False)
    )
