"""The monitor's memory as JSON, and back: strictly, as whoever can push to the remote can write it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from rollbook.errors import InvalidFile
from rollbook.integrations.monitor.monitor_memory import Episode, Memory, Standing
from rollbook.integrations.monitor.outcome import State
from rollbook.text import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Told = TypeVar("Told")
Read = TypeVar("Read")

FORMAT = 1
MOST_BYTES = 16 << 20
_MOST_ITEMS = 100_000
_LONGEST = 2000
_YEARS = range(1970, 2900)  # between which no sum of times leaves what Python can hold


@dataclass(frozen=True, slots=True)
class Claim:
    """Which monitor is acting on episodes, and since when. Another one leaves them alone meanwhile."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Remembered:
    """A memory and, while a monitor acts on it, that monitor's claim. `base` is the id of what the remote
    held when this was written down here, empty where nothing was known of it."""

    memory: Memory = field(default_factory=Memory)
    claim: Claim | None = None
    base: str = ""


def written(remembered: Remembered) -> bytes:
    """Return what is remembered as JSON, always the same for the same."""
    memory, claim = remembered.memory, remembered.claim
    standings = [_of_standing(memory.standings[key]) for key in sorted(memory.standings)]
    told = {
        "rollbook_monitor": FORMAT,
        "base": remembered.base,
        "claim": None if claim is None else {"by": claim.by, "at": claim.at.isoformat()},
        "standings": standings,
        "episodes": [_of_episode(one) for one in memory.episodes],
    }
    return (json.dumps(told, indent=1, sort_keys=True) + "\n").encode()


def read(data: bytes, place: str) -> Remembered:
    """Return what `written` wrote. Raises InvalidFile, naming the place, for anything else."""
    try:
        told = _mapping(
            json.loads(_bounded(data)), "rollbook_monitor", "base", "claim", "standings", "episodes"
        )
        _require(told["rollbook_monitor"] == FORMAT, "another format than this version of Rollbook has")
        standings = [_standing(one) for one in _list(told["standings"])]
        episodes = tuple(_episode(one) for one in _list(told["episodes"]))
        memory = Memory({one.key: one for one in standings}, episodes)
        _require(len(memory.standings) == len(standings), "a standing is told twice")
        _require(len({one.id for one in episodes}) == len(episodes), "an episode is told twice")
        lasting = [(one.model, one.version) for one in episodes if one.ended is None]
        _require(len(set(lasting)) == len(lasting), "two episodes of a version last")
        return Remembered(memory, _claim(told["claim"]), _text(told["base"]))
    except (ValueError, RecursionError) as error:
        message = f"not what the monitor remembers: {one_line(str(error))[:200]}"
        hint = "It is set aside. The monitor begins anew; what landed on main stands."
        raise InvalidFile(message, path=place, hint=hint) from error


def _of_standing(standing: Standing) -> dict[str, Any]:
    return {
        "model": standing.model,
        "version": standing.version,
        "check": standing.check,
        "state": standing.state.value,
        "since": standing.since.isoformat(),
        "seen": standing.seen.isoformat(),
        "message": standing.message[:_LONGEST],
        "candidate": standing.candidate.value if standing.candidate else None,
        "candidate_since": _maybe(standing.candidate_since, datetime.isoformat),
        "times": standing.times,
        "counted_from": _maybe(standing.counted_from, datetime.isoformat),
    }


def _standing(told: object) -> Standing:
    one = _mapping(
        told, "model", "version", "check", "state", "since", "seen", "message", "candidate",
        "candidate_since", "times", "counted_from",
    )  # fmt: skip
    times = one["times"]
    _require(type(times) is int and times >= 0, "times is no count")
    return Standing(
        _text(one["model"]),
        _text(one["version"]),
        _text(one["check"]),
        State(one["state"]),
        _time(one["since"]),
        _time(one["seen"]),
        _text(one["message"]),
        _maybe(one["candidate"], State),
        _maybe(one["candidate_since"], _time),
        times,
        _maybe(one["counted_from"], _time),
    )


def _of_episode(episode: Episode) -> dict[str, Any]:
    return {
        "id": episode.id,
        "model": episode.model,
        "version": episode.version,
        "started": episode.started.isoformat(),
        "checks": list(episode.checks),
        "ended": _maybe(episode.ended, datetime.isoformat),
        "deeds": {name: deed[:_LONGEST] for name, deed in episode.deeds.items()},
        "because": episode.because,
    }


def _episode(told: object) -> Episode:
    one = _mapping(told, "id", "model", "version", "started", "checks", "ended", "deeds", "because")
    _require(isinstance(one["deeds"], dict), "deeds is no map")
    return Episode(
        _text(one["id"]),
        _text(one["model"]),
        _text(one["version"]),
        _time(one["started"]),
        tuple(_text(check) for check in _list(one["checks"])),
        _maybe(one["ended"], _time),
        {_text(name): _text(deed) for name, deed in one["deeds"].items()},
        _text(one["because"]),
    )


def _claim(told: object) -> Claim | None:
    if told is None:
        return None
    one = _mapping(told, "by", "at")
    return Claim(_text(one["by"]), _time(one["at"]))


def _maybe(told: Told | None, read_as: Callable[[Told], Read]) -> Read | None:
    return None if told is None else read_as(told)


def _require(is_so: bool, otherwise: str) -> None:
    if not is_so:
        raise ValueError(otherwise)


def _bounded(data: bytes) -> bytes:
    _require(len(data) <= MOST_BYTES, f"more than {MOST_BYTES} bytes")
    return data


def _mapping(told: object, *keys: str) -> Mapping[str, Any]:
    if not isinstance(told, dict) or set(told) != set(keys):
        raise ValueError(f"not a map of {', '.join(keys)}")
    return told


def _list(told: object) -> list[Any]:
    if not isinstance(told, list) or len(told) > _MOST_ITEMS:
        raise ValueError("not a list that is short enough")
    return told


def _text(told: object) -> str:
    if not isinstance(told, str) or len(told) > _LONGEST:
        raise ValueError("not a text that is short enough")
    return told


def _time(told: object) -> datetime:
    moment = datetime.fromisoformat(_text(told))
    if moment.tzinfo is None or moment.year not in _YEARS:
        raise ValueError("not a time with a zone")
    return moment
