"""OpenSSF Model Signing by its own library: signing an artifact's files, and verifying them where they lie.

The library (`model-signing`) is the extra `sign`. It is handed the digests that were made when the artifact
was read, so that large models are not read once more to be signed.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rollbook.records.model_signers import ModelSigner

EXTRA = "pip install 'rollbook[sign]'"
_IN_CI = (
    "It needs the network, and a CI job that is given an identity token; on GitHub Actions: "
    "permissions: id-token: write."
)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What signs: a private key (a PEM file), perhaps with its `certificate` and the `chain` of who certified
    it; or, where `keyless`, the identity that Sigstore certifies to a CI job."""

    key: Path | None = None
    certificate: Path | None = None
    chain: tuple[Path, ...] = ()
    password: str | None = None
    keyless: bool = False


def sign_files(name: str, files: Iterable[tuple[str, str]], key: SigningKey) -> bytes:
    """Return the signature of a model: a Sigstore bundle over its files, each a relative path (`.` for a
    model that is one file) and its SHA-256.

    Raises BadCall for a key that can't sign and without the library, Refused when Sigstore gives no identity.
    """
    config = _configured(key, _library("signing").Config())
    config.set_hashing_config(_known(name, files))
    with tempfile.TemporaryDirectory(prefix="rollbook-") as directory:
        target = Path(directory, "model.sig")
        try:
            config.sign(Path(name), target)
        except Exception as error:
            if not key.keyless:
                raise
            said = " ".join(str(error).split())[:200]
            raise Refused(f"Sigstore signed nothing: {said}", hint=_IN_CI) from error
        return target.read_bytes()


def require_usable(key: SigningKey) -> None:
    """Raise BadCall, before anything large is read, for a key that can't sign, or without the library."""
    config = _library("signing").Config()
    if key.keyless:
        _identity_token()
    else:
        _configured(key, config)


def library_fault(path: Path, signature: bytes, signer: ModelSigner) -> str:
    """Return why the library does not accept a signature of the file or folder at `path`, by a key or a
    certificate; empty when it does. Raises BadCall without the library."""
    config = _library("verifying").Config()
    with tempfile.TemporaryDirectory(prefix="rollbook-") as directory:
        file, trusted = Path(directory, "model.sig"), Path(directory, "trusted.pem")
        file.write_bytes(signature)
        trusted.write_text(signer.key or signer.certificates, encoding="utf-8")
        try:
            if signer.key:
                config.use_elliptic_key_verifier(public_key=trusted)
            else:
                config.use_certificate_verifier(certificate_chain=[trusted])
            config.verify(path, file)
        except Exception as error:  # noqa: BLE001 - it says no in many ways
            return " ".join(str(error).split())[:300] or type(error).__name__
    return ""


def public_half(key: SigningKey) -> str:
    """Return the public key of a private one, as PEM. Raises BadCall for a file that is none."""
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        PublicFormat,
        load_pem_private_key,
    )

    assert key.key is not None
    try:
        private = load_pem_private_key(key.key.read_bytes(), key.password.encode() if key.password else None)
    except (ValueError, TypeError) as error:
        raise BadCall(f"{key.key} is no private key that can be read") from error
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return public.decode()


def library_version() -> str:
    """Return the library's name and version; empty where it isn't installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"model-signing {version('model-signing')}"
    except PackageNotFoundError:
        return ""


def _configured(key: SigningKey, config: Any) -> Any:
    if key.keyless:
        return _keyless(config)
    assert key.key is not None
    for path in (key.key, key.certificate, *key.chain):
        if path is not None and not path.is_file():
            raise BadCall(f"{path} is no file", hint="Name the key, or the certificate, as a PEM file.")
    try:
        if key.certificate is None:
            password = key.password.encode() if key.password else None
            return config.use_elliptic_key_signer(private_key=key.key, password=password)
        return config.use_certificate_signer(
            private_key=key.key, signing_certificate=key.certificate, certificate_chain=key.chain
        )
    except (ValueError, TypeError, AttributeError) as error:
        said = " ".join(str(error).split())[:200]
        hint = "An EC key of P-256, P-384 or P-521 can: openssl ecparam -genkey -name prime256v1 -noout"
        raise BadCall(f"{key.key} can't sign: {said}", hint=hint) from error


def _identity_token() -> str:
    """Return the identity token that a CI job is given. Nobody is asked in a browser."""
    try:
        oidc = import_module("sigstore.oidc")
    except ImportError as error:
        raise BadCall("to sign models the library model-signing is needed", hint=EXTRA) from error
    try:
        token = oidc.detect_credential()
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise Refused(f"no identity token can be had here: {said}", hint=_IN_CI) from error
    if not token:
        raise BadCall("no identity token is at hand here", hint=_IN_CI)
    return str(token)


def _keyless(config: Any) -> Any:
    token = _identity_token()
    try:
        return config.use_sigstore_signer(identity_token=token)
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise Refused(f"Sigstore can't be reached: {said}", hint=_IN_CI) from error


def _known(name: str, files: Iterable[tuple[str, str]]) -> Any:
    """Return what stands in for the library's hashing: the digests that are known already."""
    manifests = _library("manifest")
    items = [
        manifests.FileManifestItem(
            path=PurePosixPath(path), digest=manifests.hashing.Digest("sha256", bytes.fromhex(digest))
        )
        for path, digest in files
    ]
    kind = manifests.SerializationType.from_args(
        {"method": "files", "hash_type": "sha256", "allow_symlinks": False}
    )
    return _KnownDigests(manifests.Manifest(name, items, kind))


@dataclass(frozen=True, slots=True)
class _KnownDigests:
    """Takes the place of `model_signing.hashing.Config`, whose one method that signing calls is this."""

    manifest: Any

    def hash(self, model_path: Path, *, files_to_hash: Sequence[Path] | None = None) -> Any:
        del model_path, files_to_hash
        return self.manifest


def _library(module: str) -> Any:
    try:
        return import_module(f"model_signing.{module}")
    except ImportError as error:
        raise BadCall(f"to sign models the library model-signing is needed ({error})", hint=EXTRA) from error
