"""What is done about a breach, and only what the policy lets the monitor do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from building.world import git, rollbook
from rollbook.integrations.monitor.outcome import State

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
)

if TYPE_CHECKING:
    from building.world import World
    from rollbook.integrations.monitor.monitor_memory import Episode


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


def test_it_acts_in_a_bare_repository_without_a_remote(autonomous: World) -> None:
    done = acted(autonomous, at=autonomous.origin)
    assert (done.deeds["evidence"], done.deeds["rollback"]) == ("landed: monitoring-1", LANDED)
    assert holder(autonomous) == "1.1.0"


def test_without_a_remote_what_is_proposed_stays_here(autonomous: World) -> None:
    autonomous.git("remote", "remove", "origin")
    done = acted(autonomous, monitoring=actions(evidence="propose", rollback="propose"))
    assert done.deeds["evidence"] == "proposed: monitoring-1 on rollbook/evidence/fraud/1.2.0-monitoring-1"
    assert "rollbook/rollback/fraud/1.1.0-production" in autonomous.git("branch", "--list", "rollbook/*")
    assert branches(autonomous) == []


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
