"""Rules that span the files of one model, or of one version, and that no schema can say."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.finding import Finding
from rollbook.check.rules.attestation_rules import attestation_findings
from rollbook.check.rules.data_rules import chain_findings
from rollbook.check.rules.manifest_rules import backfill_findings, training_findings
from rollbook.check.rules.monitoring_rules import own_monitoring_findings
from rollbook.check.rules.pointer_rules import attachment_findings, pointer_findings
from rollbook.check.rules.policy_rules import gate_stage_findings, own_retention_findings
from rollbook.check.rules.removal_rules import removal_of, removed_directory_findings, removed_in_use_findings
from rollbook.check.rules.stage_rules import policy_findings, stage_findings
from rollbook.layout import Kind
from rollbook.records.imported import Imported
from rollbook.schema.explanation import shown
from rollbook.trail.foreign_trail import contradictions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.check.document import Document
    from rollbook.check.registry_files import ModelFiles, VersionFiles
    from rollbook.records.manifest import Manifest
    from rollbook.records.policy import Policy


_ANEW = "Bring the version over again: rollbook import bundle FILE"
_SHOWN = 10


def model_findings(model: ModelFiles, policy: Policy | None) -> Iterator[Finding]:
    """Yield what is wrong with a model as a whole, its versions apart. Without a policy, what needs one is
    left out.
    """
    if model.record_file is None:
        path = layout.model_path(model.name)
        yield Finding("RB103", path, "the model has no model.yaml", hint="Say there what it is, and whose.")
    elif model.record is not None:
        yield from _same(model.record_file, "name", model.record.name, model.name)
    yield from stage_findings(model)
    yield from removed_in_use_findings(model, policy)
    if policy is not None:
        yield from policy_findings(model, policy)
        if model.record_file is not None and model.record is not None and not model.record_file.findings:
            yield from gate_stage_findings(model.record_file, model.record.gates, policy)
            yield from own_retention_findings(model.record_file, model.record.retention, policy)
            yield from own_monitoring_findings(model.record_file, model.record, policy)


def _same(document: Document, key: str, found: object, expected: str) -> Iterator[Finding]:
    if found != expected:
        yield document.finding(
            "RB201",
            f"the file says {shown(found)}; its path says {shown(expected)}",
            key,
            hint=f"Write {expected} here.",
        )


def directory_findings(version: VersionFiles) -> Iterator[Finding]:
    """Yield what is wrong with a version's directory as a whole. It depends on nothing outside of it."""
    document, manifest = version.manifest_file, version.manifest
    if document is None:
        path = f"{version.directory}/version.yaml"
        yield Finding(
            "RB103", path, "the version has no manifest", hint="Register it with `rollbook register`."
        )
    removal = removal_of(version)
    if removal is not None:
        yield from removed_directory_findings(version, removal)
    elif not version.pointers:
        path = document.path if document else version.directory
        yield Finding(
            "RB103",
            path,
            "no DVC pointer stands beside the manifest",
            hint="Register the version with `rollbook register`, which writes it.",
        )
    if document is not None and manifest is not None:
        yield from _same(document, "model", manifest.model, version.model)
        yield from _same(document, "version", manifest.version, version.version)
        yield from _named_files(version, document, manifest)
        yield from _requirements_digest(version, document, manifest)
        yield from training_findings(document, manifest)
        yield from backfill_findings(document, manifest)
        yield from chain_findings(version)
        yield from attestation_findings(version, manifest)
    for imported in version.documents.get(Kind.IMPORT, ()):
        yield from _imported_findings(version, imported)
    for pointer in version.pointers:
        yield from pointer_findings(version, pointer)
    yield from attachment_findings(version)
    for evidence in version.evidence:
        yield from _evidence_findings(version, evidence)


def _named_files(version: VersionFiles, document: Document, manifest: Manifest) -> Iterator[Finding]:
    named = {
        ("card",): manifest.card,
        ("environment", "requirements"): manifest.environment.get("requirements"),
    }
    for key, name in named.items():
        if isinstance(name, str) and name and f"{version.directory}/{name}" not in version.paths:
            yield document.finding(
                "RB211",
                f"{shown(name)} does not stand beside the manifest",
                *key,
                hint="Add it, or take the field out.",
            )


def _requirements_digest(version: VersionFiles, document: Document, manifest: Manifest) -> Iterator[Finding]:
    expected = manifest.environment.get("sha256")
    named = str(manifest.environment.get("requirements") or layout.REQUIREMENTS_TXT)
    for requirements in version.documents.get(Kind.REQUIREMENTS, ()) if expected else ():
        if requirements.path != f"{version.directory}/{named}":
            continue
        digest = hashlib.sha256(requirements.data).hexdigest()
        if digest != expected and not requirements.findings:
            yield document.finding(
                "RB214",
                f"{named} is not the file that was registered",
                "environment",
                "sha256",
                hint=f"Its SHA-256 is {digest}.",
            )


def _evidence_findings(version: VersionFiles, evidence: Document) -> Iterator[Finding]:
    value = evidence.value
    if evidence.findings or not isinstance(value, dict):
        return
    yield from _same(evidence, "model", value["model"], version.model)
    yield from _same(evidence, "version", value["version"], version.version)
    kind = evidence.path.rpartition("/")[2].rpartition("-")[0]
    yield from _same(evidence, "kind", value["kind"], kind)
    manifest = version.manifest
    if manifest is not None and value["artifact_sha256"] != manifest.artifact.sha256:
        yield evidence.finding(
            "RB213",
            "the evidence is about another artifact than this version's",
            "artifact_sha256",
            hint=f"The manifest's artifact.sha256 is {manifest.artifact.sha256}.",
        )


def _imported_findings(version: VersionFiles, document: Document) -> Iterator[Finding]:
    """Yield what is wrong with the record of an import, whose tags must name the very manifest beside it."""
    imported = document.record
    if document.findings or not isinstance(imported, Imported):
        return
    for key, told, expected in (
        ("model", imported.model, version.model),
        ("version", imported.version, version.version),
    ):
        if told != expected:
            message = f"the file says {shown(told)}; its path says {shown(expected)}"
            yield document.finding("RB201", message, key, hint=f"Write {expected} here.")
    conflicts = list(_contradictions(version, document, imported))
    yield from conflicts[:_SHOWN]


def _contradictions(version: VersionFiles, document: Document, imported: Imported) -> Iterator[Finding]:
    file, manifest = version.manifest_file, version.manifest
    if file is None or manifest is None:
        return
    digest = hashlib.sha256(file.data).hexdigest()
    for place, source in enumerate(imported.sources):
        wrong = contradictions(source.tags, version.model, version.version, digest, manifest.artifact.sha256)
        for index, message in wrong:
            yield document.finding("RB223", message, "sources", place, "tags", index, hint=_ANEW)
        if source.signed_by and not source.registration.signed:
            message = f"it names {shown(source.signed_by)} as who signed a tag that bears no signature"
            yield document.finding("RB223", message, "sources", place, "signed_by", hint=_ANEW)
