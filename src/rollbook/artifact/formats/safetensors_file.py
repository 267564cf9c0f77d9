"""What a safetensors file says of itself: https://github.com/huggingface/safetensors#format."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from rollbook.artifact.formats.byte_cursor import ByteCursor
from rollbook.artifact.formats.contents import Broken, Contents

if TYPE_CHECKING:
    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact

LARGEST_HEADER = 100_000_000  # bytes, as the format's own reader has it


def read(artifact: ArtifactBytes, path: str = "") -> Contents:
    """Read a file's header: its tensors, how many of each type, and its metadata. Raises Broken where the
    tensors do not lie one behind the other to the file's end."""
    with artifact.open(path) as file:
        cursor = ByteCursor(file, artifact.size(path))
        length = cursor.number("<Q", "the header's length")
        if length > LARGEST_HEADER:
            raise Broken(f"its header would have {length:,} bytes; {LARGEST_HEADER:,} are the most")
        header = _header(cursor.take(length, "the header"))
        metadata = header.pop("__metadata__", {})
        counts = _tensors(header, cursor.left)
    facts: dict[str, Fact] = {"tensors": len(header), "dtypes": dict(sorted(counts.items()))}
    if isinstance(metadata, dict) and metadata:
        facts["metadata"] = {str(name): str(value) for name, value in metadata.items()}
    return Contents(facts)


def _header(data: bytes) -> dict[str, Any]:
    try:
        header = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Broken("its header is not JSON") from error
    if not isinstance(header, dict):
        raise Broken("its header is no JSON object")
    return header


def _tensors(header: dict[str, Any], size: int) -> Counter[str]:
    """Count the tensors of each type. They fill the rest of the file, of `size` bytes, without a gap."""
    spans: list[tuple[int, int]] = []
    counts: Counter[str] = Counter()
    for name, tensor in header.items():
        offsets = tensor.get("data_offsets") if isinstance(tensor, dict) else None
        if not isinstance(offsets, list) or len(offsets) != 2 or not all(type(at) is int for at in offsets):
            raise Broken(f"its tensor {name[:80]!r} has no place in the file")
        spans.append((offsets[0], offsets[1]))
        counts[str(tensor.get("dtype"))[:20]] += 1
    at = 0
    for start, end in sorted(spans):
        if start != at or end < start:
            raise Broken(f"its tensors leave a gap, or overlap, at byte {at:,} of the data")
        at = end
    if at != size:
        raise Broken(f"its tensors have {at:,} bytes by its header, and {size:,} are there")
    return counts
