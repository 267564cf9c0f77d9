"""A deprecated version says so to everybody who asks for it: on stderr and in JSON."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from building.world import Ran, World, git, rollbook
from rollbook import Registry

if TYPE_CHECKING:
    from pathlib import Path

WORDS = {
    "reason": "drifted",
    "replacement": "m@1.1.0",
    "sunset": "2999-01-01",
    "migration": "Send the column age.",
}


@pytest.fixture(scope="module")
def retired(tmp_path_factory: pytest.TempPathFactory, new_world: World) -> World:
    """1.0.0 is deprecated, with an index beside the registry; 1.1.0 is not."""
    root = tmp_path_factory.mktemp("deprecated") / "world"
    world = new_world.copy(root)
    world.register("m", "1.0.0")
    world.register("m", "1.1.0")
    for stage in ("staging", "production"):
        world.promote("m@1.0.0", stage)
    options = [f"--{key}={value}" for key, value in {**WORDS, "replacement": "1.1.0"}.items()]
    world.run("deprecate", "m@1.0.0", *options, "--land")
    world.run("export", "--index", str(root / "index"))
    return world


@pytest.fixture(params=["clone", "--repo", "--index"])
def source(request: pytest.FixtureRequest, retired: World) -> list[str]:
    place = {"clone": [], "--repo": [retired.origin.as_uri()], "--index": [str(retired.root / "index")]}
    return [request.param, *place[request.param]] if place[request.param] else []


@pytest.fixture(params=["resolve", "show", "fetch"])
def command(request: pytest.FixtureRequest, retired: World, tmp_path: Path) -> list[str]:
    options = ["-o", str(tmp_path / "out"), "--remote", str(retired.artifacts)]
    return [request.param, *(options if request.param == "fetch" else [])]


def asked(world: World, command: list[str], source: list[str], reference: str, *options: str) -> Ran:
    ran = rollbook(world.registry, command[0], reference, *command[1:], *source, *options)
    assert ran.code == 0, ran.err
    return ran


def test_everybody_is_warned_and_told_what_to_do(
    retired: World, command: list[str], source: list[str]
) -> None:
    ran = asked(retired, command, source, "m@1.0.0")
    (warning,) = [line for line in ran.err.splitlines() if "deprecated" in line]
    assert warning.startswith("warning: m@1.0.0 is deprecated since 20")
    assert all(word in warning for word in WORDS.values())


def test_json_tells_it_field_by_field(retired: World, command: list[str], source: list[str]) -> None:
    found = json.loads(asked(retired, command, source, "m@1.0.0", "--json").out)["deprecated"]
    assert {key: found[key] for key in WORDS} == WORDS
    assert list(found) == ["since", "reason", "replacement", "sunset", "migration"]


def test_nobody_is_warned_of_another_version(retired: World, command: list[str], source: list[str]) -> None:
    ran = asked(retired, command, source, "m@1.1.0", "--json")
    assert json.loads(ran.out)["deprecated"] is None
    assert "deprecated" not in ran.err


def test_the_python_api_knows_it(retired: World) -> None:
    with Registry.open(retired.registry) as registry:
        found = registry.version("m@1.0.0").deprecation
        assert found is not None
        assert (found.replacement, found.sunset) == ("m@1.1.0", "2999-01-01")
        assert registry.version("m@1.1.0").deprecation is None


def test_a_warning_is_no_order_to_a_runner_of_jobs(retired: World, tmp_path: Path) -> None:
    shutil.copytree(retired.origin, tmp_path / "hostile.git")
    git(tmp_path, "clone", "--quiet", "hostile.git", "work")
    path = tmp_path / "work/registry/m/stages.yaml"
    path.write_text(path.read_text().replace("drifted", '"##[error]boo\\n::error::x"'))
    git(tmp_path / "work", "commit", "--quiet", "--all", "-m", "Be nasty")
    ran = rollbook(tmp_path / "work", "resolve", "m@1.0.0")
    assert ran.code == 0
    assert len(ran.err.splitlines()) == 1
    assert "##[error]" not in ran.err
