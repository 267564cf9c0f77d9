"""Each deed is done once: whatever cuts the monitor off, and however many there are."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from building.world import git
from rollbook.integrations.monitor import own_requests
from rollbook.propose import landing, proposal, publication

from .breached import (
    BASIC,
    LANDED,
    acted,
    actions,
    branches,
    episode,
    evidence,
    holder,
    outcome,
    over,
    rollbacks,
)

if TYPE_CHECKING:
    from pathlib import Path

    from building.world import World
    from rollbook.git.repository import Repository
    from rollbook.integrations.monitor.monitor_memory import Episode


class Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("step", range(2))
def test_a_run_that_is_cut_off_after_a_deed_is_finished_by_the_next(autonomous: World, step: int) -> None:
    remembered = [episode()]

    def remember(after: Episode) -> None:
        if len(remembered) > step:  # the deed is done, and nobody knows
            raise Killed
        remembered.append(after)

    with pytest.raises(Killed):
        acted(autonomous, remember=remember)
    done = acted(autonomous, remembered[-1])
    assert (done.deeds["evidence"], done.deeds["rollback"]) == ("landed: monitoring-1", LANDED)
    assert len(evidence(autonomous)) == len(rollbacks(autonomous)) == 1


@pytest.mark.parametrize("push_number", [1, 2])
def test_a_run_that_is_cut_off_before_it_pushes_a_request_is_finished_by_the_next(
    served: World, monkeypatch: pytest.MonkeyPatch, push_number: int
) -> None:
    served.policy(BASIC.format(actions="{evidence: propose, rollback: propose}"))
    asks, push, calls = actions(evidence="propose", rollback="propose"), proposal.push_branch, 0

    def cut_off(repository: Repository, branch: str) -> str:
        nonlocal calls
        calls += 1
        if calls == push_number:
            raise Killed
        return push(repository, branch)

    with monkeypatch.context() as patch:
        patch.setattr(own_requests, "push_branch", cut_off)
        with pytest.raises(Killed):
            acted(served, monitoring=asks)
    acted(served, monitoring=asks)
    assert branches(served) == [
        "rollbook/evidence/fraud/1.2.0-monitoring-1",
        "rollbook/rollback/fraud/1.1.0-production",
    ]


@pytest.mark.parametrize("landing_number", [1, 2])
@pytest.mark.parametrize("has_landed", [False, True])
def test_a_run_that_is_cut_off_around_a_landing_is_finished_by_the_next(
    autonomous: World, monkeypatch: pytest.MonkeyPatch, landing_number: int, has_landed: bool
) -> None:
    calls = 0

    def land(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls < landing_number:
            return landing.land(*arguments)  # type: ignore[arg-type]
        if has_landed:
            landing.land(*arguments)  # type: ignore[arg-type]
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(own_requests, "land", land)
        with pytest.raises(Killed):
            acted(autonomous)
    done = acted(autonomous)  # nothing was remembered either
    assert (done.deeds["evidence"], done.deeds["rollback"]) == ("landed: monitoring-1", LANDED)
    assert len(evidence(autonomous)) == len(rollbacks(autonomous)) == 1
    assert holder(autonomous) == "1.1.0"


def test_a_rollback_that_nobody_could_say_is_said_once_the_episode_is_over(autonomous: World) -> None:
    acted(autonomous)
    told = acted(autonomous, over(episode()), outcomes=())
    assert told.deeds["rollback"] == LANDED
    assert told.deeds["ended"] == "told"


def test_a_monitor_in_another_clone_takes_what_stands(autonomous: World, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", str(autonomous.origin), "other")
    acted(autonomous)
    done = acted(autonomous, at=tmp_path / "other")
    assert (done.deeds["evidence"], done.deeds["rollback"]) == ("landed: monitoring-1", LANDED)
    assert len(evidence(autonomous)) == len(rollbacks(autonomous)) == 1


def test_two_monitors_at_the_same_time_act_once(autonomous: World) -> None:
    git(autonomous.root, "clone", "--quiet", str(autonomous.origin), "other")
    seen, places = (outcome(autonomous),), (autonomous.registry, autonomous.root / "other")
    with ThreadPoolExecutor(len(places)) as pool:
        both = [*pool.map(lambda place: acted(autonomous, outcomes=seen, at=place), places)]
    # Who lost every race goes on in the next run.
    both = [acted(autonomous, done, outcomes=seen, at=at) for done, at in zip(both, places, strict=True)]
    assert [done.deeds["evidence"] for done in both] == ["landed: monitoring-1"] * 2
    assert [done.deeds["rollback"] for done in both] == [LANDED] * 2
    assert len(evidence(autonomous)) == len(rollbacks(autonomous)) == 1
    assert branches(autonomous) == []


def test_two_monitors_that_propose_make_one_request_each(served: World, tmp_path: Path) -> None:
    served.policy(BASIC.format(actions="{evidence: propose, rollback: propose}"))
    git(served.root, "clone", "--quiet", str(served.origin), "other")
    asks = actions(evidence="propose", rollback="propose")
    first = acted(served, monitoring=asks)
    second = acted(served, monitoring=asks, at=served.root / "other")
    assert second.deeds["evidence"] == first.deeds["evidence"]
    assert branches(served) == [
        "rollbook/evidence/fraud/1.2.0-monitoring-1",
        "rollbook/rollback/fraud/1.1.0-production",
    ]


def test_a_push_that_loses_a_race_is_tried_again(autonomous: World, monkeypatch: pytest.MonkeyPatch) -> None:
    git(autonomous.root, "clone", "--quiet", str(autonomous.origin), "other")
    other, push = autonomous.root / "other", publication.push
    raced: list[str] = []

    def beaten(*arguments: object) -> None:
        if len(raced) < 2:
            raced.append("first")
            git(other, "commit", "--quiet", "--allow-empty", "-m", "Somebody was first")
            git(other, "push", "--quiet", "origin", "main")
            push(*arguments)  # type: ignore[arg-type]
        push(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(publication, "push", beaten)
    done = acted(autonomous)
    assert (done.deeds["evidence"], done.deeds["rollback"]) == ("landed: monitoring-1", LANDED)
    assert len(evidence(autonomous)) == 1


def test_a_push_that_always_loses_is_left_to_the_next_run(
    autonomous: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rollbook.errors import Conflict

    def beaten(*_: object) -> None:
        raise Conflict("somebody else was first")

    with monkeypatch.context() as patch:
        patch.setattr(publication, "push", beaten)
        done = acted(autonomous)
    assert done.deeds["evidence"].startswith("failed: somebody else was first [main ")
    assert done.deeds["evidence"].endswith(", try 1]")
    assert acted(autonomous, done).deeds["rollback"] == LANDED


def test_a_remote_that_is_away_fails_the_deed_and_the_next_run_does_it(autonomous: World) -> None:
    gone = autonomous.origin.rename(autonomous.root / "gone.git")
    done = acted(autonomous)
    assert done.deeds["evidence"].startswith("failed: ")
    assert done.deeds["rollback"].startswith("failed: ")
    gone.rename(autonomous.origin)
    assert acted(autonomous, done).deeds["rollback"] == LANDED
