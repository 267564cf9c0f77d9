"""Versions that nothing happened to for long."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from building.world import World, rollbook

DAYS = {"0.1.0": 400, "0.2.0": 300, "0.3.0": 200, "0.4.0": 100, "0.5.0": 10}


@pytest.fixture(scope="module")
def aged(new_world: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """Versions registered 400 to 10 days ago; 0.2.0 went into production then, 0.1.0 got a note lately."""
    world = new_world.copy(tmp_path_factory.mktemp("stale") / "world")
    now = datetime.now(UTC)
    with pytest.MonkeyPatch.context() as patch:

        def at(days: int) -> None:
            for name in ("GIT_COMMITTER_DATE", "GIT_AUTHOR_DATE"):
                patch.setenv(name, (now - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S+00:00"))

        at(500)
        world.git("commit", "--quiet", "--amend", "--no-edit")
        world.git("push", "--quiet", "--force", "origin", "main")
        for version, days in DAYS.items():
            at(days)
            world.register("credit", version)
            if version == "0.2.0":
                world.promote("credit@0.2.0", "staging")
                world.promote("credit@0.2.0", "production")
        at(9)
        world.run("archive", "credit@0.3.0", "--reason", "old", "--land")
        world.run("note", "credit@0.1.0", "--tag", "a=b", "--land")
    return world


def stale(world: World, *options: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(world.run("list", "--json", *options).out)
    return found


def test_what_is_older_than_the_span_and_not_in_use_is_listed(aged: World) -> None:
    (only,) = stale(aged, "--stale", "90d")
    assert (only["model"], only["version"], only["stage"], only["last"]) == (
        "credit", "0.4.0", "development", "registered",
    )  # fmt: skip
    assert only["days"] == 100


def test_a_shorter_span_lists_more_the_longest_untouched_first(aged: World) -> None:
    found = stale(aged, "credit", "--stale", "1w")
    assert [(each["version"], each["last"]) for each in found] == [
        ("0.4.0", "registered"),
        ("0.5.0", "registered"),
        ("0.1.0", "notes"),
        ("0.3.0", "put into archived"),
    ]


def test_an_earlier_date_is_judged_as_of_then(aged: World) -> None:
    date = (datetime.now(UTC) - timedelta(days=150)).strftime("%Y-%m-%d")
    found = stale(aged, "--stale", "90d", "--at", date)
    assert [(each["version"], each["days"] // 10) for each in found] == [("0.1.0", 25)]


@pytest.mark.parametrize("span", ["90", "0d", "-5d", "ninety", "1y", "٣d"])
def test_a_span_that_is_none_is_refused(aged: World, span: str) -> None:
    assert rollbook(aged.registry, "list", f"--stale={span}").code == 2


def test_the_table_has_the_same(aged: World) -> None:
    assert aged.run("list", "--stale", "90d").out.splitlines()[1].split("\t")[:4] == [
        "credit", "0.4.0", "development", "registered",
    ]  # fmt: skip
