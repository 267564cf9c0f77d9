"""The members of a zip archive, read within bounds. Nothing is unpacked to disk."""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.zip_scan import is_plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes

MOST_UNPACKED = 16 << 20  # bytes of a member that is read
_MOST_READ = 256 << 20  # bytes of all of them
_LARGE = 1 << 30  # bytes
_RATIO = 100  # beyond it, no model's weights are packed
_OUTSIDE = re.compile(r"/|[A-Za-z]:|.*[\\\0]|(.*/)?\.\.(/|\Z)", re.DOTALL)


class ArchiveMembers:
    """The files in an archive, by their names."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        members = archive.infolist()
        if len({member.filename for member in members}) < len(members):
            raise Broken("two of its members have the same name")
        for member in members:
            _refuse_hostile(member)
        _refuse_overlap(members)
        self._archive = archive
        self._left = _MOST_READ
        self._members = {member.filename: member for member in members if not member.is_dir()}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._members)

    def size(self, name: str) -> int:
        """Return how many bytes a member has, unpacked, by the directory."""
        return self._members[name].file_size

    def read(self, name: str, most: int = MOST_UNPACKED) -> bytes:
        """Return all bytes of a member. Raises Broken where it is missing, damaged, or larger than `most`."""
        member = self._members.get(name)
        if member is None:
            raise Broken(f"it has no {name}")
        if member.file_size > most:
            raise Broken(f"{name} has {member.file_size:,} bytes unpacked; {most:,} are the most")
        self._left -= member.file_size
        if self._left < 0:
            raise Broken(f"there are more than {_MOST_READ:,} bytes to read in its members")
        with self._archive.open(member) as content:
            # Of a member that is not packed, as many bytes are set aside as are asked for.
            data = content.read(member.file_size + 1)
        if len(data) != member.file_size:
            raise Broken(f"{name} has {member.file_size:,} bytes by the directory, and others are there")
        return data

    def remarks(self) -> tuple[str, ...]:
        """Return a sentence on what unpacking would need, where it is out of all proportion."""
        unpacked = sum(member.file_size for member in self._members.values())
        packed = sum(member.compress_size for member in self._members.values())
        if unpacked < _LARGE or unpacked < _RATIO * packed:
            return ()
        return (f"Its {packed:,} bytes unpack to {unpacked:,}: it may be made to fill memory.",)


@contextmanager
def opened_archive(artifact: ArtifactBytes, path: str = "") -> Iterator[ArchiveMembers]:
    """Open a file of an artifact, or the only one, as a zip archive.

    Raises Broken for what is damaged or ambiguous: no end, members that are encrypted, links, overlap, share
    a name, or would be unpacked outside of a folder.
    """
    with artifact.open(path) as file:
        if not is_plain(file, artifact.size(path)):
            raise Broken("it is no zip archive that every reader takes for the same")
        try:
            with zipfile.ZipFile(file) as archive:
                yield ArchiveMembers(archive)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
            raise Broken(f"the archive is damaged: {error}") from error
        except ValueError as error:
            raise Broken(f"the archive can't be read: {error}") from error


def _refuse_hostile(member: zipfile.ZipInfo) -> None:
    shown = repr(member.filename[:80])
    if not member.filename:
        raise Broken("one of its members has no name")
    if _OUTSIDE.match(member.filename):
        raise Broken(f"its member {shown} would be unpacked outside of a folder")
    if member.flag_bits & 1:
        raise Broken(f"its member {shown} is encrypted")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Broken(f"its member {shown} is a link")


def _refuse_overlap(members: list[zipfile.ZipInfo]) -> None:
    end = 0
    for member in sorted(members, key=lambda each: each.header_offset):
        if member.header_offset < end:
            raise Broken(f"its member {member.filename[:80]!r} overlaps another")
        end = member.header_offset + member.compress_size
