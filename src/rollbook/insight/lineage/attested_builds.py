"""What builders attest of a version's making: whose word it is, and whether the manifest agrees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.records.lineage import TrainingOrigin
    from rollbook.records.provenance import Provenance
    from rollbook.registry.model_version import ModelVersion
    from rollbook.signing.attesters import Vouched

_SHOWN = 10


@dataclass(frozen=True, slots=True)
class AttestedBuild:
    """A provenance, who of the policy's signers signed it, and how it and the manifest's code go together:
    `agrees` where both have one commit, `contradiction` where they have two of one repository."""

    provenance: Provenance
    vouched: Vouched
    agrees: bool
    contradiction: str

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            **self.provenance.as_document(),
            "verified_by": self.vouched.signer,
            "known_by": self.vouched.known_by,
            "why_not": self.vouched.why,
            "agrees": self.agrees,
            "contradiction": self.contradiction,
        }

    @property
    def in_short(self) -> str:
        """Return whether somebody who counts says so, what was built, and by whom, in a line."""
        one = self.provenance
        commit = f"{one.source}@{one.commit[:12]} " if one.commit else ""
        return f"{'verified' if self.vouched.signer else 'unverified'}, {commit}by {one.builder}"

    def facts(self) -> Iterator[tuple[str, str]]:
        """Yield what a person is told, each as its kind and a text."""
        one = self.provenance
        state = f"verified: {self.vouched}" if self.vouched.signer else f"unverified: {self.vouched.why}"
        yield "provenance", f"{one.builder}  ({state})"
        commit = f"{one.source}@{one.commit[:12]}" if one.commit else one.source
        way = f"by {one.workflow}" if one.workflow else ""
        agreed = "the code on record" if self.agrees else self.contradiction and "NOT the code on record"
        if built := "  ".join(part for part in (commit, way, f"({agreed})" if agreed else "") if part):
            yield "built from", built
        if one.invocation:
            yield "built in", one.invocation
        for material in one.materials[:_SHOWN]:
            yield "material", str(material)
        if len(one.materials) > _SHOWN:
            yield "material", f"and {len(one.materials) - _SHOWN:,} more"


def attested_builds(version: ModelVersion, origin: TrainingOrigin) -> tuple[AttestedBuild, ...]:
    """Return what is attested of a version's making. Raises InvalidFile for a file that can't be read."""
    if not version.provenance:
        return ()
    from rollbook.signing.attesters import vouch

    signers = version.model.registry.policy.model_signers
    return tuple(
        AttestedBuild(
            one, vouch(one.attested, signers), one.agrees(origin.codes), one.contradicts(origin.codes)
        )
        for one in version.provenance
    )
