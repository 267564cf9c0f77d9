"""The members of a zip archive. Where two readers may see different archives in the same bytes, the scan is
inconclusive.

Layouts: APPNOTE.TXT 6.3.10, section 4.3.7 (local file header).
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

from rollbook.artifact.scan.code_files import scan_archive
from rollbook.artifact.zip_scan import is_plain

if TYPE_CHECKING:
    from rollbook.artifact.scan.blob import Blob
    from rollbook.artifact.scan.blob_scan import BlobScan

_LOCAL = struct.Struct("<4s5H3L2H")
_BEGINNINGS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_ENCRYPTED, _DESCRIBED_BEHIND = 1, 8
_METHODS = frozenset([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
_MOST_MEMBERS = 100_000
_UNKNOWN = 0xFFFFFFFF
_BAD = (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, zlib.error, struct.error)


def is_zip(blob: Blob, head: bytes) -> bool:
    """Whether a reader finds a zip archive in these bytes: at their beginning, or from their end."""
    if head.startswith(_BEGINNINGS):
        return True
    if blob.size is None:
        return False
    with blob.open() as file:
        try:
            return zipfile.is_zipfile(file) and _has_members(file)
        except _BAD:  # an archive's end is there, which leads nowhere: looking at it tells that
            return True


def _has_members(file: IO[bytes]) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return bool(archive.infolist())
    except (*_BAD, OSError, EOFError):
        return False


def scan_zip(scan: BlobScan, blob: Blob, depth: int, *, is_also_tar: bool = False) -> None:
    """Look at each member of an archive. A tar archive that ends in a zip archive is both."""
    if blob.size is None:
        scan.untold(blob.where, "a zip archive in too many compressed bytes")
        return
    with blob.open() as file:
        if not is_also_tar and not is_plain(file, blob.size):
            scan.untold(
                blob.where, "the zip archive is not laid out plainly: readers may differ on its members"
            )
        try:
            with zipfile.ZipFile(file) as archive:
                _scan_members(scan, blob, archive, depth)
        except _BAD as error:
            scan.untold(blob.where, f"the zip archive can't be read: {error or type(error).__name__}")


def _scan_members(scan: BlobScan, blob: Blob, archive: zipfile.ZipFile, depth: int) -> None:
    members = archive.infolist()
    names = [member.filename for member in members]
    if len(members) > _MOST_MEMBERS:
        scan.untold(blob.where, f"over budget: it has more than {_MOST_MEMBERS:,} members")
        return
    if len({name.rstrip("/").lower() for name in names}) < len(names):
        scan.untold(blob.where, "two members of the zip archive have one name")
    if not all(names):
        scan.untold(blob.where, "a member of the zip archive has no name")
        return
    inner = {name.partition("/")[2] for name in names}
    is_torchscript = {"data.pkl", "constants.pkl"} <= inner
    for member in members:
        if not member.is_dir() or member.file_size:
            _scan_member(scan, blob, archive, member, depth, is_torchscript=is_torchscript)
    scan_archive(scan, blob, archive)


def _scan_member(
    scan: BlobScan, blob: Blob, archive: zipfile.ZipFile, member: zipfile.ZipInfo, depth: int,
    *, is_torchscript: bool,
) -> None:  # fmt: skip
    where = f"{blob.where} > {member.filename}"
    start = _data_start(blob, member)
    if isinstance(start, str):
        scan.untold(where, start)
        return
    if member.compress_type == zipfile.ZIP_STORED:
        inside = blob.part(member.filename, start, member.file_size)
    else:
        inside = blob.inside(member.filename, lambda: _opened(scan, archive, member), None)
    try:
        scan.blob(inside, depth + 1, is_torchscript=is_torchscript)
    except _BAD as error:
        scan.untold(where, f"it can't be unpacked: {error or type(error).__name__}")


def _opened(scan: BlobScan, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> IO[bytes]:
    scan.bytes.left -= member.file_size  # zipfile gives no more than that
    scan.bytes.require(member.file_size, member.compress_size)
    return archive.open(member)


def _data_start(blob: Blob, member: zipfile.ZipInfo) -> int | str:
    """Return where a member's bytes begin, or why they can't be looked at: the header in front of them must
    say what the directory says."""
    if member.compress_type not in _METHODS:
        return f"it is packed by method {member.compress_type}, which is not unpacked here"
    with blob.open() as file:
        file.seek(member.header_offset)
        header = file.read(_LOCAL.size)
        if len(header) < _LOCAL.size:
            return "the zip archive is cut off"
        mark, _, flags, method, _, _, _, packed, size, name_length, extra_length = _LOCAL.unpack(header)
        name = file.read(name_length)
    if mark != b"PK\x03\x04" or (flags | member.flag_bits) & _ENCRYPTED:
        return "it is encrypted, or its header is none"
    expected = member.orig_filename.encode("utf-8" if member.flag_bits & 0x800 else "cp437", "replace")
    if method != member.compress_type or name != expected:
        return "its header contradicts the archive's directory"
    is_told = not flags & _DESCRIBED_BEHIND and _UNKNOWN not in (packed, size)
    if is_told and (packed, size) != (member.compress_size, member.file_size):
        return "its header contradicts the archive's directory"
    if member.compress_type == zipfile.ZIP_STORED and member.compress_size != member.file_size:
        return "its size contradicts how it is stored"
    start = member.header_offset + _LOCAL.size + name_length + extra_length
    if blob.size is not None and start + member.compress_size > blob.size:
        return "the zip archive is cut off"
    return int(start)
