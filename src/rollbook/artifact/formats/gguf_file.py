"""What a GGUF file says of itself: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.

Its header is a list of keys with values, then a list of tensors, each with where its data are. Long lists,
such as a tokenizer's words, are counted and passed over.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.artifact.formats.byte_cursor import ByteCursor
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.formats.ggml_types import FILE_TYPES, TENSOR_TYPES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact, Scalar

_VERSIONS = (2, 3)
_LAYOUTS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "B", 10: "Q", 11: "q", 12: "d"}
_SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 8: 8, 9: 12, 10: 8, 11: 8, 12: 8}  # at least
_BOOL, _TEXT, _LIST = 7, 8, 9
_DEEPEST = 4  # lists in lists
_LONGEST_KEY = 1_000  # bytes; the specification has 65,535
_LONGEST_TEXT = 250  # bytes that are kept
_LONGEST_NAME = 256  # bytes; the specification has 64
_MOST_DIMENSIONS = 8  # the specification has 4
_MOST_KEYS = 10_000
_MOST_TENSORS = 100_000
_LEAST_KEY, _LEAST_TENSOR = 13, 24  # bytes that each needs
_ALIGNMENT = 32
# Keys, and what the facts are called; `{}` is the architecture.
_FACTS = {
    "general.architecture": "architecture",
    "general.type": "type",
    "general.name": "name",
    "general.author": "author",
    "general.organization": "organization",
    "general.size_label": "size_label",
    "general.license": "license",
    "general.quantized_by": "quantized_by",
    "general.quantization_version": "quantization_version",
    "{}.context_length": "context_length",
    "{}.embedding_length": "embedding_length",
    "{}.block_count": "layers",
    "{}.attention.head_count": "attention_heads",
    "{}.expert_count": "experts",
    "tokenizer.ggml.model": "tokenizer",
}


@dataclass(frozen=True, slots=True)
class _Length:
    """What is kept of a list: how long it is."""

    count: int


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    kind: int
    count: int
    offset: int

    @property
    def size(self) -> int | None:
        """How many bytes it has; None where its type is not known."""
        if self.kind not in TENSOR_TYPES:
            return None
        _, block, size = TENSOR_TYPES[self.kind]
        return self.count // block * size


class _Header:
    """What is read from a place in the header, in the byte order of the file."""

    def __init__(self, cursor: ByteCursor) -> None:
        self.cursor = cursor
        if cursor.take(4, "the magic number") != b"GGUF":
            raise Broken("it does not begin with GGUF")
        version = cursor.take(4, "the version")
        self.is_big = version[:2] == b"\0\0"
        self._order = ">" if self.is_big else "<"
        self.version = int.from_bytes(version, "big" if self.is_big else "little")
        if self.version not in _VERSIONS:
            raise Broken(f"it has version {self.version:,} of GGUF; 2 and 3 can be read")

    def number(self, layout: str, what: str) -> int:
        return self.cursor.number(self._order + layout, what)

    def count(self, what: str, each: int, most: int) -> int:
        """Return how many things follow, each of at least so many bytes."""
        count = self.number("Q", f"the number of {what}")
        if count > most or count * each > self.cursor.left:
            raise Broken(f"it would have {count:,} {what}, for which there is no room")
        return count

    def text(self, what: str, most: int) -> str:
        """Return a text of at most `most` bytes."""
        length = self.number("Q", f"the length of {what}")
        if length > most:
            raise Broken(f"{what} would have {length:,} bytes; {most:,} are the most")
        try:
            return self.cursor.take(length, what).decode()
        except UnicodeDecodeError as error:
            raise Broken(f"{what} is not UTF-8") from error

    def value(self, kind: int, key: str) -> Scalar | _Length:
        """Return a value: the beginning of a text, the length of a list."""
        if kind == _LIST:
            return _Length(self._pass_list(key, 1))
        if kind == _TEXT:
            length = self.number("Q", f"the length of {key}")
            start = self.cursor.take(min(length, _LONGEST_TEXT), key)
            self.cursor.skip(length - len(start), key)
            return start.decode(errors="replace")
        if kind not in _LAYOUTS:
            raise Broken(f"{key} has a value of the unknown type {kind:,}")
        if kind in (6, 12):
            return self.cursor.real(self._order + _LAYOUTS[kind], key)
        number = self.number(_LAYOUTS[kind], key)
        return bool(number) if kind == _BOOL else number

    def _pass_list(self, key: str, depth: int) -> int:
        kind = self.number("I", f"the type of {key}")
        if kind not in _SIZES or depth > _DEEPEST:
            raise Broken(f"{key} is a list of the unknown type {kind:,}, or {depth} deep")
        count = self.count(f"entries in {key}", _SIZES[kind], self.cursor.left)
        if kind == _TEXT:
            for _ in range(count):
                self.cursor.skip(self.number("Q", f"a length in {key}"), key)
        elif kind == _LIST:
            for _ in range(count):
                self._pass_list(key, depth + 1)
        else:
            self.cursor.skip(count * _SIZES[kind], key)
        return count

    def tensor(self) -> _Tensor:
        name = self.text("a tensor's name", _LONGEST_NAME)
        dimensions = self.number("I", "the number of dimensions")
        if dimensions > _MOST_DIMENSIONS:
            raise Broken(f"the tensor {name[:80]!r} would have {dimensions:,} dimensions")
        shape = [self.number("Q", "a dimension") for _ in range(dimensions)]
        return _Tensor(name, self.number("I", "a type"), math.prod(shape), self.number("Q", "a place"))


def read(artifact: ArtifactBytes) -> Contents:
    """Read a header: the architecture, what it was quantised to, the tensors of each type. Raises Broken
    where the values do not fit, or where a tensor's data are not there."""
    with artifact.open() as file:
        cursor = ByteCursor(file, artifact.size())
        header = _Header(cursor)
        tensor_count = header.count("tensors", _LEAST_TENSOR, _MOST_TENSORS)
        key_count = header.count("keys", _LEAST_KEY, _MOST_KEYS)
        values = _values(header, key_count)
        tensors = [header.tensor() for _ in range(tensor_count)]
        _require_data(tensors, _alignment(values), cursor)
    return Contents(_facts(header, values, tensors), remarks=tuple(_remarks(values, tensors)))


