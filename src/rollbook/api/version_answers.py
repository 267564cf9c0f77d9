"""What is told of one version: which it is, everything known of it, and where its artifact was put."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.api.model_answers import ShownModel
    from rollbook.api.public_model import Model, ModelVersion
    from rollbook.api.results import Fetched, Shown, ShownSignature
    from rollbook.api.version_signature import VersionSignature
    from rollbook.artifact.progress import Progress
    from rollbook.artifact.signature_check import CheckedSignature, VerifiedSignature
    from rollbook.names import Reference
    from rollbook.records.deprecation import Deprecation
    from rollbook.records.evidence import Evidence
    from rollbook.records.removal import Removal
    from rollbook.registry import model_version
    from rollbook.registry.served import Served


@dataclass(frozen=True, slots=True)
class Resolved:
    """The version that a reference stands for. `path` is its artifact's, from the repository's root;
    `sha256`, `size` (bytes) and `format` are the artifact's; `commit` is the one it was read from."""

    model: str
    version: str
    stage: str | None
    commit: str | None
    path: str
    sha256: str
    size: int
    format: str
    deprecated: Deprecation | None
    removed: Removal | None


def resolved(version: model_version.ModelVersion, *, with_stage: bool = True) -> Resolved:
    """Return which version this is; its stage, for which the policy may have to be read, only when asked."""
    artifact = version.artifact
    return Resolved(
        model=version.model.name,
        version=version.version,
        stage=version.stage if with_stage else None,
        commit=version.model.registry.snapshot.commit,
        path=version.artifact_path,
        sha256=artifact.sha256,
        size=artifact.size,
        format=artifact.format,
        deprecated=version.deprecation,
        removed=version.removal,
    )


def shown(version: model_version.ModelVersion) -> Shown:
    """Return everything known of a version. Raises InvalidFile for one of its files that can't be read."""
    from rollbook.api.results import Shown

    notes, manifest, evidence = version.notes(), version.manifest, version.evidence()
    return Shown(
        model=version.model.name,
        version=version.version,
        stage=version.stage,
        deprecated=version.deprecation,
        removed=version.removal,
        imported=version.imported,
        aliases=tuple(version.aliases),
        commit=version.model.registry.snapshot.commit,
        path=version.artifact_path,
        transition=version.entry,
        record=version.model.record,
        description=notes.description or manifest.description,
        tags={**manifest.tags, **notes.tags},
        manifest=manifest,
        notes=notes,
        evidence=evidence,
        signature=shown_signature(version),
        served=_served(version, evidence),
    )


def _served(version: model_version.ModelVersion, evidence: Sequence[Evidence]) -> Served | None:
    """Return when a version last served by evidence. Other versions' is read only where it may matter."""
    from rollbook.registry.served import KINDS, served_of

    if not any(each.kind in KINDS for each in evidence):
        return None
    return served_of(version.model, datetime.now(UTC)).get(str(version))


def shown_signature(version: model_version.ModelVersion) -> ShownSignature | None:
    """Return what the version's signature says, and whether one of the policy's signers made it over this
    artifact; None without one."""
    from rollbook.api.results import ShownSignature
    from rollbook.signing.attesters import signer_claim, vouch

    signature = version.model_signature
    if signature is None:
        return None
    if fault := signature.covers(version.artifact):
        return ShownSignature("", signer_claim(signature.attested), fault)
    vouched = vouch(signature.attested, version.model.registry.policy.model_signers)
    return ShownSignature(vouched.signer, vouched.known_by or signer_claim(signature.attested), vouched.why)


def fetched(
    version: ModelVersion,
    output: str | Path,
    *,
    force: bool,
    remote: str | None,
    progress: Progress | None,
    env: bool = False,
) -> Fetched:
    """Get a version's artifact and return where it was put. Raises as `ModelVersion.fetch` does."""
    from rollbook.api.results import Fetched

    path = version.fetch(output, overwrite=force, progress=progress, remote=remote, environment=env)
    artifact = version.artifact
    name = version.model.name
    got = Fetched(name, version.version, path, artifact.sha256, artifact.size, version.deprecation)
    if not env:
        return got
    from rollbook.artifact.environment_file import environment_named

    file, digest = environment_named(version)
    return replace(got, environment=path.parent / file, environment_sha256=digest)


