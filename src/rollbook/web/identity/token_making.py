"""Making a token: what is asked for in words becomes limits, and a line in the file of tokens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, InvalidFile
from rollbook.names import is_bare_date, is_model_pattern, moment_text, parse_moment, time_now
from rollbook.records.monitoring import parse_span
from rollbook.text import one_line
from rollbook.web.identity.caller import Right
from rollbook.web.identity.token_file import KeptToken, add_token
from rollbook.web.identity.token_text import TokenText, new_token

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_LONGEST_SUBJECT, _LONGEST_TEXT = 254, 200
_NEVER = "never"
_IN_NO_SUBJECT = frozenset(" <>,;\"\\'`")


def make_token(
    path: Path,
    subject: str,
    *,
    name: str = "",
    scopes: str = "read,fetch",
    models: Sequence[str] = (),
    registries: Sequence[str] = (),
    expires: str = "90d",
    note: str = "",
) -> tuple[TokenText, KeptToken]:
    """Make a token for somebody, and add what is kept of it to a file. It is not to be had again.

    Raises BadCall for what makes no sense, InvalidFile or Refused where the file can't be used.
    """
    made = new_token()
    kept = KeptToken(
        id=made.id,
        sha256=made.digest,
        subject=_subject(subject),
        name=one_line(name, _LONGEST_TEXT),
        scopes=_scopes(scopes),
        models=tuple(_pattern(pattern) for pattern in models),
        registries=tuple(registries),
        note=one_line(note, _LONGEST_TEXT),
        created=time_now(),
        expires=_end(expires),
    )
    add_token(path, kept)
    return made, kept


def _subject(text: str) -> str:
    """Return whom a token is to speak for: an address, or `@login`."""
    _, at, rest = text.partition("@")
    is_sound = at and rest and "@" not in rest and text.isprintable() and not _IN_NO_SUBJECT & {*text}
    if not is_sound or len(text) > _LONGEST_SUBJECT:
        raise BadCall(f"{text[:60]!r} is neither an address nor a @login", hint="--for jane@example.com")
    return text


def _scopes(text: str) -> tuple[Right, ...]:
    words = [word.strip() for word in text.split(",")]
    for word in words:
        if word not in {*Right}:
            raise BadCall(f"there is no scope {word[:60]!r}", hint=f"There are: {', '.join(Right)}.")
    return tuple(right for right in Right if right in words)


def _pattern(text: str) -> str:
    if not is_model_pattern(text):
        raise BadCall(f"{text[:80]!r} means no models", hint="Write a name, or e.g. --models 'risk/*'.")
    return text


def _end(text: str) -> str | None:
    """Return when a span from now, or at a date, is over; None for never."""
    if text == _NEVER:
        return None
    now = datetime.now(UTC)
    try:
        end = parse_moment(text) if is_bare_date(text) or "T" in text else now + _span(text)
    except OverflowError as error:
        raise BadCall(f"{text[:60]!r} is too long") from error
    if end <= now:
        raise BadCall(f"{text[:60]!r} is over already", hint="Write a span, such as 90d, or a day to come.")
    return moment_text(end)


def _span(text: str) -> timedelta:
    try:
        return parse_span(text, "", "expires")
    except InvalidFile as error:
        raise BadCall(
            f"{text[:60]!r} is no span", hint="Write e.g. 12h, 90d, 2027-06-30, or never."
        ) from error
