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


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("check: threshold, metric: m", ""),
        ("check: threshold, metric: m, margin: 0.1", ""),
        ("check: relative, metric: m, to: previous", ""),
        ("check: threshold, metric: m, max: 1, window: 999999w", ".window"),
        ("check: threshold, metric: m, max: 1, for: 5300w", ".for"),
        ("check: drift, alpha: 0.01, max: 0.2", ".alpha"),
        ("check: drift, alpha: 0.01, method: psi", ".alpha"),
        ("check: drift, method: chi-square, max: 3", ".max"),
        ("check: drift, of: targets", ".of"),
    ],
)
def test_a_check_that_could_not_be_asked_is_told_in_the_policy_and_in_a_model(
    desk: Desk, words: str, key: str
) -> None:
    checks = f"checks: [{{name: own, source: live, {words}}}]"
    for found, path in (
        (said_of(desk, f"{LIVE}, {checks}"), POLICY),
        (said_of(desk, LIVE, own=checks), MODEL),
    ):
        assert place(only(found, "RB234")) == (path, f"monitoring.checks.0{key}")


@pytest.mark.parametrize(
    "words",
    [
        "check: threshold, metric: m, warn_min: 0",
        "check: relative, metric: m, to: previous, warn_max_rise_percent: 3",
        "check: drift, method: chi-square",
        "check: drift, method: ks, alpha: 0.01",
        "check: drift, of: targets, target: paid",
        "check: data",
    ],
)
def test_a_check_that_can_be_asked_is_not(desk: Desk, words: str) -> None:
    assert said_of(desk, f"{LIVE}, checks: [{{name: own, source: live, {words}}}]") == []


@pytest.mark.parametrize(
    ("words", "key"),
    [
        ("canary: {source: nowhere, metric: m, least_difference: 1}", "canary.source"),
        ("canary: {source: live, metric: m, least_difference: 1, stage: none}", "canary.stage"),
        ("canary: {source: live, metric: m, least_difference: 1, back_to: none}", "canary.back_to"),
        ("usage: {source: nowhere, metric: m}", "usage.source"),
    ],
)
def test_canaries_and_usage_that_name_what_there_is_not_are_told(desk: Desk, words: str, key: str) -> None:
    assert place(only(said_of(desk, f"{LIVE}, {words}"), "RB234")) == (POLICY, f"monitoring.{key}")


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("source: http, url: 'http://example.com/a'", "url"),
        ("source: http, url: 'https://{model}.example.com/a'", "url"),
        ("source: prometheus, url: 'http://example.com'", "url"),
        ("source: command, run: ['']", "run"),
    ],
)
def test_a_source_that_would_not_be_asked_is_told(desk: Desk, source: str, key: str) -> None:
    found = only(said_of(desk, f"sources: {{live: {{{source}}}}}"), "RB234")
    assert place(found) == (POLICY, f"monitoring.sources.live.{key}")
