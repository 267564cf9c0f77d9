"""The stays of one model's versions, remembered in the git directory; safe to delete at any time.

Remembered is how far a model had come at a commit of main, whose id stands for all of its history: what is
asked of a later commit reads main from there on. That is for showing where versions stood; gates and the
rules of retention read main's history themselves.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollbook.cache.memory import STAYS
from rollbook.git.main_history import Landed, first_parents, is_first_parent
from rollbook.trail.derive import Progress
from rollbook.trail.stage_times import Move, landing_times, moves_since, stays

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.trail.stage_times import Stay


@dataclass(frozen=True, slots=True)
class _KnownModel:
    """A model's moves up to a commit of main (None: before the first), and how far it had come there."""

    upto: Landed | None = None
    progress: Progress = field(default_factory=Progress)
    moves: tuple[Move, ...] = ()


def known_stays(repository: Repository, commit: str, model: str, version: str) -> tuple[Stay, ...]:
    """Return the stays of a version as the history of `commit` has them, oldest first."""
    part = hashlib.sha256(model.encode()).hexdigest()
    known = _read(STAYS.read(repository, part), model)
    if known.upto and not is_first_parent(repository, known.upto.commit, commit):
        known = _KnownModel()
    if known.upto is None or known.upto.commit != commit:
        known = _brought(repository, known, commit, model)
        STAYS.write(repository, json.dumps(_as_json(known, model)).encode(), part)
    return stays(move for move in known.moves if move.version == version)


def _brought(repository: Repository, known: _KnownModel, commit: str, model: str) -> _KnownModel:
    line = first_parents(repository, commit, known.upto)
    progress = {model: known.progress}
    since = known.upto.commit if known.upto else None
    came = moves_since(repository, commit, landing_times(line), progress, since, model)
    return _KnownModel(line[-1], progress[model], (*known.moves, *came))


def _as_json(known: _KnownModel, model: str) -> dict[str, Any]:
    come, upto = known.progress, known.upto
    return {
        "model": model,
        "upto": [upto.commit, upto.landed_at] if upto else None,
        "progress": [come.number, come.recorded_at, come.registered_in, sorted(come.removed)],
        "moves": [[move.version, move.target, move.at] for move in known.moves],
    }


def _read(body: bytes | None, model: str) -> _KnownModel:
    said = json.loads(body) if body is not None else {}
    if said.get("model") != model:
        return _KnownModel()
    number, recorded_at, registered_in, removed = said["progress"]
    return _KnownModel(
        Landed(*said["upto"]),
        Progress(number, recorded_at, registered_in, removed=set(removed)),
        tuple(Move(model, *move) for move in said["moves"]),
    )
