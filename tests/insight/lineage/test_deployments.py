"""Where versions run: in lineage, forwards and backwards."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pydot
import pytest
from hypothesis import given
from hypothesis import strategies as st

from building.memory import registry_of
from building.texts import POLICY, manifest, model
from building.work_tree import commit, new_repository, write
from building.world import rollbook
from rollbook import Registry
from rollbook.errors import InvalidFile
from rollbook.insight.lineage.descendants import from_data, from_version
from rollbook.insight.lineage.trace import trace
from rollbook.insight.lineage.version_story import followed
from rollbook.registry.deployments import Deployed, deployments, newest

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.registry.deployments import Deployment


def deployment(version: str, at: str, target: str = "prod", *, passed: bool = True, **more: str) -> str:
    content: dict[str, Any] = {
        "kind": "deployment",
        "model": "m",
        "version": version,
        "artifact_sha256": "a" * 64,
        "passed": passed,
        "created_at": f"{at}T09:00:00Z",
        "created_by": "ci@example.com",
        **({"target": target} if target else {}),
        **more,
    }
    return json.dumps(content)


def path(version: str, number: int = 1) -> str:
    return f"registry/m/versions/{version}/evidence/deployment-{number}.yaml"


def registry(files: dict[str, str]) -> Registry:
    seen = {"lineage": {"data": [{"name": "customers"}]}}
    manifests = {"m@1.0.0": seen, "m@1.1.0": {"lineage": {"parents": ["m@1.0.0"]}}, "m@1.2.0": {}}
    return registry_of(manifests, more=files)


def told(files: dict[str, str]) -> dict[str, list[tuple[str, str, str]]]:
    """By version: target, status, and what runs there instead."""
    found = deployments(registry(files).model("m"))
    return {
        reference: [(each.target, each.status, each.replaced_by) for each in many]
        for reference, many in found.items()
    }


def test_a_version_runs_where_it_was_deployed_last() -> None:
    files = {
        path("1.0.0"): deployment("1.0.0", "2026-01-01"),
        path("1.1.0"): deployment("1.1.0", "2026-01-02"),
    }
    assert told(files) == {
        "m@1.0.0": [("prod", "replaced", "m@1.1.0")],
        "m@1.1.0": [("prod", "running", "")],
    }


def test_a_rollback_makes_the_older_version_run_again() -> None:
    files = {
        path("1.0.0"): deployment("1.0.0", "2026-01-01"),
        path("1.1.0"): deployment("1.1.0", "2026-01-02"),
        path("1.0.0", 2): deployment("1.0.0", "2026-01-03"),
    }
    assert told(files) == {
        "m@1.0.0": [("prod", "running", "")],
        "m@1.1.0": [("prod", "replaced", "m@1.0.0")],
    }


def test_a_failed_deployment_leaves_the_target_to_what_ran_there() -> None:
    files = {
        path("1.0.0"): deployment("1.0.0", "2026-01-01"),
        path("1.1.0"): deployment("1.1.0", "2026-01-02", passed=False),
    }
    assert told(files) == {"m@1.0.0": [("prod", "running", "")], "m@1.1.0": [("prod", "failed", "")]}


def test_what_was_taken_down_runs_no_longer() -> None:
    files = {
        path("1.0.0"): deployment("1.0.0", "2026-01-01"),
        path("1.0.0", 2): deployment("1.0.0", "2026-01-02", passed=False),
    }
    assert told(files) == {"m@1.0.0": [("prod", "failed", "")]}


def test_each_target_stands_by_itself() -> None:
    files = {
        path("1.0.0"): deployment("1.0.0", "2026-01-01", "eu"),
        path("1.1.0"): deployment("1.1.0", "2026-01-02", "us"),
    }
    assert told(files) == {"m@1.0.0": [("eu", "running", "")], "m@1.1.0": [("us", "running", "")]}


def test_of_two_at_one_time_the_higher_number_counts() -> None:
    files = {
        path("1.0.0", 9): deployment("1.0.0", "2026-01-01"),
        path("1.0.0", 10): deployment("1.0.0", "2026-01-01", passed=False),
    }
    assert told(files) == {"m@1.0.0": [("prod", "failed", "")]}


def test_without_a_target_the_address_tells_it() -> None:
    files = {path("1.0.0"): deployment("1.0.0", "2026-01-01", "", uri="https://scores.example.com")}
    assert told(files) == {"m@1.0.0": [("https://scores.example.com", "running", "")]}


def test_evidence_about_another_artifact_tells_nothing() -> None:
    files = {path("1.0.0"): deployment("1.0.0", "2026-01-01").replace("a" * 64, "b" * 64)}
    assert told(files) == {}


def test_a_deployment_that_can_not_be_read_is_named() -> None:
    broken = registry({path("1.0.0"): "{"})
    with pytest.raises(InvalidFile, match="deployment-1"):
        deployments(broken.model("m"))
    with pytest.raises(InvalidFile, match="deployment-1"):
        from_data(broken, "customers")


told_things = st.lists(
    st.builds(
        Deployed,
        reference=st.sampled_from(["m@1.0.0", "m@1.1.0", "m@1.2.0"]),
        number=st.integers(1, 5),
        target=st.sampled_from(["eu", "us"]),
        passed=st.booleans(),
        at=st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-03"]),
        by=st.just("ci@example.com"),
        uri=st.just(""),
    ),
    max_size=12,
    unique_by=lambda each: (each.reference, each.number),
)


@given(told_things)
def test_at_most_one_version_runs_on_a_target_and_replaces_all_others(told: list[Deployed]) -> None:
    found = newest(told)
    everything = [(reference, each) for reference, many in found.items() for each in many]
    assert {(reference, each.target) for reference, each in everything} == {
        (each.reference, each.target) for each in told
    }
    for target in ("eu", "us"):
        here = [(reference, each) for reference, each in everything if each.target == target]
        running = [reference for reference, each in here if each.status == "running"]
        assert len(running) <= 1
        replaced = {each.replaced_by for _, each in here if each.status == "replaced"}
        assert replaced <= set(running)
        assert bool(running) == any(each.status != "failed" for _, each in here)


@given(told_things)
def test_the_order_in_which_they_are_read_does_not_matter(told: list[Deployed]) -> None:
    distinct = {each.order: each for each in told}.values()
    assert newest(distinct) == newest(reversed([*distinct]))


def test_backwards_tells_where_each_descendant_runs() -> None:
    files = {
        path("1.0.0"): deployment("1.0.0", "2026-01-01"),
        path("1.1.0"): deployment("1.1.0", "2026-01-02", "eu"),
        # Not a descendant, and it took the first one's target.
        path("1.2.0"): deployment("1.2.0", "2026-01-03"),
    }
    found = {item.reference: item.deployments for item in from_data(registry(files), "customers")}
    assert [(each.status, each.replaced_by) for each in found["m@1.0.0"]] == [("replaced", "m@1.2.0")]
    assert [(each.target, each.status) for each in found["m@1.1.0"]] == [("eu", "running")]
    (child,) = from_version(registry(files), "m@1.0.0")
    assert child.deployments == found["m@1.1.0"]


def test_forwards_and_backwards_tell_the_same() -> None:
    files = {
        path("1.0.0"): deployment("1.0.0", "2026-01-01", "", uri="https://a.example.com", created_by="x"),
        path("1.0.0", 2): deployment("1.0.0", "2026-01-02", "eu"),
        path("1.1.0"): deployment("1.1.0", "2026-01-03", "eu", passed=False),
    }
    forwards = deployments(registry(files).model("m"))
    backwards = {item.reference: item.deployments for item in from_data(registry(files), "customers")}
    assert backwards == {reference: forwards[reference] for reference in ("m@1.0.0", "m@1.1.0")}


# --- from the command line, with a history -----------------------------------------------------------------


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1.0.0 was in staging and is in production, where it runs; 1.1.0 was tried and failed."""
    lineage = "lineage: {data: [{name: customers}]}\n"
    files = {
        "registry/policy.yaml": POLICY,
        "registry/m/model.yaml": model("m"),
        "registry/m/versions/1.0.0/version.yaml": manifest("m", "1.0.0", lineage),
        "registry/m/versions/1.1.0/version.yaml": manifest("m", "1.1.0"),
    }
    root = new_repository(tmp_path_factory.mktemp("deployed") / "work", files)
    entry = (
        "{version: 1.0.0, reason: good, requested_by: jane@example.com, requested_at: 2026-11-21T09:00:00Z}"
    )
    for stage in ("staging", "production"):
        text = f"{stage}: [{entry}]\n" if stage == "staging" else f"{stage}: {entry}\n"
        write(root, {"registry/m/stages.yaml": text})
        commit(root, f"To {stage}")
    write(
        root,
        {
            path("1.0.0"): deployment("1.0.0", "2026-11-22", "eu-west/prod"),
            path("1.0.0", 2): deployment("1.0.0", "2026-11-23", '"]; x [<b>'),
            path("1.1.0"): deployment("1.1.0", "2026-11-24", "eu-west/prod", passed=False),
        },
    )
    commit(root, "Deploy")
    return root


