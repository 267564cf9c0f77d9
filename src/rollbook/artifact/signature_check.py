"""Verifying a version's signature over its bytes: those that were fetched, or those at a path."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.artifact.digest import digest_artifact
from rollbook.artifact.progress import quiet
from rollbook.artifact.retrieval import fetch_version
from rollbook.errors import BadCall, NotFound, Refused
from rollbook.records.model_signers import ModelSigner
from rollbook.signing.attesters import NOBODY, Vouched, signer_fault, vouch
from rollbook.signing.openssf import library_fault, library_version

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.artifact.progress import Progress
    from rollbook.records.model_signature import ModelSignature
    from rollbook.registry.model_version import ModelVersion

_LARGEST_PEM = 1 << 20
_NOT_IT = "Do not use it, unless you know why. Whose signature counts stands in the policy's `model_signers`."


@dataclass(frozen=True, slots=True)
class VerifiedSignature:
    """A signature that holds: who signed, what they were known by, and over which artifact.

    `library` says by which library it was verified too, empty where it isn't installed; `artifact` is where
    the bytes were, empty for those that were fetched.
    """

    model: str
    version: str
    signer: str
    known_by: str
    sha256: str
    library: str
    artifact: str = ""


def verify_version(
    version: ModelVersion,
    signers: Sequence[ModelSigner] | None = None,
    *,
    artifact: Path | None = None,
    remote: str | None = None,
    progress: Progress | None = None,
) -> VerifiedSignature:
    """Verify a version's signature over its bytes, fetched for it unless they are at `artifact`.

    `signers` are those whose signature counts, by default those of the policy. Raises NotFound without a
    signature, Refused when nobody of them made it, or over other bytes; StorageFailed when these can't be
    had.
    """
    signature = required_signature(version)
    vouched = require_signer(version, signature, signers)
    if artifact is not None:
        return verified_bytes(version, vouched, artifact, signers)
    with tempfile.TemporaryDirectory(prefix="rollbook-") as directory:
        path = fetch_version(version, Path(directory), progress=progress or quiet, remote=remote)
        return verified_bytes(version, vouched, path, signers, is_fetched=True)


@dataclass(frozen=True, slots=True)
class CheckedSignature:
    """What a version's signature says of the registered artifact: which of the signers made it, or in `why`
    what was not checked of it."""

    signer: str = ""
    why: str = ""


def check_registered(version: ModelVersion, signers: Sequence[ModelSigner] | None = None) -> CheckedSignature:
    """Check a version's signature by the digest that is registered, where it has one.

    Without `signers`, those of the policy count; where it names none, only that the signature is of this
    artifact is checked. Raises Refused for one of other bytes, or by nobody who counts; NotFound without one
    where signers are named.
    """
    signature = version.model_signature
    if signature is None and not signers:
        return CheckedSignature(why=f"{version} is not signed")
    signature = required_signature(version)
    if not signers and not version.model.registry.policy.model_signers:
        require_artifact(version, signature)
        return CheckedSignature(why=f"whose the signature of {version} is was not checked: {NOBODY}")
    return CheckedSignature(require_signer(version, signature, signers).signer)


def require_signed_as_asked(version: ModelVersion) -> None:
    """Raise Refused where a version is signed by nobody who counts, or is not signed at all although a gate
    of its stage asks for that.

    The bytes are held against the registered digest, which the signature is over, when they are fetched.
    """
    if version.model_signature is not None:
        check_registered(version)
        return
    model, stage = version.model, version.stage
    for settings in (*model.registry.policy.gates, *model.record.gates):
        stages = settings.get("to")
        if settings.get("gate") != "signed" or (isinstance(stages, list | tuple) and stage not in stages):
            continue
        raise Refused(
            f"{version} is not signed, which the gate `signed` of {stage} asks for",
            hint=f"rollbook sign {version}",
        )


def told_signers(
    key: str | Path | None = None,
    certificates: Sequence[str | Path] = (),
    identity: str | None = None,
    issuer: str | None = None,
) -> tuple[ModelSigner, ...] | None:
    """Return the one whose signature counts, as told by PEM files or an identity; None where nobody is told.

    Raises BadCall for files that can't be read, half an identity, or several ways at once.
    """
    ways = [way for way in (key, certificates, identity) if way]
    if len(ways) > 1:
        raise BadCall("a signer is told in one way", hint="Name a key, certificates, or an identity.")
    if bool(identity) != bool(issuer):
        raise BadCall("an identity counts as told by its issuer", hint="Give --identity ID --issuer URL.")
    if not ways:
        return None
    if identity:
        return (ModelSigner(identity, identity=identity, issuer=issuer or ""),)
    pem = "".join(_pem(path) for path in ([key] if key else certificates) if path)
    signer = (
        ModelSigner("the key given", key=pem) if key else ModelSigner("who is certified", certificates=pem)
    )
    if fault := signer_fault(signer):
        raise BadCall(fault)
    return (signer,)


def _pem(path: str | Path) -> str:
    try:
        with Path(path).open("rb") as file:
            return file.read(_LARGEST_PEM).decode("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise BadCall(f"{path} can't be read as PEM", hint="Name a PEM file.") from error


def required_signature(version: ModelVersion) -> ModelSignature:
    """Return a version's signature. Raises NotFound without one."""
    if version.model_signature is None:
        path = layout.signature_path(version.model.name, version.version)
        raise NotFound(f"{version} is not signed: there is no {path}", hint=f"rollbook sign {version}")
    return version.model_signature


