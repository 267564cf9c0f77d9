"""GTO reads a Rollbook registry, and says what Rollbook says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from building.world import World, git


@pytest.fixture(scope="module")
def lived_in(new_world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Two models; of one, two versions that went through every stage, one displacing the other. Only read."""
    world = new_world.copy(tmp_path_factory.mktemp("gto") / "world")
    for version in ("1.0.0", "1.1.0"):
        world.register("credit", version)
    world.register("fraud", "0.1.0")
    world.promote("credit@1.0.0", "staging")
    world.promote("credit@1.0.0", "production")
    world.promote("credit@1.1.0", "staging")
    world.promote("credit@1.1.0", "canary", "--traffic", "10")
    world.promote("credit@1.1.0", "production")
    world.promote("fraud@0.1.0", "staging")
    for reference in ("fraud@0.1.0", "credit@1.0.0", "credit@1.1.0"):
        _give(world, reference, "champion")
    _give(world, "credit@1.0.0", "challenger")
    world.run("alias", "credit@challenger", "challenger", "--remove", "--reason", "over", "--land")
    _prune(world)
    return world


def _give(world: World, reference: str, alias: str) -> None:
    world.run("alias", reference, alias, "--reason", f"as {alias}", "--land")


def _prune(world: World) -> None:
    """Remove the artifact of an archived version; another one stays archived."""
    world.policy("retention: {keep_unpromoted: 1, keep_days: 0, days_there: 0}\n")
    for version in ("0.2.0", "0.3.0"):
        world.register("fraud", version)
        world.run("archive", f"fraud@{version}", "--reason", "old", "--land")
    world.run("prune", "fraud@0.2.0", "--reason", "full", "--land")


def stages_by_gto(world: World) -> dict[str, dict[str, list[str]]]:
    """For each model, each stage's versions as `gto show` tells them."""
    from gto.api import show

    found: dict[str, dict[str, list[str]]] = {}
    for model in ("credit", "fraud"):
        rows: Any = show(str(world.registry), model, assignments_per_version=-1, versions_per_stage=-1)
        found[model] = {}
        for row in rows:
            for held in row["stages"]:
                found[model].setdefault(held["stage"], []).append(row["version"].removeprefix("v"))
    return found


def stages_by_rollbook(world: World) -> dict[str, dict[str, list[str]]]:
    return {
        model["model"]: {stage: versions for stage, versions in model["stages"].items() if versions}
        | {alias: [version] for alias, version in model["aliases"].items()}
        for model in json.loads(world.run("list", "--json").out)
    }


def test_gto_show_agrees_with_rollbook_list(lived_in: World) -> None:
    assert stages_by_gto(lived_in) == stages_by_rollbook(lived_in)


def test_gto_names_the_newest_version_as_rollbook_does(lived_in: World) -> None:
    from gto.api import show

    table = {name: row["version"] for name, row in show(str(lived_in.registry)).items()}
    listed = json.loads(lived_in.run("list", "--json").out)
    assert table == {model["model"]: f"v{model['latest']}" for model in listed}


@pytest.mark.parametrize("model", ["credit", "fraud"])
def test_gto_history_tells_every_event_in_the_same_order(lived_in: World, model: str) -> None:
    from gto.api import history

    by_gto = [row["ref"] for row in history(str(lived_in.registry), model, ascending=True) if row["ref"]]
    listed = json.loads(lived_in.run("history", model, "--json").out)
    assert sorted(by_gto) == sorted(event["tag"] for event in listed)
    times = git(
        lived_in.registry,
        "for-each-ref",
        "--sort=taggerdate",
        "--format=%(refname:strip=2)",
        f"refs/tags/{model}*",
    )
    assert times.splitlines() == [event["tag"] for event in listed]


@pytest.mark.parametrize(
    ("tag", "version", "stage"),
    [
        ("credit@v1.0.0", "v1.0.0", None),
        ("credit#production#12", "v1.1.0", "production"),
        ("credit#champion!#14", "v1.0.0", "champion"),
        ("credit#champion#15", "v1.1.0", "champion"),
        ("fraud#staging#2", "v0.1.0", "staging"),
        ("fraud@v0.2.0!", "v0.2.0", None),
    ],
)
def test_gto_check_ref_reads_the_tag(lived_in: World, tag: str, version: str, stage: str | None) -> None:
    from gto.api import check_ref

    assert tag in lived_in.git("tag").splitlines()
    (event,) = check_ref(str(lived_in.registry), tag)
    assert (event.version, getattr(event, "stage", None)) == (version, stage)


def test_gto_show_of_a_stage_gives_the_version_that_rollbook_resolves(lived_in: World) -> None:
    from gto.api import show

    (row,) = show(str(lived_in.registry), "credit#production")
    resolved = json.loads(lived_in.run("resolve", "credit@production", "--json").out)
    assert row["version"] == f"v{resolved['version']}"


def test_gto_show_has_a_column_for_an_alias(lived_in: World) -> None:
    from gto.api import show

    table = {name: row["stage"] for name, row in show(str(lived_in.registry)).items()}
    assert {name: stages["champion"] for name, stages in table.items()} == {
        "credit": "v1.1.0",
        "fraud": "v0.1.0",
    }
    assert all("challenger" not in stages or not stages["challenger"] for stages in table.values())


def test_dvc_gets_the_artifact_at_a_registration_tag(lived_in: World) -> None:
    from dvc.api import DVCFileSystem

    system = DVCFileSystem(str(lived_in.registry), rev="credit@v1.0.0")
    path = "registry/credit/versions/1.0.0/model.bin"
    target = lived_in.root / "got.bin"
    system.get_file(path, str(target))
    assert target.read_bytes() == b"credit 1.0.0"
