"""What a change of a stages.yaml moves into and out of the stages that a policy keeps for some roles.

What cannot be read may move anything: it then counts as having moved versions of every such stage.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.check.contributors import stage_entries, without_approvals
from rollbook.records.stages import NO_STAGES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from rollbook.records.policy import Policy

# Where a version stood or stands: a stage's name, and the version.
Holding = tuple[str, str]
_Entry = tuple[str, str, str]
ANY_VERSION = "any version"


@dataclass(frozen=True, slots=True)
class Moved:
    """What a change moves into stages or out of them, or says otherwise of the versions there; and what only
    makes room in a stage that another version enters, and goes where the policy sends it."""

    holdings: frozenset[Holding] = frozenset()
    displaced: frozenset[Holding] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.holdings or self.displaced)


def keeps_stages(policy: Policy) -> bool:
    """Return whether a policy keeps any stage for some roles."""
    return any(stage.by is not None for stage in policy.stages)


def moved(old: object, new: object, policy: Policy) -> Moved:
    """Return what leads from one document of a stages.yaml to another moves, of the stages that are kept for
    some roles. None is a file without any stage; `UNREADABLE` is one that can't be read.

    Approvals may come and go; any other word of a version's entry counts, such as how much traffic it has.
    """
    kept = {stage.name for stage in policy.stages if stage.by is not None}
    before, after = _entries(old), _entries(new)
    if before is None or after is None:
        return Moved(frozenset((name, ANY_VERSION) for name in kept))
    gone, come = before - after, after - before
    left, entered = _left_and_entered(before, after, policy.first_stage.name)
    left |= {(stage, version) for stage, version, _ in gone}
    entered |= {(stage, version) for stage, version, _ in come}
    displaced = set(_displaced(left, entered, policy))
    return Moved(
        frozenset(holding for holding in (left | entered) - displaced if holding[0] in kept),
        frozenset(holding for holding in displaced if holding[0] in kept),
    )


class _Unreadable:
    """What no stages can be read from."""


UNREADABLE = _Unreadable()


def _entries(document: object) -> Counter[_Entry] | None:
    """Return each entry: its stage, its version and all it says but approvals; None where one is none."""
    if document is None:
        return Counter()
    if not isinstance(document, dict):
        return None
    entries: Counter[_Entry] = Counter()
    for stage, value in document.items():
        for entry in () if stage in NO_STAGES else stage_entries(value):
            version = entry.get("version") if isinstance(entry, dict) else None
            if not isinstance(version, str):
                return None
            entries[stage, version, _written(without_approvals(entry))] += 1
    return entries


def _written(entry: Any) -> str:
    return json.dumps(entry, sort_keys=True)


def _left_and_entered(
    before: Collection[_Entry], after: Collection[_Entry], first: str
) -> tuple[set[Holding], set[Holding]]:
    """Return what leaves the first stage and what comes back to it without an entry: a version that no stage
    names is there."""
    named, named_now = ({version for _, version, _ in entries} for entries in (before, after))
    return {(first, version) for version in named_now - named}, {
        (first, version) for version in named - named_now
    }


def _displaced(left: set[Holding], entered: set[Holding], policy: Policy) -> Iterator[Holding]:
    """Yield where versions go that only make room for another one in an exclusive stage."""
    for stage in policy.stages:
        if not stage.exclusive or stage.displaced_to is None:
            continue
        into = {version for name, version in entered if name == stage.name}
        for name, version in left:
            if name == stage.name and into - {version} and (stage.displaced_to, version) not in left:
                yield stage.displaced_to, version
