"""Runs of the monitor: what they remember and do, and what killed, doubled and broken ones leave."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from building.world import World, git
from integrations.monitor.watched import serve_version, tell, watch
from rollbook.errors import Conflict, InvalidFile, NotFound, Refused
from rollbook.git.repository import discover
from rollbook.integrations.monitor.memory_store import FOLDER, REF, MemoryStore
from rollbook.integrations.monitor.outcome import State
from rollbook.integrations.monitor.running import run_once
from rollbook.layout import manifest_path, model_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from building.once import Template
    from rollbook.integrations.monitor.monitor_memory import Episode
    from rollbook.integrations.monitor.monitor_run import MonitorRun

NOW = datetime.now(UTC).replace(microsecond=0)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(started: Template) -> World:
    """A version in production, watched."""
    world = started(serve_version)
    watch(world)
    return world


class Doer:
    """Does two deeds for an episode, each once, and says once that it is over."""

    def __init__(self) -> None:
        self.did: list[str] = []

    def __call__(self, _repository: object, episode: Episode, *rest: Any, in_breach: Any) -> Episode:
        assert in_breach == set()
        remember: Callable[[Episode], None] = rest[-1]
        for name in ("evidence", "notify") if episode.ended is None else ("ended",):
            if name not in episode.deeds:
                self.did.append(name)
                episode = replace(episode, deeds={**episode.deeds, name: f"{name} of {episode.id}"})
                remember(episode)
        return episode


def run(directory: World | Path, after: int = 0, *, act: Any = None, **more: Any) -> MonitorRun:
    place = directory.registry if isinstance(directory, World) else directory
    return run_once(discover(place), NOW + after * MINUTE, act=act or Doer(), **more)


def second_clone(world: World) -> Path:
    git(world.root, "clone", "--quiet", "origin.git", "second")
    return world.root / "second"


class TestSeeing:
    def test_what_is_well_is_ok_and_nothing_is_done(self, world: World) -> None:
        tell(world, 0.01)
        seen = run(world)
        assert [(one.check, one.state) for one in seen.standings] == [("errors", State.OK)]
        assert (seen.exit_code, seen.done, seen.episodes, seen.problems) == (0, (), [], ())
        assert seen.value_of(seen.standings[0]) == 0.01

    def test_a_breach_is_acted_on_once(self, world: World) -> None:
        tell(world, 0.3)
        doer = Doer()
        seen = run(world, act=doer)
        assert (seen.exit_code, [one.deed for one in seen.done]) == (1, ["evidence", "notify"])
        assert run(world, 1, act=doer).done == []
        assert doer.did == ["evidence", "notify"]

    def test_the_end_of_a_breach_is_told_once(self, world: World) -> None:
        tell(world, 0.3)
        run(world)
        tell(world, 0.01)
        doer = Doer()
        seen = run(world, 1, act=doer)
        assert (seen.exit_code, seen.episodes[0].because) == (0, "no check is in breach any more")
        assert doer.did == ["ended"]
        run(world, 2, act=pytest.fail)

    def test_what_nobody_tells_is_unknown(self, world: World) -> None:
        assert run(world).exit_code == 3

    def test_a_breach_stands_while_its_source_is_down(self, world: World) -> None:
        tell(world, 0.3)
        run(world)
        (world.root / "live.json").unlink()
        seen = run(world, 1)
        assert (seen.exit_code, seen.standings[0].state) == (1, State.BREACH)
        assert seen.standings[0].message.startswith("unknown since ")

    def test_rows_go_on_from_run_to_run(self, started: Template) -> None:
        world = started(serve_version)
        watch(world, confirm=3)
        tell(world, 0.3)
        assert [run(world, minute).exit_code for minute in range(3)] == [3, 3, 1]

    def test_where_nothing_is_monitored_nothing_is_written(self, started: Template) -> None:
        world = started(serve_version)
        seen = run(world)
        assert (seen.exit_code, seen.standings, seen.problems) == (0, [], ())
        assert git(world.origin, "for-each-ref", REF) == ""

    def test_a_policy_that_monitors_no_more_ends_what_lasted(self, world: World) -> None:
        tell(world, 0.3)
        run(world)
        rules = world.read("registry/policy.yaml")
        world.write("registry/policy.yaml", rules[: rules.index("monitoring:")])
        world.commit("Stop watching")
        doer = Doer()
        seen = run(world, 1, act=doer)
        assert (seen.exit_code, seen.standings, doer.did) == (0, [], ["ended"])

    def test_a_version_that_was_replaced_ends_its_breach(self, world: World) -> None:
        tell(world, 0.3)
        run(world)
        world.register("fraud", "1.1.0")
        for stage in ("staging", "production"):
            world.promote("fraud@1.1.0", stage)
        tell(world, 0.01, version="1.1.0")
        seen = run(world, 1)
        assert [(one.version, one.state) for one in seen.standings] == [("1.1.0", State.OK)]
        assert [one.because for one in seen.episodes] == ["the version serves no more"]

    def test_a_dry_run_changes_nothing(self, world: World) -> None:
        tell(world, 0.3)
        doer = Doer()
        seen = run(world, act=doer, dry_run=True)
        assert (seen.exit_code, seen.is_dry, doer.did) == (1, True, [])
        assert git(world.origin, "for-each-ref", REF) == ""
        assert not (world.registry / ".git" / FOLDER).exists()

    def test_one_model_alone_leaves_the_others_as_they_stood(self, world: World) -> None:
        tell(world, 0.3)
        run(world)
        world.register("churn", "1.0.0")
        assert run(world, 1, models=["churn"]).standings == []
        assert run(world, 2).standings[0].since == NOW
        with pytest.raises(NotFound):
            run(world, 3, models=["nothing"])


def test_a_breach_is_put_on_record_once_whoever_looks(world: World) -> None:
    tell(world, 0.3)
    here, there = discover(world.registry), discover(second_clone(world))
    (deed, *_) = run_once(here, NOW).done
    assert (deed.deed, deed.result[:9]) == ("evidence", "proposed:")
    assert [one.done for one in (run_once(there, NOW + MINUTE), run_once(here, NOW + 2 * MINUTE))] == [[], []]
    assert "fraud/1.0.0-monitoring-1" in world.git("branch", "--list", "rollbook/evidence/*")


class TestMain:
    def test_main_is_read_as_the_remote_has_it(self, world: World) -> None:
        second = second_clone(world)
        tell(world, 0.03)
        assert run(second).exit_code == 1
        world.write("registry/policy.yaml", world.read("registry/policy.yaml").replace("0.02", "0.05"))
        world.commit("Allow more")
        seen = run(second, 1)
        assert (seen.exit_code, seen.main) == (0, world.git("rev-parse", "HEAD"))

    def test_a_remote_that_is_away_is_said_and_the_run_goes_on(self, world: World) -> None:
        tell(world, 0.3)
        world.origin.rename(world.root / "away.git")
        seen = run(world)
        assert seen.exit_code == 1
        assert "main is read as it was known last" in seen.problems[0]
        assert [one.deed for one in seen.done] == ["evidence", "notify"]
        (world.root / "away.git").rename(world.origin)
        assert run(world, 1).done == []
        assert git(world.origin, "for-each-ref", REF) != ""

    def test_a_policy_that_can_t_be_read_is_refused_and_nothing_is_forgotten(self, world: World) -> None:
        tell(world, 0.3)
        run(world)
        good = world.read("registry/policy.yaml")
        world.write("registry/policy.yaml", good.replace("max: 0.02", "max: much"))
        world.commit("Break it")
        with pytest.raises(InvalidFile):
            run(world, 1)
        world.write("registry/policy.yaml", good)
        world.commit("Mend it")
        assert run(world, 2).standings[0].since == NOW

    @pytest.mark.parametrize(
        "check",
        [
            "{check: threshold, name: errors, source: live, metric: x, max: 1}",  # a name that is taken
            "{check: threshold, name: own, source: gone, metric: x, max: 1}",
            "{check: vibes, name: own, source: live}",
            "{check: threshold, name: own, source: live, metric: x}",
        ],
    )
    def test_a_model_whose_own_settings_are_wrong_keeps_no_other_from_being_watched(
        self, world: World, check: str
    ) -> None:
        tell(world, 0.01)
        run(world)
        world.register("churn", "1.0.0")
        for stage in ("staging", "production"):
            world.promote("churn@1.0.0", stage)
        path = model_path("churn")
        world.write(path, f"{world.read(path)}monitoring: {{checks: [{check}]}}\n")
        world.commit("Watch it")
        seen = run(world, 1)
        assert (seen.unwatched, seen.exit_code) == (("churn",), 3)
        assert seen.problems[0].startswith("churn is not watched: registry/churn/model.yaml: ")
        assert [one.state for one in seen.standings] == [State.OK]

    @pytest.mark.parametrize(
        "check",
        [
            "check: threshold, source: nowhere, metric: x, max: 1",
            "check: threshold, source: live, metric: x",
            "check: threshold, source: live, metric: x, max: 1, window: 999999w",
            "check: relative, source: live, metric: x, to: previous",
            "check: magic, source: live",
        ],
    )
    def test_nor_does_one_whose_own_checks_can_t_be_asked(self, world: World, check: str) -> None:
        tell(world, 0.01)
        world.register("churn", "1.0.0")
        world.promote("churn@1.0.0", "staging")
        path = model_path("churn")
        own = f"{{name: own, stages: [staging], {check}}}"
        world.write(path, f"{world.read(path)}monitoring: {{checks: [{own}]}}\n")
        world.commit("Watch it by what nobody can ask")
        seen = run(world)
        assert (seen.unwatched, seen.exit_code) == (("churn",), 3)
        assert f"churn is not watched: {path}: monitoring.checks." in seen.problems[0]
        assert [(one.model, one.state) for one in seen.standings] == [("fraud", State.OK)]

    def test_nor_one_whose_files_are_damaged(self, world: World) -> None:
        tell(world, 0.01)
        world.register("churn", "1.0.0")
        for stage in ("staging", "production"):
            world.promote("churn@1.0.0", stage)
        path = manifest_path("churn", "1.0.0")
        world.write(path, "artifact: [\n")
        world.commit("Damage it")
        seen = run(world)
        assert (seen.unwatched, seen.exit_code) == (("churn",), 3)
        assert [(one.model, one.state) for one in seen.standings] == [("fraud", State.OK)]


class TestTroubles:
    def test_an_end_that_could_not_be_told_is_told_at_the_next_run(self, world: World) -> None:
        tell(world, 0.3)
        run(world)
        tell(world, 0.01)
        run(world, 1, act=lambda _, episode, *__, **___: episode)
        doer = Doer()
        run(world, 2, act=doer)
        assert doer.did == ["ended"]

    def test_who_acts_knows_which_other_versions_of_the_model_are_in_breach(self, world: World) -> None:
        rules = world.read("registry/policy.yaml")
        world.write(
            "registry/policy.yaml", rules.replace("confirm: 1", "confirm: 1, stages: [production, staging]")
        )
        world.commit("Watch staging too")
        world.register("fraud", "1.1.0")
        world.promote("fraud@1.1.0", "staging")
        tell(world, 0.3, version="1.0.0")
        figures = json.loads((world.root / "live.json").read_text())["figures"]
        tell(world, 0.3, version="1.1.0")
        figures += json.loads((world.root / "live.json").read_text())["figures"]
        (world.root / "live.json").write_text(json.dumps(figures))
        told: dict[str, Any] = {}

        def ask(_: object, episode: Episode, *__: object, in_breach: Any) -> Episode:
            told[episode.version] = in_breach
            return episode

        run(world, act=ask)
        assert told == {"1.0.0": {"1.1.0"}, "1.1.0": {"1.0.0"}}

    def test_a_deed_that_is_refused_is_said_and_tried_again_at_the_next_run(self, world: World) -> None:
        tell(world, 0.3)

        def refuse(*_: object, **__: object) -> Episode:
            raise Refused("the gates do not let it pass", hint="Ask a person.")

        seen = run(world, act=refuse)
        assert seen.problems == ("fraud@1.0.0: the gates do not let it pass. Ask a person.",)
        assert [one.deed for one in run(world, 1).done] == ["evidence", "notify"]

    def test_a_run_that_is_asked_to_end_finishes_its_deed_and_the_next_one_goes_on(
        self, world: World
    ) -> None:
        tell(world, 0.3)
        first, second = Doer(), Doer()
        run(world, act=first, is_ending=lambda: bool(first.did))
        run(world, 1, act=second)
        assert (first.did, second.did) == (["evidence"], ["notify"])

    def test_a_run_that_ended_early_keeps_no_other_clone_waiting(self, world: World) -> None:
        tell(world, 0.3)
        first, second = Doer(), Doer()
        run(world, act=first, is_ending=lambda: bool(first.did))
        run(second_clone(world), 1, act=second)
        assert second.did == ["notify"]

    def test_a_damaged_memory_is_said_and_the_monitor_begins_anew(self, world: World) -> None:
        world.git("remote", "remove", "origin")
        tell(world, 0.3)
        run(world)
        (world.registry / ".git" / FOLDER / "memory.json").write_text("{")
        seen = run(world, 1)
        assert "It is set aside" in seen.problems[0]
        assert seen.standings[0].since == NOW + MINUTE

    def test_what_a_clock_jumped_over_does_not_count(self, world: World) -> None:
        rules = world.read("registry/policy.yaml")
        world.write("registry/policy.yaml", rules.replace("confirm: 1", "confirm: 1, for: 1h"))
        world.commit("Wait an hour")
        tell(world, 0.3)
        run(world)
        assert run(world, 120, jumped=119 * MINUTE).exit_code == 3
        assert run(world, 179).exit_code == 1


class TestTwoMonitors:
    def test_in_one_clone_the_second_is_refused(self, world: World) -> None:
        with MemoryStore(discover(world.registry)).locked(), pytest.raises(Conflict, match="another monitor"):
            run(world)

    def test_in_two_clones_one_acts(self, world: World) -> None:
        tell(world, 0.3)
        second, late = second_clone(world), Doer()

        class First(Doer):
            """While it acts, the other one looks too."""

            def __call__(self, repository: object, episode: Episode, *rest: Any, in_breach: Any) -> Episode:
                seen = run(second, 1, act=late)
                assert "a monitor in another clone acts now" in seen.problems[0]
                return super().__call__(repository, episode, *rest, in_breach=in_breach)

        first = First()
        run(world, act=first)
        run(second, 2, act=late)
        assert (first.did, late.did) == (["evidence", "notify"], [])

    def test_the_one_that_loses_the_race_reads_anew_and_does_nothing(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tell(world, 0.3)
        second, first, late = second_clone(world), Doer(), Doer()
        recall = MemoryStore.recall

        def overtaken(store: MemoryStore) -> Any:
            memory = recall(store)
            monkeypatch.setattr(MemoryStore, "recall", recall)
            run(world, act=first)
            return memory

        monkeypatch.setattr(MemoryStore, "recall", overtaken)
        seen = run(second, 1, act=late)
        assert "a monitor in another clone was first" in seen.problems[-1]
        assert (first.did, late.did) == (["evidence", "notify"], [])
        assert seen.episodes[0].deeds.keys() == {"evidence", "notify"}


# The nth directory's run is killed at its nth step, and another run follows there; in the last one nothing is
# killed. Every process is forked from one that has imported everything.
KILLED = """
import json, os, signal, sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from rollbook.git.repository import discover
from rollbook.integrations.monitor import memory_store, running
now, *directories = sys.argv[1:]
steps = fatal = 0
def step():
    global steps
    steps += 1
    if steps == fatal:
        os.kill(os.getpid(), signal.SIGKILL)
