"""Gates: what a version must meet before it enters a stage."""

from __future__ import annotations

import pytest

from rollbook.check.gate_judgement import GATES, judge
from rollbook.check.gates.gate import Promotion
from rollbook.records.manifest import parse_manifest
from rollbook.records.policy import Policy, Stage

from .desk import POLICY, STAGES, Desk, entry, manifest_text, only, policy_text, registry_files
from .desk import V1 as DIRECTORY

THRESHOLD = "gates:\n  - {gate: metric-threshold, to: [staging], metric: auc, min: 0.8}\n"
STAGING = f"staging:\n  - {entry('1.0.0')}\n"


def registry(metrics: str, policy: str = THRESHOLD) -> dict[str, str]:
    extra = f"metrics: {{{metrics}}}\n" if metrics else ""
    files = registry_files() | {
        POLICY: policy_text(policy),
        f"{DIRECTORY}/version.yaml": manifest_text(extra=extra),
    }
    return {path: str(content) for path, content in files.items()}


def test_a_metric_within_bounds_passes(desk: Desk) -> None:
    files = registry("auc: 0.8")
    assert desk.check_change(files, files | {STAGES: STAGING}) == []


def test_a_metric_out_of_bounds_fails_with_figure_and_threshold(desk: Desk) -> None:
    files = registry("auc: 0.79")
    found = only(desk.check_change(files, files | {STAGES: STAGING}), "RB401")
    assert "0.79" in found.message
    assert "at least 0.8" in found.message
    assert (found.path, found.line) == (STAGES, 2)


def test_a_gate_guards_only_its_stage(desk: Desk) -> None:
    files = registry("auc: 0.1")
    archived = f"archived:\n  - {entry('1.0.0')}\n"
    assert desk.check_change(files, files | {STAGES: archived}) == []


def test_lowering_the_threshold_in_the_same_change_does_not_help(desk: Desk) -> None:
    files = registry("auc: 0.5")
    after = files | {STAGES: STAGING, POLICY: policy_text(THRESHOLD.replace("0.8", "0.1"))}
    only(desk.check_change(files, after), "RB401")


def test_a_version_registered_and_promoted_at_once_meets_the_gate(desk: Desk) -> None:
    files = registry("auc: 0.5")
    only(desk.check_change({POLICY: files[POLICY]}, files | {STAGES: STAGING}), "RB401")


def verdict(metrics: str, **settings: object) -> tuple[str, bool]:
    policy = Policy((Stage("production", True, (), None, ""),), gates=({"to": ["production"], **settings},))
    manifest = parse_manifest(manifest_text(extra=f"metrics: {{{metrics}}}\n").encode(), "version.yaml")
    (judged,) = judge(policy, Promotion("credit", "1.0.0", "staging", "production", manifest))
    return judged.code, judged.verdict.passed


@pytest.mark.parametrize(
    ("metrics", "settings", "passed"),
    [
        ("auc: 1", {"min": 0.8}, True),
        ("auc: 0.9", {"max": 0.8}, False),
        ("auc: 0.8", {"max": 0.8}, True),
        ("auc: 0.9", {"min": 0.8, "max": 0.95}, True),
        ("auc: 0.99", {"min": 0.8, "max": 0.95}, False),
        ("f1: 0.9", {"min": 0.8}, False),
        ("f1: 0.9", {"min": 0.8, "required": False}, True),
        ("auc: 0.1", {}, True),
        ("auc: .nan", {"min": 0.8}, False),
        ("auc: .nan", {}, False),
        ("auc: .inf", {"min": 0.8}, False),
    ],
)
def test_a_metric_threshold_judges(metrics: str, settings: dict[str, object], passed: bool) -> None:
    assert verdict(metrics, gate="metric-threshold", metric="auc", **settings) == ("RB401", passed)


def test_an_unknown_gate_lets_nothing_pass() -> None:
    assert verdict("auc: 1", gate="metric-treshold", metric="auc") == ("RB400", False)


@pytest.mark.parametrize("settings", [{"min": "0.8"}, {"min": True}, {"metric": None}, {"to": "production"}])
def test_settings_that_cannot_be_read_let_nothing_pass(settings: dict[str, object]) -> None:
    code, passed = verdict(
        "auc: 0.1", **{"gate": "metric-threshold", "metric": "auc", "min": 0.8, **settings}
    )
    assert not passed
    assert code in ("RB400", "RB401")


def test_a_version_without_a_readable_manifest_fails() -> None:
    policy = Policy((), gates=({"gate": "metric-threshold", "to": ["production"], "metric": "auc"},))
    (judged,) = judge(policy, Promotion("credit", "1.0.0", "staging", "production", None))
    assert not judged.verdict.passed


def test_every_gate_says_what_it_asks_for() -> None:
    assert all(gate.sentence.endswith(".") and GATES[gate.name] is gate for gate in GATES.values())
