"""`rollbook monitor`: what it prints, and how it exits."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from building.world import rollbook
from integrations.monitor.watched import serve_version, tell, watch
from rollbook.integrations.monitor import running

if TYPE_CHECKING:
    from building.once import Template
    from building.world import Ran, World
    from rollbook.integrations.monitor.monitor_memory import Episode


@pytest.fixture
def world(started: Template, monkeypatch: pytest.MonkeyPatch) -> World:
    """A version in production, watched; nobody does anything about a breach."""

    def leave(_: object, episode: Episode, *__: object, **___: object) -> Episode:
        return episode

    monkeypatch.setattr(running, "_own_act", lambda: leave)
    world = started(serve_version)
    watch(world)
    return world


def monitor(world: World, *arguments: str) -> Ran:
    return rollbook(world.registry, "monitor", *arguments)


def test_it_exits_with_0_when_all_is_fine_and_shows_each_standing(world: World) -> None:
    tell(world, 0.01)
    ran = monitor(world)
    header, row = (line.split("\t") for line in ran.out.splitlines())
    assert header == ["version", "check", "state", "since", "figure", "what it says"]
    assert (row[:3], row[4:]) == (
        ["fraud@1.0.0", "errors", "ok"],
        ["0.01", "error_rate is 0.01, asked <= 0.02"],
    )
    assert ran.code == 0


def test_it_exits_with_1_while_a_breach_stands_and_says_when_it_is_over(world: World) -> None:
    tell(world, 0.3)
    assert monitor(world, "fraud").code == 1
    tell(world, 0.01)
    ran = monitor(world, "--once")
    assert (ran.code, ran.err) == (0, "the breach of fraud@1.0.0 is over: no check is in breach any more\n")


def test_it_exits_with_3_when_something_is_unknown(world: World) -> None:
    assert monitor(world).code == 3


def test_a_breach_that_was_not_seen_often_enough_is_unknown_and_says_so(started: Template) -> None:
    world = started(serve_version)
    watch(world, confirm=3)
    tell(world, 0.3)
    ran = monitor(world)
    assert (ran.code, ran.out.splitlines()[1].split("\t")[2]) == (3, "unknown")
    assert ran.out.endswith("(seen as breach once)\n")


def test_a_dry_run_says_what_stands_and_does_nothing(world: World) -> None:
    tell(world, 0.3)
    ran = monitor(world, "--dry-run")
    assert ran.code == 1
    assert "in breach by errors; nothing is done in a dry run" in ran.err
    assert json.loads(monitor(world, "--dry-run", "--json").out)["dry_run"] is True


def test_what_a_source_says_acts_on_no_terminal(world: World) -> None:
    (world.root / "live.json").write_text(json.dumps([{"metric": "\x1b[2J", "version": "\x1b[2J"}]))
    ran = monitor(world)
    assert "\x1b" not in ran.out + ran.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--once", "--every", "5m"), "either --once or --every"),
        (("--listen", "127.0.0.1:9101"), "--listen goes with --every"),
        (("--every", "soon"), "no span of time"),
        (("--every", "5m", "--listen", "here"), "no HOST:PORT"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused(world: World, arguments: tuple[str, ...], says: str) -> None:
    ran = monitor(world, *arguments)
    assert ran.code == 2
    assert says in ran.err


def test_where_nothing_is_monitored_it_says_so(started: Template) -> None:
    ran = monitor(started(serve_version))
    assert (ran.code, ran.out) == (0, "")
    assert "nothing is monitored" in ran.err
