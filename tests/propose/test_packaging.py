"""A version in another format: what is proposed, what it keeps of its parent, and what is refused."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import sys
import venv
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from building.models import SAMPLE, trained
from building.world import rollbook
from rollbook import Registry
from rollbook.artifact.conversion.converting import Converted, convert

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import Ran, World

BRANCH = "rollbook/register/credit/1.1.0"
DIRECTORY = "registry/credit/versions/1.1.0"


def make_ready(world: World) -> None:
    """credit@1.0.0 is a pipeline in a joblib file, with facts, a sample and an environment."""
    (world.root / "sample.json").write_text(SAMPLE)
    (world.root / "requirements.txt").write_text("scikit-learn==1.9.1\n")
    facts = ("--metric", "auc=0.91", "--param", "C=1.0", "--tag", "reviewed", "--data", "loans@2026-10")
    files = ("--sample-input", "../sample.json", "--requirements", "../requirements.txt")
    artifact = world.artifact(trained().joblib, "model.joblib")
    world.run("register", "credit", str(artifact), "--version", "1.0.0", *facts, *files, "--land")


@pytest.fixture
def ready(template: Template, tmp_path: Path) -> World:
    return template(make_ready).copy(tmp_path / "ready")


def package(world: World, *options: str, reference: str = "credit@1.0.0") -> Ran:
    return rollbook(world.registry, "package", reference, *options)


def proposed(world: World, path: str) -> Any:
    return yaml.safe_load(world.git("show", f"{BRANCH}:{DIRECTORY}/{path}"))


def branches(world: World) -> list[str]:
    return world.git("branch", "--list", "rollbook/*", "--format=%(refname:short)").split()


def nothing_is_proposed(world: World, ran: Ran, code: int = 1) -> str:
    assert (ran.code, ran.out, branches(world)) == (code, "", [])
    return ran.err


def test_one_commit_has_the_version_and_the_comparison(ready: World):
    ran = package(ready, "--to", "onnx", "--trust")
    assert (ran.code, ran.out.strip()) == (0, BRANCH)
    added = ready.git("diff-tree", "-r", "--no-commit-id", "--name-only", "main", BRANCH).splitlines()
    names = ["evidence/conversion-1.yaml", "model.onnx.dvc", "requirements.txt", "sample-input.json"]
    assert added == [f"{DIRECTORY}/{name}" for name in [*names, "version.yaml"]]
    manifest = proposed(ready, "version.yaml")
    assert manifest["artifact"]["format"] == "onnx"
    assert manifest["lineage"]["parents"] == ["credit@1.0.0"]
    assert manifest["description"].startswith("Converted from joblib of credit@1.0.0 to onnx by skl2onnx ")
    evidence = proposed(ready, "evidence/conversion-1.yaml")
    assert (evidence["kind"], evidence["passed"]) == ("conversion", True)
    assert evidence["artifact_sha256"] == manifest["artifact"]["sha256"]
    assert evidence["data"] == {
        "name": "sample-input.json",
        "digest": hashlib.sha256(SAMPLE.encode()).hexdigest(),
    }
    metrics = evidence["metrics"]
    assert (metrics["rows"], metrics["tolerance"], metrics["equal_labels"]) == (4, 1e-5, 1)
    assert metrics["max_absolute_difference"] < 1e-6
    assert evidence["extra"]["versions"]["skl2onnx"]
    # The same again finds the branch that stands.
    assert package(ready, "--to", "onnx", "--trust").out.strip() == BRANCH
    assert branches(ready) == [BRANCH]
    # It lands, and what it came from is its lineage.
    ready.land(BRANCH)
    assert "credit@1.0.0" in ready.run("lineage", "credit@1.1.0").out
    ready.run("check", "--all")


def test_the_same_skops_again_finds_the_branch_that_stands(ready: World):
    first = package(ready, "--to", "skops", "--trust").out.strip()
    again = package(ready, "--to", "skops", "--trust")
    assert (again.code, again.out.strip(), branches(ready)) == (0, first, [first])


def test_facts_of_the_parent_are_carried_over_and_what_is_its_own_is_not(ready: World):
    packaged = Registry.open(ready.registry).package(
        "credit@1.0.0", "skops", trust=True, version="2.0.0", name="safe.skops"
    )
    assert (packaged.proposed.version, packaged.source_format, packaged.new_outputs) == (
        "2.0.0",
        "joblib",
        (),
    )
    manifest = yaml.safe_load(
        ready.git("show", f"{packaged.proposed.branch}:registry/credit/versions/2.0.0/version.yaml")
    )
    parent = yaml.safe_load(ready.git("show", "main:registry/credit/versions/1.0.0/version.yaml"))
    for name in ("metrics", "hyperparameters", "signature", "environment"):
        assert manifest[name] == parent[name]
    assert manifest["lineage"]["data"] == parent["lineage"]["data"]
    assert "The metrics were measured on credit@1.0.0." in manifest["description"]
    assert "tags" not in manifest
    assert manifest["artifact"]["path"] == "safe.skops"


def test_json_tells_how_they_compare(ready: World):
    ran = package(ready, "--to", "onnx", "--trust", "--json", "--bump", "major")
    told = json.loads(ran.out)
    assert told["proposed"]["version"] == "2.0.0"
    assert told["comparisons"][0] == "prediction and label: 4 of 4 labels are equal"


def test_what_a_converter_notes_is_described_remarked_and_in_the_evidence(
    ready: World, monkeypatch: pytest.MonkeyPatch
):
    def noting(*given: Any) -> Converted:
        return replace(convert(*given), notes=("traced on the sample",))

    monkeypatch.setattr("rollbook.propose.packaging.convert", noting)
    ran = package(ready, "--to", "onnx", "--trust")
    assert "it was traced on the sample" in ran.err
    assert "It was traced on the sample." in proposed(ready, "version.yaml")["description"]
    assert "; traced on the sample; 4 rows; " in proposed(ready, "evidence/conversion-1.yaml")["summary"]


def test_nothing_is_unpickled_without_trust(ready: World):
    said = nothing_is_proposed(ready, package(ready, "--to", "onnx"))
    assert "needs trust" in said
    assert "--trust" in said


def test_a_format_that_can_not_be_converted_is_refused_before_its_bytes_are_brought(ready: World):
    ready.artifacts.rename(ready.root / "away")
    said = nothing_is_proposed(ready, package(ready, "--to", "torchscript", "--trust"))
    assert "joblib can't be converted to torchscript" in said
    assert "onnx from joblib" in said


def test_a_version_without_a_sample_is_refused(ready: World):
    ready.run("register", "bare", "../model.joblib", "--version", "1.0.0", "--land")
    said = nothing_is_proposed(ready, package(ready, "--to", "onnx", "--trust", reference="bare@1.0.0"), 2)
    assert "the version has no sample-input.json" in said
    assert "--input" in said


def test_rows_may_be_given(ready: World):
    ready.run("register", "bare", "../model.joblib", "--version", "1.0.0", "--land")
    ran = package(ready, "--to", "skops", "--trust", "--input", "../sample.json", reference="bare@1.0.0")
    assert ran.code == 0, ran.err


def test_outputs_that_differ_are_refused_with_the_figures(ready: World):
    """ONNX's trees give floats, so a regressor is converted in them: seconds since 1970 run together."""
    import joblib
    import numpy
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeRegressor

    moments, packed = (1.7e9 + numpy.arange(100.0)).reshape(-1, 1), io.BytesIO()
    model = make_pipeline(StandardScaler(), DecisionTreeRegressor()).fit(moments, numpy.arange(100.0))
    joblib.dump(model, packed)
    (ready.root / "sample.json").write_text(json.dumps([{"at": row[0]} for row in moments[:8].tolist()]))
    ready.register("late", "1.0.0", "--sample-input", "../sample.json", content=packed.getvalue())
    said = nothing_is_proposed(ready, package(ready, "--to", "onnx", "--trust", reference="late@1.0.0"))
    assert "what was converted differs on the sample: prediction and variable: " in said
    assert "they differ by at most " in said
    assert "Nothing was proposed." in said


def test_a_pickle_that_is_no_model_proposes_nothing(ready: World):
    ready.register("odd", "1.0.0", "--sample-input", "../sample.json", content=pickle.dumps({"a": 1}))
    said = nothing_is_proposed(ready, package(ready, "--to", "skops", "--trust", reference="odd@1.0.0"))
    assert "what it holds can't predict: dict" in said


def test_a_library_that_is_missing_is_named_with_its_extra(
    ready: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    venv.create(tmp_path / "bare", symlinks=True)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bare" / "bin" / "python"))
    said = nothing_is_proposed(ready, package(ready, "--to", "onnx", "--trust"), 2)
    assert "joblib is not installed" in said or "skl2onnx is not installed" in said
    assert "pip install 'rollbook[" in said
