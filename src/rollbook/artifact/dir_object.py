"""DVC's listing of a folder: the `.dir` object, which names each file's md5 and relative path."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.artifact.artifact_files import unsafe_paths
from rollbook.errors import StorageFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

SUFFIX = ".dir"
# A quarter of a million files; a listing comes from a remote that may be hostile.
LARGEST = 32 << 20

_MD5 = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class FolderEntry:
    """One file of a folder: its relative path, with `/`, and the md5 of its content."""

    path: str
    md5: str


def is_md5(text: object) -> bool:
    """Return whether `text` is an md5 digest in lower-case hexadecimal."""
    return isinstance(text, str) and _MD5.fullmatch(text) is not None


def listing_bytes(entries: Iterable[FolderEntry]) -> bytes:
    """Return the content of the `.dir` object. Its md5 with `.dir` appended is what DVC calls the folder's
    md5."""
    ordered = sorted(entries, key=lambda entry: entry.path)
    return json.dumps([{"md5": entry.md5, "relpath": entry.path} for entry in ordered]).encode()


def parse_listing(data: bytes, where: str) -> tuple[FolderEntry, ...]:
    """Read a `.dir` object.

    Raises StorageFailed when it is not one, or when a path in it is absolute, leaves the folder, stands there
    twice or is unsafe in another way.
    """
    try:
        items = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise _broken(where, "is not JSON") from error
    if not isinstance(items, list) or not items:
        raise _broken(where, "is not a list of files")
    entries = tuple(_entry(item, where) for item in items)
    if reason := unsafe_paths(entry.path for entry in entries):
        raise _broken(where, f"is unsafe: {reason}")
    return entries


def _entry(item: object, where: str) -> FolderEntry:
    if not isinstance(item, dict):
        raise _broken(where, "is not a list of files")
    path, md5 = item.get("relpath"), item.get("md5")
    if not isinstance(path, str) or not isinstance(md5, str) or not is_md5(md5):
        raise _broken(where, "has an entry without a path and an md5")
    return FolderEntry(path, md5)


def _broken(where: str, what: str) -> StorageFailed:
    return StorageFailed(f"the folder listing {where} {what}")
