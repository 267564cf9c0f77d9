from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from building.texts import POLICY, manifest, model
from building.work_tree import new_repository
from building.world import git, rollbook

if TYPE_CHECKING:
    from pathlib import Path

CHILD = 'lineage: {parents: [base@1.0.0], data: [{name: "own\\u200b"}]}\n'
BASE = f"lineage: {{data: [{{name: customers, version: 2024-q1}}], code: {{commit: {'c' * 40}}}}}\n"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    files = {
        "registry/policy.yaml": POLICY,
        "registry/base/model.yaml": model("base"),
        "registry/base/versions/1.0.0/version.yaml": manifest("base", "1.0.0", BASE),
        "registry/m/model.yaml": model("m"),
        "registry/m/stages.yaml": "production: {version: 1.0.0}\n",
        "registry/m/versions/1.0.0/version.yaml": manifest("m", "1.0.0", CHILD),
    }
    return new_repository(tmp_path_factory.mktemp("lineage") / "work", files)


def test_a_tree_is_printed_by_default(root: Path) -> None:
    out = rollbook(root, "lineage", "m@production").out
    assert out.splitlines()[0] == "m@1.0.0  production"
    assert "data        customers@2024-q1" in out
    assert "\u200b" not in out


@pytest.mark.parametrize(("form", "start"), [("mermaid", "flowchart LR"), ("dot", "digraph")])
def test_a_graph_is_printed_on_request(root: Path, form: str, start: str) -> None:
    assert rollbook(root, "lineage", "m@1.0.0", "--format", form).out.startswith(start)


def test_json_has_every_ancestor(root: Path) -> None:
    found = json.loads(rollbook(root, "lineage", "m@1.0.0", "--json").out)
    assert [item["reference"] for item in found["versions"]] == ["m@1.0.0", "base@1.0.0"]
    assert json.loads(rollbook(root, "lineage", "m@1.0.0", "--format", "json").out) == found


def test_openlineage_is_a_list_of_events(root: Path) -> None:
    events = json.loads(rollbook(root, "lineage", "m@1.0.0", "--format", "openlineage").out)
    assert [event["job"]["name"] for event in events] == ["base", "m"]


@pytest.mark.parametrize(
    "source", [("--data", "customers"), ("--commit", "cccc"), ("--parent", "base@latest")]
)
def test_backwards_lists_versions_and_where_they_stand_now(root: Path, source: tuple[str, str]) -> None:
    lines = rollbook(root, "lineage", *source).out.splitlines()
    assert lines[0] == "version\tstage\taliases\truns at\tthrough"
    assert lines[-1].startswith("m@1.0.0\tproduction\t")


def test_backwards_reads_another_revision(root: Path) -> None:
    before = git(root, "rev-parse", "HEAD")
    ran = rollbook(root, "lineage", "--data", "customers", "--rev", before, "--repo", str(root), "--json")
    assert [item["via"] for item in json.loads(ran.out)] == [[], ["base@1.0.0"]]


def test_no_child_is_said_on_stderr_and_is_no_failure(root: Path) -> None:
    ran = rollbook(root, "lineage", "--parent", "m@1.0.0")
    assert (ran.code, ran.out, ran.err) == (0, "", "no version came from it\n")


def test_an_unknown_data_set_exits_with_1(root: Path) -> None:
    ran = rollbook(root, "lineage", "--data", "customer")
    assert ran.code == 1
    assert "Did you mean customers" in ran.err


@pytest.mark.parametrize(
    "call",
    [
        [],
        ["m@1.0.0", "--data", "customers"],
        ["--data", "a", "--commit", "b"],
        ["--data", "a", "--format", "dot"],
    ],
)
def test_a_call_that_asks_for_nothing_or_two_things_is_wrong(root: Path, call: list[str]) -> None:
    assert rollbook(root, "lineage", *call).code == 2


def test_bom_prints_a_cyclonedx_document(root: Path) -> None:
    pytest.importorskip("cyclonedx")
    found = json.loads(rollbook(root, "bom", "m@production").out)
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
