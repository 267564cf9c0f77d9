"""The head of the trail: what to publish, so that others can prove later that the trail only grew.

Written as text it is four trailers, which may stand anywhere in a longer text, such as a release's notes.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rollbook.errors import CannotTell, InvalidFile, Refused
from rollbook.git.shallow import is_shallow
from rollbook.registry.main_branch import main_commit
from rollbook.trail.standing_tags import standing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.git.repository import Repository
    from rollbook.trail.standing_tags import StandingTag

_ID = re.compile(r"[0-9a-f]{40}")
_NAMES = {"tag": "Trail-Head", "object": "Trail-Object", "events": "Trail-Events", "main": "Trail-Main"}
_VERIFY = "Run `rollbook audit verify`, which says what is wrong."


@dataclass(frozen=True, slots=True)
class Head:
    """The trail's last tag, the id of its object, how many events there are, and the commit main stands at.

    `tag` and `object` are empty while nothing is recorded.
    """

    tag: str
    object: str
    events: int
    main: str

    def as_text(self) -> str:
        """Return the head as trailers, one a line."""
        return "".join(f"{_NAMES[key]}: {value}\n" for key, value in asdict(self).items() if value != "")


def head(repository: Repository) -> Head:
    """Return the head of the trail as the tags have it.

    Raises Refused when the tags make no single chain, CannotTell in a shallow clone.
    """
    if is_shallow(repository):
        raise CannotTell("this clone is shallow", hint="Run `git fetch --unshallow --tags`.")
    commit = main_commit(repository)
    tags = in_one_chain(standing(repository).tags.values())
    return Head(tags[-1].name, tags[-1].oid, len(tags), commit) if tags else Head("", "", 0, commit)


def in_one_chain(tags: Iterable[StandingTag]) -> list[StandingTag]:
    """Return the tags, each after the one that it names as its predecessor. Raises Refused when they make no
    single chain.
    """
    following: dict[str, list[StandingTag]] = {}
    for tag in tags:
        following.setdefault(tag.previous, []).append(tag)
    chain: list[StandingTag] = []
    while successors := following.pop(chain[-1].oid if chain else "", []):
        if len(successors) > 1:
            names = " and ".join(sorted(tag.name for tag in successors))
            raise Refused(f"{names} both follow the same tag: the trail has no single head", hint=_VERIFY)
        chain += successors
    if following:
        lost = next(iter(following.values()))[0]
        raise Refused(f"the tag {lost.name!r} follows a tag that is not there", hint=_VERIFY)
    return chain


def parse_head(text: str, where: str) -> Head:
    """Read a head that was published, as JSON or as trailers. Raises InvalidFile for anything else."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = _trailers(text)
    parsed_head = _head(data) if isinstance(data, dict) else None
    if parsed_head is not None:
        return parsed_head
    raise InvalidFile(
        "there is no head of a trail in it",
        path=where,
        hint="A witness is what `rollbook audit head` printed, with --json or without.",
    )


def _head(data: dict[str, Any]) -> Head | None:
    tag, oid, events, main = (data.get(key) for key in ("tag", "object", "events", "main"))
    if not (isinstance(tag, str) and isinstance(oid, str) and isinstance(main, str)):
        return None
    if not isinstance(events, int) or isinstance(events, bool) or not _ID.fullmatch(main):
        return None
    is_empty = not tag and not oid and events == 0
    is_head = bool(tag) and bool(_ID.fullmatch(oid)) and events > 0
    return Head(tag, oid, events, main) if is_empty or is_head else None


def _trailers(text: str) -> dict[str, str | int]:
    fields: dict[str, str | int] = {"tag": "", "object": ""}
    keys = {name: key for key, name in _NAMES.items()}
    for line in text.splitlines():
        name, colon, value = line.strip().partition(": ")
        if colon and name in keys:
            fields[keys[name]] = int(value) if name == "Trail-Events" and value.isdecimal() else value
    return fields
