"""What vouches for an artifact, as files beside its manifest: its signature, and how it was made.

The signature is made at registration, or proposed later by itself.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from rollbook import layout
from rollbook.artifact.digest import digest_artifact
from rollbook.artifact.progress import quiet
from rollbook.artifact.retrieval import fetch_version
from rollbook.artifact.signature_check import told_signers
from rollbook.errors import BadCall, InvalidFile, Refused
from rollbook.propose.manifest_facts import small_file
from rollbook.propose.proposal import Proposal, branch_name, commit_proposal, judge, refuse_standing
from rollbook.records.model_signature import ONLY_FILE, parse_model_signature
from rollbook.records.model_signers import ModelSigner
from rollbook.records.provenance import as_lines, parse_provenance
from rollbook.registry.main_branch import main_commit
from rollbook.registry.registry import Registry
from rollbook.signing.attesters import signer_claim, vouch
from rollbook.signing.openssf import SigningKey, public_half, require_usable, sign_files
from rollbook.snapshot.snapshot import MAX_FILE
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.artifact.digest import ArtifactDigest
    from rollbook.artifact.progress import Progress
    from rollbook.artifact.storage import Stored
    from rollbook.git.repository import Repository
    from rollbook.names import Reference
    from rollbook.records.provenance import Provenance

PathLike = str | Path
KEYLESS = "sigstore"
_PASSWORD = "ROLLBOOK_SIGNING_PASSWORD"  # noqa: S105 - the name of the variable that holds it


class ToldVouching(TypedDict, total=False):
    """What vouches for a new version's artifact. All of it may be left out, or be None.

    `sign` is a private key (a PEM file) to sign it with, or the word `sigstore`, in CI; `provenance` are
    files of SLSA provenance in DSSE envelopes or Sigstore bundles, which `provenance_key`, a public key,
    must have signed when it is given.
    """

    sign: PathLike | None
    provenance: Sequence[PathLike]
    provenance_key: PathLike | None


@dataclass(frozen=True, slots=True)
class Vouching:
    """What shall vouch for a version: who signs it, and attestations of its making, each a line of JSON."""

    key: SigningKey | None = None
    attestations: tuple[bytes, ...] = ()

    def files(self, stored: Stored) -> dict[str, bytes]:
        """Return the files that go beside the manifest of an artifact, by name.

        Raises Refused for provenance of something else, and as `sign_files` does.
        """
        files = {}
        if self.attestations:
            files[layout.PROVENANCE] = b"".join(line + b"\n" for line in self.attestations)
            for one in parse_provenance(files[layout.PROVENANCE], layout.PROVENANCE):
                _require_about(one, stored.digest)
        if self.key:
            files[layout.MODEL_SIGNATURE] = signature(stored.pointer.path, stored.digest, self.key)
        return files

    def kept(
        self, repository: Repository, standing: str | None, directory: str, files: Mapping[str, bytes]
    ) -> dict[str, bytes]:
        """Return `files`, with the signature that an earlier run's commit has in `directory` where the same
        key signed the same there: no two signatures are alike, and a run again is to find its branch."""
        new = files.get(layout.MODEL_SIGNATURE)
        if standing is None or new is None or self.key is None or self.key.key is None:
            return {**files}
        path = f"{directory}/{layout.MODEL_SIGNATURE}"
        with Registry(repository, commit_snapshot(repository, standing)) as registry:
            (before,) = registry.snapshot.read_many([path])
        try:
            earlier = parse_model_signature(before or b"", path)
        except InvalidFile:
            return {**files}
        same = earlier.files == parse_model_signature(new, path).files
        signer = ModelSigner("the same key", key=public_half(self.key))
        is_own = same and vouch(earlier.attested, [signer]).signer
        return {**files, layout.MODEL_SIGNATURE: earlier.attested.data} if is_own else {**files}

    def remarks(self, repository: Repository, base: str, files: Mapping[str, bytes]) -> Iterator[str]:
        """Yield whose word in `files` counts nothing, because the policy of `base` does not name them."""
        if not files:
            return
        with Registry(repository, commit_snapshot(repository, base)) as registry:
            signers = registry.policy.model_signers
        if layout.MODEL_SIGNATURE in files:
            parsed = parse_model_signature(files[layout.MODEL_SIGNATURE], layout.MODEL_SIGNATURE)
            vouched = vouch(parsed.attested, signers)
            if not vouched.signer:
                yield f"the signature counts for no gate: {vouched.why}"
        if layout.PROVENANCE in files:
            for one in parse_provenance(files[layout.PROVENANCE], layout.PROVENANCE):
                vouched = vouch(one.attested, signers)
                if not vouched.signer:
                    yield f"the provenance by {one.builder} is unverified: {vouched.why}"


@dataclass(frozen=True, slots=True)
class SignedVersion:
    """A signature that was proposed for a version; `signer` is what it says itself of who made it."""

    model: str
    version: str
    signer: str
    sha256: str
    path: str
    branch: str
    commit: str


def told_vouching(told: ToldVouching) -> Vouching:
    """Return what is told of who vouches for a new version.

    Raises BadCall for files that can't be read, Refused for provenance that the key given did not sign.
    """
    sign = told.get("sign")
    lines: list[bytes] = []
    trusted = told_signers(told.get("provenance_key")) or ()
    for path in map(Path, told.get("provenance") or ()):
        try:
            new = as_lines(small_file(path), str(path))
        except InvalidFile as error:
            raise BadCall(str(error), hint="Give SLSA provenance in a DSSE envelope or bundle.") from error
        lines += new
        for one in parse_provenance(b"\n".join(new), str(path)) if trusted else ():
            vouched = vouch(one.attested, trusted)
            if not vouched.signer:
                raise Refused(f"{path}: {vouched.why}", hint="Do not take it in, unless you know why.")
    if trusted and not lines:
        raise BadCall("there is no provenance for that key", hint="Give --provenance FILE too.")
    key = None if sign is None else signing_key(sign) if str(sign) != KEYLESS else SigningKey(keyless=True)
    if key is not None:
        require_usable(key)
    return Vouching(key, tuple(lines))


def signing_key(
    key: PathLike | None,
    certificate: PathLike | None = None,
    chain: Sequence[PathLike] = (),
    *,
    keyless: bool = False,
) -> SigningKey:
    """Return what signs. Raises BadCall for no way to sign, or two.

    The password of a key that is encrypted is the value of `ROLLBOOK_SIGNING_PASSWORD`.
    """
    if (key is None) != keyless or (keyless and certificate):
        raise BadCall("who shall sign?", hint="Give either a key (--key KEY.pem) or, in CI, --keyless.")
    if chain and not certificate:
        raise BadCall("a chain is that of a certificate", hint="Give --certificate CERT.pem too.")
    if key is None:
        return SigningKey(keyless=True)
    return SigningKey(
        Path(key),
        Path(certificate) if certificate else None,
        tuple(Path(one) for one in chain),
        os.environ.get(_PASSWORD),
    )


def signature(name: str, digest: ArtifactDigest, key: SigningKey) -> bytes:
    """Sign an artifact that is called `name`, by its digests. Raises as `sign_files` does."""
    pairs = [(file.path if digest.is_directory else ONLY_FILE, file.sha256) for file in digest.files]
    data = sign_files(name, pairs, key)
    if len(data) > MAX_FILE:
        raise Refused(
            f"the signature has {len(data):,} bytes, and a file of a registry at most {MAX_FILE:,}",
            hint="It names every file of the artifact: register an artifact of fewer files, e.g. an archive.",
        )
    return data


def sign_version(
    repository: Repository,
    reference: str | Reference,
    key: SigningKey,
    *,
    artifact: Path | None = None,
    remote: str | None = None,
    progress: Progress = quiet,
) -> SignedVersion:
    """Propose a signature of a version's artifact: a branch with one commit that adds `model.sig`.

    The bytes are fetched for it, unless they are at `artifact`; what is signed is what was registered. Raises
    Refused for a version that is signed already, whose artifact is removed, or other bytes; NotFound for an
    unknown version, BadCall for a key that can't sign, StorageFailed when the bytes can't be had.
    """
    require_usable(key)
    base = main_commit(repository)
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        version = registry.version(reference)
        model, path = version.model.name, layout.signature_path(version.model.name, version.version)
        if version.model_signature is not None:
            raise Refused(f"{version} is signed already; a signature is never overwritten")
        if version.removal is not None:
            raise version.removal.refusal()
        registered = version.artifact
        with tempfile.TemporaryDirectory(prefix="rollbook-") as directory:
            got = artifact or fetch_version(version, Path(directory), progress=progress, remote=remote)
            digest = digest_artifact(got)
    if (digest.sha256, digest.is_directory) != (registered.sha256, registered.files is not None):
        raise Refused(
            f"{artifact} is not the artifact of {version}: its sha256 is {digest.sha256}",
            hint=f"The registered one is {registered.sha256}; without --artifact it is fetched.",
        )
    branch = branch_name("sign", model, version.version)
    refuse_standing(repository, branch)
    data = signature(registered.path, digest, key)
    judge(repository, base, {path: data}).require(f"{version} can't be signed so")
    claim = signer_claim(parse_model_signature(data, path).attested)
    message = f"Sign {version}\n\nBy {claim}.\n"
    made = commit_proposal(repository, Proposal(branch, base, message, {path: data}))
    return SignedVersion(model, version.version, claim, registered.sha256, path, branch, made)


def _require_about(one: Provenance, digest: ArtifactDigest) -> None:
    """Raise Refused for a provenance of neither the artifact nor any of its files."""
    if one.digests.isdisjoint({digest.sha256, *(file.sha256 for file in digest.files)}):
        raise Refused(
            f"the provenance by {one.builder[:200]!r} is about something else than this artifact",
            hint=f"Its SHA-256 is {digest.sha256}; none of its subjects has that.",
        )