def test_the_tree_ends_with_the_stages_and_the_deployments(root: Path) -> None:
    lines = rollbook(root, "lineage", "m@production").out.splitlines()
    kinds = [line[4:].split()[0] for line in lines[1:]]
    assert kinds == ["data", "stage", "stage", "stage", "deployment", "deployment"]
    assert [line.split()[2] for line in lines[2:5]] == ["development", "staging", "production"]
    assert "  since " in lines[4]
    assert lines[-1].endswith(
        "└── deployment  eu-west/prod  since 2026-11-22T09:00:00Z  (deployment-1 by ci@example.com)"
    )


def test_a_failed_deployment_says_so(root: Path) -> None:
    last = rollbook(root, "lineage", "m@1.1.0").out.splitlines()[-1]
    assert "eu-west/prod  failed 2026-11-24T09:00:00Z" in last


def test_json_has_stages_and_deployments(root: Path) -> None:
    found = json.loads(rollbook(root, "lineage", "m@1.0.0", "--json").out)
    assert [each["stage"] for each in found["stages"]] == ["development", "staging", "production"]
    assert [bool(each["until"]) for each in found["stages"]] == [True, True, False]
    assert [(each["target"], each["status"]) for each in found["deployments"]][1] == (
        "eu-west/prod",
        "running",
    )


