"""The gate that a version has stood in a stage for long enough, by main's own history."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rollbook.check.base_context import circumstances
from rollbook.check.gate_context import Ground
from rollbook.check.judge import check_push
from rollbook.check.registry_files import read_contents
from rollbook.git.main_history import LineCommit
from rollbook.records.policy import parse_policy
from rollbook.registry.change import Transition
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.trail.stage_times import proved_times, trail

from ..desk import POLICY, STAGES, entry, policy_text, registry_files
from .bench import NOW, state

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Verdict

    from ..desk import Desk

FILES = registry_files("1.0.0", "1.1.0")
HOUR = 3600


def ago(hours: float) -> int:
    return int((NOW - timedelta(hours=hours)).timestamp())


def history(desk: Desk, *steps: tuple[float, str]) -> str:
    """Main with a commit for each step: so many hours ago, with this stages.yaml."""
    tip = None
    for hours, stages in steps:
        files = {**FILES, STAGES: stages} if stages else FILES
        tip = desk.commit(files, tip, at=ago(hours))
    assert tip
    return tip


def soaked(desk: Desk, base: str, *, start: str = "canary", **settings: Any) -> Verdict:
    snapshot = commit_snapshot(desk.repository, base)
    try:
        contents = read_contents(snapshot, {"credit"})
        given = ", ".join(f"{name}: {value}" for name, value in settings.items())
        gate = f"gates: [{{gate: soak, to: [production], {given}}}]\n"
        known = circumstances(desk.repository, snapshot, now=NOW)
        model = contents.models["credit"]
        assert model.stages is not None
        rules = parse_policy(policy_text(gate).encode(), POLICY)
        ground = Ground(rules, (), model.stages, contents.modes, contents.modes, known)
        (judged,) = ground.judge(model, Transition("1.1.0", start, "production", None))
        return judged.verdict
    finally:
        snapshot.close()


STAGING = f"staging:\n  - {entry('1.1.0')}\n"
CANARY = f"canary: {entry('1.1.0')}\n"


def test_a_version_that_stood_long_enough_passes(desk: Desk) -> None:
    base = history(desk, (100, ""), (50, STAGING), (25, CANARY))
    verdict = soaked(desk, base, stage="canary", hours=24)
    assert (state(verdict), verdict.figure, verdict.threshold) == (
        "passed",
        "25.0 h in canary",
        "24 h in canary",
    )


def test_a_version_that_did_not_yet_waits_and_says_until_when(desk: Desk) -> None:
    base = history(desk, (100, ""), (50, STAGING), (23, CANARY))
    verdict = soaked(desk, base, stage="canary", hours=24)
    assert (state(verdict), verdict.figure) == ("waiting", "23.0 h in canary")
    assert "2026-11-21T13:00Z" in verdict.hint


def test_a_version_that_was_never_there_fails(desk: Desk) -> None:
    base = history(desk, (100, ""), (50, STAGING))
    verdict = soaked(desk, base, start="staging", stage="canary", hours=24)
    assert state(verdict) == "failed"
    assert "never in canary" in verdict.figure


def test_without_a_stage_the_one_it_comes_from_counts(desk: Desk) -> None:
    base = history(desk, (100, ""), (50, STAGING))
    assert state(soaked(desk, base, start="staging", hours=49)) == "passed"
    assert state(soaked(desk, base, start="staging", hours=51)) == "waiting"


def test_a_stay_that_is_over_counts_by_its_own_length(desk: Desk) -> None:
    base = history(desk, (100, ""), (90, CANARY), (80, STAGING), (20, ""))
    assert state(soaked(desk, base, start="development", stage="canary", hours=9)) == "passed"
    assert state(soaked(desk, base, start="development", stage="canary", hours=11)) == "failed"
    assert state(soaked(desk, base, start="development", stage="staging", hours=59)) == "passed"


def test_what_the_entry_claims_does_not_count(desk: Desk) -> None:
    claimed = CANARY.replace("2026-01-02", "2020-01-02")
    base = history(desk, (100, ""), (1, claimed))
    assert state(soaked(desk, base, stage="canary", hours=24)) == "waiting"


def test_a_back_dated_commit_on_main_does_not_lengthen_the_stay(desk: Desk) -> None:
    base = history(desk, (100, ""), (2, STAGING), (1000, CANARY))
    verdict = soaked(desk, base, stage="canary", hours=24)
    assert (state(verdict), verdict.figure) == ("waiting", "2.0 h in canary")


def test_a_commit_dated_before_the_one_it_follows_counts_as_landed_with_it(desk: Desk) -> None:
    first = desk.commit(FILES, at=ago(100))
    other = desk.commit({**FILES, "README.md": "about something else"}, first, at=ago(2))
    base = desk.commit({**FILES, STAGES: CANARY}, other, at=ago(50))
    verdict = soaked(desk, base, stage="canary", hours=24)
    assert (state(verdict), verdict.figure) == ("waiting", "2.0 h in canary")


def test_a_forged_tag_does_not_lengthen_the_stay(desk: Desk) -> None:
    base = history(desk, (100, ""), (50, STAGING), (1, CANARY))
    first = desk.git("rev-list", "--max-parents=0", base).strip()
    message = (
        f"object {first}\ntype commit\ntag credit#canary#2\ntagger A <a@example.com> {ago(99)} +0000\n\n"
        f"credit@1.1.0 put into canary\n\nAction: assigned\nEvent: 2\nModel: credit\nVersion: 1.1.0\n"
        f"From: staging\nTo: canary\nLanded-In: {first}\n"
    )
    tag = desk.git("mktag", "--no-strict", stdin=message.encode()).strip()
    desk.git("update-ref", "refs/tags/credit#canary#2", tag)
    assert state(soaked(desk, base, stage="canary", hours=24)) == "waiting"


def test_hours_that_are_no_time_let_nothing_pass(desk: Desk) -> None:
    base = history(desk, (100, CANARY))
    assert state(soaked(desk, base, stage="canary", hours=".nan")) == "failed"
    assert state(soaked(desk, base, stage="canary", hours=-1)) == "failed"


def test_the_trail_tells_each_stay(desk: Desk) -> None:
    base = history(desk, (10, ""), (8, STAGING), (6, ""), (4, CANARY))
    stays = trail(desk.repository, base)("credit", "1.1.0")
    assert [stay.stage for stay in stays] == ["development", "staging", "development", "canary"]
    assert stays[-1].left is None
    assert all(
        stay.left is not None and stay.left - stay.entered > timedelta(hours=1.9) for stay in stays[:-1]
    )
    assert abs(stays[-1].entered - datetime.fromtimestamp(ago(4), UTC)) < timedelta(seconds=5)


def test_the_soak_holds_for_a_change_as_a_whole(desk: Desk) -> None:
    gates = "gates: [{gate: soak, to: [production], from: [canary], hours: 900000}]\n"
    files = {**FILES, POLICY: policy_text(gates), STAGES: CANARY}
    found = desk.check_change(files, {**files, STAGES: f"production: {entry('1.1.0')}\n"})
    assert [(finding.code, finding.waiting) for finding in found] == [("RB406", True)]


def line(*dates: int) -> list[LineCommit]:
    """Main with commits of these dates: `c0`, `c1`, ..."""
    return [LineCommit(f"c{place}", None, date) for place, date in enumerate(dates)]


def proved(dates: list[int], now: int, **received: int) -> list[int]:
    return list(reversed(proved_times(line(*dates), received, now).values()))


def test_without_receipts_a_commit_counts_as_its_date_says_but_never_before_the_one_it_follows() -> None:
    assert proved([100, 200, 150, 300], now=9000) == [100, 200, 200, 300]


def test_a_date_in_the_future_counts_as_of_the_commit_after_it() -> None:
    assert proved([100, 10**9, 200, 300], now=9000) == [100, 200, 200, 300]


def test_a_date_in_the_future_that_nothing_follows_counts_as_now() -> None:
    assert proved([100, 10**9], now=9000) == [100, 9000]


def test_a_clock_that_is_a_little_ahead_is_believed() -> None:
    assert proved([100, 9300], now=9000) == [100, 9300]
    assert proved([100, 9301], now=9000) == [100, 9000]


def test_what_came_after_the_first_receipt_counts_from_the_receipt_that_covers_it() -> None:
    assert proved([100, 200, 200, 200], now=9000, c1=5000, c3=6000) == [100, 200, 6000, 6000]


def test_what_no_receipt_covers_yet_counts_from_now_where_a_server_writes_them() -> None:
    assert proved([100, 200, 200], now=9000, c1=5000) == [100, 200, 9000]


def test_a_receipt_makes_no_stay_longer_than_the_commit_claims() -> None:
    assert proved([100, 200, 7000], now=9000, c1=5000, c2=10) == [100, 200, 7000]


def test_a_receipt_ends_a_date_in_the_future() -> None:
    assert proved([100, 10**9, 10**9], now=9000, c1=5000, c2=6000) == [100, 5000, 6000]


def test_a_commit_from_the_future_is_refused(desk: Desk) -> None:
    base = desk.commit(FILES, at=ago(3))
    for ahead, codes in ((200, []), (400, ["RB311"])):
        head = desk.commit({**FILES, "a": "b"}, base, at=int(time.time()) + ahead)
        assert [finding.code for finding in check_push(desk.repository, base, head)] == codes


def test_a_main_that_begins_in_the_future_is_refused(desk: Desk) -> None:
    head = desk.commit(FILES, at=int(time.time()) + 10**8)
    assert "RB311" in [finding.code for finding in check_push(desk.repository, None, head)]


def test_a_landing_from_the_future_holds_no_soak_after_it(desk: Desk) -> None:
    base = history(desk, (100, ""), (-90_000, STAGING), (30, CANARY))
    assert soaked(desk, base, stage="canary", hours=24).figure == "30.0 h in canary"
