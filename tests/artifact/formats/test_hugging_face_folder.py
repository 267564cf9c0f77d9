from __future__ import annotations

import json
import pickle
import shutil
from typing import TYPE_CHECKING

import pytest

from artifact.formats.samples import FOLDER, artifact_at, sample
from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.formats.detection import UNSAFE_FORMATS, detect_format
from rollbook.artifact.formats.reading import read_contents

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    return shutil.copytree(FOLDER / "hugging-face" / "shards", tmp_path / "snapshot")


def _configure(snapshot: Path, **keys: object) -> None:
    (snapshot / "config.json").write_text(json.dumps(keys))


def test_the_configuration_and_the_weights_are_told() -> None:
    contents = read_contents(sample("hugging-face/shards"), "hugging-face")
    assert contents.facts["model_type"] == "tiny"
    assert contents.facts["architectures"] == ["TinyForSequenceClassification"]
    assert contents.facts["labels"] == ["no", "yes"]
    assert contents.facts["tokenizer"] == "TinyTokenizer"
    assert contents.facts["parameters"] == 18
    assert contents.framework == {"name": "transformers", "version": "4.57.0"}


def test_an_adapter_names_its_base_model() -> None:
    contents = read_contents(sample("hugging-face/adapter"), "hugging-face")
    assert contents.facts["base_model"] == "owner/tiny"
    assert contents.framework["name"] == "peft"


def test_code_that_loading_may_run_is_told() -> None:
    remarks = read_contents(sample("hugging-face/shards"), "hugging-face").remarks
    assert any("trust_remote_code" in remark and "modeling_tiny" in remark for remark in remarks)
    assert any("modeling_tiny.py" in remark for remark in remarks)


def test_code_of_another_repository_is_told(snapshot: Path) -> None:
    _configure(snapshot, model_type="t", auto_map={"AutoTokenizer": ["owner/other--tok.Slow", None]})
    remarks = read_contents(artifact_at(snapshot), "hugging-face").remarks
    assert any("owner/other--tok.Slow" in remark for remark in remarks)


def test_a_pickle_among_the_files_makes_the_format_unsafe(snapshot: Path) -> None:
    (snapshot / "pytorch_model.bin").write_bytes(pickle.dumps({"a": snapshot}))
    assert detect_format(snapshot) in UNSAFE_FORMATS


@pytest.mark.parametrize("name", ["config.json", "model-00001-of-00002.safetensors"])
def test_a_snapshot_that_lacks_a_part_is_broken(snapshot: Path, name: str) -> None:
    (snapshot / name).unlink()
    with pytest.raises(Broken, match="not there"):
        read_contents(artifact_at(snapshot), "hugging-face")


@pytest.mark.parametrize("text", ["[1]", "{", '{"layers": 1}', "[" * 100_000, ""])
def test_another_configuration_makes_it_plain_safetensors(snapshot: Path, text: str) -> None:
    (snapshot / "config.json").write_text(text)
    assert detect_format(snapshot) == "safetensors"


def test_values_of_other_types_are_left_out(snapshot: Path) -> None:
    _configure(
        snapshot,
        model_type={"a": 1},
        architectures=[1, "Net", None],
        vocab_size=None,
        text_config={"vocab_size": 7},
        quantization_config={"quant_method": "gptq"},
        id2label={"0": 1},
    )
    facts = read_contents(artifact_at(snapshot), "hugging-face").facts
    assert "model_type" not in facts
    assert facts["architectures"] == ["Net"]
    assert facts["quantization"] == "gptq"
    assert "labels" not in facts
