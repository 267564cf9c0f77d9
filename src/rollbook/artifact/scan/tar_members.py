"""The members of a tar archive: POSIX.1-2017, pax, "ustar Interchange Format"."""

from __future__ import annotations

import tarfile
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.artifact.scan.blob import Blob
    from rollbook.artifact.scan.blob_scan import BlobScan

_BLOCK = 512
_MOST_MEMBERS = 100_000
_CHUNK = 1 << 20


def is_tar(head: bytes) -> bool:
    """Whether bytes begin with the header of a member whose checksum is right."""
    block = head[:_BLOCK]
    if len(block) < _BLOCK or not block.strip(b"\0"):
        return False
    try:
        stated = int(block[148:156].strip(b"\0 ") or b"x", 8)
    except ValueError:
        return False
    return stated == sum(block) - sum(block[148:156]) + 8 * ord(" ")


def scan_tar(scan: BlobScan, blob: Blob, depth: int) -> None:
    """Look at each member of an archive, and that it ends where its reader takes it to end."""
    if blob.size is None:
        scan.untold(blob.where, "a tar archive in too many compressed bytes: register it unpacked")
        return
    count = 0
    try:
        with blob.open() as file, tarfile.open(fileobj=file, mode="r:") as archive:
            while (member := archive.next()) is not None:
                archive.members = []  # type: ignore[attr-defined]  # or it keeps them all
                count += 1
                if count > _MOST_MEMBERS:
                    scan.untold(blob.where, f"over budget: it has more than {_MOST_MEMBERS:,} members")
                    return
                _scan_member(scan, blob, member, depth)
            end = archive.offset
            if not _is_zero_from(file, end):
                scan.untold(blob.where, "bytes follow behind the end of the tar archive, or it is cut off")
    except (tarfile.TarError, ValueError, OverflowError) as error:
        scan.untold(blob.where, f"the tar archive can't be read: {error}")


def _scan_member(scan: BlobScan, blob: Blob, member: tarfile.TarInfo, depth: int) -> None:
    where = f"{blob.where} > {member.name}"
    if member.issparse():
        scan.untold(where, "it is a sparse file")
    elif member.isreg():
        if blob.size is not None and member.offset_data + member.size > blob.size:
            scan.untold(where, "the tar archive is cut off")
        else:
            scan.blob(blob.part(member.name, member.offset_data, member.size), depth + 1)
    elif not member.isdir():
        # What it leads to is looked at where it stands, if it is in the artifact at all.
        scan.untold(where, "it is a link or a special file")


def _is_zero_from(file: IO[bytes], start: int) -> bool:
    file.seek(start)
    while chunk := file.read(_CHUNK):
        if chunk.strip(b"\0"):
            return False
    return True
