"""The gate that no failed evidence of monitoring about a version stands unanswered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.check.base_context import circumstances
from rollbook.snapshot.tree_snapshot import commit_snapshot

from ..desk import STAGES, codes, entry, evidence_text, one, policy_text, registry_files
from .bench import NEW, NOW, said, state

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Circumstances

    from ..desk import Desk, File

GATE = {"gate": "monitoring"}


def monitored(number: int = 1, *, passed: bool = False, sha256: str = "a" * 64) -> dict[str, File]:
    text = evidence_text(sha256, "monitoring", "1.1.0")
    said_of_it = text if passed else text.replace("passed: true", "passed: false")
    return {f"{NEW}/evidence/monitoring-{number}.yaml": said_of_it}


def entered(despite: str = "") -> dict[str, File]:
    extra = f", despite: {{evidence: [{despite}], reason: the labels were wrong}}" if despite else ""
    return {STAGES: f"production: {entry('1.1.0', extra=extra)}\n"}


def test_a_version_that_nothing_was_monitored_of_passes(desk: Desk) -> None:
    assert state(said(desk, GATE)) == "passed"


def test_evidence_that_passed_keeps_nothing_out(desk: Desk) -> None:
    assert state(said(desk, GATE, monitored(passed=True))) == "passed"


def test_failed_evidence_keeps_a_version_out_and_says_the_way(desk: Desk) -> None:
    verdict = said(desk, GATE, {**monitored(), **entered()})
    assert (state(verdict), verdict.figure) == ("failed", "monitoring-1 failed")
    assert "rollbook promote credit@1.1.0 production --despite REASON" in verdict.hint


def test_of_an_alias_the_way_is_another(desk: Desk) -> None:
    assert (
        "rollbook alias credit@1.1.0 champion --despite REASON"
        in said(desk, GATE, monitored(), target="@champion").hint
    )


def test_a_later_pass_is_no_answer(desk: Desk) -> None:
    assert state(said(desk, GATE, {**monitored(1), **monitored(2, passed=True)})) == "failed"


def test_evidence_about_another_artifact_speaks_of_none_here(desk: Desk) -> None:
    assert state(said(desk, GATE, monitored(sha256="c" * 64))) == "passed"


def test_an_entry_that_names_it_and_says_why_passes(desk: Desk) -> None:
    verdict = said(desk, GATE, {**monitored(), **entered("monitoring-1")})
    assert (state(verdict), verdict.figure) == (
        "passed",
        "despite monitoring-1: the labels were wrong",
    )


def test_each_piece_has_to_be_named(desk: Desk) -> None:
    verdict = said(desk, GATE, {**monitored(1), **monitored(2), **entered("monitoring-1")})
    assert (state(verdict), verdict.figure) == ("failed", "monitoring-2 failed")


def test_evidence_that_cannot_be_read_lets_nothing_pass(desk: Desk) -> None:
    broken = dict.fromkeys(monitored(), "passed: maybe\n")
    assert "can't be read" in said(desk, GATE, broken).figure


def test_a_version_in_the_stage_may_get_less_of_the_traffic_but_no_more(desk: Desk) -> None:
    standing = f"production: {entry('1.1.0', extra=', traffic: 50')}\n"
    for traffic, expected in ((20, "passed"), (50, "passed"), (60, "failed")):
        after = {STAGES: f"production: {entry('1.1.0', extra=f', traffic: {traffic}, revision: 1')}\n"}
        assert state(said(desk, GATE, {**monitored(), **after}, standing=standing)) == expected


def history(desk: Desk, stages: str) -> Circumstances:
    """What a main tells on which 1.1.0 was in production by this entry, and is archived."""
    files = {**registry_files("1.0.0", "1.1.0"), **monitored()}
    tip = desk.commit({**files, STAGES: stages})
    tip = desk.commit({**files, STAGES: f"archived:\n  - {entry('1.1.0')}\n"}, tip)
    snapshot = commit_snapshot(desk.repository, tip)
    try:
        return circumstances(desk.repository, snapshot, now=NOW)
    finally:
        snapshot.close()


def test_what_an_earlier_stay_in_the_stage_answered_stays_answered(desk: Desk) -> None:
    known = history(desk, str(entered("monitoring-1")[STAGES]))
    assert said(desk, GATE, monitored(), known=known).figure == "answered before"
    later = {**monitored(1), **monitored(2)}
    assert said(desk, GATE, later, known=known).figure == "monitoring-2 failed"


def test_what_was_answered_for_another_stage_is_not_for_this_one(desk: Desk) -> None:
    known = history(desk, str(entered("monitoring-1")[STAGES]).replace("production", "canary"))
    assert state(said(desk, GATE, monitored(), known=known)) == "failed"


def test_what_is_still_to_come_is_not_set_aside_beforehand(desk: Desk) -> None:
    files = {**registry_files("1.0.0", "1.1.0"), "registry/policy.yaml": policy_text()}
    before = {**files, **monitored(1, passed=True), STAGES: f"staging:\n  - {entry('1.1.0')}\n"}
    for named in ("monitoring-1", "monitoring-2"):
        found = desk.check_change(before, {**before, **entered(named)})
        assert codes(found) == ["RB320"]
        assert one(found, "RB320").key == "production.despite.evidence.0"
