"""A path that a file of an artifact gives of another one, and whether it leads out of the artifact."""

from __future__ import annotations


def is_inside(path: str) -> bool:
    """Whether `path` leads on every system from a folder to something below it: relative, with `/`, without
    `..`, drives and control characters."""
    parts = path.removeprefix("./").split("/")
    is_plain = path.isprintable() and "\\" not in path and ":" not in path
    return is_plain and all(part not in ("", ".", "..") for part in parts)
