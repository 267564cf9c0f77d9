"""Whether a change of a stages.yaml is one that automation may make: what the monitor moved by itself.

That such an entry is true, a rule of the whole change tells (`rules/monitored_moves.py`); here is what a
commit may write at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rollbook.check.contributors import stage_entries
from rollbook.records.stages import NO_STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.records.policy import Policy

_ASKED = frozenset(["version", "reason", "requested_by", "requested_at"])
# What an entry may say that automation writes. Approvals, overrides and evidence set aside are people's.
_AUTOMATIC = _ASKED | {"automatic", "revision", "traffic", "waived"}
# And that of the version which makes room.
_DISPLACED = _ASKED | {"replacement"}


class _Standing(NamedTuple):
    stage: str
    entry: Mapping[str, Any]


def is_automatic_edit(old: object, new: object, policy: Policy) -> bool:
    """Return whether one document of a stages.yaml leads to another by entries that say `automatic` alone,
    and by the way out of the versions that these name, to where the policy sends them. None is a file without
    any stage. What can't be read is no such change."""
    before, after = _entries(old), _entries(new)
    if before is None or after is None or _besides(old) != _besides(new):
        return False
    changed = [
        version for version in before.keys() | after.keys() if before.get(version) != after.get(version)
    ]
    entered: dict[str, object] = {}
    others = []
    for version in changed:
        now = after.get(version)
        if now is not None and "automatic" in now.entry:
            if not now.entry.keys() <= _AUTOMATIC:
                return False
            entered[now.stage] = _named(now.entry)
        else:
            others.append(version)
    return bool(entered) and all(
        _is_displaced(version, before.get(version), after.get(version), entered, policy) for version in others
    )


def _is_displaced(
    version: str,
    was: _Standing | None,
    now: _Standing | None,
    entered: Mapping[str, object],
    policy: Policy,
) -> bool:
    """Return whether a version only leaves the stage that another one enters in its place."""
    if was is None or entered.get(was.stage) != version or not policy.has_stage(was.stage):
        return False
    goes = now.stage if now is not None else policy.first_stage.name
    said = now.entry.keys() if now is not None else frozenset[str]()
    return policy.stage(was.stage).displaced_to == goes and said <= _DISPLACED


def _named(entry: Mapping[str, Any]) -> object:
    """Return the version that an entry says was taken out automatically."""
    automatic = entry["automatic"]
    return automatic.get("version") if isinstance(automatic, dict) else None


def _besides(document: object) -> dict[str, Any]:
    """Return what a document says of aliases and of the team's own."""
    told = document if isinstance(document, dict) else {}
    return {name: told[name] for name in NO_STAGES if name in told}


def _entries(document: object) -> dict[str, _Standing] | None:
    """Return where each version stands; None where that can't be told, or a version stands twice."""
    if document is None:
        return {}
    if not isinstance(document, dict):
        return None
    entries: dict[str, _Standing] = {}
    for stage, value in document.items():
        for entry in () if stage in NO_STAGES else stage_entries(value):
            version = entry.get("version") if isinstance(entry, dict) else None
            if not isinstance(version, str) or version in entries:
                return None
            entries[version] = _Standing(stage, entry)
    return entries
