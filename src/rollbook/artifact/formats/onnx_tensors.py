"""The weights of an ONNX model: their shapes, and the files outside of it that hold their bytes.

https://github.com/onnx/onnx/blob/main/docs/ExternalData.md
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.formats.inner_path import is_inside
from rollbook.artifact.formats.protobuf import protobuf_fields, varint

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.byte_cursor import ByteCursor

_MOST_FIELDS = 1_000_000
_MOST_DIMENSIONS = 64
_EXTERNAL = 1  # DataLocation


@dataclass(frozen=True, slots=True)
class ExternalFile:
    """A file, by its path from the model's folder, that has to have `end` bytes at least."""

    location: str
    end: int = 0

    def with_end_of(self, other: ExternalFile | None) -> ExternalFile:
        return self if other is None else replace(self, end=max(self.end, other.end))


@dataclass(frozen=True, slots=True)
class OnnxTensor:
    """A TensorProto, without its bytes. `external` is where these are, when they are in another file."""

    name: str = ""
    shape: tuple[int, ...] = ()
    external: ExternalFile | None = None


def read_tensor(body: ByteCursor) -> OnnxTensor:
    """Read a TensorProto; its bytes are passed over. Raises Broken."""
    name, shape, is_external = "", list[int](), False
    entries: dict[str, str] = {}
    for part in protobuf_fields(body, _MOST_FIELDS):
        if part.number == 1:  # one size, or several packed
            shape.extend([part.value] if part.body is None else _packed(part.body))
            if len(shape) > _MOST_DIMENSIONS:
                raise Broken(f"a tensor has more than {_MOST_DIMENSIONS} dimensions")
        elif part.number == 8:
            name = part.text()
        elif part.number == 13:
            key, value = _entry(part.message())
            if len(entries) < 100:
                entries[key] = value
        elif part.number == 14:
            is_external = part.value == _EXTERNAL
    if any(size >> 63 for size in shape):
        raise Broken(f"the tensor {name[:80]!r} has a negative size")
    return OnnxTensor(name, tuple(shape), _external(name, entries) if is_external else None)


def require_inside(files: Iterable[ExternalFile], artifact: ArtifactBytes) -> None:
    """Raise Broken where a file of weights would be outside of the artifact's folder, is not in it, or is too
    short. In an artifact of a single file it can't be there: that is for a remark."""
    for file in files:
        shown = file.location[:80]
        if not is_inside(file.location):
            raise Broken(f"its weights would be in {shown!r}, which is outside of its folder")
        if not artifact.is_folder:
            continue
        path = file.location.removeprefix("./")
        if path not in artifact.files:
            raise Broken(f"its weights would be in {shown!r}, which is not there")
        if (size := artifact.size(path)) < file.end:
            raise Broken(f"{shown!r} would have {file.end:,} bytes or more of its weights; it has {size:,}")


def _packed(body: ByteCursor) -> list[int]:
    if body.left > _MOST_DIMENSIONS * 10:
        raise Broken(f"a tensor has more than {_MOST_DIMENSIONS} dimensions")
    sizes = []
    while body.left:
        sizes.append(varint(body))
    return sizes


def _entry(body: ByteCursor) -> tuple[str, str]:
    key = value = ""
    for part in protobuf_fields(body, 100):
        if part.number == 1:
            key = part.text()
        elif part.number == 2:
            value = part.text()
    return key, value


def _external(name: str, entries: dict[str, str]) -> ExternalFile:
    location = entries.get("location", "")
    try:
        offset, length = (int(entries.get(key) or 0) for key in ("offset", "length"))
    except ValueError as error:
        raise Broken(f"the place of the tensor {name[:80]!r} in another file is no number") from error
    if not location or offset < 0 or length < 0:
        raise Broken(f"the tensor {name[:80]!r} is in another file, and has no place there")
    return ExternalFile(location, offset + length)
