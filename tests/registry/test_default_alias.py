"""A model's name alone stands for the alias that the policy makes the default; without one for nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from building.world import World, git, rollbook
from rollbook import BadCall, Federation, NotFound, Registry, open_index

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template


def with_champion(world: World) -> None:
    """Two models; of one, a version that is no newest one is the champion."""
    for version in ("1.0.0", "1.1.0"):
        world.register("credit", version)
    world.register("fraud", "0.1.0")
    world.run("alias", "credit@1.0.0", "champion", "--reason", "best", "--land")
    world.policy("default_alias: champion\n")
    world.run("export", "--index", str(world.root / "index"))


@pytest.fixture
def world(template: Template) -> World:
    return template(with_champion)


@pytest.mark.parametrize(
    "where",
    [[], ["--repo", "../origin.git"], ["--repo", "file://{root}/origin.git"], ["--index", "../index"]],
)
def test_a_name_alone_is_the_default_alias(world: World, where: list[str]) -> None:
    places = [word.format(root=world.root) for word in where]
    assert world.run("resolve", "credit", "--field", "version", *places).out == "1.0.0\n"


def test_fetch_knows_it_too(world: World, tmp_path: Path) -> None:
    world.run("fetch", "credit", "-o", str(tmp_path / "got"))
    assert (tmp_path / "got").read_bytes() == b"credit 1.0.0"


def test_show_tells_of_the_model_all_the_same(world: World) -> None:
    shown = json.loads(world.run("show", "credit", "--json").out)
    assert (shown["model"], shown["aliases"]["champion"]) == ("credit", "1.0.0")


def test_programs_resolve_it_alike(world: World) -> None:
    with Registry.open(world.registry) as registry, Federation.open([str(world.origin)]) as federation:
        assert registry.resolve("credit").version == federation.resolve("credit").version == "1.0.0"
    with open_index(str(world.root / "index")) as index:
        assert index.resolve("credit").version == "1.0.0"


@pytest.mark.parametrize("where", [[], ["--index", "../index"]])
def test_a_model_without_that_alias_is_told_so(world: World, where: list[str]) -> None:
    ran = rollbook(world.registry, "resolve", "fraud", *where)
    assert (ran.code, ran.out) == (1, "")
    assert "fraud has no alias 'champion', for which the name alone stands" in ran.err
    assert "fraud@latest" in ran.err


def test_a_model_that_is_not_there_is_told_so(world: World) -> None:
    ran = rollbook(world.registry, "resolve", "kredit")
    assert (ran.code, "there is no model 'kredit'" in ran.err) == (1, True)


def test_before_the_policy_said_so_a_name_alone_stood_for_nothing(world: World) -> None:
    with Registry.open(world.registry, rev="HEAD^") as registry:
        with pytest.raises(BadCall, match="names no version"):
            registry.resolve("credit")
        assert registry.resolve("credit@champion").version == "1.0.0"


def test_what_changes_a_version_wants_it_named(world: World) -> None:
    for words in (["archive", "credit"], ["alias", "credit", "best"], ["promote", "credit", "staging"]):
        ran = rollbook(world.registry, *words, "--reason", "x")
        assert (ran.code, "names no version" in ran.err) == (2, True)


def test_outside_of_a_registry_a_name_alone_names_no_version(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "x")
    ran = rollbook(tmp_path, "resolve", "credit")
    assert (ran.code, "names no version" in ran.err) == (2, True)


def test_a_model_that_no_registry_has_is_told_so(world: World) -> None:
    with Federation.open([str(world.origin)]) as federation, pytest.raises(NotFound, match="'kredit'"):
        federation.resolve("kredit")
