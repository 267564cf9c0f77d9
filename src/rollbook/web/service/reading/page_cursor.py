"""Where the next page of a list begins: an opaque word that holds a walk to the commit that it began at."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from rollbook.errors import BadCall

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import Request

Item = TypeVar("Item")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LONGEST = 400
_MOST = 1 << 40
# What of a question may differ from page to page.
_OF_A_PAGE = frozenset(["cursor", "limit", "rev", "at"])


@dataclass(frozen=True, slots=True)
class Cursor:
    """The commit that a walk reads, how many items it has seen, and a digest of what is asked."""

    commit: str
    seen: int
    question: str

    def __str__(self) -> str:
        told = json.dumps([self.commit, self.seen, self.question], separators=(",", ":"))
        return base64.urlsafe_b64encode(told.encode()).decode().rstrip("=")


def parse_cursor(text: str) -> Cursor:
    """Read a cursor. Raises BadCall for what none of these pages gave."""
    told = _told(text) if len(text) <= _LONGEST else None
    if isinstance(told, list) and len(told) == 3:
        commit, seen, question = told
        is_place = type(seen) is int and 0 <= seen < _MOST and isinstance(question, str)
        if is_place and isinstance(commit, str) and _COMMIT.fullmatch(commit):
            return Cursor(commit, seen, question)
    hint = "Take it from a page's `next_cursor`, or begin at the first page without one."
    raise BadCall("that is no cursor of a page", hint=hint)


def _told(text: str) -> object:
    try:
        told: object = json.loads(
            base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        )
    except (ValueError, RecursionError):
        return None
    return told


def question_of(request: Request) -> str:
    """Return a digest of what a list is asked, which is the same for all pages of one walk."""
    asked = sorted((key, value) for key, value in request.query_params.multi_items() if key not in _OF_A_PAGE)
    return hashlib.sha256(json.dumps([request.url.path, *asked]).encode()).hexdigest()[:16]


def page(
    request: Request, items: Sequence[Item], commit: str, limit: int, cursor: str | None
) -> tuple[Sequence[Item], str | None]:
    """Return those items that are asked for, and the cursor of the next page; None at the end.

    Raises BadCall for a cursor of another question.
    """
    question, seen = question_of(request), 0
    if cursor is not None:
        told = parse_cursor(cursor)
        if told.question != question:
            hint = "Ask each page as the first one was asked, with `cursor` besides."
            raise BadCall("the cursor belongs to a list that was asked otherwise", hint=hint)
        seen = told.seen
    end = seen + limit
    return items[seen:end], str(Cursor(commit, end, question)) if end < len(items) else None
