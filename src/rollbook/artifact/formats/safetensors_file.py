"""What safetensors say of themselves: https://github.com/huggingface/safetensors#format.

A model is a file, or a folder of one file or of shards. Of these an index has the names, as the Hugging Face
Hub knows it (https://huggingface.co/docs/safetensors/metadata_parsing): which tensor stands in which file.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rollbook.artifact.formats.bounded_json import read_json_object
from rollbook.artifact.formats.byte_cursor import ByteCursor
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.formats.folder_detection import INDEX_SUFFIX
from rollbook.artifact.formats.inner_path import is_inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact

SUFFIX = ".safetensors"
LARGEST_HEADER = 25_000_000  # bytes; the format allows four times as many, which nobody needs
_MOST_SHARDS = 2_000
_MOST_TENSORS = 1_000_000
_MOST_NAMES = 64 << 20  # characters
_MOST_DIMENSIONS = 64
# https://github.com/huggingface/safetensors/blob/main/safetensors/src/tensor.rs
_BITS = {
    **dict.fromkeys(["F4"], 4),
    **dict.fromkeys(["F6_E2M3", "F6_E3M2"], 6),
    **dict.fromkeys(["BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0"], 8),
    **dict.fromkeys(["F8_E4M3FNUZ", "F8_E5M2FNUZ"], 8),
    **dict.fromkeys(["I16", "U16", "F16", "BF16"], 16),
    **dict.fromkeys(["I32", "U32", "F32"], 32),
    **dict.fromkeys(["I64", "U64", "F64", "C64"], 64),
}
# What `metadata.format` has for who wrote it.
_FRAMEWORKS = {"pt": "pytorch", "tf": "tensorflow", "flax": "flax", "np": "numpy", "mlx": "mlx"}


@dataclass(slots=True)
class Tensors:
    """The tensors of one file, or of all: how many of each type, how many numbers, how many bytes, and how
    long their names are together."""

    names: set[str] = field(default_factory=set)
    dtypes: Counter[str] = field(default_factory=Counter)
    parameters: int = 0
    size: int = 0
    length: int = 0
    metadata: dict[str, str] = field(default_factory=dict)

    def add(self, other: Tensors) -> None:
        """Take those of another file in. Raises Broken for a tensor that is here already."""
        if twice := self.names & other.names:
            raise Broken(f"its tensor {min(twice)[:80]!r} stands in two files")
        self.names |= other.names
        self.dtypes += other.dtypes
        self.parameters += other.parameters
        self.size += other.size
        self.metadata = self.metadata or other.metadata
        self.length += sum(map(len, other.names))
        if len(self.names) > _MOST_TENSORS or self.length > _MOST_NAMES:
            raise Broken(
                f"it has more than {_MOST_TENSORS:,} tensors, or than {_MOST_NAMES:,} characters of names"
            )

    def facts(self) -> dict[str, Fact]:
        return {
            "tensors": len(self.names),
            "parameters": self.parameters,
            "dtypes": dict(sorted(self.dtypes.items())),
            **({"metadata": {**self.metadata}} if self.metadata else {}),
        }


def read(artifact: ArtifactBytes) -> Contents:
    """Read the headers: the tensors, how many of each type, and the metadata. Raises Broken where the tensors
    do not lie one behind the other to a file's end, or are not those of the index."""
    tensors, remarks, shards = read_tensors(artifact)
    framework = _FRAMEWORKS.get(tensors.metadata.get("format", ""), "")
    facts = {**tensors.facts(), **({"shards": shards} if shards > 1 else {})}
    return Contents(facts, {"name": framework} if framework else {}, remarks=tuple(remarks))


def read_tensors(artifact: ArtifactBytes) -> tuple[Tensors, list[str], int]:
    """Return the tensors of a file or a folder, what a person should know of them, and in how many files they
    are. Raises Broken."""
    if not artifact.is_folder:
        return read_file(artifact, artifact.name), [], 1
    root = [path for path in artifact.files if "/" not in path]
    indices = [path for path in root if path.endswith(INDEX_SUFFIX)]
    files = sorted(path for path in root if path.endswith(SUFFIX))
    if len(indices) == 1:
        return _read_shards(artifact, indices[0], files)
    if indices or len(files) != 1:
        raise Broken(
            f"at its root are {len(indices)} files named *{INDEX_SUFFIX} and {len(files)} named *{SUFFIX}:"
            " one of either is due"
        )
    return read_file(artifact, files[0]), [], 1


