"""What a zip archive holds, told from its directory and its members. Nothing is unpacked or unpickled.

Layouts: APPNOTE.TXT 6.3.10, sections 4.3.12 (central directory), 4.3.14-4.3.16 (its end, with zip64). Where
two readers may see different archives in the same bytes, or there is more than can be looked at, it counts
as a pickle: who wrote it may have meant that.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from typing import TYPE_CHECKING

from rollbook.artifact import numpy_header
from rollbook.artifact.pickle_scan import may_run_code

if TYPE_CHECKING:
    from typing import IO, BinaryIO

_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
_LONGEST_COMMENT = (1 << 16) - 1
_MOST_DIRECTORY = 16 << 20  # bytes; torch.save writes a hundred for each tensor
_MOST_ENTRIES = 100_000
_MOST_MEMBERS = 10_000  # that are looked into
_MOST_UNPACKED = 1 << 20  # bytes of a member
_MOST_OPCODES = 10_000  # of a member; what can be followed for so long is a pickle, whatever it does
_KERAS_WEIGHTS = frozenset(["model.weights.h5", "model.weights.npz"])
_PICKLES = (".pkl", ".pickle", ".p", ".joblib")
# What TorchScript's own reader takes, which runs no Python.
_TORCHSCRIPT = frozenset(["bytecode.pkl", "constants.pkl", "data.pkl", "traced_inputs.pkl"])
_TORCHSCRIPT_NOTES = (".debug_pkl",)


def zip_format(file: BinaryIO, size: int) -> str:
    """Return the format of the zip archive `file` of `size` bytes: `pickle` where a member may be one, and
    where that can't be told."""
    if not is_plain(file, size):
        return "pickle"
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            found = _by_names(names)
            if found in ("pytorch", "torch-export"):
                return found
            can_be_told = len(names) == len(members) <= _MOST_MEMBERS and "" not in names
            if can_be_told and not any(_may_be_pickle(archive, member, found) for member in members):
                return found
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError, zlib.error):
        pass
    return "pickle"


def _by_names(present: set[str]) -> str:
    inner = {name.partition("/")[2] for name in present}
    if "data.pkl" in inner and "constants.pkl" not in inner:
        return "pytorch"
    if "serialized_exported_program.json" in present or "archive_format" in inner:
        return "torch-export"
    if "data.pkl" in inner:
        return "torchscript"
    if "config.json" in present and not present.isdisjoint(_KERAS_WEIGHTS):
        return "keras"
    if "schema.json" in present:
        return "skops"
    return "npz" if present and all(name.endswith(".npy") for name in present) else "zip"


def _may_be_pickle(archive: zipfile.ZipFile, member: zipfile.ZipInfo, found: str) -> bool:
    """Whether unpickling a member may run code, by its name or its beginning."""
    inner = member.filename.partition("/")[2]
    if found == "torchscript" and (inner in _TORCHSCRIPT or inner.endswith(_TORCHSCRIPT_NOTES)):
        return False
    if member.filename.lower().endswith(_PICKLES):
        return True
    if member.filename.endswith("/") and not member.file_size:
        return False
    if member.flag_bits & 1 or member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return True
    size = member.file_size
    if member.compress_type != zipfile.ZIP_STORED:
        size = min(size, _MOST_UNPACKED)
    with archive.open(member) as content:
        start = content.read(len(numpy_header.MAGIC))
        if start == numpy_header.MAGIC and numpy_header.holds_objects(
            start + content.read(numpy_header.HEAD)
        ):
            return True
        content.seek(0)
        return may_run_code(content, size, is_whole=size == member.file_size, most=_MOST_OPCODES)


def is_plain(file: IO[bytes], size: int) -> bool:
    """Whether every reader finds the same directory: it stands right before its end, which is the file's."""
    tail_at = max(0, size - _END.size - _LONGEST_COMMENT)
    file.seek(tail_at)
    tail = file.read(_END.size + _LONGEST_COMMENT)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        return False
    _, disk, first_disk, here, entries, length, start, comment = _END.unpack_from(tail, at)
    end = tail_at + at
    if end + _END.size + comment != size or disk or first_disk or here != entries:
        return False
    end64 = end - _LOCATOR.size - _END64.size
    file.seek(max(0, end64))
    record = file.read(_END64.size + _LOCATOR.size) if end64 >= 0 else b""
    # torch.save writes the longer end always; who finds its mark goes by it.
    if b"PK\x06\x07" in record or 0xFFFFFFFF in (length, start) or entries == 0xFFFF:
        if len(record) < _END64.size + _LOCATOR.size:
            return False
        told = (entries, 0xFFFF), (length, 0xFFFFFFFF), (start, 0xFFFFFFFF)
        mark, rest, _, _, _, _, here, entries, length, start = _END64.unpack_from(record)
        locator, _, record_at, _ = _LOCATOR.unpack_from(record, _END64.size)
        is_whole = (mark, rest, locator, record_at) == (b"PK\x06\x06", _END64.size - 12, b"PK\x06\x07", end64)
        is_same = all(
            short in (long, unset)
            for (short, unset), long in zip(told, (entries, length, start), strict=True)
        )
        if not is_whole or not is_same or here != entries:
            return False
        end = end64
    return bool(start + length == end and length <= _MOST_DIRECTORY and entries <= _MOST_ENTRIES)
