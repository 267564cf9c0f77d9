"""What an unquoted scalar means, and which characters no text may hold.

The meaning is the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema).
"""

from __future__ import annotations

import math
import re

MAX_DIGITS = 30

# Control characters, line separators that only YAML 1.1 breaks lines at, overrides and isolates of the
# writing direction, the byte order mark, lone surrogates: they hide or reorder what a reviewer sees.
FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)

Scalar = str | int | float | bool | None

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(["null", "Null", "NULL", "~"]),
    **dict.fromkeys(["true", "True", "TRUE"], True),
    **dict.fromkeys(["false", "False", "FALSE"], False),
}
_WORD_STARTS = frozenset(word[0] for word in _WORDS)
_NUMBER_STARTS = frozenset("-+.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

# What readers of YAML 1.1 (https://yaml.org/type/) take for something else than text.
_WORDS_1_1 = frozenset(
    form
    for word in ["y", "n", "yes", "no", "on", "off", "true", "false", "null"]
    for form in (word, word.capitalize(), word.upper())
) | {"", "~", "=", "<<"}
_NUMBER_1_1 = re.compile(
    r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+"
    r"|[0-9][0-9_]*(?::[0-5]?[0-9])*(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?"
    r"|\.[0-9_]*(?:[eE][-+]?[0-9]+)?)"
)
_TIME_1_1 = re.compile(
    r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"
    r"(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?)?)?"
)
_TIME_LEFT_PLAIN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?Z")


def value_of(text: str) -> Scalar:
    """Return the value of an unquoted scalar.

    Raises ValueError when `text` is a number too large to keep: an integer of more than MAX_DIGITS digits,
    or a float beyond the range of 64 bits.
    """
    if not text:
        return None
    first = text[0]
    if first in _NUMBER_STARTS:
        return _number(text)
    if first in _WORD_STARTS:
        return _WORDS.get(text, text)
    return text


def _number(text: str) -> str | int | float:
    if _INTEGER.fullmatch(text):
        if len(text) > MAX_DIGITS + 2 or (len(text.lstrip("+-")) > MAX_DIGITS and text[1] not in "ox"):
            raise ValueError(f"an integer of more than {MAX_DIGITS} digits")
        return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
    if _FLOAT.fullmatch(text):
        number = float(text)
        if math.isinf(number):
            raise ValueError("a number too large for 64 bits")
        return number
    if _SPECIAL_FLOAT.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def is_misread(text: str) -> bool:
    """Whether some reader, of YAML 1.1 or 1.2, takes `text` for something else than text when it is unquoted.

    Timestamps such as `2026-11-21T09:00:00Z` count as text: registries write them unquoted.
    """
    if text in _WORDS_1_1:
        return True
    if text[0] not in _NUMBER_STARTS or _TIME_LEFT_PLAIN.fullmatch(text):
        return False
    return any(
        pattern.fullmatch(text) for pattern in (_INTEGER, _FLOAT, _SPECIAL_FLOAT, _NUMBER_1_1, _TIME_1_1)
    )


def reads_as_block(text: str) -> bool:
    """Whether `text` has several lines and stays the same when it is written as a literal block (`|`)."""
    lines = text.split("\n")
    return (
        len(lines) > 1
        and text.strip("\n") != ""
        and not text.startswith((" ", "\t", "\n"))
        and "\r" not in text
        and all(line == line.rstrip() for line in lines)
    )