def require_artifact(version: ModelVersion, signature: ModelSignature) -> None:
    """Raise Refused for a signature of something else than the artifact that is registered."""
    if fault := signature.covers(version.artifact):
        raise Refused(f"the signature of {version} is of something else: {fault}", hint=_NOT_IT)


def require_signer(
    version: ModelVersion, signature: ModelSignature, signers: Sequence[ModelSigner] | None
) -> Vouched:
    """Return who signed a version's artifact, by its digest in the manifest. Raises Refused for nobody who
    counts, and for a signature of something else."""
    require_artifact(version, signature)
    counted = version.model.registry.policy.model_signers if signers is None else signers
    vouched = vouch(signature.attested, counted)
    if not vouched.signer:
        hint = "Name a key: --key PUB.pem" if vouched.why == NOBODY else _NOT_IT
        raise Refused(f"the signature of {version}: {vouched.why}", hint=hint)
    return vouched


def verified_bytes(
    version: ModelVersion,
    vouched: Vouched,
    path: Path,
    signers: Sequence[ModelSigner] | None = None,
    *,
    is_fetched: bool = False,
) -> VerifiedSignature:
    """Hold the bytes at `path` against a version's signature, also by the format's own library where it is
    installed. Raises Refused when one says no."""
    artifact = version.artifact
    digest = digest_artifact(path)
    if digest.sha256 != artifact.sha256 or digest.is_directory != (artifact.files is not None):
        message = f"{path} is not the artifact of {version}: its sha256 is {digest.sha256}"
        raise Refused(message, hint=f"The registered one is {artifact.sha256}.")
    counted = version.model.registry.policy.model_signers if signers is None else signers
    signer = next(one for one in counted if one.name == vouched.signer)
    library = library_version()
    # Sigstore's identities were judged by Sigstore's own library, which the other would ask as well.
    asks = library and not signer.identity
    if asks and (fault := library_fault(path, required_signature(version).attested.data, signer)):
        raise Refused(f"{library} does not accept the signature of {version}: {fault}", hint=_NOT_IT)
    return VerifiedSignature(
        model=version.model.name,
        version=version.version,
        signer=vouched.signer,
        known_by=vouched.known_by,
        sha256=artifact.sha256,
        library=library,
        artifact="" if is_fetched else str(path),
    )
