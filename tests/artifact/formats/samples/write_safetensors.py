"""Write the samples of safetensors and Hugging Face snapshots: needs safetensors and NumPy.

python tests/artifact/formats/samples/write_safetensors.py
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

HERE = Path(__file__).parent
SHARDS = {
    "model-00001-of-00002.safetensors": {"embed.weight": np.zeros((4, 2), dtype=np.float16)},
    "model-00002-of-00002.safetensors": {
        "head.weight": np.ones((2, 4), dtype=np.float32),
        "head.bias": np.ones((2,), dtype=np.float32),
    },
}
CONFIG = {
    "architectures": ["TinyForSequenceClassification"],
    "auto_map": {"AutoModel": "modeling_tiny.TinyForSequenceClassification"},
    "id2label": {"0": "no", "1": "yes"},
    "hidden_size": 2,
    "max_position_embeddings": 16,
    "model_type": "tiny",
    "num_hidden_layers": 1,
    "torch_dtype": "float16",
    "transformers_version": "4.57.0",
    "vocab_size": 4,
}


def write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")


def write_shards(folder: Path) -> None:
    folder.mkdir(parents=True)
    places, size = {}, 0
    for name, tensors in SHARDS.items():
        save_file(tensors, folder / name, metadata={"format": "pt"})
        places |= dict.fromkeys(tensors, name)
        size += sum(tensor.nbytes for tensor in tensors.values())
    index = {"metadata": {"total_size": size}, "weight_map": places}
    write_json(folder / "model.safetensors.index.json", index)


def main() -> None:
    for form in ("safetensors", "hugging-face"):
        shutil.rmtree(HERE / form, ignore_errors=True)
        write_shards(HERE / form / "shards")
    save_file(SHARDS["model-00002-of-00002.safetensors"], HERE / "safetensors" / "model.safetensors")
    snapshot = HERE / "hugging-face" / "shards"
    write_json(snapshot / "config.json", CONFIG)
    write_json(snapshot / "tokenizer_config.json", {"tokenizer_class": "TinyTokenizer"})
    write_json(snapshot / "tokenizer.json", {"version": "1.0", "model": {"type": "BPE", "vocab": {"a": 0}}})
    (snapshot / "modeling_tiny.py").write_text("class TinyForSequenceClassification: ...\n")
    adapter = HERE / "hugging-face" / "adapter"
    adapter.mkdir()
    save_file({"lora_A.weight": np.zeros((1, 2), dtype=np.float32)}, adapter / "adapter_model.safetensors")
    write_json(
        adapter / "adapter_config.json",
        {"base_model_name_or_path": "owner/tiny", "peft_type": "LORA", "task_type": "SEQ_CLS"},
    )


if __name__ == "__main__":
    main()
