"""How git's own files and variables hold a text."""

from __future__ import annotations


def quoted(value: str) -> str:
    """Return a value as git's files hold it, whatever is in it but NUL."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
