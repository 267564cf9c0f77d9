"""Rules about what a change does to a model's aliases: what is on record stays on record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.rules.revision_rules import keeps_approvals, rewritten_fields
from rollbook.check.rules.transition_rules import at_stage
from rollbook.records.stages import ALIASES
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollbook.check.finding import Finding
    from rollbook.check.registry_files import ModelFiles
    from rollbook.records.stages import StageEntry, StageTable

_BY_COMMAND = "Let `rollbook alias` write it: version, reason, requested_by, requested_at."


def alias_findings(
    model: ModelFiles, before: StageTable, after: StageTable, is_guarded: Callable[[str], bool]
) -> Iterator[Finding]:
    """Yield the aliases that change without an entry of their own, and the entries that are not for what they
    stand for. `is_guarded` tells whether gates guard an alias."""
    for alias in sorted({*before.aliases, *after.aliases, *after.alias_removals}):
        wrong = _unrecorded(alias, before, after, is_guarded)
        if wrong:
            yield _at(model, alias, "RB313", wrong, _BY_COMMAND)
        old, new = before.alias_entries.get(alias), after.alias_entries.get(alias)
        if old and new and old.version != new.version and _is_reused(old, new):
            message = f"{shown(alias)} points to {shown(new.version)} with the entry of {shown(old.version)}"
            yield _at(model, alias, "RB314", message, _BY_COMMAND)
    for olds, news in (
        (before.alias_entries, after.alias_entries),
        (before.alias_removals, after.alias_removals),
    ):
        for alias, entry in news.items():
            standing = olds.get(alias)
            if standing and standing.version == entry.version:
                yield from _rewritten(model, alias, standing, entry)


def _unrecorded(alias: str, before: StageTable, after: StageTable, is_guarded: Callable[[str], bool]) -> str:
    """Return what is wrong where an alias changes and no entry says so; empty where nothing is."""
    was_recorded = alias in before.alias_entries
    removal, version = after.alias_removals.get(alias), after.aliases.get(alias)
    if version is None:
        if removal is None and not was_recorded:
            return ""
        told = before.alias_removals.get(alias)  # which an alias that is there has none of
        left = told.version if told else before.aliases.get(alias)
        if removal is not None and removal.version != left:
            return f"{shown(alias)} is said to be removed from {shown(removal.version)}, where it was not"
        return f"{shown(alias)} is on record, and goes without one" if removal is None else ""
    if alias in after.alias_entries:
        return ""
    if was_recorded:
        return f"{shown(alias)} is on record, and {shown(version)} alone is none"
    if before.aliases.get(alias) != version and is_guarded(alias):
        return f"gates guard {shown(alias)}, and {shown(version)} alone tells neither who asked nor why"
    return ""


def _is_reused(old: StageEntry, new: StageEntry) -> bool:
    same = (old.reason, old.requested_by, old.requested_at) == (
        new.reason, new.requested_by, new.requested_at,
    )  # fmt: skip
    return same or keeps_approvals(old, new)


def _rewritten(model: ModelFiles, alias: str, old: StageEntry, new: StageEntry) -> Iterator[Finding]:
    for field in rewritten_fields(old, new):
        message = (
            f"{field} of the alias {shown(alias)} was rewritten though it stayed at {shown(new.version)}"
        )
        yield at_stage(
            model,
            (ALIASES, alias, field),
            "RB308",
            message,
            "Put it back as it was; an approval may be added.",
        )


def _at(model: ModelFiles, alias: str, code: str, message: str, hint: str) -> Finding:
    return at_stage(model, (ALIASES, alias), code, message, hint)
