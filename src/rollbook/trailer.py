"""Text fit for a git trailer."""

from __future__ import annotations


def one_line(text: str, longest: int = 2000) -> str:
    """`text` on one line: white space becomes single blanks, control characters go, and what exceeds
    `longest` characters is cut off."""
    if text.isprintable() and "  " not in text and text == text[:longest].strip():
        return text  # as nearly all are: a long trail has tens of thousands
    words = "".join(char if char.isprintable() else " " for char in text[:longest]).split()
    return " ".join(words)
