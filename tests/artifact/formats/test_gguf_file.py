from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from artifact.formats.samples import artifact_at, sample
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.formats.reading import read_contents

if TYPE_CHECKING:
    from pathlib import Path

_BYTE, _INTEGER, _TEXT, _LIST = 0, 4, 8, 9


def _text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def _pair(key: str, kind: int, value: bytes) -> bytes:
    return _text(key) + struct.pack("<I", kind) + value


def _tensor(name: str, shape: list[int], kind: int = 0, offset: int = 0) -> bytes:
    sizes = struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
    return _text(name) + sizes + struct.pack("<IQ", kind, offset)


def _read(
    folder: Path,
    pairs: list[bytes] | None = None,
    tensors: list[bytes] | None = None,
    *,
    data: int = 0,
    counts: tuple[int, int] | None = None,
    version: int = 3,
) -> Contents:
    pairs, tensors = pairs or [], tensors or []
    start = b"GGUF" + struct.pack("<IQQ", version, *(counts or (len(tensors), len(pairs))))
    header = start + b"".join([*pairs, *tensors])
    (folder / "m.gguf").write_bytes(header + bytes(-len(header) % 32 + data))
    return read_contents(artifact_at(folder / "m.gguf"), "gguf")


@pytest.mark.parametrize("name", ["gguf/model.gguf", "gguf/big-endian.gguf"])
def test_what_the_library_wrote_is_told(name: str) -> None:
    facts = read_contents(sample(name), "gguf").facts
    assert facts["architecture"] == "llama"
    assert facts["file_type"] == "Q8_0"
    assert facts["context_length"] == 128
    assert facts["vocab_size"] == 4
    assert facts["tensor_types"] == {"F32": 1, "Q8_0": 1}
    assert facts["parameters"] == 160


def test_the_context_length_is_that_of_the_architecture(tmp_path: Path) -> None:
    length = struct.pack("<I", 9)
    pairs = [
        _pair("phi.context_length", _INTEGER, length),
        _pair("llama.context_length", _INTEGER, struct.pack("<I", 7)),
        _pair("general.architecture", _TEXT, _text("phi")),
    ]
    assert _read(tmp_path, pairs).facts["context_length"] == 9


def test_a_list_of_lists_is_passed_over(tmp_path: Path) -> None:
    inner = struct.pack("<IQ", _BYTE, 3) + b"abc"
    pairs = [
        _pair("x", _LIST, struct.pack("<IQ", _LIST, 2) + inner + inner),
        _pair("general.name", _TEXT, _text("n")),
    ]
    assert _read(tmp_path, pairs).facts["name"] == "n"


def test_a_long_text_is_kept_in_part(tmp_path: Path) -> None:
    facts = _read(tmp_path, [_pair("general.name", _TEXT, _text("x" * 100_000))]).facts
    assert facts["name"] == "x" * 200


def test_a_part_of_a_model_says_so(tmp_path: Path) -> None:
    pairs = [
        _pair("split.no", 2, struct.pack("<H", 1)),
        _pair("split.count", 2, struct.pack("<H", 3)),
    ]
    (remark,) = _read(tmp_path, pairs).remarks
    assert "part 2 of 3" in remark


def test_a_tensor_of_an_unknown_type_is_remarked_on(tmp_path: Path) -> None:
    contents = _read(tmp_path, tensors=[_tensor("a", [4], 999)])
    assert contents.facts["tensor_types"] == {"type-999": 1}
    assert "type-999" in contents.remarks[0]


@pytest.mark.parametrize(
    ("pairs", "tensors", "options", "why"),
    [
        ([], [], {"counts": (1 << 60, 0)}, "tensors, for which there is no room"),
        ([], [], {"counts": (0, 1 << 60)}, "keys, for which there is no room"),
        ([], [], {"version": 1}, "version 1 of GGUF"),
        ([], [], {"version": 99}, "version 99 of GGUF"),
        ([_pair("a", _LIST, struct.pack("<IQ", _BYTE, 1 << 60))], [], {}, "no room"),
        ([_pair("a", _LIST, struct.pack("<IQ", _LIST, 1) * 9)], [], {}, "deep|no room"),
        ([_pair("a", _TEXT, struct.pack("<Q", 1 << 60))], [], {}, "bytes"),
        ([_pair("a", 77, b"")], [], {}, "unknown type 77"),
        ([_pair("a", _BYTE, b"x")] * 2, [], {}, "stands in it twice"),
        ([_pair("general.alignment", _INTEGER, bytes(4))], [], {}, "alignment"),
        ([], [_tensor("a", [8])], {"data": 31}, "1 bytes are missing"),
        ([], [_tensor("a", [8]), _tensor("b", [8])], {"data": 64}, "begin amid"),
        ([], [_tensor("a", [8]), _tensor("a", [8], 0, 32)], {"data": 64}, "twice"),
        ([], [_tensor("a", [8], 0, 5)], {"data": 64}, "not aligned"),
        ([], [_tensor("a", [1 << 60] * 8)], {"data": 64}, "missing"),
        ([], [_tensor("a", [1] * 9)], {"data": 64}, "9 dimensions"),
    ],
)
def test_a_file_that_lies_is_told(
    tmp_path: Path, pairs: list[bytes], tensors: list[bytes], options: dict[str, int], why: str
) -> None:
    with pytest.raises(Broken, match=why):
        _read(tmp_path, pairs, tensors, **options)  # type: ignore[arg-type]
