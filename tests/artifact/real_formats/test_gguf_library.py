"""GGUF files of every type that its library writes, read as it reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from artifact.formats.samples import artifact_at
from rollbook.artifact.formats.detection import detect_format
from rollbook.artifact.formats.ggml_types import FILE_TYPES, TENSOR_TYPES
from rollbook.artifact.formats.reading import read_contents

if TYPE_CHECKING:
    from pathlib import Path

gguf = pytest.importorskip("gguf")


def test_the_types_are_those_of_the_library() -> None:
    sizes = {int(kind): (kind.name, *size) for kind, size in gguf.GGML_QUANT_SIZES.items()}
    assert sizes.items() <= TENSOR_TYPES.items()
    assert {int(kind) for kind in gguf.LlamaFileType} - {1024} <= FILE_TYPES.keys()


@pytest.mark.parametrize("kind", sorted(TENSOR_TYPES))
def test_a_tensor_of_each_type_has_its_bytes(tmp_path: Path, kind: int) -> None:
    name, block, size = TENSOR_TYPES[kind]
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    raw = np.zeros((3, 2 * size), dtype=np.uint8)
    writer.add_tensor("w", raw, raw_shape=raw.shape, raw_dtype=gguf.GGMLQuantizationType(kind))
    writer.add_tensor("last", np.zeros(5, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    reader = gguf.GGUFReader(tmp_path / "m.gguf")
    facts = read_contents(artifact_at(tmp_path / "m.gguf"), "gguf").facts
    assert detect_format(tmp_path / "m.gguf") == "gguf"
    assert facts["parameters"] == sum(int(tensor.n_elements) for tensor in reader.tensors) == 6 * block + 5
    assert name in dict(facts["tensor_types"])  # type: ignore[arg-type]
