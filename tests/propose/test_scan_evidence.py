"""What is registered is scanned: the evidence on it lands with the version, and malicious bytes do not."""

from __future__ import annotations

import json
import pickle
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from artifact.scan.pickles_by_hand import call
from building.world import rollbook

if TYPE_CHECKING:
    from building.world import Ran, World

GOOD = pickle.dumps(OrderedDict(a=1))
STRANGE = call("credit.features", "Binner")
BAD = call("posix", "system", "true")
EVIDENCE = "registry/credit/versions/1.0.0/evidence/scan-1.yaml"
BRANCH = "rollbook/register/credit/1.0.0"


def register(world: World, content: bytes, *options: str) -> Ran:
    path = world.artifact(content, "model.pkl")
    return rollbook(world.registry, "register", "credit", str(path), "--version", "1.0.0", *options)


def evidence(world: World, branch: str = BRANCH) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(world.git("show", f"{branch}:{EVIDENCE}"))
    return found


def test_evidence_of_a_clean_scan_is_in_the_commit_of_the_version(world: World) -> None:
    assert register(world, GOOD).code == 0
    manifest = yaml.safe_load(world.git("show", f"{BRANCH}:registry/credit/versions/1.0.0/version.yaml"))
    found = evidence(world)
    assert (found["kind"], found["passed"]) == ("scan", True)
    assert found["artifact_sha256"] == manifest["artifact"]["sha256"]
    assert found["extra"]["verdict"] == "clean"
    assert found["extra"]["globals"] == ["collections.OrderedDict"]
    assert found["tool"]["name"] == "rollbook-scan with modelaudit-picklescan"


def test_it_lands_by_every_rule_of_the_check(world: World) -> None:
    assert register(world, GOOD, "--land").code == 0
    assert evidence(world, "main")["passed"]
    assert rollbook(world.registry, "check").code == 0


def test_what_holds_no_pickle_gets_none(world: World) -> None:
    world.register("credit", "1.0.0")
    assert "/evidence/" not in world.git("ls-tree", "-r", "--name-only", "main")


def test_what_is_suspicious_is_registered_with_a_warning_and_evidence_that_says_failed(world: World) -> None:
    ran = register(world, STRANGE)
    assert ran.code == 0
    assert "credit.features.Binner, which is not on the list" in ran.err
    found = evidence(world)
    assert (found["passed"], found["extra"]["verdict"]) == (False, "suspicious")


def test_what_is_cut_off_is_inconclusive(world: World) -> None:
    assert register(world, GOOD[:-4]).code == 0
    assert evidence(world)["extra"]["verdict"] == "inconclusive"


def test_what_is_malicious_is_refused_and_leaves_nothing(world: World) -> None:
    ran = register(world, BAD)
    assert ran.code == 1
    assert "posix.system" in ran.err
    assert world.git("branch", "--list", "rollbook/*") == ""
    cache = world.registry / ".dvc" / "cache"
    assert not [path for path in cache.rglob("*") if path.is_file() and path.read_bytes() == BAD]
    assert not [path for path in world.artifacts.rglob("*") if path.is_file()]


def test_so_is_a_folder_with_a_malicious_file(world: World) -> None:
    folder = world.root / "model"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(b"weights")
    (folder / "tokenizer.bin").write_bytes(BAD)
    ran = rollbook(world.registry, "register", "credit", str(folder), "--version", "1.0.0")
    assert ran.code == 1
    assert "tokenizer.bin" in ran.err
    assert not [path for path in (world.registry / ".dvc" / "cache").rglob("*") if path.is_file()]


def test_bytes_that_were_in_the_cache_before_stay_there(world: World) -> None:
    path = world.artifact(BAD, "model.pkl")
    from rollbook.artifact.storage import open_storage

    open_storage(world.registry).add(path, "model.pkl")
    assert register(world, BAD).code == 1
    cached = [item for item in (world.registry / ".dvc" / "cache").rglob("*") if item.is_file()]
    assert [item.read_bytes() for item in cached] == [BAD]


def test_run_again_it_finds_the_branch_of_the_run_before(world: World) -> None:
    first = json.loads(register(world, GOOD, "--json").out)
    again = json.loads(register(world, GOOD, "--json").out)
    assert first["commit"] == again["commit"]


@pytest.mark.parametrize(("content", "passed"), [(GOOD, True), (STRANGE, False)])
def test_a_scan_of_a_version_can_be_put_on_record_later(world: World, content: bytes, passed: bool) -> None:
    assert register(world, content, "--land").code == 0
    ran = rollbook(world.registry, "scan", "credit@1.0.0", "--record", "--land", "--json")
    assert ran.code == (0 if passed else 1)
    path = json.loads(ran.out)["evidence"]["path"]
    assert path.endswith("scan-2.yaml")
    assert yaml.safe_load(world.git("show", f"main:{path}"))["passed"] is passed


def test_a_scan_of_a_path_needs_no_registry(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("elsewhere")
    (folder / "model.pkl").write_bytes(BAD)
    ran = rollbook(folder, "scan", str(folder / "model.pkl"), "--json")
    assert ran.code == 1
    assert json.loads(ran.out)["verdict"] == "malicious"


def test_what_can_not_be_put_on_record_is_said(world: World) -> None:
    path = world.artifact(GOOD, "model.pkl")
    assert rollbook(world.registry, "scan", str(path), "--record").code == 2
    assert rollbook(world.registry, "scan", "credit@1.0.0", "--record", "--allow", "a.B").code == 2


# The gate.


def gated(world: World, content: bytes, settings: str = "") -> Ran:
    """Register a pickle, and ask what the gate says."""
    assert register(world, content, "--land").code == 0
    world.policy(f"gates:\n  - {{gate: scan, to: [staging]{settings}}}\n")
    return rollbook(world.registry, "gates", "credit@1.0.0", "staging")


def test_the_gate_lets_a_clean_scan_pass(world: World) -> None:
    assert gated(world, GOOD).code == 0


def test_the_gate_says_what_a_scan_found(world: World) -> None:
    ran = gated(world, STRANGE)
    assert ran.code == 1
    assert "credit.features.Binner" in ran.out


def test_a_scan_that_somebody_typed_does_not_hold_when_the_bytes_are_verified(world: World) -> None:
    assert register(world, STRANGE, "--land").code == 0
    assert world.run("evidence", "add", "credit@1.0.0", "scan", "--status", "passed", "--land").code == 0
    gates = "  - {gate: scan, to: [staging]}\n  - {gate: scan, to: [production], verify: true}\n"
    world.policy(f"gates:\n{gates}")
    world.promote("credit@1.0.0", "staging")
    ran = rollbook(world.registry, "gates", "credit@1.0.0", "production")
    assert ran.code == 1
    assert "suspicious" in ran.out


def test_a_team_admits_its_own_classes(world: World) -> None:
    assert gated(world, STRANGE, ", verify: true, allow: [credit.features.Binner]").code == 0


def test_a_version_without_a_scan_does_not_pass(world: World) -> None:
    world.register("credit", "1.0.0")
    world.policy("gates:\n  - {gate: scan, to: [staging]}\n")
    ran = rollbook(world.registry, "gates", "credit@1.0.0", "staging")
    assert ran.code == 1
    assert "no scan of this artifact" in ran.out
