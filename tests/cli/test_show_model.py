"""`rollbook show MODEL`: what a model is, what stands where, and what happened to it last."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from building.texts import POLICY, manifest, model, versions
from building.work_tree import new_repository
from building.world import git, rollbook

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World

CARD = """\
name: credit
display_name: Credit score
data_classification: confidential
owner: jane@example.com
team: risk
task: classification
use_case: Pre-screening of loans.
description: Scores loan applications.
tags: {domain: lending}
gates: [{gate: metric-threshold, to: [production], metric: auc, min: 0.9}]
"""


def _led(world: World) -> None:
    world.register("credit", "1.0.0", "--metric", "auc=0.95")
    world.write("registry/credit/model.yaml", CARD)
    world.commit("Say what it is")
    world.policy("gates: [{gate: metric-threshold, to: [canary, production], metric: auc, min: 0.5}]\n")
    world.register("risk/credit", "1.0.0")
    world.register("credit", "1.1.0", "--metric", "auc=0.96")
    world.promote("credit@1.0.0", "staging")
    world.promote("credit@1.0.0", "production")
    world.promote("credit@1.1.0", "staging")
    world.promote("credit@1.1.0", "production")
    world.run("promote", "risk/credit@1.0.0", "staging", "--reason", "try")
    world.run("note", "credit@1.1.0", "-d", "The one to use")


@pytest.fixture(scope="module")
def led(template: Template) -> World:
    return template(_led)


def test_it_says_whose_the_model_is_and_what_stands_where(led: World) -> None:
    lines = [" ".join(line.split()) for line in led.run("show", "credit").out.splitlines()]
    assert lines[0] == "credit"
    for line in (
        "display name Credit score",
        "description Scores loan applications.",
        "data class confidential",
        "owner jane@example.com",
        "team risk",
        "task classification",
        "tags domain=lending",
        "versions 2, the newest 1.1.0",
        "production 1.1.0",
        "archived 1.0.0",
        "metric-threshold before canary and production; metric: auc, min: 0.5",
        "metric-threshold before production; metric: auc, min: 0.9",
    ):
        assert line in lines


def test_it_says_what_was_changed_last_and_what_is_proposed(led: World) -> None:
    shown = json.loads(led.run("show", "credit", "--json").out)
    assert shown["last_change"]["change"] == "1.1.0 put into production, 1.0.0 displaced to archived"
    assert (shown["last_change"]["requested_by"], shown["last_change"]["reason"]) == (
        "jane@example.com", "for production",
    )  # fmt: skip
    assert [branch.split("/")[1:3] for branch in shown["requests"]] == [["note", "credit"]]
    assert "last change" in led.run("show", "credit").out


def test_the_requests_of_a_model_in_a_namespace_are_its_own(led: World) -> None:
    (request,) = json.loads(led.run("show", "risk/credit", "--json").out)["requests"]
    assert request.startswith("rollbook/promote/risk/credit/1.0.0")


def test_it_shows_a_model_as_it_was(led: World) -> None:
    first = json.loads(led.run("show", "credit", "--rev", "main~8", "--json").out)
    assert (first["versions"], first["record"]["team"], first["stages"]["production"]) == (1, "", [])
    assert first["last_change"]["change"] == "1.0.0 registered"


def test_an_unknown_model_is_not_found(led: World) -> None:
    ran = rollbook(led.registry, "show", "credt")
    assert (ran.code, ran.out) == (1, "")
    assert "Did you mean credit" in ran.err


def test_several_registries_are_asked_as_one(led: World, tmp_path: Path) -> None:
    assert json.loads(
        rollbook(tmp_path, "show", "credit", "--repo", str(led.registry), "--json").out
    ) == json.loads(led.run("show", "credit", "--json").out)
    ran = rollbook(tmp_path, "show", "credit", "--repo", str(led.registry), "--repo", f"{led.registry}/.git")
    assert (ran.code, ran.out) == (1, "")


def test_a_registry_elsewhere_tells_all_but_its_trail(led: World, tmp_path: Path) -> None:
    shown = json.loads(rollbook(tmp_path, "show", "credit", "--repo", led.origin.as_uri(), "--json").out)
    assert (shown["versions"], shown["last_change"], shown["requests"]) == (2, None, None)


def test_an_index_tells_of_versions(led: World, tmp_path: Path) -> None:
    ran = rollbook(tmp_path, "show", "credit", "--index", str(tmp_path))
    assert (ran.code, ran.out) == (2, "")
    assert "credit@latest" in ran.err


def test_what_strangers_wrote_does_nothing_on_a_terminal(tmp_path: Path) -> None:
    hostile = 'description: "red \\u200b\\n::error::x"\ntags: {a: "##[warning]"}\n'
    files = {
        "registry/policy.yaml": POLICY,
        "registry/m/model.yaml": model("m", hostile),
        "registry/m/versions/1.0.0/version.yaml": manifest("m", "1.0.0"),
    }
    out = rollbook(new_repository(tmp_path, files), "show", "m").out
    assert "red \\u200b\\n::error::x" in out
    assert "##[warning]" not in out
    assert all(char.isprintable() or char == "\n" for char in out)


def test_only_the_newest_versions_are_told_and_few_of_a_stage(tmp_path: Path) -> None:
    names = [f"1.{minor}.0" for minor in range(14)]
    held = "".join(f"  - {{version: {name}}}\n" for name in names)
    root = new_repository(
        tmp_path,
        {
            "registry/policy.yaml": POLICY,
            "registry/m/model.yaml": model("m"),
            "registry/m/stages.yaml": f"archived:\n{held}",
            **versions("m", *names),
        },
    )
    shown = json.loads(rollbook(root, "show", "m", "--json").out)
    assert [version["version"] for version in shown["newest"]] == names[:-6:-1]
    assert len(shown["stages"]["archived"]) == 14
    assert "1.12.0, 1.13.0, and 4 more that came in before" in rollbook(root, "show", "m").out


def test_a_model_without_versions_is_shown(tmp_path: Path) -> None:
    files = {"registry/policy.yaml": POLICY, "registry/m/model.yaml": model("m")}
    root = new_repository(tmp_path, files)
    assert git(root, "status", "--porcelain") == ""
    ran = rollbook(root, "show", "m")
    assert (ran.code, "versions" in ran.out, "none yet" in ran.out) == (0, True, True)
