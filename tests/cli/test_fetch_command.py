from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from building.world import World, git, rollbook
from smart_server import serving

WEIGHTS = b"the weights"


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, new_world: World) -> Path:
    """A registry whose DVC remote stands beside it, and a second one that keeps it inside the repository."""
    top = tmp_path_factory.mktemp("fetch")
    for name in ("beside", "inside"):
        root = top / name
        world = new_world.copy(root)
        if name == "inside":
            keep_inside(world)
        world.register("m", "1.0.0", content=b"older")
        world.register("m", "1.1.0", content=WEIGHTS)
        if name == "inside":
            commit_store(world)
    return top


def keep_inside(world: World) -> None:
    config = world.registry / ".dvc" / "config"
    config.write_text("[core]\n    remote = store\n['remote \"store\"']\n    url = ../dvc-store\n")
    (world.registry / "dvc-store").mkdir()


def commit_store(world: World) -> None:
    world.git("add", ".")
    world.git("commit", "--quiet", "-m", "Keep the artifacts")
    world.git("push", "--quiet", "origin", "main")


def copied(top: Path, name: str, tmp_path: Path) -> World:
    """A copy to change; only the registry's own cache is emptied, so the bytes come from the DVC remote."""
    world = World(top / name).copy(tmp_path / "world")
    shutil.rmtree(world.registry / ".dvc" / "cache", ignore_errors=True)
    return world


@pytest.fixture
def beside(filled: Path, tmp_path: Path) -> World:
    return copied(filled, "beside", tmp_path)


@pytest.fixture
def inside(filled: Path, tmp_path: Path) -> World:
    return copied(filled, "inside", tmp_path)


def test_the_artifact_comes_under_its_own_name(beside: World, tmp_path: Path):
    (tmp_path / "here").mkdir()
    ran = rollbook(tmp_path / "here", "fetch", "m@latest", "-C", str(beside.registry))
    assert (ran.code, ran.out) == (0, "model.bin\n")
    assert (tmp_path / "here" / "model.bin").read_bytes() == WEIGHTS
    assert f"m@1.1.0 verified: sha256 {hashlib.sha256(WEIGHTS).hexdigest()}" in ran.err


def test_the_artifact_comes_under_the_name_asked_for(beside: World, tmp_path: Path):
    out = tmp_path / "out.bin"
    assert beside.run("fetch", "m@1.0.0", "-o", str(out)).out == f"{out}\n"
    assert out.read_bytes() == b"older"


def test_the_artifact_comes_into_the_folder_asked_for(beside: World, tmp_path: Path):
    beside.run("fetch", "m@1.0.0", "-o", str(tmp_path))
    assert (tmp_path / "model.bin").read_bytes() == b"older"


def test_the_json_has_exactly_these_keys(beside: World, tmp_path: Path):
    found = json.loads(beside.run("fetch", "m@1.1.0", "-o", str(tmp_path), "--json").out)
    assert found == {
        "model": "m",
        "version": "1.1.0",
        "output": str(tmp_path / "model.bin"),
        "sha256": hashlib.sha256(WEIGHTS).hexdigest(),
        "size": len(WEIGHTS),
        "deprecated": None,
        "environment": None,
        "environment_sha256": None,
        "signed_by": "",
    }


@pytest.mark.parametrize("name", ["beside", "inside"])
@pytest.mark.parametrize("how", ["work", "bare", "path", "barepath", "url"])
def test_an_artifact_comes_from_wherever_the_registry_is(filled: Path, tmp_path: Path, name, how):
    world = copied(filled, name, tmp_path)
    start, options = {
        "work": (world.registry, []),
        "bare": (world.origin, []),
        "path": (tmp_path, ["--repo", str(world.registry)]),
        "barepath": (tmp_path, ["--repo", str(world.origin)]),
        "url": (tmp_path, ["--repo", world.origin.as_uri()]),
    }[how]
    ran = rollbook(start, "fetch", "m@latest", "-o", str(tmp_path / "out.bin"), *options)
    assert (ran.code, ran.err.count("verified")) == (0, 1), ran.err
    assert (tmp_path / "out.bin").read_bytes() == WEIGHTS


def test_a_remote_beside_a_registry_far_away_is_said_to_be_out_of_reach(beside: World, tmp_path: Path):
    with serving(beside.root) as server:
        out = ("-o", str(tmp_path / "out.bin"))
        ran = rollbook(tmp_path, "fetch", "m@latest", "--repo", server.at("origin.git"), *out)
        assert ran.code == 1
        assert "a folder beside it" in ran.err
        assert "--remote" in ran.err
        assert "dvc push" not in ran.err
        named = ("--remote", str(beside.artifacts))
        ran = rollbook(tmp_path, "fetch", "m@latest", "--repo", server.at("origin.git"), *out, *named)
    assert ran.code == 0, ran.err
    assert (tmp_path / "out.bin").read_bytes() == WEIGHTS