def stepping(holder, name):
    real = getattr(holder, name)
    def stepped(*given, **named):
        step()
        return real(*given, **named)
    setattr(holder, name, stepped)
for holder, name in ((memory_store, "_replace"), (memory_store, "push"), (memory_store, "update_refs")):
    stepping(holder, name)
def act(repository, episode, outcomes, monitoring, now, remember, *, in_breach):
    log = repository.directory / "../deeds"
    for name in ("evidence", "notify"):
        if name in episode.deeds:
            continue
        step()
        done = log.read_text().split() if log.exists() else []
        if name not in done:  # as main is looked at for what stands there
            log.write_text(" ".join([*done, name]))
        step()
        episode = replace(episode, deeds={**episode.deeds, name: "done"})
        remember(episode)
    return episode
def forked(directory, minute):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    moment = datetime.fromisoformat(now) + timedelta(minutes=minute)
    run = running.run_once(discover(Path(directory)), moment, act=act)
    told = [run.exit_code, list(run.problems), [dict(one.deeds) for one in run.episodes]]
    Path(directory, "../told").write_text(json.dumps(told))
    os._exit(0)
ends = []
for fatal, directory in enumerate(directories, 1):
    ends.append(forked(directory, 0))
    fatal = 0
    assert forked(directory, 1) == 0
print(json.dumps(ends))
"""


def test_a_run_that_is_killed_between_any_two_steps_is_finished_by_the_next_one(
    world: World, tmp_path: Path
) -> None:
    tell(world, 0.3)
    worlds = [world.copy(tmp_path / f"struck-{number}") for number in range(22)]
    command = [sys.executable, "-c", KILLED, NOW.isoformat(), *(str(one.registry) for one in worlds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    ends = json.loads(done.stdout)
    assert (ends[0], ends[-1]) == (-signal.SIGKILL, 0)
    for struck in worlds:
        exit_code, problems, deeds = json.loads((struck.root / "told").read_text())
        assert (exit_code, problems) == (1, [])
        assert deeds == [{"evidence": "done", "notify": "done"}]
        assert (struck.root / "deeds").read_text() == "evidence notify"