def checked_signer(version: model_version.ModelVersion, key: str | Path | None) -> CheckedSignature:
    """Check a version's signature by what is registered, before its bytes are fetched; return what it says.

    Raises Refused for one of other bytes or by nobody who counts, and NotFound without one where a key is
    named.
    """
    from rollbook.artifact.signature_check import check_registered, told_signers

    return check_registered(version, told_signers(key))


class VersionQuestions:
    """What can be asked of one version, in a registry, in several, or in an index."""

    if TYPE_CHECKING:

        def version(self, reference: str | Reference) -> ModelVersion: ...
        def model(self, name: str) -> Model: ...
        def version_or_default(self, reference: str | Reference) -> ModelVersion: ...

    def resolve(self, reference: str | Reference) -> Resolved:
        """Return the version that a reference such as `credit-approval@production` stands for; a model's name
        alone stands for the alias that the policy makes the default.

        Raises BadCall for what is no reference, NotFound for one that stands for nothing.
        """
        return resolved(self.version_or_default(reference))

    def show(self, reference: str | Reference) -> Shown:
        """Return everything known of one version. Raises as `resolve`, and InvalidFile for a broken file."""
        return shown(self.version_or_default(reference))

    def signature(self, reference: str | Reference) -> VersionSignature:
        """Return what goes into a version and what comes out of it; its `in_form` writes it as others do.

        Raises as `resolve`, NotFound where no signature is on record, InvalidFile for a broken file.
        """
        from rollbook.api.version_signature import signature_of

        return signature_of(self.version_or_default(reference))

    def show_model(self, model: str) -> ShownModel:
        """Return what is known of a model: what it is, what stands where, what happened to it last.

        Raises NotFound for an unknown model, InvalidFile for a broken file.
        """
        from rollbook.api.model_answers import shown_model

        return shown_model(self.model(model))

    def fetch(
        self,
        reference: str | Reference,
        output: str | Path = ".",
        *,
        force: bool = False,
        remote: str | None = None,
        verify: bool = False,
        key: str | Path | None = None,
        progress: Progress | None = None,
        env: bool = False,
    ) -> Fetched:
        """Get a version's artifact, verified, whole or not at all, and return where it was put.

        `output` is the file or folder to write; an existing directory gets the artifact under its own name.
        With `verify` the version's signature is checked first, where it has one, by the policy's
        `model_signers`; with a public `key` (a PEM file) it must have one, by that key.
        `force` replaces what stands there. `remote` (a path or URL) takes the place of the registry's DVC
        remote. With `env` the file of its environment, such as requirements.txt or uv.lock, is put beside it.
        Raises as `resolve`, StorageFailed when the bytes can't be had or are not those registered, and
        NotFound where no such file is on record.
        """
        version = self.version_or_default(reference)
        signed_by = checked_signer(version, key).signer if verify or key else ""
        got = fetched(version, Path(output), force=force, remote=remote, progress=progress, env=env)
        return replace(got, signed_by=signed_by)

    def verify(
        self,
        reference: str | Reference,
        *,
        key: str | Path | None = None,
        certificate_chain: Sequence[str | Path] = (),
        identity: str | None = None,
        issuer: str | None = None,
        artifact: str | Path | None = None,
        remote: str | None = None,
        progress: Progress | None = None,
    ) -> VerifiedSignature:
        """Verify a version's signature over its bytes; return who signed. See `ModelVersion.verify`.

        Raises as `resolve` and `ModelVersion.verify` do.
        """
        version = self.version_or_default(reference)
        return version.verify(
            key=key,
            certificate_chain=certificate_chain,
            identity=identity,
            issuer=issuer,
            artifact=artifact,
            remote=remote,
            progress=progress,
        )
