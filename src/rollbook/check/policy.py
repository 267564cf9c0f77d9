"""Rules about the policy by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.finding import Finding
from rollbook.explanation import shown
from rollbook.layout import POLICY
from rollbook.records.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.check.document import Document


def policy_file_findings(document: Document | None) -> Iterator[Finding]:
    """Whether there is a policy, and whether what it names exists in it."""
    if document is None:
        yield Finding("RB103", POLICY, "the registry has no policy", hint="Write one with `rollbook init`.")
        return
    policy = document.record
    if document.findings or not isinstance(policy, Policy):
        return
    names = [stage.name for stage in policy.stages]
    known = f"The policy's stages are: {', '.join(names)}."
    for index, stage in enumerate(policy.stages):
        if stage.name in names[:index]:
            message = f"the stage {shown(stage.name)} stands in the policy twice"
            yield document.finding("RB212", message, "stages", index, "name", hint="Keep one of the two.")
        for position, target in enumerate(stage.next):
            if target not in names:
                yield _unknown(document, target, known, "stages", index, "next", position)
        if stage.displaced_to is not None and stage.displaced_to not in names:
            yield _unknown(document, stage.displaced_to, known, "stages", index, "displaced_to")
        if stage.displaced_to == stage.name:
            message = f"the version displaced from {stage.name} can't stay in it"
            yield document.finding("RB212", message, "stages", index, "displaced_to", hint=known)
    yield from _gate_findings(document, policy, known)


def _gate_findings(document: Document, policy: Policy, known: str) -> Iterator[Finding]:
    for index, settings in enumerate(policy.gates):
        targets = settings.get("to")
        for position, target in enumerate(targets if isinstance(targets, list) else []):
            if not policy.has_stage(target):
                yield _unknown(document, str(target), known, "gates", index, "to", position)


def _unknown(document: Document, stage: str, known: str, *key: str | int) -> Finding:
    return document.finding("RB212", f"there is no stage {shown(stage)}", *key, hint=known)
