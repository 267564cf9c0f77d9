"""Whether a text says something, or only holds the place of what somebody has yet to write."""

from __future__ import annotations

import re

_COMMENT = re.compile(r"<!--(?P<text>.*?)(?:-->|\Z)", re.DOTALL)
_ASKING = re.compile(
    r"\b(?:todo|tbd|fixme|fill|describe|replace|add|insert|write|explain|your)\b", re.IGNORECASE
)
_PLACEHOLDERS = (
    re.compile(r"\b(?:TODO|TBD|TBC|FIXME|XXX)\b"),
    # What stands in brackets and is no link, such as [TO BE FILLED] or [Describe the data].
    re.compile(
        r"\[(?:to be (?:added|completed|decided|defined|determined|done|filled|written)"
        r"|add|describe|enter|explain|fill|insert|list|placeholder|provide|replace|specify|your)\b"
        r"[^\[\]\n]{0,200}\](?![(\[:])",
        re.IGNORECASE,
    ),
    # A line, or a table's cell, that says nothing else.
    re.compile(
        r"(?:^|\|)[ \t>*_-]{0,20}"
        r"(?:todo|tbd|tbc|to be (?:added|completed|decided|defined|determined|done|filled(?: in)?|written))"
        r"[ \t.:!*_]{0,20}(?=\r?$|\|)",
        re.IGNORECASE | re.MULTILINE,
    ),
    re.compile(r"\[more information needed\]", re.IGNORECASE),
    re.compile(r"\{\{[^{}\n]{0,200}\}\}"),
    re.compile(r"<(?:your|insert|fill|add)[ _-][^<>\n]{0,100}>", re.IGNORECASE),
    re.compile(r"\blorem ipsum\b", re.IGNORECASE),
    re.compile(r"^[ \t]*(?:[-*][ \t]+)?(?:\u2026|\.\.\.)[ \t]*$", re.MULTILINE),
)


def placeholder(text: str) -> str:
    """Return the first placeholder that is left in a text; empty when there is none."""
    for comment in _COMMENT.finditer(text):
        if _ASKING.search(comment["text"]):
            return " ".join(comment[0].split())[:60]
    plain = without_comments(text)
    first_match = next((match for pattern in _PLACEHOLDERS if (match := pattern.search(plain))), None)
    return first_match[0].strip()[:60] if first_match else ""


def without_comments(text: str) -> str:
    """Return a text without its HTML comments, which no reader sees."""
    return _COMMENT.sub("", text)
