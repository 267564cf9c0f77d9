"""NumPy's files of arrays: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rollbook.artifact.scan.pickle_streams import scan_pickles

if TYPE_CHECKING:
    from rollbook.artifact.scan.blob import Blob
    from rollbook.artifact.scan.blob_scan import BlobScan

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 1 << 20
_OBJECTS = re.compile(rb"['\"][|<>=]?O")


def scan_array(scan: BlobScan, blob: Blob, head: bytes) -> bool:
    """Look at bytes as at a `.npy` file; return whether they are one. Of an array of objects, the rest is a
    pickle."""
    if not head.startswith(_MAGIC) or len(head) < 12:
        return False
    width = 2 if head[6] == 1 else 4
    length = int.from_bytes(head[8 : 8 + width], "little")
    start = 8 + width + length
    if length > _LONGEST_HEADER or head[6] not in (1, 2, 3):
        scan.untold(blob.where, "its header is none that NumPy writes")
        return True
    header = blob.head(start)[8 + width :]
    if len(header) < length or b"\\" in header:
        scan.untold(blob.where, "its header is cut off, or none that NumPy writes")
        return True
    if not _OBJECTS.search(header):
        return True
    if blob.size is None:
        scan.untold(blob.where, "an array of objects in too many compressed bytes")
        return True
    objects = blob.part("objects.pkl", start, max(0, blob.size - start))
    scan_pickles(scan, objects, objects.head(16), is_container=False)
    return True
