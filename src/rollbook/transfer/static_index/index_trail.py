"""The audit trail in an index: the tag objects, byte for byte, in the order of their chain."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from rollbook.errors import CannotTell, InvalidFile
from rollbook.git.shallow import is_shallow
from rollbook.trail.head import in_one_chain
from rollbook.trail.standing_tags import standing, standing_tag
from rollbook.transfer.static_index.document_json import decode, encode
from rollbook.transfer.static_index.index_layout import EVENTS_PER_FILE

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from rollbook.git.repository import Repository
    from rollbook.trail.standing_tags import StandingTag


def recorded_chain(repository: Repository, commits: Container[str]) -> list[StandingTag]:
    """Return the trail's tags, in order, whose events landed in `commits`, the first ones of main.

    Raises Refused when the tags make no single chain, CannotTell in a shallow clone.
    """
    if is_shallow(repository):
        raise CannotTell(
            "this clone is shallow: the trail can't be told", hint="Run `git fetch --unshallow --tags`."
        )
    chain = in_one_chain(standing(repository).tags.values())
    place = next((i for i, tag in enumerate(chain) if tag.trailer("Landed-In") not in commits), len(chain))
    return chain[:place]


def trail_documents(chain: Sequence[StandingTag], since: int = 0) -> Iterable[tuple[int, bytes]]:
    """Return the documents that hold a trail, each with its number; only those that events from number
    `since` (the first is 0) on change."""
    first = since // EVENTS_PER_FILE
    for number in range(first, -(-len(chain) // EVENTS_PER_FILE)):
        start = number * EVENTS_PER_FILE
        texts = [tag.data.decode(errors="surrogateescape") for tag in chain[start : start + EVENTS_PER_FILE]]
        yield number, encode({"first": start + 1, "tags": texts})


def parse_trail(data: bytes, where: str) -> list[StandingTag]:
    """Read a part of a trail; each tag's id is computed from its bytes. Raises InvalidFile."""
    tags = []
    for text in decode(data, where).texts("tags"):
        content = text.encode(errors="surrogateescape")
        tag = standing_tag("", tag_id(content), content)
        if tag is None:
            raise InvalidFile("holds what is no tag of a trail", path=where)
        tags.append(tag)
    return tags


def tag_id(content: bytes) -> str:
    """Return the id that git gives the tag object of these bytes (https://git-scm.com/docs/git-hash-object)."""
    return hashlib.sha1(b"tag %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def last_events(chain: Iterable[StandingTag]) -> Mapping[str, StandingTag]:
    """Return each model's newest event."""
    return {tag.trailer("Model"): tag for tag in chain}
