"""Making text that others wrote harmless before it reaches a terminal or a log."""

from __future__ import annotations

import re

# What the runners of GitHub (`::command::` at a line's start, `##[command]`) and Azure (`##vso[command]`)
# take for an order in a job's output.
_ORDER = re.compile(r"^(\s*):(?=:)|#(?=#[a-z]*\[)")


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
