"""Naming the failed evidence of monitoring that a promotion sets aside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.text import one_line
from rollbook.trail.evidence_on_record import EvidenceOnRecord

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.registry.model_version import ModelVersion
    from rollbook.snapshot.tree_snapshot import TreeSnapshot

_MOST = 100  # which one entry may name, by its schema


def set_aside(
    repository: Repository, base: TreeSnapshot, version: ModelVersion, stage: str, reason: str
) -> dict[str, Any]:
    """Return what an entry says `despite`: the failed evidence of monitoring about the version's artifact
    that no earlier entry of the stage answers, and the reason. Raises BadCall without a reason, and when
    there is no such evidence."""
    if not (reason := one_line(reason)):
        raise BadCall("evidence is set aside for a reason", hint='Say why: --despite "..."')
    names = EvidenceOnRecord(repository, base.commit).unanswered(version, stage)
    if not names:
        message = f"no failed evidence of monitoring about {version} stands in the way to {stage}"
        raise BadCall(message, hint="Leave `despite` out.")
    return {"evidence": names[-_MOST:], "reason": reason}
