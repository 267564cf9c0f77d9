"""Rules about entries of a stages.yaml that a change leaves in their stage: what may be changed, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.rules.transition_rules import at_stage, entry_keys
from rollbook.names import time_seconds
from rollbook.records.stages import differences

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rollbook.check.finding import Finding
    from rollbook.check.registry_files import ModelFiles
    from rollbook.records.stages import StageEntry, StageTable
    from rollbook.registry.change import Transition

_MOST = 100  # approvals of one entry, which its schema allows
_ANEW = "Propose it with `rollbook promote REF STAGE --traffic N` or `rollbook deprecate REF --sunset DATE`."


def revision_findings(
    model: ModelFiles, before: StageTable, after: StageTable, moves: Collection[Transition], first_stage: str
) -> Iterator[Finding]:
    """Yield the entries whose version stays, or comes, and that say of themselves what is not so.

    What an entry says is not rewritten while its version stays, but for approvals that are added; its
    traffic, sunset, replacement and migration note change with a new revision, by a request of its own.
    """
    olds = {entry.version: entry for entry in before.entries}
    revised = {move.version for move in moves if move.stays}
    keys = entry_keys(model)
    for entry in after.entries:
        old = olds.get(entry.version)
        if old is None or old.stage != entry.stage:
            if entry.revision:
                message = f"{entry.version} came to {entry.stage} and says that it was changed there"
                hint = "Take `revision` out: it counts the changes since the version came."
                yield at_stage(model, (*keys[entry.version], "revision"), "RB316", message, hint)
        elif entry.version in revised:
            wrong = _wrong(old, entry, first_stage)
            if wrong:
                message = f"{entry.version} is changed in {entry.stage}, and {wrong}"
                yield at_stage(model, keys[entry.version], "RB316", message, _ANEW)
        else:
            for name in rewritten_fields(old, entry):
                message = f"{name} of {entry.version} was rewritten though it stayed in {entry.stage}"
                hint = "Put it back as it was; an approval may be added. " + _ANEW
                yield at_stage(model, (*keys[entry.version], name), "RB308", message, hint)


def _wrong(old: StageEntry, new: StageEntry, first_stage: str) -> str:
    """Return what is wrong with an entry that has another revision; empty when nothing is."""
    if new.stage == first_stage:
        return "nothing is on record of that stage"
    if new.revision != old.revision + 1:
        return f"its revision is {new.revision} where {old.revision + 1} follows"
    if not differences(old, new):
        return "neither its traffic nor its sunset, replacement or migration note is another"
    if keeps_approvals(old, new):
        return "keeps approvals that were given for what it said before"
    if time_seconds(new.requested_at) < time_seconds(old.requested_at):
        return "was asked for before what it changes"
    return ""


def keeps_approvals(old: StageEntry, new: StageEntry) -> bool:
    """Return whether an entry holds approvals that were given for the one in whose place it stands."""
    return any(approval in new.approvals[:_MOST] for approval in old.approvals[:_MOST])


def rewritten_fields(old: StageEntry, new: StageEntry) -> list[str]:
    """Return the fields of an entry that say something else than before; added approvals don't."""
    fields = (
        "reason", "requested_by", "requested_at", "traffic", "replacement", "sunset", "migration", "override",
        "waived", "automatic", "despite",
    )  # fmt: skip
    changed = [field for field in fields if getattr(old, field) != getattr(new, field)]
    if any(approval not in new.approvals for approval in old.approvals):
        changed.append("approvals")
    return changed
