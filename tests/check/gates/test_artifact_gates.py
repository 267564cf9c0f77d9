"""Gates on the artifact: its format and size, and whether the remote holds it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from building.world import World, git, rollbook

from ..desk import manifest_text
from .bench import NEW, said, state

if TYPE_CHECKING:
    from pathlib import Path

    from ..desk import Desk


@pytest.mark.parametrize(
    ("settings", "kind", "passed"),
    [
        ({"allow": ["onnx", "safetensors"]}, "onnx", True),
        ({"allow": ["safetensors"]}, "onnx", False),
        ({"deny": ["pickle"]}, "onnx", True),
        ({"deny": ["pickle"]}, "pickle", False),
        ({"allow": ["pickle"], "deny": ["pickle"]}, "pickle", False),
        ({"unsafe": False}, "onnx", True),
        ({"unsafe": False}, "pickle", False),
        ({"unsafe": False}, "joblib", False),
        ({"max_size": 1200}, "onnx", True),
        ({"max_size": 1199}, "onnx", False),
    ],
)
def test_formats_and_sizes_are_judged(desk: Desk, settings: dict[str, Any], kind: str, passed: bool) -> None:
    text = manifest_text("credit", "1.1.0").replace("format: onnx", f"format: {kind}")
    verdict = said(desk, {"gate": "artifact-format", **settings}, {f"{NEW}/version.yaml": text})
    assert state(verdict) == ("passed" if passed else "failed")


def test_a_format_that_is_refused_is_told_with_what_is_asked(desk: Desk) -> None:
    verdict = said(desk, {"gate": "artifact-format", "allow": ["safetensors"], "max_size": 5})
    assert verdict.figure == "onnx, 1,200 bytes"
    assert verdict.threshold == "one of safetensors; at most 5 bytes"


def test_where_the_remote_is_not_asked_the_gate_waits(desk: Desk) -> None:
    assert state(said(desk, {"gate": "artifact-present"})) == "waiting"


def objects(world: World) -> list[Path]:
    return [path for path in world.artifacts.rglob("*") if path.is_file()]


@pytest.fixture
def guarded(world: World) -> World:
    world.register("credit", "1.0.0")
    world.policy("gates:\n  - {gate: artifact-present, to: [staging]}\n")
    return world


def test_an_artifact_in_the_remote_passes(guarded: World) -> None:
    guarded.promote("credit@1.0.0", "staging")
    assert guarded.run("resolve", "credit@staging", "--field", "version").out == "1.0.0\n"


def test_an_artifact_missing_from_the_remote_is_refused(guarded: World) -> None:
    for path in objects(guarded):
        path.unlink()
    ran = rollbook(guarded.registry, "promote", "credit@1.0.0", "staging", "--reason", "r")
    assert ran.code == 1
    assert "RB408" in ran.err
    assert "not all of it is in" in ran.err


def test_a_change_that_names_another_remote_is_judged_by_that_of_the_base(guarded: World) -> None:
    elsewhere = guarded.root / "elsewhere"
    shutil.copytree(guarded.artifacts, elsewhere)
    for path in objects(guarded):
        path.unlink()
    config = guarded.registry / ".dvc" / "config"
    config.write_text(config.read_text().replace("registry-artifacts", "elsewhere"))
    ran = rollbook(guarded.registry, "promote", "credit@1.0.0", "staging", "--reason", "r")
    assert "RB408" in ran.err, ran.err


def test_verify_finds_bytes_that_are_not_those_registered(world: World) -> None:
    world.register("credit", "1.0.0")
    world.policy("gates:\n  - {gate: artifact-present, to: [staging], verify: true}\n")
    assert rollbook(world.registry, "gates", "credit@1.0.0", "staging").code == 0
    (path,) = objects(world)
    path.chmod(0o644)
    path.write_bytes(bytes(reversed(path.read_bytes())))
    ran = rollbook(world.registry, "gates", "credit@1.0.0", "staging")
    assert ran.code == 1
    assert "corrupt" in ran.out


@pytest.mark.parametrize(
    ("gate", "said"),
    [
        ("artifact-present", "the manifest says onnx and the bytes are pickle"),
        ("artifact-format, unsafe: false", "by its bytes pickle"),
        ("artifact-format, allow: [onnx]", "by its bytes pickle"),
    ],
)
def test_verify_finds_a_pickle_that_is_registered_as_something_else(
    world: World, gate: str, said: str
) -> None:
    content = b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07weights\x94."
    world.register("credit", "1.0.0", content=content)
    manifest = world.registry / "registry/credit/versions/1.0.0/version.yaml"
    assert "format: pickle" in manifest.read_text()
    manifest.write_text(manifest.read_text().replace("format: pickle", "format: onnx"))
    world.git("commit", "--quiet", "-am", "Lie")
    world.policy(f"gates:\n  - {{gate: {gate}, to: [staging], verify: true}}\n")
    ran = rollbook(world.registry, "gates", "credit@1.0.0", "staging")
    assert ran.code == 1
    assert said in ran.out


def test_verify_passes_a_format_that_is_what_it_says(world: World) -> None:
    world.register("credit", "1.0.0")
    world.policy("gates:\n  - {gate: artifact-format, to: [staging], unsafe: false, verify: true}\n")
    ran = rollbook(world.registry, "gates", "credit@1.0.0", "staging")
    assert (ran.code, "verified" in ran.out) == (0, True)


def test_a_bare_clone_asks_the_remote_as_well(guarded: World) -> None:
    git(guarded.root, "clone", "--quiet", "--bare", "origin.git", "bare.git")
    for path in objects(guarded):
        path.unlink()
    ran = rollbook(guarded.root / "bare.git", "gates", "credit@1.0.0", "staging")
    assert ran.code == 1
    assert "artifact-present\tfailed" in ran.out
