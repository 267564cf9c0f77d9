"""A rollback that is refused, that there is nothing for, or that would be a loop."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from building.world import git

from .breached import (
    BASIC,
    LANDED,
    acted,
    actions,
    branches,
    episode,
    holder,
    outcome,
    over,
)

if TYPE_CHECKING:
    import pytest

    from building.world import World
    from rollbook.integrations.monitor.monitor_memory import Episode


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


def test_a_request_that_brings_something_besides_is_not_landed(served: World) -> None:
    served.policy(BASIC.format(actions="{evidence: land, rollback: land}"))
    branch = "rollbook/rollback/fraud/1.1.0-production"
    acted(served, monitoring=actions(rollback="propose"))
    served.git("switch", "--quiet", branch)
    served.write("README.md", "Something else")
    served.git("add", "README.md")
    served.git("commit", "--quiet", "-m", "Add something else")
    served.git("switch", "--quiet", "main")
    done = acted(served)
    assert done.deeds["rollback"] == f"proposed: back to 1.1.0 (monitoring-1) on {branch}"
    assert holder(served) == "1.2.0"


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


def test_several_versions_in_production_are_for_a_person(served: World) -> None:
    served.git("pull", "--quiet", "--ff-only")
    policy = served.read("registry/policy.yaml")
    assert "exclusive: true" in policy
    served.write("registry/policy.yaml", policy.replace("exclusive: true", "exclusive: false"))
    served.commit("Let several versions serve")
    served.policy(BASIC.format(actions="{evidence: land, rollback: land}"))
    done = acted(served)
    assert done.deeds["rollback"].startswith("needs a person: several versions may be in production")


def test_a_model_of_one_version_has_nothing_to_go_back_to(autonomous: World) -> None:
    autonomous.register("alone", "1.0.0")
    for stage in ("staging", "production"):
        autonomous.promote("alone@1.0.0", stage)
    alone = replace(episode("1.0.0"), model="alone")
    done = acted(autonomous, alone, outcomes=(outcome(autonomous, "1.0.0", model="alone"),))
    assert done.deeds["rollback"].startswith(
        "needs a person: no version to go back to in production is good: none held it before"
    )
