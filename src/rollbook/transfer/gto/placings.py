"""The stage that each version of a model that is taken over will stand in.

GTO lets a version stand in many stages, and many versions in one; here a version gets one of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from rollbook.records.origin import OldTag, Origin
    from rollbook.records.policy import Policy


@dataclass(frozen=True, slots=True)
class Placing:
    """The stage that a version will stand in, and why: the tag that put it there; and the stages of GTO's, by
    their old names, that it stood in besides. `displaced_by` is the version that holds the stage it had."""

    stage: str
    tag: OldTag | None = None
    besides: tuple[str, ...] = ()
    displaced_from: str = ""
    displaced_by: str = ""


def placings(origin: Origin, versions: Collection[str], policy: Policy) -> dict[str, Placing]:
    """Choose the stage of each version.

    A version keeps the stage that it was put into last, as `gto show` has it; so does an exclusive stage its
    holder, and the versions that stood there before it go where the policy sends the displaced.
    """
    first = policy.first_stage.name
    last: dict[str, tuple[str, OldTag]] = {}
    besides: dict[str, tuple[str, ...]] = {}
    for version in versions:
        active = origin.active_stages(version)
        if active:
            old = [*active][-1]
            last[version] = origin.stages[old], active[old]
            besides[version] = tuple(stage for stage in active if stage != old)
    order = {tag.tag: place for place, tag in enumerate(origin.tags)}
    holders: dict[str, str] = {}
    for version, (stage, tag) in last.items():
        held = holders.get(stage)
        if held is None or order[tag.tag] > order[last[held][1].tag]:
            holders[stage] = version
    placed = {version: Placing(first) for version in versions}
    for version, (stage, tag) in last.items():
        rule = policy.stage(stage)
        if rule.exclusive and holders[stage] != version:
            goes = rule.displaced_to or first
            placed[version] = Placing(goes, last[holders[stage]][1], besides[version], stage, holders[stage])
        else:
            placed[version] = Placing(stage, tag, besides[version])
    return placed
