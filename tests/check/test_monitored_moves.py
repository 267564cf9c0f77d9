"""An entry that says the monitor moved it has to be true, and to be allowed by the policy of the base."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from rollbook.check.base_context import circumstances
from rollbook.check.judge import check_change
from rollbook.snapshot.tree_snapshot import commit_snapshot

from .desk import MODEL, POLICY, STAGES, codes, entry, evidence_text, model_text, policy_text, registry_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.check.finding import Finding

    from .desk import Desk, File

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SOURCES = "sources: {live: {source: file, path: live.json}}"
CHECK = "checks: [{check: threshold, name: errors, source: live, metric: error_rate, max: 0.1}]"


def monitoring(actions: str = "rollback: land", more: str = "") -> str:
    return policy_text(f"monitoring: {{{SOURCES}, {CHECK}, on_breach: {{{actions}}}{more}}}\n")


CANARY = monitoring(
    more=", canary: {source: live, metric: error_rate, least_difference: 0.01, act: propose, "
    "shares: [10, 25, 90]}"
)


def evidence(
    version: str = "1.1.0",
    number: int = 1,
    *,
    kind: str = "monitoring",
    passed: bool = False,
    hours: float = 1,
    sha256: str = "a" * 64,
) -> dict[str, File]:
    """Evidence of so many hours ago."""
    when = f"{NOW - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
    text = evidence_text(sha256, kind, version).replace("2026-01-03T09:00:00Z", when)
    text = text if passed else text.replace("passed: true", "passed: false")
    return {f"registry/credit/versions/{version}/evidence/{kind}-{number}.yaml": text}


def automatic(version: str = "1.1.0", name: str = "monitoring-1", more: str = "") -> str:
    return f', automatic: {{version: "{version}", evidence: {name}}}{more}'


def rolled_back(extra: str = "", to: str = "1.0.0", left: str = "1.1.0") -> str:
    return f"production: {entry(to, 'back', extra or automatic())}\narchived:\n  - {entry(left, 'broken')}\n"


SERVES = f"production: {entry('1.1.0')}\narchived:\n  - {entry('1.0.0', 'replaced')}\n"


def main(desk: Desk, policy: str, stages: str = SERVES, extra: Mapping[str, File] | None = None) -> str:
    """Main, on which 1.0.0 was in production until ten hours ago, and `stages` is since."""
    files = {**registry_files("1.0.0", "1.1.0", "1.2.0"), POLICY: policy, **(extra or {})}
    tip = None
    for hours, table in ((20, ""), (15, f"production: {entry('1.0.0')}\n"), (10, stages)):
        moment = int((NOW - timedelta(hours=hours)).timestamp())
        tip = desk.commit({**files, STAGES: table} if table else files, tip, at=moment)
    assert tip
    return tip


def judged(desk: Desk, base: str, files: Mapping[str, File]) -> list[Finding]:
    """What the check says of a change to main that adds these files."""
    head = desk.put("refs/heads/head", files, parents=[base], at=int(NOW.timestamp()))
    old, new = (commit_snapshot(desk.repository, commit) for commit in (base, head))
    try:
        return check_change(desk.repository, old, new, circumstances(desk.repository, old, now=NOW))
    finally:
        old.close()
        new.close()


def said(found: list[Finding]) -> str:
    """Why a move is not automatic."""
    assert codes(found) == ["RB319"], found
    return found[0].message.partition("automatically, and ")[2]


def test_a_rollback_on_failed_evidence_is_automatic(desk: Desk) -> None:
    base = main(desk, monitoring())
    assert judged(desk, base, {**evidence(), STAGES: rolled_back()}) == []


def test_its_evidence_may_have_landed_before(desk: Desk) -> None:
    base = main(desk, monitoring("rollback: propose"), extra=evidence())
    assert judged(desk, base, {STAGES: rolled_back()}) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        evidence(number=2),
        evidence(kind="evaluation"),
        evidence("1.0.0"),
    ],
)
def test_evidence_that_is_not_there_is_none(desk: Desk, wrong: dict[str, File]) -> None:
    base = main(desk, monitoring(), extra=wrong)
    reason = "no monitoring-1 of monitoring is about 1.1.0 and its artifact"
    assert said(judged(desk, base, {STAGES: rolled_back()})) == reason


def test_evidence_about_another_artifact_is_none_of_it(desk: Desk) -> None:
    base = main(desk, monitoring())
    found = judged(desk, base, {**evidence(sha256="c" * 64), STAGES: rolled_back()})
    assert "no monitoring-1 of monitoring is about" in " ".join(one.message for one in found)


def test_evidence_that_passed_moves_nothing_back(desk: Desk) -> None:
    base = main(desk, monitoring(), extra=evidence(passed=True))
    assert said(judged(desk, base, {STAGES: rolled_back()})) == "monitoring-1 says passed"


@pytest.mark.parametrize(("hours", "good"), [(10.1, True), (11, False), (-0.1, True), (-1, False)])
def test_evidence_is_of_the_versions_time_in_the_stage(desk: Desk, hours: float, *, good: bool) -> None:
    base = main(desk, monitoring(), extra=evidence(hours=hours))
    found = judged(desk, base, {STAGES: rolled_back()})
    assert found == [] if good else "is not of its time in production" in said(found)


@pytest.mark.parametrize("actions", ["rollback: none", "evidence: land"])
def test_without_the_policys_leave_nothing_is_rolled_back(desk: Desk, actions: str) -> None:
    base = main(desk, monitoring(actions), extra=evidence())
    assert "lets the monitor roll nothing back" in said(judged(desk, base, {STAGES: rolled_back()}))


def test_a_model_may_take_the_leave_back(desk: Desk) -> None:
    own = {MODEL: model_text(extra="monitoring: {on_breach: {rollback: none}}\n")}
    base = main(desk, monitoring(), extra={**evidence(), **own})
    assert "roll nothing back" in said(judged(desk, base, {STAGES: rolled_back()}))


def test_the_change_itself_gives_no_leave(desk: Desk) -> None:
    base = main(desk, monitoring("rollback: none"), extra=evidence())
    found = judged(desk, base, {STAGES: rolled_back(), POLICY: monitoring()})
    assert "roll nothing back" in said([one for one in found if one.severity == "error"])


def test_what_never_held_the_stage_is_no_way_back(desk: Desk) -> None:
    standing = f"{SERVES}staging:\n  - {entry('1.2.0')}\n"
    base = main(desk, monitoring(), standing, evidence())
    there = f"production: {entry('1.2.0', 'x', automatic())}\narchived:\n"
    after = f"{there}  - {entry('1.0.0', 'replaced')}\n  - {entry('1.1.0', 'broken')}\n"
    assert "1.2.0 never held production before" in said(judged(desk, base, {STAGES: after}))


def test_the_version_that_is_named_has_to_go(desk: Desk) -> None:
    base = main(desk, monitoring(), extra=evidence("1.2.0"))
    found = judged(desk, base, {STAGES: rolled_back(automatic("1.2.0"))})
    assert said(found) == "it does not take 1.2.0 out of production"


def test_a_target_with_failed_evidence_of_its_own_is_refused(desk: Desk) -> None:
    base = main(desk, monitoring(), extra={**evidence(), **evidence("1.0.0", 7)})
    reason = "1.0.0 has failed evidence itself: monitoring-7"
    assert said(judged(desk, base, {STAGES: rolled_back()})) == reason


def test_only_people_set_evidence_aside(desk: Desk) -> None:
    base = main(desk, monitoring(), extra={**evidence(), **evidence("1.0.0", 7)})
    extra = automatic(more=", despite: {evidence: [monitoring-7], reason: r}")
    assert "which is left to people" in said(judged(desk, base, {STAGES: rolled_back(extra)}))


def test_evidence_that_was_set_aside_for_the_version_is_no_ground_again(desk: Desk) -> None:
    despite = ", despite: {evidence: [monitoring-1], reason: r}"
    base = main(desk, monitoring(), SERVES.replace('"because"', f'"because"{despite}', 1), evidence())
    assert said(judged(desk, base, {STAGES: rolled_back()})) == (
        "monitoring-1 was set aside when 1.1.0 came to production"
    )


def test_a_version_that_stays_may_not_become_automatic_later(desk: Desk) -> None:
    base = main(desk, monitoring(), extra=evidence())
    after = SERVES.replace('"because"', f'"because"{automatic()}', 1)
    assert codes(judged(desk, base, {STAGES: after})) == ["RB308"]


def test_a_registration_that_says_so_is_refused(desk: Desk) -> None:
    base = main(desk, monitoring(), extra=evidence("1.2.0"))
    after = f"{SERVES}staging:\n  - {entry('1.2.0', extra=automatic('1.2.0'))}\n"
    assert "lets the monitor move no canary" in said(judged(desk, base, {STAGES: after}))


def canary(traffic: int, extra: str = "") -> str:
    return f"{SERVES}canary: {entry('1.2.0', 'try it', f', traffic: {traffic}{extra}')}\n"


def step(traffic: int, name: str = "monitoring-1") -> str:
    return canary(traffic, f"{automatic('1.2.0', name)}, revision: 1").replace("try it", "goes well")


@pytest.mark.parametrize(
    ("traffic", "passed", "reason"),
    [
        (25, True, ""),
        (25, False, "monitoring-1 says failed"),
        (100, True, "100 % is not the next share of the traffic (monitoring.canary.shares)"),
        (24, True, "24 % is not the next share of the traffic (monitoring.canary.shares)"),
        (5, False, ""),
        (5, True, "monitoring-1 says passed"),
    ],
)
def test_a_canarys_share_grows_step_by_step_on_passed_evidence(
    desk: Desk, traffic: int, *, passed: bool, reason: str
) -> None:
    base = main(desk, CANARY, canary(10), evidence("1.2.0", passed=passed))
    found = judged(desk, base, {STAGES: step(traffic)})
    assert (found == []) if not reason else (said(found) == reason)


def test_without_the_policys_leave_a_canary_stays(desk: Desk) -> None:
    base = main(desk, monitoring(), canary(10), evidence("1.2.0", passed=True))
    assert "lets the monitor move no canary" in said(judged(desk, base, {STAGES: step(25)}))


def test_one_piece_of_evidence_is_good_for_one_step(desk: Desk) -> None:
    base = main(desk, CANARY, step(25), evidence("1.2.0", passed=True))
    after = step(90).replace("revision: 1", "revision: 2").replace("goes well", "goes on")
    assert said(judged(desk, base, {STAGES: after})) == "monitoring-1 was acted on already"


def test_what_was_acted_on_is_no_ground_for_the_next_stay(desk: Desk) -> None:
    """1.1.0 was rolled back on its evidence, and came again five minutes later."""
    tip = main(desk, monitoring(), extra=evidence(hours=0.2))
    moments = (NOW - timedelta(minutes=10), NOW - timedelta(minutes=5))
    for moment, table in zip(moments, (rolled_back(), SERVES.replace("because", "again")), strict=True):
        tip = desk.put("refs/heads/main", {STAGES: table}, parents=[tip], at=int(moment.timestamp()))
    assert said(judged(desk, tip, {STAGES: rolled_back()})) == "monitoring-1 was acted on already"


def test_a_canary_goes_back_on_failed_evidence(desk: Desk) -> None:
    base = main(desk, CANARY, canary(10), evidence("1.2.0"))
    back = f"{SERVES}staging:\n  - {entry('1.2.0', 'worse', automatic('1.2.0'))}\n"
    assert judged(desk, base, {STAGES: back}) == []


def test_the_monitor_puts_no_canary_into_production(desk: Desk) -> None:
    base = main(desk, CANARY, canary(10), evidence("1.2.0", passed=True))
    after = f"production: {entry('1.2.0', 'better', automatic('1.2.0'))}\narchived:\n"
    after += f"  - {entry('1.0.0', 'replaced')}\n  - {entry('1.1.0', 'replaced')}\n"
    assert (
        said(judged(desk, base, {STAGES: after}))
        == "production is no way back for a canary (monitoring.canary.back_to)"
    )
