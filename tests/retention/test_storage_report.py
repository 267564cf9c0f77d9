"""What the artifacts take, share and cost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from building.world import World, rollbook

from .conftest import RULES, write_policy

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def sharing(new_world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Of one model two folders that share a file of 50 bytes; of another a file that is in both."""
    world = new_world.copy(tmp_path_factory.mktemp("sharing") / "world")
    write_policy(world, RULES.replace("0.023", "1073741824"))  # one unit of money a byte
    for version, own in (("1.0.0", b"a" * 10), ("1.1.0", b"b" * 20)):
        folder = world.root / version / "bundle"
        folder.mkdir(parents=True)
        (folder / "shared.bin").write_bytes(b"s" * 50)
        (folder / "own.bin").write_bytes(own)
        world.run("register", "bundle", str(folder), "--version", version, "--land")
    world.register("file", "1.0.0", content=b"s" * 50)
    world.register("file", "1.1.0", content=b"f" * 5)
    world.run("archive", "bundle@1.0.0", "--reason", "old", "--land")
    return world


def report(world: World, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.run("storage", "--json", *options).out)
    return found


def test_each_object_counts_once(sharing: World) -> None:
    found = report(sharing)
    assert (found["total"], found["stored"], found["saved"]) == (60 + 70 + 50 + 5, 10 + 20 + 50 + 5, 100)


def test_the_shares_tell_what_a_group_takes_and_what_it_alone_needs(sharing: World) -> None:
    found = report(sharing)
    shares = {each["name"]: (each["versions"], each["size"], each["own"]) for each in found["models"]}
    assert shares == {"bundle": (2, 80, 30), "file": (2, 55, 5)}
    stages = {each["name"]: (each["versions"], each["size"], each["own"]) for each in found["stages"]}
    assert stages == {"development": (3, 75, 25), "archived": (1, 60, 10)}


def test_what_may_go_frees_only_what_nothing_else_shares(sharing: World) -> None:
    found = report(sharing)
    assert (found["may_go"]["versions"], found["may_go"]["size"], found["may_go"]["own"]) == (1, 60, 10)
    assert (found["cost"], found["cost_may_go"], found["currency"]) == (85, 10, "USD")


def test_an_earlier_state_is_accounted_for_as_it_was(sharing: World) -> None:
    assert report(sharing, "--rev", "bundle@v1.0.0")["stored"] == 60
    assert report(sharing, "--rev", "bundle@v1.0.0")["may_go"]["versions"] == 0
    assert report(sharing, "--at", "2099-01-01")["stored"] == 85


def test_a_registry_without_its_remote_counts_folders_whole(sharing: World, tmp_path: Path) -> None:
    world = sharing.copy(tmp_path / "world")
    for folder in (world.artifacts, world.registry / ".dvc" / "cache"):
        folder.rename(folder.with_name("away"))
    found = report(world)
    assert len(found["unlisted"]) == 2
    assert found["stored"] == 60 + 70 + 50 + 5


def test_without_a_price_there_is_no_cost(sharing: World, tmp_path: Path) -> None:
    world = sharing.copy(tmp_path / "world")
    write_policy(world, "")
    found = report(world)
    assert (found["cost"], found["cost_may_go"]) == (None, None)
    assert "USD" not in world.run("storage").out


def test_what_is_removed_takes_nothing(sharing: World, tmp_path: Path) -> None:
    world = sharing.copy(tmp_path / "world")
    world.run("prune", "--reason", "full", "--land")
    found = report(world)
    assert (found["versions"], found["removed"], found["stored"]) == (3, 1, 75)


def test_an_empty_registry_takes_nothing(world: World) -> None:
    assert report(world)["stored"] == 0
    assert rollbook(world.registry, "storage").code == 0


