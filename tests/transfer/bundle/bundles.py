"""Taking bundles apart and putting them together again, as somebody would who means harm."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from rollbook.trail.foreign_trail import object_id
from rollbook.transfer.bundle import ustar
from rollbook.transfer.bundle.bundle_json import CHECKSUM, INDEX, checksum

if TYPE_CHECKING:
    from pathlib import Path


def taken_apart(path: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What `bundle.json` says, and every other file by its name."""
    data, files = path.read_bytes(), dict[str, bytes]()
    size = ustar.size_of(data[: ustar.BLOCK], INDEX)
    assert size is not None
    index = json.loads(data[ustar.BLOCK : ustar.BLOCK + size])
    place = ustar.BLOCK + size + ustar.padding(size)
    for name, length in [(CHECKSUM, 78), *((each["name"], each["size"]) for each in index["members"])]:
        place += len(ustar.head(name, length))
        files[name] = data[place : place + length]
        place += length + ustar.padding(length)
    del files[CHECKSUM]
    return index, files


def put_together(path: Path, index: dict[str, Any], files: dict[str, bytes]) -> None:
    """A bundle of these files whose frame and digests are all in order."""
    members = [
        {"name": name, "size": len(files[name]), "sha256": hashlib.sha256(files[name]).hexdigest()}
        for name in sorted(files, key=str.encode)
    ]
    write(path, {**index, "members": members}, files)


def write(path: Path, index: dict[str, Any], files: dict[str, bytes]) -> None:
    """A bundle of this very index, with the files in its order."""
    told = json.dumps(index, indent=1).encode() + b"\n"
    wanted = [(INDEX, told), (CHECKSUM, checksum(told))]
    wanted += [(each["name"], files.get(each["name"], b"")) for each in index["members"]]
    parts = [ustar.head(name, len(data)) + data + bytes(ustar.padding(len(data))) for name, data in wanted]
    path.write_bytes(b"".join(parts) + ustar.END)


def with_tag(files: dict[str, bytes], name: str, old: bytes, new: bytes) -> dict[str, bytes]:
    """The files with a tag's text changed, and the tag named by what its object's id is then."""
    (member,) = [
        each for each in files if each.startswith("trail/") and f"\ntag {name}\n".encode() in files[each]
    ]
    assert old in files[member]
    data = files[member].replace(old, new)
    kept = {each: content for each, content in files.items() if each != member}
    return {**kept, f"trail/{object_id(data)}": data}
