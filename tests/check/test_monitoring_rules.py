"""What a policy and a model.yaml say of monitoring can be asked, and what follows a breach can be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .desk import MODEL, POLICY, codes, model_text, one, only, policy_text, registry_files

if TYPE_CHECKING:
    from rollbook.check.finding import Finding

    from .desk import Desk

LIVE = "sources: {live: {source: file, path: live.json}}"
GATE = "gates: [{gate: monitoring, to: [production]}]\n"


def check(words: str = "max: 1", name: str = "errors") -> str:
    return f"{{check: threshold, name: {name}, source: live, metric: m, {words}}}"


def said_of(desk: Desk, monitoring: str, more: str = GATE, own: str = "") -> list[Finding]:
    """What the check says of a registry whose policy, and whose model, is monitored so."""
    files = registry_files() | {POLICY: policy_text(f"{more}monitoring: {{{monitoring}}}\n")}
    if own:
        files[MODEL] = model_text(extra=f"monitoring: {{{own}}}\n")
    return desk.check(files)


def place(finding: Finding) -> tuple[str, str]:
    return finding.path, finding.key


def test_settings_that_can_be_asked_are_none(desk: Desk) -> None:
    everything = f"{LIVE}, checks: [{check('min: 0, warn_min: 0.1, warn_max: 0.9, max: 1')}]"
    own = f"checks: [{check(name='own')}], on_breach: {{rollback: none}}"
    assert said_of(desk, f"{everything}, on_breach: {{rollback: land, evidence: land}}", own=own) == []


def test_a_source_that_is_not_there(desk: Desk) -> None:
    finding = only(said_of(desk, f"{LIVE}, checks: [{check().replace('live', 'past')}]"), "RB234")
    assert place(finding) == (POLICY, "monitoring.checks.0.source")
    assert (finding.message, finding.hint) == (
        "there is no source `past`",
        "The policy's sources are: live.",
    )
    assert finding.line is not None


def test_a_stage_that_is_not_there(desk: Desk) -> None:
    checks = check("max: 1, stages: [production, shadow]")
    finding = only(said_of(desk, f"{LIVE}, checks: [{checks}]"), "RB234")
    assert place(finding) == (POLICY, "monitoring.checks.0.stages.1")


def test_a_check_that_names_no_stage_is_about_production_whether_there_is_one_or_not(desk: Desk) -> None:
    files = registry_files()
    stages = "rollbook: 1\nstages:\n  - {name: development, next: []}\n"
    files[POLICY] = f"{stages}monitoring: {{{LIVE}, checks: [{check()}]}}\n"
    assert desk.check(files) == []


def test_two_checks_of_one_name(desk: Desk) -> None:
    finding = only(said_of(desk, f"{LIVE}, checks: [{check()}, {check()}]"), "RB234")
    assert place(finding) == (POLICY, "monitoring.checks")


def test_a_models_check_with_the_name_of_one_of_the_policys(desk: Desk) -> None:
    finding = only(said_of(desk, f"{LIVE}, checks: [{check()}]", own=f"checks: [{check()}]"), "RB234")
    assert place(finding) == (MODEL, "monitoring.checks")
    assert "the policy has a check 'errors' already" in finding.message


def test_a_models_check_of_what_the_policy_has_not(desk: Desk) -> None:
    own = check("max: 1, stages: [shadow]", "own").replace("live", "past")
    found = said_of(desk, f"{LIVE}, checks: [{check()}]", own=f"checks: [{own}]")
    assert [place(finding) for finding in found] == [
        (MODEL, "monitoring.checks.0.source"),
        (MODEL, "monitoring.checks.0.stages.0"),
    ]


@pytest.mark.parametrize(
    ("bounds", "key"),
    [
        ("min: 2, max: 1", "min"),
        ("warn_max: 2, max: 1", "warn_max"),
        ("warn_min: 0, min: 1", "min"),
        ("warn_min: 2, warn_max: 1", "warn_min"),
        ("min: 2, warn_max: 1", "min"),
        ("warn_min: 2, max: 1", "warn_min"),
    ],
)
def test_bounds_that_contradict_each_other(desk: Desk, bounds: str, key: str) -> None:
    finding = only(said_of(desk, f"{LIVE}, checks: [{check(bounds)}]"), "RB234")
    assert place(finding) == (POLICY, f"monitoring.checks.0.{key}")


def test_bounds_that_meet_do_not(desk: Desk) -> None:
    assert said_of(desk, f"{LIVE}, checks: [{check('min: 1, max: 1, warn_max: 1, warn_min: 1')}]") == []


def test_a_rollback_without_evidence_rests_on_nothing(desk: Desk) -> None:
    finding = only(said_of(desk, "on_breach: {evidence: none, rollback: propose}"), "RB234")
    assert place(finding) == (POLICY, "monitoring.on_breach.rollback")


def test_a_rollback_without_the_gate_is_warned_of(desk: Desk) -> None:
    for gates in ("", "gates: [{gate: monitoring, to: [staging]}]\n"):
        finding = only(said_of(desk, "on_breach: {rollback: land}", gates), "RB235")
        assert (finding.severity, place(finding)) == (
            "warning",
            (POLICY, "monitoring.on_breach.rollback"),
        )
    assert said_of(desk, "on_breach: {rollback: none}", "") == []


def test_a_span_of_time_that_is_none_is_told_by_the_schema(desk: Desk) -> None:
    found = said_of(desk, f"{LIVE}, checks: [{check('max: 1, window: soon')}]")
    assert codes(found) == ["RB102"]
    assert "monitoring.checks.0" in one(found, "RB102").key
