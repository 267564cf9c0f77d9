"""Write the samples of GGUF: `python tests/artifact/formats/samples/write_gguf.py`. Needs gguf."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFEndian, GGUFWriter, LlamaFileType, quants

HERE = Path(__file__).parent / "gguf"


def write(path: Path, order: GGUFEndian) -> None:
    writer = GGUFWriter(path, "llama", endianess=order)
    writer.add_name("Tiny")
    writer.add_license("apache-2.0")
    writer.add_context_length(128)
    writer.add_embedding_length(32)
    writer.add_block_count(1)
    writer.add_file_type(LlamaFileType.MOSTLY_Q8_0)
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(["<s>", "</s>", "a", "b"])
    writer.add_token_scores([0.0, 0.0, -1.0, -2.0])
    writer.add_chat_template("{{ messages }}")
    writer.add_bool("llama.tiny", True)
    writer.add_float32("llama.rope.freq_base", 10000.0)
    weights = np.arange(128, dtype=np.float32).reshape(4, 32)
    writer.add_tensor("output_norm.weight", weights[0])
    packed = quants.quantize(weights, GGMLQuantizationType.Q8_0)
    writer.add_tensor("token_embd.weight", packed, raw_dtype=GGMLQuantizationType.Q8_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir()
    write(HERE / "model.gguf", GGUFEndian.LITTLE)
    write(HERE / "big-endian.gguf", GGUFEndian.BIG)


if __name__ == "__main__":
    main()
