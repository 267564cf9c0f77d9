"""Text that others wrote, made harmless where it goes: terminal, log, git trailer, spreadsheet, Markdown."""

from __future__ import annotations

import re

# What the runners of GitHub (`::command::` at a line's start, `##[command]`) and Azure (`##vso[command]`)
# take for an order in a job's output.
_ORDER = re.compile(r"^(\s*):(?=:)|#(?=#[a-z]*\[)")
# What a spreadsheet, or one of its importers, takes a cell for a formula or a macro by.
_FORMULA = ("=", "+", "-", "@", "|", "%", "\t", "\r", "\n")
# All that Markdown, or what a forge does with its result, may take for more than a character. A dot inside a
# number is none of it.
_ACTIVE = re.compile(r"(?<![0-9])\.|\.(?![0-9])|[^A-Za-z0-9 .,;=+%()\u00a1-\U0010ffff-]")
# Of these, what acts in a file, where nobody is mentioned. A comment, a tag or an entity must not even look
# like one to a reader of the plain text, so `<`, `>` and `&` are no characters there; nor are the `:` and
# the `.` that a forge takes an address by.
_ACTIVE_IN_A_FILE = re.compile(r"[\\`*_\[\]|#~${}<>&]|:(?=//)|(?<=[wW]{3})\.")
_REFERENCES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", ":": "&#58;", ".": "&#46;"}
_BLOCK_START = re.compile(r"[-+=](?![0-9])|[0-9]{1,9}(?=[.)](?:\s|\Z))")

_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def decoded(data: bytes) -> str:
    """Return `data` as text, by the byte order mark that tools of Windows write, else as UTF-8."""
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), "utf-8")
    return data.decode(encoding, errors="replace")


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


def inert_code(text: str) -> str:
    """Return Markdown, for a comment on a forge too, that shows `text` as code, as it is written; nothing in
    it acts: no link, image, mention or HTML, and no table breaks.

    Character references never count as Markdown's syntax (CommonMark 2.5); inside of `code` no forge looks
    for mentions of people or issues, nor for addresses.
    """
    plain = _ACTIVE.sub(lambda found: f"&#{ord(found[0])};", printable(text))
    return f"<code>{plain}</code>" if plain.strip() else ""


def inert_line(text: object, longest: int = 500) -> str:
    """Return Markdown for a file that shows `text` on one line, cut after `longest` characters; nothing in it
    acts. In a comment it might mention somebody: there, `inert_code` is the one.

    Backslashes and character references are never syntax (CommonMark 2.4 and 2.5).
    """
    line = printable(" ".join(str(text).split()))
    cut = line if len(line) <= longest else f"{line[:longest]}..."
    shown = _ACTIVE_IN_A_FILE.sub(lambda found: _REFERENCES.get(found[0], f"\\{found[0]}"), cut)
    start = _BLOCK_START.match(shown)
    if start is None:
        return shown
    end = start.end()
    return f"\\{shown}" if end == 1 and not shown[0].isdigit() else f"{shown[:end]}\\{shown[end:]}"
