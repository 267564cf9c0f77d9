from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from building.texts import POLICY, STAGES, manifest, model
from building.work_tree import new_repository
from building.world import git, rollbook

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = "red \\u200b\\nsecond line\\n::error::forged\\n##[warning]forged \u0435 é"
FACTS = f"""\
description: "{HOSTILE}"
framework: {{name: scikit-learn, version: 1.5.0}}
algorithm: logistic-regression
hyperparameters: {{C: 0.1, missing: .nan, layers: [64, 32], nested: {{deep: true}}}}
metrics: {{auc: 0.91}}
features: [age, income]
signature: {{inputs: [{{name: age, dtype: int64}}, {{name: income, dtype: float64}}]}}
tags: {{"key\\n::error::forged": x}}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {
        "registry/policy.yaml": POLICY,
        "registry/m/model.yaml": model("m", "team: risk\n"),
        "registry/m/stages.yaml": STAGES,
        "registry/m/versions/1.1.0/version.yaml": manifest("m", "1.1.0", FACTS),
        "registry/m/versions/1.11.0/version.yaml": manifest("m", "1.11.0"),
    }
    return new_repository(tmp_path_factory.mktemp("show") / "work", files)


def test_a_version_is_shown_for_people(root: Path):
    lines = rollbook(root, "show", "m@production").out.splitlines()
    assert lines[0] == "m@1.1.0"
    facts = {line.split("  ")[0].strip(): line.rpartition("  ")[2] for line in lines if "  " in line}
    assert facts["stage"] == "production"
    assert facts["why"] == "AUC (jane@example.com, 2026-11-21T09:00:00Z)"
    assert facts["aliases"] == "best, champion"
    assert facts["registered"] == "2026-01-01T09:00:00Z by jane@example.com"
    assert facts["artifact"] == "registry/m/versions/1.1.0/model.onnx (onnx, 12 bytes)"
    assert facts["framework"] == "scikit-learn 1.5.0"
    assert facts["features"] == "age, income"


def test_nested_facts_are_shown_with_dotted_names(root: Path):
    out = rollbook(root, "show", "m@1.1.0").out
    for name in ("auc", "layers", "nested.deep", "inputs[0].name", "inputs[1].dtype"):
        assert f"\n  {name} " in out


def test_a_version_no_stage_names_is_shown_without_a_reason(root: Path):
    out = rollbook(root, "show", "m@1.11.0").out
    assert "stage       development" in out
    assert "why" not in out


def test_the_json_has_exactly_these_keys(root: Path):
    found = json.loads(rollbook(root, "show", "m@1.1.0", "--json").out)
    assert set(found) == {
        "model",
        "version",
        "stage",
        "deprecated",
        "signature",
        "removed",
        "imported",
        "aliases",
        "commit",
        "path",
        "transition",
        "record",
        "description",
        "tags",
        "manifest",
        "notes",
        "evidence",
        "served",
    }
    assert set(found["transition"]) == {
        "stage",
        "version",
        "reason",
        "requested_by",
        "requested_at",
        "traffic",
        "approvals",
        "sunset",
        "replacement",
        "migration",
        "override",
        "waived",
        "automatic",
        "despite",
        "revision",
    }
    assert set(found["record"]) == {
        "name",
        "owner",
        "team",
        "task",
        "use_case",
        "description",
        "tags",
        "compliance",
        "extra",
        "gates",
        "monitoring",
        "retention",
        "display_name",
        "data_classification",
    }
    assert set(found["manifest"]) == {
        "model",
        "version",
        "created_at",
        "created_by",
        "artifact",
        "description",
        "framework",
        "algorithm",
        "hyperparameters",
        "metrics",
        "features",
        "signature",
        "training",
        "environment",
        "lineage",
        "tags",
        "card",
        "extra",
        "feature_pipeline",
        "preprocessing",
        "limitations",
        "protected_groups",
        "backfilled",
    }
    assert set(found["manifest"]["artifact"]) == {"path", "format", "size", "sha256", "files", "contents"}


def test_the_json_of_a_version_no_stage_names_has_no_transition(root: Path):
    found = json.loads(rollbook(root, "show", "m@1.11.0", "--json").out)
    assert (found["stage"], found["transition"]) == ("development", None)


def test_a_number_that_json_does_not_have_is_null(root: Path):
    found = json.loads(rollbook(root, "show", "m@1.1.0", "--json").out)
    assert found["manifest"]["hyperparameters"]["missing"] is None


def test_json_is_ascii_whatever_the_files_hold(root: Path):
    out = rollbook(root, "show", "m@1.1.0", "--json").out
    assert out.isascii()
    assert json.loads(out)["manifest"]["description"].endswith("\u0435 é")


def test_hostile_text_is_shown_as_text_on_its_line(root: Path):
    out = rollbook(root, "show", "m@1.1.0").out
    assert "red \\u200b\\nsecond line\\n::error::forged" in out
    assert all(char.isprintable() or char == "\n" for char in out)
    assert not [line for line in out.splitlines() if line.lstrip().startswith(("::", "##["))]
    assert "##[warning]" not in out


def test_terminal_escapes_in_a_file_are_refused_and_not_echoed(tmp_path: Path):
    files = {
        "registry/policy.yaml": POLICY,
        "registry/m/model.yaml": model("m"),
        "registry/m/versions/1.0.0/version.yaml": manifest("m", "1.0.0", "description: \x1b]0;x\x07\n"),
    }
    ran = rollbook(new_repository(tmp_path, files), "show", "m@1.0.0")
    assert (ran.code, ran.out) == (1, "")
    assert "forbidden character U+001B" in ran.err
    assert "\x1b" not in ran.err


def on_a_terminal(root: Path, *arguments: str) -> str:
    """What the program writes to a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "rollbook", *arguments], cwd=root, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        chunks = []
        while True:
            try:
                chunk = os.read(ours, 1 << 16)
            except OSError:  # the other end is closed
                break
            if not chunk:
                break
            chunks.append(chunk)
    os.close(ours)
    assert process.returncode == 0
    return b"".join(chunks).decode()


def test_a_terminal_gets_no_escapes_but_our_own(root: Path):
    out = on_a_terminal(root, "show", "m@1.1.0")
    assert out.startswith("\x1b[1mm@1.1.0\x1b[0m")
    assert "\x1b" not in out.replace("\x1b[1m", "").replace("\x1b[0m", "")
    assert "\u200b" not in out


def test_a_terminal_gets_a_table_and_no_markup_from_files(tmp_path: Path):
    policy = "rollbook: 1\nstages: [{name: new}, {name: '[/red]'}]\n"
    files = {
        "registry/policy.yaml": policy,
        "registry/m/versions/1.0.0/version.yaml": manifest("m", "1.0.0"),
        "registry/m/stages.yaml": "'[/red]': {version: 1.0.0}\n",
    }
    out = on_a_terminal(new_repository(tmp_path, files), "list")
    assert "[/red]" in out
    assert "\t" not in out


@pytest.mark.parametrize("how", ["path", "bare", "url"])
def test_another_repository_is_shown_by_its_address(root: Path, tmp_path: Path, how):
    git(tmp_path, "clone", "--quiet", "--bare", str(root), "bare.git")
    address = {
        "path": str(root),
        "bare": str(tmp_path / "bare.git"),
        "url": (tmp_path / "bare.git").as_uri(),
    }[how]
    found = json.loads(rollbook(tmp_path, "show", "m@production", "--repo", address, "--json").out)
    assert found["version"] == "1.1.0"