def test_what_is_attached_counts_and_keeps_what_it_shares(sharing: World, tmp_path: Path) -> None:
    world = sharing.copy(tmp_path / "world")
    (world.root / "new.html").write_bytes(b"n" * 7)
    (world.root / "same.html").write_bytes(b"a" * 10)  # the file that would go with bundle@1.0.0
    call = ("evidence", "add", "bundle@1.0.0", "fairness", "--status", "passed")
    attach = ("--attach", str(world.root / "new.html"), "--attach", str(world.root / "same.html"))
    world.run(*call, *attach, "--land")
    found = report(world)
    assert (found["versions"], found["stored"], found["total"]) == (4, 85 + 7, 185 + 17)
    (attached,) = [each for each in found["formats"] if each["name"] == "attachment"]
    assert (attached["versions"], attached["size"], attached["own"]) == (1, 17, 7)
    (bundle,) = [each for each in found["models"] if each["name"] == "bundle"]
    assert (bundle["versions"], bundle["size"]) == (2, 87)
    assert (found["may_go"]["versions"], found["may_go"]["own"]) == (1, 0)


def test_what_is_attached_stays_when_the_artifact_goes(sharing: World, tmp_path: Path) -> None:
    world = sharing.copy(tmp_path / "world")
    (world.root / "new.html").write_bytes(b"n" * 7)
    call = ("evidence", "add", "bundle@1.0.0", "fairness", "--status", "passed")
    world.run(*call, "--attach", str(world.root / "new.html"), "--land")
    world.run("prune", "--reason", "full", "--land")
    world.run("sweep", "--yes")
    found = report(world)
    assert (found["removed"], found["stored"]) == (1, 75 + 7)
    world.run("evidence", "fetch", "bundle@1.0.0", "fairness-1", "-o", str(tmp_path / "got"))
    assert (tmp_path / "got" / "new.html").read_bytes() == b"n" * 7


# --- what nothing uses


def cold(world: World, span: str = "30d", at: str = "2099-01-01") -> list[tuple[str, str, int, int, bool]]:
    """What may be put away: model, version, size, what nothing else needs, whether it is compressed."""
    return [
        (each["model"], each["version"], each["size"], each["own"], each["compressed"])
        for each in report(world, "--cold", span, "--at", at)["cold"]
    ]


def test_the_largest_artifacts_that_nothing_uses_are_named_first(sharing: World) -> None:
    assert cold(sharing) == [
        ("bundle", "1.1.0", 70, 20, False),
        ("bundle", "1.0.0", 60, 10, False),
        ("file", "1.0.0", 50, 0, False),
        ("file", "1.1.0", 5, 5, False),
    ]
    told = sharing.run("storage", "--cold", "30d", "--at", "2099-01-01").out
    assert told.splitlines()[-4].split("\t")[:2] == ["bundle", "1.1.0"]


def test_what_is_in_use_removed_or_was_touched_lately_is_none_of_them(sharing: World, tmp_path: Path) -> None:
    world = sharing.copy(tmp_path / "world")
    world.promote("file@1.1.0", "staging")
    world.promote("file@1.1.0", "production")
    world.run("prune", "--reason", "full", "--land")
    assert [each[:2] for each in cold(world)] == [("bundle", "1.1.0"), ("file", "1.0.0")]
    ran = world.run("storage", "--cold", "30d")
    assert "nothing is unused for 30d" in ran.err
    assert report(world, "--cold", "30d")["cold"] == report(world)["cold"] == []


def test_what_is_compressed_is_told_apart_by_format_and_name(world: World) -> None:
    for number, name in enumerate(("model.bin", "model.json.GZ", "weights.tar.zst", "old.tbz2")):
        artifact = world.artifact(b"x" * (100 - number), name)
        world.run("register", "m", str(artifact), "--version", f"1.{number}.0", "--land")
    assert [(version, compressed) for _, version, _, _, compressed in cold(world)] == [
        ("1.0.0", False), ("1.1.0", True), ("1.2.0", True), ("1.3.0", True),
    ]  # fmt: skip


@pytest.mark.parametrize("span", ["", "0d", "90", "-1d", "1y", "99999999d"])
def test_what_is_no_span_is_refused(sharing: World, span: str) -> None:
    ran = rollbook(sharing.registry, "storage", "--cold", span)
    assert (ran.code, ran.out) == (2, "")
