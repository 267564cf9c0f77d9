"""What a run of bytes may be taken for, and what each such reader would run: all of that is looked at."""

from __future__ import annotations

import io
import lzma
import zlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, cast

from rollbook.artifact.scan import array_files, code_files, tar_members, zip_members
from rollbook.artifact.scan.compressed import ByteBudget, Unpacked, can_unpack, compression
from rollbook.artifact.scan.pickle_bytes import OverBudget
from rollbook.artifact.scan.pickle_streams import scan_pickles
from rollbook.artifact.scan.pickle_walk import OpcodeBudget
from rollbook.artifact.scan.verdict import Reason, ScannedStream, ScanVerdict
from rollbook.text import one_line, printable

if TYPE_CHECKING:
    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.scan.allowed_globals import Allowlist
    from rollbook.artifact.scan.blob import Blob

_DEEPEST = 6
_MOST_BLOBS = 100_000
_HELD = 64 << 20  # bytes that are unpacked into memory, so that they can be sought
_CHUNK = 1 << 20
_HEAD = 1024
_LONGEST_TEXT = 300
UNPACKING = (OSError, EOFError, zlib.error, lzma.LZMAError)


@dataclass(slots=True)
class BlobScan:
    """A scan under way: what is allowed, what was found, what may still be read."""

    allowlist: Allowlist
    form: str = ""
    reasons: list[Reason] = field(default_factory=list)
    streams: list[ScannedStream] = field(default_factory=list)
    opcodes: OpcodeBudget = field(default_factory=OpcodeBudget)
    bytes: ByteBudget = field(default_factory=ByteBudget)
    blobs_left: int = _MOST_BLOBS
    asks_engine: bool = True
    opinions_left: int = 1000  # each takes a third of a second

    def add(self, verdict: ScanVerdict, where: str, text: str, subject: str = "") -> None:
        """Note a reason not to be clean."""
        said = one_line(printable(text), _LONGEST_TEXT), one_line(printable(subject), _LONGEST_TEXT)
        self.reasons.append(Reason(verdict, one_line(printable(where), _LONGEST_TEXT), *said))

    def untold(self, where: str, text: str) -> None:
        """Note that something could not be told."""
        self.add(ScanVerdict.INCONCLUSIVE, where, text)

    def blob(self, blob: Blob, depth: int, *, is_torchscript: bool = False) -> None:
        """Look at bytes as each of their readers would."""
        self.blobs_left -= 1
        if depth > _DEEPEST or self.blobs_left < 0:
            limit = (
                f"packed more than {_DEEPEST} times over" if depth > _DEEPEST else "one of too many members"
            )
            self.untold(blob.where, f"over budget: it is {limit}")
            return
        try:
            self._readers(blob, depth, is_torchscript=is_torchscript)
        except OverBudget as error:
            self.untold(blob.where, f"over budget: {error}")
        except UNPACKING as error:
            self.untold(blob.where, f"it can't be unpacked: {error or type(error).__name__}")

    def _readers(self, blob: Blob, depth: int, *, is_torchscript: bool) -> None:
        if blob.size is None:
            blob = _held(blob)
        head = blob.head(_HEAD)
        is_zip = zip_members.is_zip(blob, head)
        is_tar = tar_members.is_tar(head)
        packed = "" if is_zip or is_tar else compression(head)
        is_packed = bool(packed) and self._unpack(blob, packed, depth)
        is_array = array_files.scan_array(self, blob, head)
        # A pickle needs no header: whatever these bytes are, an unpickler can be given them.
        known = len(self.streams)
        is_container = is_zip or is_tar or is_packed or is_array
        scan_pickles(self, blob, head, is_container=is_container, is_torchscript=is_torchscript)
        if blob.size is None and len(self.streams) == known and not (is_zip or is_tar or is_array):
            self.untold(blob.where, f"over budget: it unpacks to more than {_HELD:,} bytes")
        if is_zip:
            zip_members.scan_zip(self, blob, depth, is_also_tar=is_tar)
        if is_tar:
            tar_members.scan_tar(self, blob, depth)
        code_files.scan_code(self, blob, head)

    def _unpack(self, blob: Blob, name: str, depth: int) -> bool:
        """Look at what compressed bytes unpack to; return whether they are compressed at all."""
        if not can_unpack(name):
            self.untold(blob.where, f"it is packed with {name}, which is not unpacked here")
            return True

        def opener() -> IO[bytes]:
            unpacked = Unpacked(blob.open(), name, self.bytes)
            return cast("IO[bytes]", io.BufferedReader(unpacked, 256 << 10))

        try:
            with opener() as file:
                if not file.read(1) and blob.size is not None:
                    return False
        except UNPACKING:
            return False  # it only begins as if it were
        self.blob(blob.inside(f"{name}-unpacked", opener, None), depth + 1)
        return True

    def remark_code(self, artifact: ArtifactBytes) -> None:
        """Note the code that a library imports by what a folder's configuration says."""
        code_files.scan_folder(self, artifact)


def _held(blob: Blob) -> Blob:
    """Return the same bytes in memory, where they fit."""
    data = bytearray()
    with blob.open() as file:
        while len(data) <= _HELD and (chunk := file.read(_CHUNK)):  # no room is made before it is needed
            data += chunk
    return blob if len(data) > _HELD else blob.held(bytes(data))
