"""What the folder of a model that MLflow saved says of its environment and its algorithm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.mlflow_tracking import REQUIREMENTS, model_folder
from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
from rollbook.transfer.mlflow.model_folder_facts import model_folder_facts, saved_by

if TYPE_CHECKING:
    from pathlib import Path


def opened(folder: Path) -> ArtifactBytes:
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    return ArtifactBytes("model", files, is_folder=True)


def test_the_environment_is_what_was_saved_with_the_model(tmp_path: Path) -> None:
    facts, attachments = model_folder_facts(opened(model_folder(tmp_path / "model")))
    assert attachments == {"requirements.txt": REQUIREMENTS.encode()}
    assert facts.fields["environment"]["python"] == "3.11.7"
    assert facts.fields["environment"]["requirements"] == "requirements.txt"


def test_the_algorithm_is_the_class_that_the_flavour_names(tmp_path: Path) -> None:
    facts, _ = model_folder_facts(opened(model_folder(tmp_path / "model")))
    assert facts.fields["algorithm"] == "XGBClassifier"


@pytest.mark.parametrize(
    ("requirements", "reason"),
    [(b"\xff\xfe\x00", "no UTF-8"), (b" \n", "empty"), (b"x" * (1 << 21), "more than 1,048,576 bytes")],
)
def test_requirements_that_can_not_stand_beside_a_manifest_are_told(
    tmp_path: Path, requirements: bytes, reason: str
) -> None:
    folder = model_folder(tmp_path / "model")
    (folder / "requirements.txt").write_bytes(requirements)
    facts, attachments = model_folder_facts(opened(folder))
    assert attachments == {}
    assert facts.left_out == (f"requirements.txt: {reason}",)


@pytest.mark.parametrize(
    "document", ["", "[1]", "flavors: [1]", "flavors: {python_function: 7}", "a: &a [*a]", "\x00"]
)
def test_what_is_no_description_of_a_model_tells_nothing(tmp_path: Path, document: str) -> None:
    (tmp_path / "MLmodel").write_text(document)
    facts, attachments = model_folder_facts(opened(tmp_path))
    assert (facts.fields, attachments) == ({}, {})
    assert saved_by(opened(tmp_path)) == ("", "")


def test_a_folder_that_is_no_model_of_mlflows_keeps_its_requirements_for_itself(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(REQUIREMENTS)
    assert model_folder_facts(opened(tmp_path))[1] == {}


def test_the_run_and_the_logged_model_that_saved_it_are_named(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "model", run_id="r1", model_id="m-1")
    assert saved_by(opened(folder)) == ("r1", "m-1")
