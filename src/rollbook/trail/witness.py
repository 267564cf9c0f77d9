"""A witness: a head of the trail, published earlier and kept where who writes the registry can't write."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from rollbook.artifact.http import Unreachable, send
from rollbook.errors import BadCall, CannotTell
from rollbook.trail.contradiction import Contradiction
from rollbook.trail.head import parse_head

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.trail.event import Event
    from rollbook.trail.head import Head
    from rollbook.trail.standing_tags import StandingTags

_LARGEST = 1 << 20
_SECONDS = 60
_SCHEMES = ("https", "file")


def read_witness(address: str) -> Head:
    """Return the head at a path, or at a URL (`https` or `file`).

    Raises BadCall for another kind of URL, CannotTell when it can't be had, InvalidFile when it is no head.
    """
    scheme = urlsplit(address).scheme if "://" in address else ""
    if scheme and scheme not in _SCHEMES:
        raise BadCall(f"a witness is not read by {scheme}", hint="Give a path, or a URL of https.")
    try:
        if scheme == "https":
            data = _download(address)
        else:
            path = Path(unquote(urlsplit(address).path) if scheme else address)
            with path.open("rb") as file:
                data = file.read(_LARGEST + 1)
    except (OSError, ValueError, Unreachable) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CannotTell(f"the witness {address} can't be read: {reason}") from error
    if len(data) > _LARGEST:
        raise CannotTell(f"the witness {address} is larger than {_LARGEST} bytes")
    return parse_head(data.decode(errors="replace"), address)


def _download(address: str) -> bytes:
    answer = send("GET", address, headers={}, within=_SECONDS, longest=_LARGEST, follow=True)
    if answer.status != 200:
        raise Unreachable(f"the host answers {answer.status}")
    return answer.body


def witness_contradictions(
    witness: Head, events: Sequence[Event], standing: StandingTags, order: Mapping[str, int]
) -> Iterator[Contradiction]:
    """In what today's trail and main do not extend what the witness saw."""
    if witness.main not in order:
        message = f"the witness saw main at {witness.main[:12]}, which is not on main now"
        hint = "Main was rewritten, or this clone is behind: fetch, and verify again."
        yield Contradiction("RB613", witness.tag, witness.main, message, hint)
    if not witness.events:
        return
    seen = f"the witness saw {witness.tag} as number {witness.events} of the trail"
    tag = standing.tags.get(witness.tag)
    index = next((place for place, event in enumerate(events) if event.tag == witness.tag), None)
    hint = "Somebody rewrote the trail: fetch the tags from another clone, and compare."
    if tag is None or index is None:
        yield Contradiction("RB614", witness.tag, "", f"{seen}, and it is not in the trail now", hint)
        return
    event = events[index]
    if tag.oid != witness.object:
        message = f"{seen}, as the tag object {witness.object[:12]}; {tag.oid[:12]} stands there now"
        yield Contradiction("RB614", witness.tag, event.landed_in, message, hint, event.model)
    if index + 1 != witness.events:
        message = f"{seen}, and by main's history it is number {index + 1}"
        yield Contradiction("RB614", witness.tag, event.landed_in, message, hint, event.model)
