"""The monitor as a service: what it outlives, how it ends, and what it tells of itself over HTTP."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from integrations.monitor.watched import serve_version, tell, watch
from rollbook.errors import BadCall
from rollbook.integrations.monitor import service
from rollbook.integrations.monitor.own_health import Health, answering
from rollbook.integrations.monitor.service import MonitorRound, Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from building.once import Template
    from building.world import World

SECOND = timedelta(seconds=1)


@pytest.fixture
def world(started: Template) -> World:
    """A version in production, watched, and well."""
    world = started(serve_version)
    watch(world)
    tell(world, 0.01)
    return world


def rounds(
    world: World, *between: Callable[[], object], every: timedelta = SECOND / 10
) -> list[MonitorRound]:
    """Run a service, do something after each round, and end it after the last; what each round gave."""
    heard: list[MonitorRound] = []
    left = list(between)

    def hear(this_round: MonitorRound) -> None:
        heard.append(this_round)
        if left:
            left.pop(0)()
        else:
            running.end()

    running = Service(world.registry, every, listeners=[hear])
    running.run()
    return heard


def states(this_round: MonitorRound) -> list[str]:
    assert this_round.run is not None, this_round.message
    return [one["state"] for one in this_round.run["standings"]]


def ask_what_hangs(world: World) -> None:
    """Have the source be a program that says nothing for long."""
    policy = re.sub(
        r"live: .*", "live: {source: command, run: [sleep, '600']}", world.read("registry/policy.yaml")
    )
    world.write("registry/policy.yaml", policy)
    world.commit("Ask what hangs")


class TestRounds:
    def test_each_round_reads_main_and_the_sources_anew(self, world: World) -> None:
        (world.root / "live.json").unlink()
        first, second = rounds(world, lambda: tell(world, 0.01))
        assert (states(first), states(second)) == (["unknown"], ["ok"])

    def test_a_policy_that_breaks_in_between_is_said_and_ends_nothing(self, world: World) -> None:
        good = world.read("registry/policy.yaml")

        def write(policy: str) -> None:
            world.write("registry/policy.yaml", policy)
            world.commit("Change it")

        first, second, third = rounds(
            world, lambda: write(good.replace("max: 0.02", "max: much")), lambda: write(good)
        )
        assert states(first) == states(third) == ["ok"]
        assert (second.run, second.kind) == (None, "InvalidFile")
        assert "registry/policy.yaml" in second.message

    def test_a_remote_that_goes_away_ends_nothing(self, world: World) -> None:
        away = world.root / "away.git"
        first, second, third = rounds(
            world, lambda: world.origin.rename(away), lambda: away.rename(world.origin)
        )
        assert states(first) == states(second) == states(third) == ["ok"]
        assert second.run is not None
        assert "as it was known last" in second.run["problems"][0]

    def test_another_monitor_in_the_same_clone_ends_nothing(self, world: World) -> None:
        from rollbook.git.repository import discover
        from rollbook.integrations.monitor.memory_store import MemoryStore

        with MemoryStore(discover(world.registry)).locked():
            (only,) = rounds(world)
        assert only.kind == "Conflict"

    def test_a_run_that_crashes_ends_nothing(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(service.one_round, "__file__", "elsewhere")
        first, second = rounds(world, monkeypatch.undo)
        assert (first.run, first.kind) == (None, "Crashed")
        assert states(second) == ["ok"]

    def test_a_run_that_never_ends_is_ended(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        ask_what_hangs(world)
        monkeypatch.setattr(service, "_LEAST_LIMIT", 2.0)
        monkeypatch.setattr(service, "_GRACE", 0.1)
        (only,) = rounds(world)
        assert (only.run, only.kind) == (None, "TimedOut")

    def test_what_was_seen_is_remembered_over_a_restart(self, world: World) -> None:
        world.write(
            "registry/policy.yaml", world.read("registry/policy.yaml").replace("confirm: 1", "confirm: 2")
        )
        world.commit("Look twice")
        (world.root / "live.json").unlink()
        tell(world, 0.01)
        (first,) = rounds(world)
        (second,) = rounds(world)
        assert first.run is not None
        assert second.run is not None
        assert first.run["standings"][0]["since"] == second.run["standings"][0]["since"]


class TestSchedule:
    @pytest.mark.parametrize(
        ("now", "wait"), [(100.0, 60.0), (101.5, 58.5), (159.0, 1.0), (161.0, 59.0), (400.0, 60.0)]
    )
    def test_rounds_begin_at_multiples_of_the_interval(self, now: float, wait: float) -> None:
        assert service._wait(100.0, now, 60.0) == wait

    def test_a_clock_that_was_set_is_told_to_the_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        wall, steady = [1000.0], [50.0]
        monkeypatch.setattr(service.time, "time", lambda: wall[0])
        monkeypatch.setattr(service.time, "monotonic", lambda: steady[0])
        clocks = service._Clocks()
        for passed, seen, jumped in ((60, 60, 0), (60, 3660, 3600), (60, 58, 0), (60, -7140, -7200)):
            steady[0] += passed
            wall[0] += seen
            assert clocks.jump() == jumped


def test_a_run_that_hangs_keeps_nobody_from_ending_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ask_what_hangs(world)
    monkeypatch.setattr(service, "_GRACE", 0.1)
    heard: list[MonitorRound] = []
    hanging = Service(world.registry, SECOND, listeners=[heard.append])
    ending = threading.Timer(1, hanging.end)
    ending.start()
    hanging.run()
    assert [one.run for one in heard] == [None]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(world: World, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "rollbook", "monitor", "--every", "1h", "--json"]
    with subprocess.Popen(command, cwd=world.registry, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = json.loads(process.stderr.readline())
        process.send_signal(number)
        assert (process.wait(timeout=60), process.stderr.read()) == (0, "")
    assert (told["error"], [one["state"] for one in told["run"]["standings"]]) == (None, ["ok"])


def document(*standings: dict[str, str], episodes: int = 0) -> dict[str, Any]:
    return {"standings": standings, "episodes": [{"ended": None}] * episodes, "problems": []}


def standing(version: str, state: str) -> dict[str, str]:
    return {"model": "fraud", "version": version, "check": "errors", "state": state}


@pytest.fixture
def health() -> Health:
    return Health(timedelta(minutes=5))


@pytest.fixture
def address(health: Health) -> Iterator[str]:
    with answering("127.0.0.1:0", health) as port:
        yield f"http://127.0.0.1:{port}"


def get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as answer:
        text: str = answer.read().decode()
    return text


def samples(text: str) -> dict[str, float]:
    return {
        f"{one.name}{json.dumps(one.labels, sort_keys=True) if one.labels else ''}": one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


class TestHealth:
    def test_prometheus_reads_how_runs_went(self, health: Health, address: str) -> None:
        health.heard(MonitorRound(document(standing("1.0.0", "breach"), episodes=1), "", "", 0.5))
        health.heard(MonitorRound(None, "GitFailed", "no", 0.1))
        told = samples(get(f"{address}/metrics"))
        assert told["rollbook_monitor_runs_total"] == 2
        assert told['rollbook_monitor_errors_total{"kind": "GitFailed"}'] == 1
        assert told["rollbook_monitor_run_seconds_count"] == 2
        assert told["rollbook_monitor_open_episodes"] == 1
        assert told["rollbook_monitor_last_success_timestamp_seconds"] > 1e9
        labels = '{"check": "errors", "model": "fraud", "version": "1.0.0"}'
        assert told[f"rollbook_monitor_state{labels}"] == 3

    def test_what_is_gone_is_told_no_more(self, health: Health) -> None:
        health.heard(MonitorRound(document(standing("1.0.0", "ok")), "", "", 0.5))
        health.heard(MonitorRound(document(standing("1.1.0", "ok")), "", "", 0.5))
        text = health.text().decode()
        assert ('version="1.0.0"' in text, 'version="1.1.0"' in text) == (False, True)

    def test_of_too_many_states_the_worst_are_told(self, health: Health) -> None:
        many = [standing(f"1.0.{number}", "ok") for number in range(3000)]
        health.heard(MonitorRound(document(*many, standing("2.0.0", "breach")), "", "", 0.5))
        text = health.text().decode()
        assert text.count("rollbook_monitor_state{") == 2000
        assert 'version="2.0.0"} 3.0' in text
        assert "rollbook_monitor_states_left_out 1001.0" in text

    def test_it_is_ill_when_no_run_came_to_its_end_for_long(self, address: str, health: Health) -> None:
        assert get(f"{address}/healthz") == "ok\n"
        health._patience = 0
        with pytest.raises(urllib.error.HTTPError, match="503"):
            get(f"{address}/healthz")

    def test_there_is_nothing_else(self, address: str) -> None:
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(f"{address}/")

    @pytest.mark.parametrize("listen", ["", "9101", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:99999", "a/b:1"])
    def test_what_is_no_address_is_refused(self, listen: str, health: Health) -> None:
        with pytest.raises(BadCall), answering(listen, health):
            pass

    def test_it_listens_where_the_next_protocol_does(self, health: Health) -> None:
        with answering("[::1]:0", health) as port:
            assert get(f"http://[::1]:{port}/healthz") == "ok\n"

    def test_an_address_that_is_taken_is_said(self, address: str, health: Health) -> None:
        with (
            pytest.raises(BadCall, match="can't listen on"),
            answering(address.removeprefix("http://"), health),
        ):
            pass
