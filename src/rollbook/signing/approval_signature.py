"""Approvals given without a forge: SSH signatures over the content of one transition.

What is signed is the transition itself, the manifest's digest included, and the occasion, so that an approval
can't be moved to another version, stage or reason, nor be used again, here or in another registry; and stays
good when the branch is squashed or rebased. Format 1 had no occasion; it counts only in what landed before.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rollbook.names import is_alias_target
from rollbook.signing.ssh_keygen import ssh_verified

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from rollbook.records.stages import StageEntry

NAMESPACE = "rollbook-approval"
# What only some transitions have.
_DETAILS = ("replacement", "sunset", "migration", "override", "waived", "automatic", "despite", "note")
_WITHOUT_OCCASION, _FORMAT = "rollbook-approval-1", "rollbook-approval-2"


@dataclass(frozen=True, slots=True)
class Occasion:
    """When and where a transition is approved: the registry's name, the SHA-256 of the policy that judges
    (hexadecimal), and the model's last event before, by its number and the commit of main that brought it."""

    registry: str
    policy_digest: str
    number: int
    landed_in: str


@dataclass(frozen=True, slots=True)
class TransitionContent:
    """What an approver approves: a version's move between two stages, as its entry in stages.yaml says, the
    SHA-256 of the version's manifest (hexadecimal), and the occasion (None: as format 1 had it). `note` is
    what this approver says about it."""

    model: str
    version: str
    start: str
    target: str
    reason: str
    requested_by: str
    requested_at: str
    traffic: int | None
    manifest_digest: str
    replacement: str = ""
    sunset: str = ""
    migration: str = ""
    override: str = ""
    waived: str = ""
    automatic: str = ""
    despite: str = ""
    note: str = ""
    occasion: Occasion | None = None

    def canonical(self) -> bytes:
        """Return the bytes that are signed: one ASCII JSON object, keys sorted, no blanks, a line break."""
        return json.dumps(self.signed_fields(), sort_keys=True, separators=(",", ":")).encode() + b"\n"

    def noted_in(self, approval: Mapping[str, Any]) -> TransitionContent:
        """Return the content that an approval signs: with its note, where it has one."""
        return replace(self, note=note_of(approval)) if note_of(approval) else self

    def signed_fields(self) -> dict[str, str | int | None]:
        """Return what is signed, by its name.

        What only some transitions have (a replacement, a sunset, ...) stands there when it is given.
        """
        fields: dict[str, str | int | None] = {
            "format": _FORMAT if self.occasion else _WITHOUT_OCCASION,
            "model": self.model,
            "version": self.version,
            "from": self.start,
            "to": self.target,
            "reason": self.reason,
            "requested_by": self.requested_by,
            "requested_at": self.requested_at,
            "traffic": self.traffic,
            "manifest_sha256": self.manifest_digest,
        }
        details = {name: getattr(self, name) for name in _DETAILS}
        fields |= {name: value for name, value in details.items() if value}
        if self.occasion:
            fields |= {
                "registry": self.occasion.registry,
                "policy_sha256": self.occasion.policy_digest,
                "after_event": self.occasion.number,
                "after_commit": self.occasion.landed_in,
            }
        return fields


def note_of(approval: Mapping[str, Any]) -> str:
    """Return an approval's note as it stands in the file; empty without one.

    What is no text counts as one that nobody signs.
    """
    note = approval.get("note")
    return note if isinstance(note, str) else "" if note is None else repr(note)


def transition_content(
    model: str, start: str, entry: StageEntry, manifest_digest: str, occasion: Occasion | None
) -> TransitionContent:
    """Return the content of the transition that `entry` of a model's stages.yaml stands for; an alias leads
    from no stage to another."""
    return TransitionContent(
        model=model,
        version=entry.version,
        start="" if is_alias_target(entry.stage) else start,
        target=entry.stage,
        reason=entry.reason,
        requested_by=entry.requested_by,
        requested_at=entry.requested_at,
        traffic=entry.traffic,
        manifest_digest=manifest_digest,
        replacement=entry.replacement,
        sunset=entry.sunset,
        migration=entry.migration,
        override=entry.override,
        waived=", ".join(entry.waived),
        automatic=str(entry.automatic or ""),
        despite=str(entry.despite or ""),
        occasion=occasion,
    )


def valid_approvers(
    content: TransitionContent,
    approvals: tuple[Mapping[str, Any], ...],
    allowed_signers: bytes,
    at: datetime | None = None,
) -> list[str]:
    """Return those whose approvals are valid: signed over this very content by a key that the registry allows
    them.

    `allowed_signers` is the base's `registry/allowed_signers`. Each name once, in the order of the file.
    """
    approvers: dict[str, None] = {}
    for approval in approvals:
        by, signature = approval.get("by"), approval.get("signature")
        if not isinstance(by, str) or not isinstance(signature, str) or by in approvers:
            continue
        if ssh_verified(
            content.noted_in(approval).canonical(),
            signature,
            principal=by,
            allowed_signers=allowed_signers,
            namespace=NAMESPACE,
            at=at,
        ):
            approvers[by] = None
    return list(approvers)
