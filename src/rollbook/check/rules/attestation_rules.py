"""The rule that what is attested beside a manifest is about what the manifest says.

Who attests it is no matter here: the gate `signed` asks for that where it counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile
from rollbook.layout import Kind
from rollbook.records.lineage import parse_origin
from rollbook.records.model_signature import ModelSignature
from rollbook.schema.explanation import shown
from rollbook.signing.attesters import signer_fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.check.document import Document
    from rollbook.check.finding import Finding
    from rollbook.check.registry_files import VersionFiles
    from rollbook.records.manifest import Manifest
    from rollbook.records.policy import Policy
    from rollbook.records.provenance import Provenance

_CODE = "RB232"


def attestation_findings(version: VersionFiles, manifest: Manifest) -> Iterator[Finding]:
    """Yield where a version's signature, or the provenance of it, is about something else."""
    for document in version.documents.get(Kind.MODEL_SIGNATURE, ()):
        signature = document.record
        if isinstance(signature, ModelSignature) and (fault := signature.covers(manifest.artifact)):
            hint = "Sign the artifact that is registered: rollbook sign REF"
            yield document.finding(_CODE, f"the signature is none of this artifact: {fault}", hint=hint)
    for document in version.documents.get(Kind.PROVENANCE, ()):
        if isinstance(document.record, tuple):
            yield from _provenance_findings(document, document.record, manifest)


def signer_findings(document: Document, policy: Policy) -> Iterator[Finding]:
    """Yield the policy's signers of models who can be known by nothing, and gates that name others."""
    for signer in policy.model_signers:
        if fault := signer_fault(signer):
            way = "key" if signer.key else "certificates"
            yield document.finding("RB233", fault, "model_signers", signer.name, way)
    known = {signer.name for signer in policy.model_signers}
    for index, gate in enumerate(policy.gates):
        for setting in ("by", "provenance_by") if gate.get("gate") == "signed" else ():
            names = gate.get(setting)
            for name in names if isinstance(names, list) else ():
                if name not in known:
                    message = f"there is no signer {shown(name)}"
                    hint = f"`model_signers` names: {', '.join(sorted(known)) or 'nobody'}."
                    yield document.finding("RB212", message, "gates", index, setting, hint=hint)


def _provenance_findings(
    document: Document, provenance: tuple[Provenance, ...], manifest: Manifest
) -> Iterator[Finding]:
    artifact = manifest.artifact
    try:
        codes = parse_origin(manifest).codes
    except InvalidFile:
        codes = ()  # the manifest's own finding says so
    for one in provenance:
        # The digests of a folder's files stand in no file here.
        if artifact.files is None and artifact.sha256 not in one.digests:
            yield document.finding(_CODE, "the provenance is about something else than this artifact")
        if told := one.contradicts(codes):
            hint = "Register it with the code that it was built from (--code), or without this provenance."
            yield document.finding(_CODE, told, hint=hint)
