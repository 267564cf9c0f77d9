"""Tag objects and their refs, written as a pack and as packed refs: a ref a file would take half an hour.

The formats are those of https://git-scm.com/docs/gitformat-pack and of git's `packed-refs`.
"""

from __future__ import annotations

import hashlib
import struct
import subprocess
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rollbook.trail.event import Event

_TAG = 4


def write_tags(git_dir: Path, count: int, tags: Iterable[tuple[Event, str, bytes]]) -> None:
    """Store `count` tag objects and name each by its ref. The repository has no tags before."""
    command = ["git", f"--git-dir={git_dir}", "index-pack", "--stdin"]
    refs: list[tuple[str, str, str]] = []
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stdin is not None
        head = b"PACK" + struct.pack(">II", 2, count)
        process.stdin.write(head)
        digest = hashlib.sha1(head, usedforsecurity=False)
        for event, oid, data in tags:
            entry = _size(len(data)) + zlib.compress(data)
            digest.update(entry)
            process.stdin.write(entry)
            refs.append((f"refs/tags/{event.tag}", oid, event.commit))
        process.stdin.write(digest.digest())
        process.stdin.close()
        if process.wait():
            raise RuntimeError("git index-pack failed")
    _add_packed_refs(git_dir, refs)


def _size(size: int) -> bytes:
    """An entry's type and size: four bits of the size in the first byte, seven in each that follows."""
    found = bytearray()
    byte, size = _TAG << 4 | size & 0x0F, size >> 4
    while size:
        found.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    found.append(byte)
    return bytes(found)


def _add_packed_refs(git_dir: Path, tags: list[tuple[str, str, str]]) -> None:
    # Run on its own it packs what there is, so that only these are to be added.
    subprocess.run(["git", f"--git-dir={git_dir}", "pack-refs", "--all"], check=True)
    path = git_dir / "packed-refs"
    head, *standing = path.read_text().splitlines(keepends=True)
    entries = {line.split()[1]: line for line in standing}
    entries |= {name: f"{oid} {name}\n^{commit}\n" for name, oid, commit in tags}
    path.write_text(head + "".join(entries[name] for name in sorted(entries, key=str.encode)))
