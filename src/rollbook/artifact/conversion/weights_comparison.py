"""The weights in a safetensors file, held byte by byte against those that they were made from."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, BinaryIO

from rollbook.artifact.formats.byte_cursor import ByteCursor
from rollbook.artifact.formats.contents import Broken
from rollbook.errors import ModelFailed
from rollbook.records.dtypes import DTYPES
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

_CHUNK = 1 << 20
_MOST_HEADER = 100_000_000  # bytes, as the format's own reader has it
_NAMES = {dtype.safetensors: dtype.name for dtype in DTYPES if dtype.safetensors}


def differing_weights(path: Path, before: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what differs from the tensors `before`, each of which tells its dtype, its shape and the SHA-256
    of its bytes: a sentence for each tensor; none when nothing does.

    The file is read by its format (https://github.com/huggingface/safetensors#format), without the library
    that wrote it. Raises ModelFailed for one that can't be.
    """
    try:
        with path.open("rb") as file:
            return _differing(file, path.stat().st_size, before)
    except (Broken, ValueError, TypeError, KeyError, RecursionError) as error:
        raise ModelFailed("the weights that were written can't be read again") from error


def _differing(file: BinaryIO, size: int, before: Mapping[str, Mapping[str, Any]]) -> list[str]:
    cursor = ByteCursor(file, size)
    length = cursor.number("<Q", "the header's length")
    if length > _MOST_HEADER:
        raise Broken(f"its header would have {length:,} bytes")
    header = json.loads(cursor.take(length, "the header"))
    header.pop("__metadata__", None)
    wrong = dict.fromkeys(before.keys() ^ header.keys(), "is in one of the two only")
    for name in before.keys() & header.keys():
        wrong[name] = _difference(file, cursor.at, header[name], before[name])
    return sorted(f"{printable(name[:80])} {why}" for name, why in wrong.items() if why)


def _difference(file: BinaryIO, start: int, tensor: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    dtype, shape = _NAMES.get(tensor["dtype"], ""), tensor["shape"]
    if dtype != told["dtype"] or shape != told["shape"]:
        return printable(f"is {dtype} {shape}, and was {told['dtype']} {told['shape']}")[:300]
    first, last = tensor["data_offsets"]
    digest, left = hashlib.sha256(), last - first
    file.seek(start + first)
    while left > 0 and (chunk := file.read(min(_CHUNK, left))):
        digest.update(chunk)
        left -= len(chunk)
    return "" if not left and digest.hexdigest() == told["sha256"] else "has other bytes"
