"""Text that others wrote, made harmless where it goes: terminal, log, git trailer, spreadsheet."""

from __future__ import annotations

import re

# What the runners of GitHub (`::command::` at a line's start, `##[command]`) and Azure (`##vso[command]`)
# take for an order in a job's output.
_ORDER = re.compile(r"^(\s*):(?=:)|#(?=#[a-z]*\[)")
# What a spreadsheet takes a cell for a formula by.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def printable(text: str) -> str:
    """`text` on one line, with every character shown that would act instead of being seen.

    Control characters (terminal escapes, line breaks), invisible and direction-changing characters, and
    bytes of a path that are no UTF-8 become visible escapes such as `\\x1b` or `\\u202e`; so does what a CI
    runner would take for a command.
    """
    if not text.isprintable():
        text = "".join(char if char.isprintable() else _escaped(char) for char in text)
    if "::" in text or "##" in text:
        text = _ORDER.sub(lambda found: f"{found[1] or ''}{_escaped(found[0][-1])}", text)
    return text


def _escaped(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # how Python carries a byte that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if code <= 0xFF:
        return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def one_line(text: str, longest: int = 2000) -> str:
    """`text` on one line: white space becomes single blanks, control characters go, and what exceeds
    `longest` characters is cut off."""
    if text.isprintable() and "  " not in text and text == text[:longest].strip():
        return text  # as nearly all are: a long trail has tens of thousands
    words = "".join(char if char.isprintable() else " " for char in text[:longest]).split()
    return " ".join(words)


def spreadsheet_cell(text: str) -> str:
    """`text` with a `'` in front when a spreadsheet would run it."""
    return f"'{text}" if text.startswith(_FORMULA) else text
