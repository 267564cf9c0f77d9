"""What a stage change writes into a model's stages.yaml: moves, and changes of entries that stay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall, Refused
from rollbook.names import DEPRECATED, day_of
from rollbook.records.stages import differences
from rollbook.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rollbook.records.policy import Policy
    from rollbook.records.stages import StageEntry, StageTable

# What an entry says that may be changed while its version stays.
_CHANGEABLE = ("traffic", "replacement", "sunset", "migration")


@dataclass(frozen=True, slots=True)
class Move:
    """One line of stages.yaml to write: this version to this stage, and from which. Of a version that stays,
    `changed` says what its line says anew."""

    version: str
    start: str
    target: str
    entry: dict[str, Any]
    changed: str = ""


@dataclass(frozen=True, slots=True)
class Displacement:
    """What becomes of the version that another one displaces: the stage that it goes to (empty: where the
    policy sends it), its sunset and its migration note."""

    stage: str = ""
    sunset: str = ""
    migration: str = ""


def require_day(sunset: str) -> None:
    """Raise BadCall for a sunset that is no day of the calendar; an empty one is none at all."""
    if sunset and day_of(sunset) is None:
        raise BadCall(f"the sunset {sunset[:40]!r} is no day", hint="Write it as 2027-06-30.")


def plan_moves(
    policy: Policy,
    stages: StageTable,
    version: str,
    stage: str,
    entry: dict[str, Any],
    left: str = "",
    displaced: Displacement | None = None,
) -> list[Move]:
    """Return the displaced versions' moves, then that of `version` into `stage`.

    `left` is why the displaced leave; by default that `version` replaces them. `displaced` says where they
    go, else the policy does. Raises Refused when the stage is exclusive, held, and nothing says where its
    holder goes, or it can't go there; BadCall when `displaced` is said, and nothing is.
    """
    current = stages.entry_of(version)
    start = current.stage if current else policy.first_stage.name
    target = policy.stage(stage)
    holders = stages.holders(stage) if target.exclusive else ()
    if displaced is not None and not holders:
        hint = "Leave out what is said of the version that makes room."
        raise BadCall(f"{version} displaces no version from {stage}", hint=hint)
    moves = [
        _displaced(policy, holder, version, entry, left, displaced or Displacement()) for holder in holders
    ]
    return [*moves, Move(version, start, stage, entry)]


def _displaced(
    policy: Policy,
    holder: StageEntry,
    version: str,
    entry: Mapping[str, Any],
    left: str,
    displaced: Displacement,
) -> Move:
    """Return the move of a version that makes room for `version`."""
    usual = policy.stage(holder.stage).displaced_to
    goes = displaced.stage or usual
    if goes is None:
        raise Refused(
            f"{holder.stage} is held by {holder.version}",
            hint=f"Move it elsewhere first, or set {holder.stage}'s displaced_to.",
        )
    if goes != usual:
        policy.require_transition(holder.version, holder.stage, goes)
    facts = {"sunset": displaced.sunset, "migration": displaced.migration}
    if goes == DEPRECATED or any(facts.values()):
        facts = {"replacement": version, **facts}
    why = {
        "version": holder.version,
        "reason": left or f"replaced by {version} in {holder.stage}",
        **{name: value for name, value in facts.items() if value},
        "requested_by": entry["requested_by"],
        "requested_at": entry["requested_at"],
    }
    return Move(holder.version, holder.stage, goes, why)


def changed_in_place(
    standing: StageEntry, given: Mapping[str, Any], reason: str, by: str, at: str
) -> Move | None:
    """Return the next revision of an entry, with what is given and the rest as it stands; None when that says
    nothing new."""
    kept = {name: getattr(standing, name) for name in _CHANGEABLE}
    facts = {**kept, **{name: value for name, value in given.items() if name in _CHANGEABLE}}
    changed = differences(standing, replace(standing, **facts))
    if not changed:
        return None
    facts |= {name: value for name, value in given.items() if name not in _CHANGEABLE}
    entry = {
        "version": standing.version,
        "reason": reason,
        "revision": standing.revision + 1,
        **{name: value for name, value in facts.items() if value},
        "requested_by": by,
        "requested_at": at,
    }
    return Move(standing.version, standing.stage, standing.stage, entry, one_line(changed))


def write_moves(policy: Policy, moves: list[Move]) -> Callable[[Any], None]:
    """Return an edit of the document in stages.yaml that carries out `moves`, in place."""

    def change(document: Any) -> None:
        for move in moves:
            if move.changed:
                _rewrite(document, move)
                continue
            _take_out(document, move.start, move.version)
            if move.target != policy.first_stage.name:
                _put_in(document, policy, move)

    return change


def _rewrite(document: Any, move: Move) -> None:
    holders = document[move.target]
    for item in holders if isinstance(holders, list) else [holders]:
        if item.get("version") == move.version:
            for name in [name for name in item if name not in move.entry]:
                del item[name]
            item.update(move.entry)


def _take_out(document: Any, stage: str, version: str) -> None:
    holders = document.get(stage)
    if isinstance(holders, dict) and holders.get("version") == version:
        del document[stage]
    elif isinstance(holders, list):
        for index, item in enumerate(holders):
            if item.get("version") == version:
                del holders[index]
                break
        if not holders:
            del document[stage]


def _put_in(document: Any, policy: Policy, move: Move) -> None:
    if policy.stage(move.target).exclusive:
        document[move.target] = move.entry
        return
    holders = document.get(move.target)
    if isinstance(holders, list):
        holders.append(move.entry)
    else:
        document[move.target] = [move.entry] if holders is None else [holders, move.entry]
