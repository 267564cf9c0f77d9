"""The name of an artifact: its own, one that is given, or one like it that is proposed."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollbook.errors import BadCall
from rollbook.propose.artifact_names import artifact_name, lawful_name, unlawful_name

NAMES = {
    "my model.pkl": "my-model.pkl",
    "модель.pkl": "model.pkl",
    "größe.onnx": "groe.onnx",
    "rf[100].joblib": "rf-100.joblib",
    "model:latest.bin": "model-latest.bin",
    ".model.bin": "model.bin",
    "-x.bin": "x.bin",
    "card.md": "model.md",
    "con.txt": "model.txt",
    "weights.dvc": "model",
    "x" * 300 + ".bin": "x" * 116 + ".bin",
    "日本": "model",
}


@pytest.mark.parametrize(("name", "proposed"), NAMES.items())
def test_a_name_like_it_is_proposed_that_a_registry_can_hold(name: str, proposed: str) -> None:
    with pytest.raises(BadCall, match="can't be an artifact's name") as refused:
        artifact_name(Path(name))
    assert refused.value.hint.endswith(f"--as {proposed}")
    assert lawful_name(name) == proposed
    assert not unlawful_name(proposed)


def test_a_given_name_stands_for_its_own(tmp_path: Path) -> None:
    assert artifact_name(tmp_path / "my model.pkl", "model.pkl") == "model.pkl"