def _values(header: _Header, count: int) -> dict[str, Scalar | _Length]:
    values: dict[str, Scalar | _Length] = {}
    for _ in range(count):
        key = header.text("a key", _LONGEST_KEY)
        if key in values:
            raise Broken(f"the key {key[:80]!r} stands in it twice")
        kind = header.number("I", f"the type of {key[:80]}")
        values[key] = header.value(kind, key[:80])
    return values


def _alignment(values: Mapping[str, Scalar | _Length]) -> int:
    alignment = values.get("general.alignment", _ALIGNMENT)
    if type(alignment) is not int or alignment < 8 or alignment % 8:
        raise Broken("its alignment is no multiple of 8")
    return alignment


def _require_data(tensors: list[_Tensor], alignment: int, header: ByteCursor) -> None:
    """Raise Broken where the data of a tensor are outside of the file, or those of two overlap."""
    start = -(-header.at // alignment) * alignment
    end, before = 0, ""
    names: set[str] = set()
    for tensor in sorted(tensors, key=lambda tensor: tensor.offset):
        shown = repr(tensor.name[:80])
        if tensor.name in names:
            raise Broken(f"the tensor {shown} stands in it twice")
        names.add(tensor.name)
        if tensor.offset % alignment or tensor.offset < end:
            raise Broken(f"the data of the tensor {shown} begin amid those of another, or are not aligned")
        end, before = tensor.offset + (tensor.size or 0), shown
        if start + end > header.end:
            missing = start + end - header.end
            raise Broken(f"the data of the tensor {before} are cut off: {missing:,} bytes are missing")


def _facts(
    header: _Header, values: Mapping[str, Scalar | _Length], tensors: list[_Tensor]
) -> dict[str, Fact]:
    architecture = str(values.get("general.architecture", ""))
    facts: dict[str, Fact] = {"gguf_version": header.version}
    if header.is_big:
        facts["byte_order"] = "big"
    for key, name in _FACTS.items():
        value = values.get(key.format(architecture))
        if value is not None and not isinstance(value, _Length):
            facts[name] = value
    file_type = values.get("general.file_type")
    if type(file_type) is int:
        facts["file_type"] = FILE_TYPES.get(file_type, f"type-{file_type}")
    words = values.get("tokenizer.ggml.tokens")
    if isinstance(words, _Length):
        facts["vocab_size"] = words.count
    if "tokenizer.chat_template" in values:
        facts["chat_template"] = True
    kinds = Counter(_kind(tensor) for tensor in tensors)
    return {
        **facts,
        "tensors": len(tensors),
        "tensor_types": dict(sorted(kinds.items())),
        "parameters": sum(tensor.count for tensor in tensors),
        "alignment": _alignment(values),
    }


def _kind(tensor: _Tensor) -> str:
    return TENSOR_TYPES[tensor.kind][0] if tensor.kind in TENSOR_TYPES else f"type-{tensor.kind}"


def _remarks(values: Mapping[str, Scalar | _Length], tensors: list[_Tensor]) -> Iterator[str]:
    parts, number = values.get("split.count"), values.get("split.no")
    if type(parts) is int and type(number) is int and parts > 1:
        yield f"It is part {number + 1} of {parts}: it can't be loaded without the others."
    if unknown := sorted({_kind(tensor) for tensor in tensors if tensor.size is None}):
        yield f"The size of tensors of {', '.join(unknown[:5])} is not known, so not all was held against it."