def test_the_graphs_have_arrows_to_them_and_nothing_acts(root: Path) -> None:
    mermaid = rollbook(root, "lineage", "m@1.0.0", "--format", "mermaid").out
    assert mermaid.count('{{"deployment: ') == 2
    assert "<b>" not in mermaid
    assert mermaid.count("n0 --> ") == 5
    (graph,) = pydot.graph_from_dot_data(rollbook(root, "lineage", "m@1.0.0", "--format", "dot").out)
    assert sum("deployment:" in node.get("label") for node in graph.get_nodes() if node.get("label")) == 2


def test_openlineage_has_an_event_for_each_deployment(root: Path) -> None:
    events = json.loads(rollbook(root, "lineage", "m@1.0.0", "--format", "openlineage").out)
    last = events[-1]
    assert (last["eventType"], last["job"]["name"]) == ("COMPLETE", "m/deployment/eu-west/prod")
    assert last["inputs"][0]["name"] == "m"
    failed = json.loads(rollbook(root, "lineage", "m@1.1.0", "--format", "openlineage").out)[-1]
    assert failed["eventType"] == "FAIL"


def test_the_list_of_descendants_says_where_they_run(root: Path) -> None:
    lines = rollbook(root, "lineage", "--data", "customers").out.splitlines()
    assert lines[1].split("\t")[:2] == ["m@1.0.0", "production"]
    assert lines[1].endswith(", eu-west/prod\t")
    (found,) = json.loads(rollbook(root, "lineage", "--data", "customers", "--json").out)
    assert [each["status"] for each in found["deployments"]] == ["running", "running"]


def test_without_history_the_present_stage_is_told(root: Path, tmp_path: Path) -> None:
    import subprocess

    clone = tmp_path / "shallow"
    subprocess.run(["git", "clone", "-q", "--depth=1", root.as_uri(), str(clone)], check=True)
    found = json.loads(rollbook(clone, "lineage", "m@1.0.0", "--json").out)
    assert found["stages"] == [{"stage": "production", "since": "2026-11-21T09:00:00Z", "until": ""}]


def test_a_repository_elsewhere_tells_what_a_clone_tells(root: Path, tmp_path: Path) -> None:
    call = ("lineage", "m@1.0.0", "--json")
    assert rollbook(tmp_path, *call, "--repo", root.as_uri()).out == rollbook(root, *call).out


def test_a_stage_that_is_only_checked_out_is_told_as_it_stands(root: Path, tmp_path: Path) -> None:
    import subprocess

    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(root), str(clone)], check=True)
    entry = "{version: 1.1.0, reason: a, requested_by: j@example.com, requested_at: 2026-11-25T09:00:00Z}"
    write(clone, {"registry/m/stages.yaml": f"staging: [{entry}]\n"})
    with Registry.open(clone) as registry:
        found = followed(registry, trace(registry, "m@1.1.0"))
    wanted = [] if registry.snapshot.commit else ["staging"]
    assert [each.stage for each in found.stood if each.stage == "staging"] == wanted


def test_the_newest_says_which_evidence_it_is() -> None:
    files = {path("1.0.0", 3): deployment("1.0.0", "2026-01-01")}
    (found,) = deployments(registry(files).model("m"))["m@1.0.0"]
    one: Deployment = found
    assert (one.evidence, one.by, one.at) == ("deployment-3", "ci@example.com", "2026-01-01T09:00:00Z")
