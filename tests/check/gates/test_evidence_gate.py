"""The gate on evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..desk import POLICY, STAGES, V1, entry, evidence_text, one, policy_text, registry_files
from .bench import NEW, said, state

if TYPE_CHECKING:
    from ..desk import Desk, File

GATE = {"gate": "evidence", "kind": "fairness"}
FRESH = {**GATE, "max_age_days": 30}


def fairness(at: str = "2026-11-20T09:00:00Z", number: int = 1, **changes: str) -> dict[str, File]:
    text = evidence_text(kind="fairness", version="1.1.0").replace("2026-01-03T09:00:00Z", at)
    for old, new in changes.items():
        text = text.replace(f"{old}: ", f"{old}: {new} #")
    return {f"{NEW}/evidence/fairness-{number}.yaml": text}


def test_fresh_evidence_that_passed_passes(desk: Desk) -> None:
    verdict = said(desk, FRESH, fairness())
    assert (state(verdict), verdict.figure) == ("passed", "fairness passed on 2026-11-20")


def test_no_evidence_fails(desk: Desk) -> None:
    verdict = said(desk, GATE)
    assert state(verdict) == "failed"
    assert "no fairness evidence" in verdict.figure


def test_old_evidence_fails_with_its_age_and_the_limit(desk: Desk) -> None:
    verdict = said(desk, FRESH, fairness("2026-09-01T09:00:00Z"))
    assert state(verdict) == "failed"
    assert "81 days ago" in verdict.figure
    assert "30 days" in verdict.threshold


def test_evidence_from_the_future_fails(desk: Desk) -> None:
    verdict = said(desk, GATE, fairness("2027-11-20T09:00:00Z"))
    assert state(verdict) == "failed"
    assert "in the future" in verdict.figure


def test_the_newest_evidence_decides(desk: Desk) -> None:
    passed, failed = fairness("2026-11-19T09:00:00Z"), fairness(number=2, passed="false")
    assert state(said(desk, GATE, {**passed, **failed})) == "failed"
    failed, passed = fairness("2026-11-19T09:00:00Z", passed="false"), fairness(number=2)
    assert state(said(desk, GATE, {**failed, **passed})) == "passed"


def test_evidence_of_another_kind_does_not_count(desk: Desk) -> None:
    text = evidence_text(kind="evaluation", version="1.1.0")
    assert state(said(desk, GATE, {f"{NEW}/evidence/evaluation-1.yaml": text})) == "failed"


@pytest.mark.parametrize(
    "forged",
    [{"artifact_sha256": "c" * 64}, {"version": '"1.0.0"'}, {"model": "debit"}, {"passed": '"true"'}],
)
def test_evidence_about_something_else_does_not_count(desk: Desk, forged: dict[str, str]) -> None:
    verdict = said(desk, GATE, fairness(**forged))
    assert state(verdict) == "failed"
    assert "1 about another artifact or unreadable" in verdict.figure


def test_a_forged_digest_is_refused_by_the_check(desk: Desk) -> None:
    gates = "gates:\n  - {gate: evidence, to: [staging], kind: fairness}\n"
    files = {**registry_files(), POLICY: policy_text(gates)}
    forged = evidence_text(sha256="c" * 64, kind="fairness")
    after = {**files, f"{V1}/evidence/fairness-1.yaml": forged, STAGES: f"staging:\n  - {entry('1.0.0')}\n"}
    found = desk.check_change(files, after)
    assert one(found, "RB405").path == STAGES
    assert one(found, "RB213")
