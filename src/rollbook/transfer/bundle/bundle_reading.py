"""Reading a bundle that anybody may have written: nothing in it is believed, and nothing of it extracted.

What has to stand at each place follows from `bundle.json`; whatever else stands there is refused. Every
content is held against its SHA-256 when it is used.
"""

from __future__ import annotations

import hashlib
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollbook.artifact.stream import Hashes, Write, pump
from rollbook.errors import BadCall, InvalidFile
from rollbook.transfer.bundle import ustar
from rollbook.transfer.bundle.bundle_json import (
    ARTIFACT,
    ATTACHMENTS,
    CHECKSUM,
    FILES,
    INDEX,
    LARGEST_INDEX,
    TRAIL,
    BundleContents,
    BundleMember,
    checksum,
    parse_contents,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rollbook.artifact.progress import Progress

_AGAIN = "Copy it again from where it was exported, or export the version again."


class Bundle:
    """An open bundle whose frame is sound: `contents` says what is in it, each file at its place."""

    def __init__(self, path: Path, descriptor: int, contents: BundleContents, places: dict[str, int]) -> None:
        self.path = path
        self.contents = contents
        self._descriptor = descriptor
        self._places = places

    def files(self) -> dict[str, bytes]:
        """Return the version's files, by their names below `files/`."""
        members = self.contents.below(FILES)
        return {member.name.removeprefix(FILES): self._read(member) for member in members}

    def tags(self) -> dict[str, bytes]:
        """Return the tag objects, by their ids."""
        return {member.name.removeprefix(TRAIL): self._read(member) for member in self.contents.below(TRAIL)}

    def stored(self) -> list[BundleMember]:
        """Return the files of the artifact and of attachments, which may be large."""
        return [*self.contents.below(ARTIFACT), *self.contents.below(ATTACHMENTS)]

    def copy(self, member: BundleMember, progress: Progress, write: Write) -> Hashes:
        """Hand the bytes of a member to `write`. Raises InvalidFile when they are others."""
        try:
            os.lseek(self._descriptor, self._places[member.name], os.SEEK_SET)
            hashes = pump(self._descriptor, write, part=member.size, progress=progress)
        except OSError as error:
            raise _unreadable(self.path, error) from error
        self._require(member, hashes.sha256)
        return hashes

    def _read(self, member: BundleMember) -> bytes:
        data = _bytes(self._descriptor, self.path, self._places[member.name], member.size)
        self._require(member, hashlib.sha256(data).hexdigest())
        return data

    def _require(self, member: BundleMember, sha256: str) -> None:
        if sha256 != member.sha256:
            raise InvalidFile(
                f"the content of {member.name!r} is not the one that {INDEX} names",
                path=str(self.path),
                hint=_AGAIN,
            )


@contextmanager
def open_bundle(path: Path) -> Iterator[Bundle]:
    """Open the bundle at `path` and yield it; it is closed afterwards.

    Raises BadCall when there is no such file, InvalidFile when it is no bundle, isn't whole, or holds
    anything but what its `bundle.json` lists.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError as error:
        raise BadCall(f"{path} does not exist", hint="Name the file of a bundle.") from error
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise BadCall(f"{path} is no plain file", hint="Name the file of a bundle.")
        contents, places = _frame(descriptor, path, status.st_size)
        yield Bundle(path, descriptor, contents, places)
    finally:
        os.close(descriptor)


def _frame(descriptor: int, path: Path, total: int) -> tuple[BundleContents, dict[str, int]]:
    """Return the contents of a bundle of `total` bytes, and where each content begins."""
    size = ustar.size_of(_bytes(descriptor, path, 0, min(ustar.BLOCK, total)), INDEX)
    if size is None:
        hint = "A bundle is what `rollbook export REF --bundle FILE` writes."
        raise InvalidFile("is no bundle", path=str(path), hint=hint)
    if size > LARGEST_INDEX:
        raise InvalidFile(f"{INDEX} is larger than {LARGEST_INDEX:,} bytes", path=str(path))
    if ustar.BLOCK + size > total:
        raise _of_another_length(path, total, None)
    index = _bytes(descriptor, path, ustar.BLOCK, size)
    contents = parse_contents(index, str(path))
    sizes = {INDEX: size, CHECKSUM: len(checksum(index))}
    sizes |= {member.name: member.size for member in contents.members}
    places: dict[str, int] = {}
    expected = b""
    end = 0
    for name, length in sizes.items():
        expected += ustar.head(name, length)
        _require(descriptor, path, end, expected, total)
        places[name] = end + len(expected)
        end = places[name] + length
        expected = bytes(ustar.padding(length))
    _require(descriptor, path, end, expected + ustar.END, total)
    if end + len(expected + ustar.END) != total:
        raise _of_another_length(path, total, end + len(expected + ustar.END))
    _require(descriptor, path, places[CHECKSUM], checksum(index), total)
    return contents, places


def _require(descriptor: int, path: Path, place: int, expected: bytes, total: int) -> None:
    """Raise InvalidFile unless these bytes stand at a place."""
    if place + len(expected) > total:
        raise _of_another_length(path, total, None)
    if _bytes(descriptor, path, place, len(expected)) != expected:
        raise InvalidFile(
            f"byte {place} and after it: not what {INDEX} says has to stand there",
            path=str(path),
            hint=_AGAIN,
        )


def _bytes(descriptor: int, path: Path, place: int, size: int) -> bytes:
    data = bytearray()
    try:
        while len(data) < size and (more := os.pread(descriptor, size - len(data), place + len(data))):
            data += more
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(data) < size:
        raise _of_another_length(path, place + len(data), None)
    return bytes(data)


def _of_another_length(path: Path, total: int, whole: int | None) -> InvalidFile:
    """Return the error for a bundle of `total` bytes that is cut off, or goes on after its end."""
    what = "is cut off" if whole is None else f"goes on after its {whole:,} bytes"
    return InvalidFile(f"the bundle {what}: it has {total:,} bytes", path=str(path), hint=_AGAIN)


def _unreadable(path: Path, error: OSError) -> BadCall:
    return BadCall(f"{path}: cannot read: {error.strerror or error}")
