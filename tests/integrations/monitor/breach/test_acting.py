"""Evidence and the way back: made once, whatever cuts the monitor off, and only where it may."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from building.world import git, rollbook
from rollbook.integrations.monitor.breach import requests_of_breaches
from rollbook.integrations.monitor.outcome import State
from rollbook.propose import landing, proposal

from .breached import BASIC, acted, actions, branches, episode, evidence, holder, outcome, over

if TYPE_CHECKING:
    from pathlib import Path

    from building.world import World
    from rollbook.git.repository import Repository
    from rollbook.integrations.monitor.memory import Episode

LANDED = "landed: back to 1.1.0 (monitoring-1)"


class Killed(BaseException):
    """The process is gone."""


def rollbacks(world: World) -> list[str]:
    """The merges of rollbacks on the origin's main."""
    return git(
        world.origin, "log", "--first-parent", "--format=%s", "--grep=rollbook/rollback/", "main"
    ).split("\n")


# --- what is done


def test_a_breach_lands_evidence_and_the_way_back(autonomous: World) -> None:
    done = acted(autonomous)
    assert holder(autonomous) == "1.1.0"
    (found,) = evidence(autonomous)
    assert (found.kind, found.passed) == ("monitoring", False)
    assert found.metrics == {"errors": 0.05, "errors.p99": 0.07}
    assert done.deeds["evidence"] == "landed: monitoring-1"
    assert done.deeds["rollback"] == LANDED
    assert branches(autonomous) == []


def test_the_trail_says_that_it_was_automatic_and_on_which_evidence(autonomous: World) -> None:
    acted(autonomous)
    ran = rollbook(autonomous.registry, "history", "fraud", "--json")
    assert (
        "fraud@1.2.0 is in breach: errors: error_rate is 0.05 (automatic: monitoring-1 of 1.2.0)" in ran.out
    )
    assert rollbook(autonomous.registry, "audit", "verify").code == 0


def test_evidence_tells_how_the_figures_were_come_by(autonomous: World) -> None:
    acted(autonomous)
    (found,) = evidence(autonomous)
    assert found.extra["episode"] == "0123456789ab"
    (check,) = found.extra["checks"]
    assert {name: check[name] for name in ("check", "source", "query", "bound", "samples", "state")} == {
        "check": "errors",
        "source": "live",
        "query": "error_rate",
        "bound": "<= 0.02",
        "samples": 5000,
        "state": "breach",
    }
    assert set(check["window"]) == {"from", "to"}


def test_what_is_done_is_not_done_again(autonomous: World) -> None:
    done = acted(autonomous)
    before = git(autonomous.origin, "for-each-ref")
    seen: list[Episode] = []
    assert acted(autonomous, done, remember=seen.append) == done
    assert (seen, git(autonomous.origin, "for-each-ref")) == ([], before)


def test_a_monitor_with_the_role_of_automation_alone_can_do_it(served: World) -> None:
    roles = (
        "roles: {admin: [boss@example.com], recorder: [jane@example.com], automation: [jane@example.com]}\n"
    )
    served.policy(BASIC.format(actions="{evidence: land, rollback: land}") + roles)
    assert acted(served).deeds["rollback"] == LANDED
    assert holder(served) == "1.1.0"


def test_hostile_text_is_cleaned_and_bounded_in_evidence(autonomous: World) -> None:
    hostile = outcome(
        autonomous,
        message="\x1b[31mred\nline " + "x" * 5000,
        query="q" * 50_000,
        figures={f"feature \x1b[{number}m<b>": 1.0 for number in range(5000)} | {"nan": float("nan")},
        findings=tuple("f" * 3000 for _ in range(500)),
    )
    assert acted(autonomous, outcomes=(hostile,)).deeds["evidence"] == "landed: monitoring-1"
    (found,) = evidence(autonomous)
    (check,) = found.extra["checks"]
    assert len(found.metrics) <= 200
    assert len(check["message"]) <= 500
    assert (len(check["query"]), len(check["findings"])) == (4000, 20)
    assert "\x1b" not in found.summary + check["message"]


