from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook import layout
from rollbook.layout import Kind, Place, place
from rollbook.names import MODEL_NAME, VERSION, is_model_name, is_version

models = st.from_regex(MODEL_NAME, fullmatch=True).filter(is_model_name)
versions = st.from_regex(VERSION, fullmatch=True).filter(is_version)


@given(models, versions)
def test_every_path_the_layout_builds_is_understood(model, version):
    assert place(layout.model_path(model)) == Place(Kind.MODEL, model)
    assert place(layout.stages_path(model)) == Place(Kind.STAGES, model)
    assert place(layout.manifest_path(model, version)) == Place(Kind.MANIFEST, model, version)
    assert place(layout.pointer_path(model, version, "m.onnx")) == Place(Kind.POINTER, model, version)


@given(models, versions)
def test_directories_hold_the_paths_of_their_files(model, version):
    directory = layout.version_directory(model, version)
    assert directory == f"{layout.versions_directory(model)}/{version}"
    assert directory.startswith(layout.model_directory(model))
    assert layout.manifest_path(model, version).startswith(f"{directory}/")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("version.yaml", Kind.MANIFEST),
        ("model.onnx.dvc", Kind.POINTER),
        ("sample-input.json", Kind.SAMPLE_INPUT),
        ("requirements.txt", Kind.REQUIREMENTS),
        ("environment.yml", Kind.REQUIREMENTS),
        ("conda-lock.yml", Kind.REQUIREMENTS),
        ("pixi.lock", Kind.REQUIREMENTS),
        ("environment.yaml", Kind.STRAY),
        ("card.md", Kind.CARD),
        ("notes.yaml", Kind.NOTES),
        ("removed.yaml", Kind.REMOVAL),
        ("imported.yaml", Kind.IMPORT),
        ("model.sig", Kind.MODEL_SIGNATURE),
        ("provenance.jsonl", Kind.PROVENANCE),
        ("provenance.json", Kind.STRAY),
        ("evidence/evaluation-1.yaml", Kind.EVIDENCE),
        ("evidence/smoke-test-12.yaml", Kind.EVIDENCE),
        ("evidence/smoke-test-12/report.html.dvc", Kind.ATTACHMENT),
    ],
)
def test_each_file_of_a_version_has_its_kind(name, kind):
    assert place(f"registry/risk/credit/versions/1.0.0/{name}") == Place(kind, "risk/credit", "1.0.0")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("registry/policy.yaml", Kind.POLICY),
        ("registry/.gitignore", Kind.REGISTRY_FILE),
        ("registry/README.md", Kind.REGISTRY_FILE),
        ("registry/allowed_signers", Kind.REGISTRY_FILE),
    ],
)
def test_each_file_of_the_registry_has_its_kind(path, kind):
    assert place(path) == Place(kind)


@pytest.mark.parametrize(
    "path",
    [
        "registry/stray.txt",
        "registry/m/stray.txt",
        "registry/m/versions/x.txt",
        "registry/m/versions/1.0.0/sub/x.dvc",
        "registry/m/versions/1.0.0/evidence/x.yaml",
        "registry/m/versions/1.0.0/evidence/report.html.dvc",
        "registry/m/versions/1.0.0/evidence/x/report.html.dvc",
        "registry/m/versions/1.0.0/evidence/evaluation-1/report.html",
        "registry/m/versions/1.0.0/evidence/evaluation-1/more/report.html.dvc",
        "registry/m/versions/1.0.0/evidence/evaluation-0.yaml",
        "registry/m/versions/1.0.0/evidence/evaluation-1.yaml\n",
        "registry/m/versions/1.0.0/model.onnx",
        "registry/a/b/c/model.yaml",
        "registry/-m/model.yaml",
        "registry/versions/model.yaml",
        "registry/con/stages.yaml",
        "registry/m\n/model.yaml",
        "registry/m/model.yaml\n",
        "registry/../policy.yaml",
        "policy.yaml",
        "README.md",
        "",
        "registry/m/versions/1.0.0/.dvc",
        "registry/POLICY.yaml",
        "registry/cr\u0435dit/model.yaml",
    ],
)
def test_a_path_the_layout_has_no_room_for_is_stray(path):
    assert place(path).kind is Kind.STRAY


@given(st.text(max_size=30) | st.from_regex(r"registry/[a-z/.\n]{0,20}", fullmatch=True))
def test_any_path_has_a_place(path):
    assert isinstance(place(path), Place)


def test_what_is_fixed_at_registration_is_write_once():
    assert {kind.value for kind in layout.WRITE_ONCE} == {
        "version",
        "pointer",
        "sample-input",
        "requirements",
        "evidence",
        "attachment",
        "removed",
        "imported",
        "origin",
        "model-signature",
        "provenance",
    }