def test_an_old_version_comes_from_the_commit_asked_for(inside: World, tmp_path: Path):
    commit = git(inside.origin, "rev-parse", "main")
    ran = rollbook(inside.origin, "fetch", "m@1.0.0", "--rev", commit, "-o", str(tmp_path / "out.bin"))
    assert ran.code == 0, ran.err
    assert (tmp_path / "out.bin").read_bytes() == b"older"


def test_bytes_that_a_bare_repository_does_not_hold_are_missed(inside: World, tmp_path: Path):
    before = git(inside.origin, "rev-parse", "main~1")
    ran = rollbook(inside.origin, "fetch", "m@1.1.0", "--rev", before, "-o", str(tmp_path / "out.bin"))
    assert (ran.code, ran.out) == (1, "")
    assert "Traceback" not in ran.err
    assert not (tmp_path / "out.bin").exists()


def stored(world: World, content: bytes) -> Path:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    (found,) = world.artifacts.glob(f"files/md5/{md5[:2]}/{md5[2:]}")
    return found


def test_corrupt_bytes_are_refused_and_nothing_is_written(beside: World, tmp_path: Path):
    path = stored(beside, WEIGHTS)
    path.chmod(0o644)
    path.write_bytes(b"THE WEIGHTS")
    ran = rollbook(beside.registry, "fetch", "m@1.1.0", "-o", str(tmp_path / "out.bin"))
    assert (ran.code, ran.out) == (1, "")
    assert "is corrupt" in ran.err
    assert not (tmp_path / "out.bin").exists()


def test_missing_bytes_are_told(beside: World, tmp_path: Path):
    stored(beside, WEIGHTS).unlink()
    ran = rollbook(beside.registry, "fetch", "m@1.1.0", "-o", str(tmp_path / "out.bin"))
    assert (ran.code, ran.out) == (1, "")
    assert "does not hold" in ran.err
    assert "dvc push" in ran.err


def test_a_file_that_stands_there_is_kept(beside: World, tmp_path: Path):
    (tmp_path / "model.bin").write_text("mine")
    ran = rollbook(beside.registry, "fetch", "m@1.1.0", "-o", str(tmp_path))
    assert (ran.code, ran.out) == (1, "")
    assert (tmp_path / "model.bin").read_text() == "mine"


def test_a_file_that_stands_there_is_replaced_by_force(beside: World, tmp_path: Path):
    (tmp_path / "model.bin").write_text("mine")
    beside.run("fetch", "m@1.1.0", "-o", str(tmp_path), "--force")
    assert (tmp_path / "model.bin").read_bytes() == WEIGHTS


def test_fetching_again_what_is_there_is_fine(beside: World, tmp_path: Path):
    for _ in range(2):
        beside.run("fetch", "m@1.1.0", "-o", str(tmp_path))
    assert (tmp_path / "model.bin").read_bytes() == WEIGHTS


def test_an_unknown_version_is_not_found(beside: World):
    ran = rollbook(beside.registry, "fetch", "m@2.0.0")
    assert (ran.code, ran.out) == (1, "")
    assert "m has no version 2.0.0" in ran.err


def test_a_version_without_its_pointer_is_told_where_it_should_be(beside: World):
    beside.git("rm", "--quiet", "registry/m/versions/1.1.0/model.bin.dvc")
    beside.git("commit", "--quiet", "-m", "x")
    ran = rollbook(beside.registry, "fetch", "m@1.1.0")
    assert (ran.code, ran.out) == (1, "")
    assert "registry/m/versions/1.1.0/model.bin.dvc does not exist" in ran.err


def test_a_bare_repository_without_dvc_is_told(beside: World, tmp_path: Path):
    beside.git("rm", "--quiet", "-r", ".dvc")
    beside.git("commit", "--quiet", "-m", "x")
    ran = rollbook(beside.registry / ".git", "fetch", "m@1.1.0", "-o", str(tmp_path))
    assert (ran.code, ran.out) == (1, "")
    assert ".dvc/config does not exist in HEAD" in ran.err


def test_the_git_state_is_untouched(beside: World, tmp_path: Path):
    beside.run("fetch", "m@1.1.0", "-o", str(tmp_path))
    assert beside.git("status", "--porcelain") == ""


@pytest.fixture
def locked(new_world: World, tmp_path: Path) -> World:
    """A registry with a version that brings a lock of uv's, and one without an environment."""
    world = new_world.copy(tmp_path / "locked")
    lock = Path(__file__).parents[1] / "check/locks/uv.lock"
    world.register("m", "1.0.0", "--requirements", str(lock), content=WEIGHTS)
    world.register("m", "1.1.0", content=b"newer")
    return world


