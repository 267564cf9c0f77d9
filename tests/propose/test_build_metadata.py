"""A build, such as the commit in `2.1.3+a1b2c3d`, is kept beside the version and is no part of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from building.world import World, rollbook

if TYPE_CHECKING:
    from building.world import Ran


def registered(world: World, *options: str) -> Ran:
    return rollbook(world.registry, "register", "churn", str(world.artifact()), *options, "--json")


def manifest_of(world: World, version: str) -> dict[str, object]:
    shown = world.run("show", f"churn@{version}", "--rev", f"rollbook/register/churn/{version}", "--json")
    manifest: dict[str, object] = json.loads(shown.out)["manifest"]
    return manifest


def test_the_build_of_a_version_becomes_its_tag(world: World) -> None:
    ran = registered(world, "--version", "v2.1.3+a1b2c3d", "--tag", "tier=1")
    assert json.loads(ran.out)["version"] == "2.1.3"
    assert manifest_of(world, "2.1.3")["tags"] == {"tier": "1", "build": "a1b2c3d"}


def test_the_version_of_a_file_of_facts_may_have_a_build(world: World) -> None:
    facts = world.root / "facts.yaml"
    facts.write_text('version: "2.1.3+7"\n')
    assert registered(world, "--from", str(facts)).code == 0
    assert manifest_of(world, "2.1.3")["tags"] == {"build": "7"}


def test_a_tag_that_says_another_build_is_refused(world: World) -> None:
    ran = registered(world, "--version", "2.1.3+a1b2c3d", "--tag", "build=other")
    assert ran.code == 2
    assert "the tag `build` says 'other'" in ran.err
    assert world.git("branch", "--list", "rollbook/*") == ""


def test_a_pre_release_that_looks_like_a_commit_is_remarked_on(world: World) -> None:
    remarks = json.loads(registered(world, "--version", "2.1.3-a1b2c3d").out)["remarks"]
    assert (
        "2.1.3-a1b2c3d is a pre-release, which comes before 2.1.3; a build is written 2.1.3+a1b2c3d"
        in remarks
    )


def test_a_pre_release_of_words_is_not(world: World) -> None:
    remarks = json.loads(registered(world, "--version", "2.1.3-rc.1").out)["remarks"]
    assert [remark for remark in remarks if "pre-release" in remark] == []
