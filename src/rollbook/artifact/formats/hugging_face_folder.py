"""What a snapshot of a model from the Hugging Face Hub says of itself: its `config.json`, its tokenizer and
the headers of its weights.

https://huggingface.co/docs/transformers/main_classes/configuration has the keys. Nothing is asked of the Hub.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.artifact.formats.bounded_json import read_json_object
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.formats.safetensors_file import read_tensors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact

CONFIG = "config.json"
ADAPTER_CONFIG = "adapter_config.json"
_MOST_CONFIG = 4 << 20  # bytes
# A key of the configuration, and what the fact is called.
_KEYS = {
    "model_type": "model_type",
    "architectures": "architectures",
    "torch_dtype": "torch_dtype",
    "dtype": "torch_dtype",  # since Transformers 4.56
    "transformers_version": "transformers_version",
    "vocab_size": "vocab_size",
    "hidden_size": "hidden_size",
    "num_hidden_layers": "layers",
    "max_position_embeddings": "context_length",
    "problem_type": "problem_type",
    "peft_type": "adapter",
    "task_type": "task_type",
    "base_model_name_or_path": "base_model",
}
_TOKENIZER_FILES = (
    "merges.txt",
    "preprocessor_config.json",
    "processor_config.json",
    "sentencepiece.bpe.model",
    "special_tokens_map.json",
    "spiece.model",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
)
_TOKENIZER_CONFIG = "tokenizer_config.json"


def read(artifact: ArtifactBytes) -> Contents:
    """Read the configuration of a snapshot, and count what is in its weights. Raises Broken where these are
    not whole, or the configuration is no JSON object."""
    name = CONFIG if CONFIG in artifact.files else ADAPTER_CONFIG
    config = _document(artifact, name)
    tokenizer = _document(artifact, _TOKENIZER_CONFIG) if _TOKENIZER_CONFIG in artifact.files else {}
    tensors, remarks, shards = read_tensors(artifact)
    facts: dict[str, Fact] = {
        **_configured(config),
        **_labels(config),
        **({"tokenizer": text} if (text := _text(tokenizer.get("tokenizer_class"))) else {}),
        "tokenizer_files": [file for file in _TOKENIZER_FILES if file in artifact.files],
        "weights": "safetensors",
        "shards": shards,
        **tensors.facts(),
    }
    version = _text(config.get("transformers_version"))
    return Contents(
        facts,
        {"name": "peft" if name == ADAPTER_CONFIG else "transformers", "version": version},
        remarks=(*remarks, *_remarks(artifact, {name: config, _TOKENIZER_CONFIG: tokenizer})),
    )


def _document(artifact: ArtifactBytes, name: str) -> dict[str, Any]:
    if name not in artifact.files:
        raise Broken(f"{name} is not there")
    return read_json_object(artifact.read(name, _MOST_CONFIG), name)


def _configured(config: Mapping[str, Any]) -> dict[str, Fact]:
    """Return the facts of a configuration. Where a model is of several parts, those of its text are meant."""
    text_config = config.get("text_config")
    inner = text_config if isinstance(text_config, dict) else {}
    facts: dict[str, Fact] = {}
    for key, name in _KEYS.items():
        value = config.get(key, inner.get(key))
        if isinstance(value, list):
            facts.setdefault(name, [text for entry in value[:20] if (text := _text(entry))])
        elif isinstance(value, str | int) and value != "":
            facts.setdefault(name, value)
    quantization = config.get("quantization_config")
    method = _text(quantization.get("quant_method")) if isinstance(quantization, dict) else ""
    return {**facts, **({"quantization": method} if method else {})}


def _labels(config: Mapping[str, Any]) -> dict[str, Fact]:
    labels = config.get("id2label")
    if not isinstance(labels, dict) or not all(isinstance(label, str) for label in labels.values()):
        return {}
    return {"labels": [*labels.values()]}


def _text(value: object) -> str:
    return value[:200] if isinstance(value, str) else ""


def _remarks(artifact: ArtifactBytes, documents: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, document in documents.items():
        if classes := [*_classes(document.get("auto_map"))]:
            yield (
                f"Loading it with trust_remote_code=True runs Python that {name} names: "
                f"{', '.join(classes[:5])}."
            )
    if modules := sorted(path for path in artifact.files if path.endswith(".py")):
        yield f"It brings Python along: {', '.join(modules[:5])}."


def _classes(auto_map: object) -> Iterator[str]:
    """Yield the classes that an `auto_map` names, of this repository (`modeling.Net`) or of another one
    (`owner/name--modeling.Net`)."""
    for value in auto_map.values() if isinstance(auto_map, dict) else ():
        for name in value if isinstance(value, list) else [value]:
            if isinstance(name, str):
                yield name[:100]
