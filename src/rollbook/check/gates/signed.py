"""The gate that an artifact is signed by somebody who may, and that how it was made is attested."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, failed, passed, ref, setting, waiting
from rollbook.errors import InvalidFile
from rollbook.layout import Kind
from rollbook.records.lineage import parse_origin
from rollbook.records.model_signature import ModelSignature
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.check.gates.gate import Promotion, Verdict
    from rollbook.records.fields import Fields
    from rollbook.records.manifest import Manifest
    from rollbook.records.model_signers import ModelSigner
    from rollbook.records.provenance import Provenance
    from rollbook.signing.attesters import Vouched

_MOST = 5


class SignedGate:
    """`{gate: signed, to: [production], by: [release-team], provenance: true, builders: [https://...]}`"""

    name = "signed"
    sentence = (
        "The artifact is signed by one of those named, and, when asked for, its builder is who it must be."
    )
    code = "RB421"
    rule = Rule("signed", "The artifact is signed by somebody whose signature a stage takes.")
    schema = SettingsSchema(
        "The artifact must be signed by one of the policy's `model_signers`.",
        {
            "by": setting(
                "Signers",
                "Names of `model_signers`; any of them unless set.",
                ["release-team"],
                type="array",
                minItems=1,
                maxItems=100,
                items=ref("identifier"),
            ),
            "provenance": setting(
                "Provenance",
                "Whether a signed SLSA provenance of it must stand beside it, too; false unless set.",
                True,
                type="boolean",
                default=False,
            ),
            "provenance_by": setting(
                "Signers of the provenance",
                "Names of `model_signers`; any of them unless set.",
                ["training-ci"],
                type="array",
                minItems=1,
                maxItems=100,
                items=ref("identifier"),
            ),
            "builders": setting(
                "Builders",
                "The builders that the provenance may name (`builder.id`); any unless set.",
                ["https://github.com/acme/training/.github/workflows/train.yml@refs/heads/main"],
                type="array",
                minItems=1,
                maxItems=100,
                items=ref("line"),
            ),
        },
        example={"to": ["production"], "by": ["release-team"]},
    )

    def verdict(self, settings: Fields, promotion: Promotion) -> Verdict:
        from rollbook.signing.attesters import vouch

        by = settings.texts("by")
        threshold = f"signed by {' or '.join(by)}" if by else "signed by one of `model_signers`"
        with_provenance = settings.flag("provenance", default=False) or settings.has("builders")
        threshold += ", and its provenance attested" if with_provenance else ""
        manifest, way = promotion.manifest, f"rollbook sign {promotion.model}@{promotion.version}"
        if manifest is None:
            return failed("no manifest that can be read", threshold)
        signature = _record(promotion, Kind.MODEL_SIGNATURE)
        if signature is None:
            return waiting("not signed", threshold, way)
        if not isinstance(signature, ModelSignature):
            return failed("its model.sig can't be read", threshold, "See `rollbook check`.")
        if fault := signature.covers(manifest.artifact):
            return failed(f"signed, but {fault}", threshold, "A signature never changes: register it anew.")
        vouched = vouch(signature.attested, _named(promotion, by))
        if not vouched.signer:
            return _nobody(vouched, threshold)
        figure = printable(f"signed by {vouched}")
        if not with_provenance:
            return passed(figure, threshold)
        return self._attested(settings, promotion, manifest, signature, (figure, threshold))

    def _attested(
        self,
        settings: Fields,
        promotion: Promotion,
        manifest: Manifest,
        signature: ModelSignature,
        told: tuple[str, str],
    ) -> Verdict:
        """Judge the provenance beside an artifact that is signed: one of it must be as it is asked for."""
        from rollbook.signing.attesters import vouch

        figure, threshold = told
        found = _record(promotion, Kind.PROVENANCE)
        provenance = found if isinstance(found, tuple) else ()
        signers = _named(promotion, settings.texts("provenance_by"))
        faults, unknown = [], False
        for one in provenance[:_MOST]:
            vouched = vouch(one.attested, signers)
            fault = _provenance_fault(one, manifest, signature, settings.texts("builders")) or (
                "" if vouched.signer else vouched.why
            )
            if not fault:
                return passed(printable(f"{figure}; built by {one.builder}, says {vouched}"), threshold)
            faults.append(fault)
            unknown = unknown or vouched.unknown
        why = printable("; ".join(faults)) if faults else "no provenance stands beside it"
        way = "Register it with its provenance, as a new version: rollbook register --provenance FILE"
        return (waiting if unknown else failed)(f"{figure}; {why}", threshold, way)


def _nobody(vouched: Vouched, threshold: str) -> Verdict:
    if vouched.unknown:
        return waiting(printable(vouched.why), threshold, "Check where the extra `sign` is installed.")
    hint = "A signature never changes: register the artifact anew, and have it signed by one of them."
    return failed(printable(vouched.why), threshold, hint)


def _named(promotion: Promotion, names: Sequence[str]) -> list[ModelSigner]:
    """Return the policy's signers of these names, all without any. Raises InvalidFile for one that there
    isn't."""
    known = {signer.name: signer for signer in (promotion.policy.model_signers if promotion.policy else ())}
    for name in names:
        if name not in known:
            raise InvalidFile(f"the policy has no signer {name[:80]!r} (`model_signers`)", key="by")
    return [known[name] for name in names] if names else [*known.values()]


def _record(promotion: Promotion, kind: Kind) -> object:
    """Return what a file of the version says; None without one, and the empty text for one that is broken."""
    documents = promotion.version_files.documents.get(kind, []) if promotion.version_files else []
    return ("" if documents[0].record is None else documents[0].record) if documents else None


def _provenance_fault(
    one: Provenance, manifest: Manifest, signature: ModelSignature, builders: Sequence[str]
) -> str:
    """Return why a provenance is not one of this artifact, by one of the builders. Of a folder, either its
    digest or all of its files must be named; which these are, its signature tells."""
    files = frozenset(signature.files.values())
    if manifest.artifact.sha256 not in one.digests and not files <= one.digests:
        return "its provenance is not of all its bytes"
    if builders and one.builder not in builders:
        return f"it was built by {one.builder[:200]}"
    return one.contradicts(parse_origin(manifest).codes)


GATE = SignedGate()