# --- cut off


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
        patch.setattr(requests_of_breaches, "push_branch", cut_off)
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
        patch.setattr(requests_of_breaches, "land", land)
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
    other, push = autonomous.root / "other", landing.push
    raced: list[str] = []

    def beaten(*arguments: object) -> None:
        if len(raced) < 2:
            raced.append("first")
            git(other, "commit", "--quiet", "--allow-empty", "-m", "Somebody was first")
            git(other, "push", "--quiet", "origin", "main")
            push(*arguments)  # type: ignore[arg-type]
        push(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(landing, "push", beaten)
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
        patch.setattr(landing, "push", beaten)
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


# --- only what the policy lets it


def test_without_leave_nothing_is_made(served: World) -> None:
    before = git(served.origin, "for-each-ref")
    done = acted(served, monitoring=actions(evidence="none", rollback="none"))
    assert not {"evidence", "rollback"} & set(done.deeds)
    assert git(served.origin, "for-each-ref") == before


def test_what_is_proposed_can_be_landed_by_a_person_in_one_go(served: World) -> None:
    served.policy(BASIC.format(actions="{evidence: propose, rollback: propose}"))
    done = acted(served, monitoring=actions(evidence="propose", rollback="propose"))
    branch = "rollbook/rollback/fraud/1.1.0-production"
    assert done.deeds["rollback"] == f"proposed: back to 1.1.0 (monitoring-1) on {branch}"
    assert holder(served) == "1.2.0"
    served.land(branch)
    assert holder(served) == "1.1.0"
    assert [one.name for one in evidence(served)] == ["monitoring-1"]


def test_a_rollback_lands_only_once_its_evidence_has(served: World) -> None:
    served.policy(BASIC.format(actions="{evidence: propose, rollback: land}"))
    waits = acted(served, monitoring=actions(evidence="propose"))
    branch = "rollbook/evidence/fraud/1.2.0-monitoring-1"
    assert waits.deeds["rollback"] == f"waits: for monitoring-1 to land ({branch})"
    assert holder(served) == "1.2.0"
    served.land(branch)
    assert acted(served, waits, actions(evidence="propose")).deeds["rollback"] == LANDED
    assert holder(served) == "1.1.0"


def test_without_evidence_a_rollback_is_for_a_person(served: World) -> None:
    done = acted(served, monitoring=actions(evidence="none"))
    assert done.deeds["rollback"].startswith("needs a person: a rollback rests on evidence")


def test_evidence_waits_for_a_check_that_tells_the_breach(autonomous: World) -> None:
    away = outcome(autonomous, state=State.UNKNOWN, held=State.UNKNOWN, value=None)
    waits = acted(autonomous, outcomes=(away,))
    assert waits.deeds["evidence"].startswith("waits: ")
    assert evidence(autonomous) == ()
    assert acted(autonomous, waits).deeds["evidence"] == "landed: monitoring-1"


def test_evidence_of_another_episode_is_another(autonomous: World) -> None:
    only = actions(rollback="none")
    acted(autonomous, monitoring=only)
    acted(autonomous, episode(name="ffffffffffff"), monitoring=only)
    assert [one.name for one in evidence(autonomous)] == ["monitoring-1", "monitoring-2"]


def test_evidence_gets_a_number_that_no_request_has_taken(served: World) -> None:
    only = actions(evidence="propose", rollback="none")
    acted(served, monitoring=only)
    acted(served, episode(name="ffffffffffff"), monitoring=only)
    assert branches(served) == [f"rollbook/evidence/fraud/1.2.0-monitoring-{number}" for number in (1, 2)]


def test_a_request_that_only_the_remote_has_is_not_landed(served: World) -> None:
    """Whoever may push a branch there could have written it."""
    acted(served, monitoring=actions(evidence="propose", rollback="none"))
    branch = "rollbook/evidence/fraud/1.2.0-monitoring-1"
    served.git("branch", "-D", branch)
    done = acted(served)
    assert done.deeds["evidence"] == f"proposed: monitoring-1 on {branch}"
    assert evidence(served) == ()


# --- refused


def gated(world: World) -> None:
    """Let nothing into production that has no load test, not even on the way back."""
    gate = "gates:\n  - {gate: evidence, to: [production], kind: load-test, rollback: enforced}\n"
    world.policy(BASIC.format(actions="{evidence: land, rollback: land}") + gate)


def test_a_rollback_that_the_gates_refuse_is_said_and_not_tried_blindly(
    served: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    gated(served)
    done = acted(served)
    assert done.deeds["rollback"].startswith("refused: fraud@1.1.0 can't move to production; RB")
    assert holder(served) == "1.2.0"
    assert branches(served) == []
    tries: list[object] = []
    with monkeypatch.context() as patch:
        patch.setattr("rollbook.integrations.monitor.acting.rolled_back", lambda *_: tries.append(1))
        assert acted(served, done) == done
    assert tries == []
    served.git("pull", "--quiet", "--ff-only")
    served.write(
        "registry/policy.yaml", served.read("registry/policy.yaml").partition("gates:\n  - {gate: ev")[0]
    )
    served.commit("Drop the gate")
    assert acted(served, done).deeds["rollback"] == LANDED


def test_what_waits_for_approvals_is_left_as_a_request(served: World) -> None:
    gate = "gates:\n  - {gate: approvals, to: [production], count: 1, rollback: enforced}\n"
    served.policy(BASIC.format(actions="{evidence: land, rollback: land}") + gate)
    done = acted(served)
    branch = "rollbook/rollback/fraud/1.1.0-production"
    assert done.deeds["rollback"].startswith(f"refused: back to 1.1.0 (monitoring-1) waits on {branch}")
    assert branches(served) == [branch]


def test_a_rollback_that_was_rejected_is_not_asked_for_again(served: World) -> None:
    served.policy(BASIC.format(actions="{evidence: land, rollback: propose}"))
    asks = actions(rollback="propose")
    acted(served, monitoring=asks)
    served.run("reject", "rollbook/rollback/fraud/1.1.0-production", "--reason", "We fix it in place.")
    done = acted(served, monitoring=asks)
    assert done.deeds["rollback"].startswith("needs a person: back to 1.1.0 (monitoring-1) was asked for and")


def test_evidence_that_was_rejected_is_not_proposed_again(served: World) -> None:
    asks = actions(evidence="propose", rollback="none")
    acted(served, monitoring=asks)
    served.run("reject", "rollbook/evidence/fraud/1.2.0-monitoring-1", "--reason", "A test of the source.")
    done = acted(served, monitoring=asks)
    assert done.deeds["evidence"].startswith(
        "needs a person: evidence of the breach was proposed and rejected"
    )
    assert branches(served) == []
    assert acted(served, episode(name="ffffffffffff"), asks).deeds["evidence"].startswith("proposed: ")


def test_a_request_of_somebody_else_is_left_alone(autonomous: World) -> None:
    autonomous.run("rollback", "fraud", "--reason", "by hand", "--push")
    done = acted(autonomous)
    assert done.deeds["rollback"].startswith("needs a person: another request for 1.1.0 stands")
    assert holder(autonomous) == "1.2.0"


def test_a_checkout_in_the_way_is_no_refusal_for_good(autonomous: World) -> None:
    autonomous.write("registry/fraud/stages.yaml", "# in the middle of something\n")
    done = acted(autonomous)
    assert done.deeds["rollback"].startswith("refused: ")
    assert done.deeds["rollback"].endswith(", try 1]")
    autonomous.git("checkout", "--quiet", "--", ".")
    assert acted(autonomous, done).deeds["rollback"] == LANDED


def test_where_signatures_are_asked_for_the_monitor_signs(served: World) -> None:
    key = served.root / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    kind, public, *_ = key.with_suffix(".pub").read_text().split()
    served.write("registry/allowed_signers", f"jane@example.com {kind} {public}\n")
    served.policy(
        BASIC.format(actions="{evidence: land, rollback: land}")
        + "roles: {admin: [jane@example.com], require_signed: true}\n"
    )
    assert acted(served).deeds["evidence"].startswith("refused: ")
    for name, value in (("gpg.format", "ssh"), ("user.signingKey", str(key)), ("commit.gpgSign", "true")):
        served.git("config", name, value)
    before = git(served.origin, "rev-parse", "main")
    assert acted(served).deeds["rollback"] == LANDED
    made = git(served.origin, "rev-list", f"{before}..main").split()
    assert len(made) == 4  # evidence and rollback, and the merge of each
    assert all("gpgsig" in git(served.origin, "cat-file", "commit", commit) for commit in made)


# --- nothing to go back from, or a loop


def test_a_version_that_left_meanwhile_is_not_rolled_back(autonomous: World) -> None:
    seen = (outcome(autonomous),)
    autonomous.run("rollback", "fraud", "--to", "1.0.0", "--reason", "by hand", "--land")
    done = acted(autonomous, outcomes=seen)
    assert done.deeds["rollback"].startswith("nothing to do: fraud@1.2.0 is in archived by now")
    assert holder(autonomous) == "1.0.0"


def test_a_version_in_a_stage_of_many_takes_nobodys_place(autonomous: World) -> None:
    autonomous.register("fraud", "1.3.0")
    autonomous.promote("fraud@1.3.0", "staging")
    staged = outcome(autonomous, "1.3.0", "staging")
    done = acted(autonomous, episode("1.3.0"), outcomes=(staged,))
    assert done.deeds["rollback"].startswith("nothing to do: several versions may be in staging")


def again(world: World) -> None:
    """Roll back by itself, then have a person put 1.2.0 back in spite of it."""
    acted(world)
    world.git("pull", "--quiet", "--ff-only")
    world.promote("fraud@1.2.0", "production")


def test_a_second_rollback_soon_after_is_for_a_person(autonomous: World) -> None:
    again(autonomous)
    done = acted(autonomous, episode(name="ffffffffffff"))
    assert done.deeds["evidence"] == "landed: monitoring-2"
    assert done.deeds["rollback"].startswith("needs a person: the model was rolled back automatically at ")
    assert "would be a loop" in done.deeds["rollback"]
    assert holder(autonomous) == "1.2.0"


def test_a_second_rollback_long_after_is_none_of_a_loop(autonomous: World) -> None:
    again(autonomous)
    later = datetime.now(UTC) + timedelta(days=8)
    done = acted(autonomous, episode(name="ffffffffffff"), now=later)
    assert done.deeds["rollback"] == "landed: back to 1.1.0 (monitoring-2)"


def test_an_episode_that_is_over_is_said_to_be_once(autonomous: World) -> None:
    done = acted(autonomous)
    seen: list[Episode] = []
    told = acted(autonomous, over(done), outcomes=(), remember=seen.append)
    assert [one.deeds["ended"] for one in seen] == ["told"]
    assert acted(autonomous, told, outcomes=(), remember=seen.append) == told
    assert len(seen) == 1
    assert replace(told, deeds=done.deeds, ended=None) == done
