"""The stays of one model's versions: told by the trail's tags, or else remembered in the git directory.

Remembered is how far a model had come at a commit of main, whose id stands for all of its history: what is
asked of a later commit reads main from there on. It is safe to delete at any time. All that is for showing
where versions stood; gates and the rules of retention read main's history themselves.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from rollbook.cache.memory import STAYS
from rollbook.git.main_history import line_from
from rollbook.trail.derive import Progress, derive
from rollbook.trail.landings import landed_changes
from rollbook.trail.recorded_moves import KnownMoves, moves_of, recorded_moves
from rollbook.trail.stage_times import Move, paths_of, stays

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.trail.stage_times import Stay

# Commits of main since a model's last event that are walked each time. Beyond, what was found is remembered.
_NEAR = 10_000


def known_stays(repository: Repository, commit: str, model: str, version: str) -> tuple[Stay, ...]:
    """Return the stays of a version as the history of `commit` has them, oldest first, each at the time that
    the trail records."""
    part = hashlib.sha256(model.encode()).hexdigest()
    known_model = _read(STAYS.read(repository, part), model)
    if known_model is None or _distance(repository, known_model, commit) is None:
        known_model = recorded_moves(repository, model, version)
        distance = _distance(repository, known_model, commit) if known_model else None
        if known_model is not None and distance is not None and distance <= _NEAR:
            known_model = _brought(repository, known_model, commit, model)
            return stays(move for move in known_model.moves if move.version == version)
        known_model = KnownMoves()
    if known_model.upto != commit:
        known_model = _brought(repository, known_model, commit, model)
        STAYS.write(repository, json.dumps(_as_json(known_model, model)).encode(), part)
    return stays(move for move in known_model.moves if move.version == version)


def _distance(repository: Repository, known: KnownMoves, commit: str) -> int | None:
    """Return how many commits of main came since; None where main does not lead through there to `commit`."""
    line = line_from(repository, known.upto, commit)
    return None if line is None else len(line)


def _brought(repository: Repository, known: KnownMoves, commit: str, model: str) -> KnownMoves:
    progress = {model: known.progress}
    changes = landed_changes(repository, commit, known.upto, paths_of(model))
    events = derive(repository, changes, progress, with_manifests=False)
    new_moves = moves_of(event for event in events if event.model == model)
    return KnownMoves(commit, progress[model], (*known.moves, *new_moves))


def _as_json(known: KnownMoves, model: str) -> dict[str, Any]:
    come = known.progress
    return {
        "model": model,
        "upto": known.upto,
        "progress": [come.number, come.recorded_at, come.registered_in, sorted(come.removed)],
        "moves": [[move.version, move.target, move.at] for move in known.moves],
    }


def _read(body: bytes | None, model: str) -> KnownMoves | None:
    document = json.loads(body) if body is not None else {}
    if document.get("model") != model:
        return None
    number, recorded_at, registered_in, removed = document["progress"]
    return KnownMoves(
        document["upto"],
        Progress(number, recorded_at, registered_in, removed=set(removed)),
        tuple(Move(model, *move) for move in document["moves"]),
    )