def test_the_environment_comes_beside_the_artifact_as_it_was_registered(
    locked: World, tmp_path: Path
) -> None:
    lock = (Path(__file__).parents[1] / "check/locks/uv.lock").read_bytes()
    (tmp_path / "out").mkdir()
    got = json.loads(locked.run("fetch", "m@1.0.0", "--env", "-o", str(tmp_path / "out"), "--json").out)
    assert (tmp_path / "out/uv.lock").read_bytes() == lock
    assert (tmp_path / "out/model.bin").read_bytes() == WEIGHTS
    assert got["environment"] == str(tmp_path / "out/uv.lock")
    assert got["environment_sha256"] == hashlib.sha256(lock).hexdigest()
    again = locked.run("fetch", "m@1.0.0", "--env", "-o", str(tmp_path / "out"))
    assert again.out == f"{tmp_path}/out/model.bin\n{tmp_path}/out/uv.lock\n"


def test_another_environment_is_not_overwritten_and_then_no_artifact_comes(
    locked: World, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/uv.lock").write_text("mine")
    ran = rollbook(locked.registry, "fetch", "m@1.0.0", "--env", "-o", str(tmp_path / "out"))
    assert (ran.code, "uv.lock is already there" in ran.err) == (1, True)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["uv.lock"]


def test_a_version_without_an_environment_says_so_and_nothing_comes(locked: World, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    ran = rollbook(locked.registry, "fetch", "m@1.1.0", "--env", "-o", str(tmp_path / "out"))
    assert (ran.code, "no file of its environment is on record of m@1.1.0" in ran.err) == (1, True)
    assert list((tmp_path / "out").iterdir()) == []


def test_an_environment_that_is_not_the_manifests_is_refused(locked: World, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    file = locked.registry / "registry/m/versions/1.0.0/uv.lock"
    file.write_text(file.read_text().replace("3.10", "3.11"))
    git(locked.registry, "commit", "--quiet", "--all", "--no-verify", "-m", "x")
    ran = rollbook(locked.registry, "fetch", "m@1.0.0", "--env", "-o", str(tmp_path / "out"))
    assert (ran.code, "not the file whose digest the manifest has" in ran.err) == (1, True)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("way", ["--repo", "--index"])
def test_the_environment_comes_from_elsewhere_as_well(locked: World, tmp_path: Path, way: str) -> None:
    (tmp_path / "out").mkdir()
    index = str(tmp_path / "index")
    locked.run("export", "--index", index)
    address = index if way == "--index" else str(locked.registry)
    store = ["--remote", str(locked.root / "registry-artifacts")] if way == "--index" else []
    ran = rollbook(tmp_path, "fetch", "m@1.0.0", "--env", "-o", str(tmp_path / "out"), way, address, *store)
    assert ran.code == 0, ran.err
    assert (tmp_path / "out/uv.lock").read_bytes() == (
        Path(__file__).parents[1] / "check/locks/uv.lock"
    ).read_bytes()
    missing = rollbook(tmp_path, "fetch", "m@1.1.0", "--env", "-o", str(tmp_path), way, address, *store)
    assert (missing.code, "no file of its environment" in missing.err) == (1, True)


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_the_artifact_does_not_take_the_place_of_its_environment(locked: World, tmp_path: Path, force):
    (tmp_path / "out").mkdir()
    ran = rollbook(locked.registry, "fetch", "m@1.0.0", "--env", "-o", str(tmp_path / "out/uv.lock"), *force)
    assert (ran.code, list((tmp_path / "out").iterdir())) == (2, [])
    assert "both the artifact and its environment" in ran.err


def test_an_environment_that_a_host_made_up_does_not_follow_from_the_trail(locked: World, tmp_path: Path):
    index = tmp_path / "index"
    locked.run("export", "--index", str(index))
    forged, lock = b"evil==1\n", (Path(__file__).parents[1] / "check/locks/uv.lock").read_bytes()
    files = index / "models/1/m.files.json"
    old, new = (hashlib.sha256(data).hexdigest() for data in (lock, forged))
    assert old in files.read_text()
    files.write_text(files.read_text().replace(old, new))
    environments = index / "models/1/m.environments.json"
    document = json.loads(environments.read_text())
    environments.write_text(json.dumps({**document, "texts": [forged.decode()]}))
    (tmp_path / "out").mkdir()
    how = ("-o", str(tmp_path / "out"), "--index", str(index), "--verify", "--remote", str(locked.artifacts))
    ran = rollbook(tmp_path, "fetch", "m@1.0.0", "--env", *how)
    assert (ran.code, list((tmp_path / "out").iterdir())) == (1, [])
    assert "says other digests of m@1.0.0" in ran.err