def read_file(artifact: ArtifactBytes, path: str) -> Tensors:
    """Read the header of one file. Raises Broken."""
    with artifact.open(path) as file:
        cursor = ByteCursor(file, artifact.size(path))
        length = cursor.number("<Q", "the header's length")
        if length > LARGEST_HEADER:
            raise Broken(f"its header would have {length:,} bytes; {LARGEST_HEADER:,} are the most")
        header = read_json_object(cursor.take(length, "the header"), "its header")
        metadata = header.pop("__metadata__", {})
        found = _tensors(header, cursor.left)
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise Broken("the metadata in its header are no texts by name")
    found.metadata = {key[:200]: value[:200] for key, value in [*metadata.items()][:51]}
    return found


def _tensors(header: Mapping[str, Any], size: int) -> Tensors:
    """Read the tensors in a header. They fill the rest of the file, of `size` bytes, without a gap."""
    found = Tensors({*header}, size=size)
    spans: list[tuple[int, int]] = []
    for name, tensor in header.items():
        start, end = _whole_numbers(tensor, "data_offsets", 2, name)
        shape = _whole_numbers(tensor, "shape", None, name)
        dtype = str(tensor.get("dtype"))[:20]
        count = math.prod(shape)
        bits = _BITS.get(dtype)
        if bits is not None and count * bits != (end - start) * 8:
            raise Broken(f"its tensor {name[:80]!r} can't be {dtype} {shape} in {end - start:,} bytes")
        spans.append((start, end))
        found.dtypes[dtype] += 1
        found.parameters += count
    at = 0
    for start, end in sorted(spans):
        if start != at or end < start:
            raise Broken(f"its tensors leave a gap, or overlap, at byte {at:,} of the data")
        at = end
    if at != size:
        raise Broken(f"its tensors have {at:,} bytes by its header, and {size:,} are there")
    return found


def _whole_numbers(tensor: Any, key: str, count: int | None, name: str) -> list[int]:
    numbers = tensor.get(key) if isinstance(tensor, dict) else None
    if (
        not isinstance(numbers, list)
        or len(numbers) > _MOST_DIMENSIONS
        or (count is not None and len(numbers) != count)
        or not all(type(number) is int and 0 <= number < 1 << 63 for number in numbers)
    ):
        raise Broken(f"its tensor {name[:80]!r} has no {key} that could be")
    return numbers


def _read_shards(artifact: ArtifactBytes, index: str, files: list[str]) -> tuple[Tensors, list[str], int]:
    """Read all files that an index names, and compare what is in them with what it says."""
    document = read_json_object(artifact.read(index), index)
    places = document.get("weight_map")
    if not isinstance(places, dict) or not all(isinstance(path, str) for path in places.values()):
        raise Broken(f"{index} has no weight_map of tensors to files")
    due: dict[str, set[str]] = {}
    for name, shard in places.items():
        due.setdefault(shard, set()).add(name)
    shards = sorted(due)
    if len(shards) > _MOST_SHARDS:
        raise Broken(f"{index} names {len(shards):,} files; {_MOST_SHARDS:,} are the most")
    total = Tensors()
    for shard in shards:
        if not is_inside(shard):
            raise Broken(f"{index} names {shard[:80]!r}, which is outside of its folder")
        if shard not in artifact.files:
            raise Broken(f"{index} names {shard[:80]!r}, which is not there")
        found = read_file(artifact, shard)
        if missing := due[shard] - found.names:
            raise Broken(f"{index} has the tensor {min(missing)[:80]!r} in {shard[:80]!r}, which lacks it")
        total.add(found)
    return total, [*_index_remarks(document, total, {*files} - {*shards}, index)], len(shards)


def _index_remarks(
    document: Mapping[str, Any], total: Tensors, unnamed: set[str], index: str
) -> Iterator[str]:
    if extra := total.names - {*document["weight_map"]}:
        yield f"{len(extra):,} tensors, such as {min(extra)[:80]!r}, are not in {index}: they are not loaded."
    if unnamed:
        yield f"{index} does not name {', '.join(sorted(unnamed)[:5])}: it is not loaded."
    metadata = document.get("metadata")
    size = metadata.get("total_size") if isinstance(metadata, dict) else None
    if type(size) is int and size != total.size:
        yield f"{index} says {size:,} bytes in all; there are {total.size:,}."
