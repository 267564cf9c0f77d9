"""Text fit for a git trailer."""

from __future__ import annotations


def one_line(text: str, longest: int = 2000) -> str:
    """`text` on one line: white space becomes single blanks, control characters go, and what exceeds
    `longest` characters is cut off."""
    words = "".join(char if char.isprintable() else " " for char in text[:longest]).split()
    return " ".join(words)
