"""Gates on figures: thresholds and comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..desk import entry, evidence_text
from .bench import NEW, OLD, metrics, said, state

if TYPE_CHECKING:
    from ..desk import Desk, File

STANDING = f"production: {entry('1.0.0')}\n"
HIGHER = {"gate": "metric-comparison", "metric": "auc", "with": "production", "direction": "higher"}
LOWER = {**HIGHER, "metric": "brier", "direction": "lower"}


def evidence(directory: str, text: str, number: int = 1, **facts: str) -> dict[str, File]:
    version = directory.rpartition("/")[2]
    whole = evidence_text(version=version) + f"metrics: {{{text}}}\n"
    for old, new in facts.items():
        whole = whole.replace(old, new)
    return {f"{directory}/evidence/evaluation-{number}.yaml": whole}


def test_a_threshold_reads_the_newest_evidence_of_a_kind(desk: Desk) -> None:
    gate = {"gate": "metric-threshold", "metric": "auc", "min": 0.8, "evidence": "evaluation"}
    older, newer = evidence(NEW, "auc: 0.7"), evidence(NEW, "auc: 0.9", 2)
    verdict = said(desk, gate, {**metrics("1.1.0", "auc: 0.1"), **older, **newer})
    assert (state(verdict), verdict.figure) == ("passed", "auc = 0.9")
    verdict = said(desk, gate, {**metrics("1.1.0", "auc: 0.9"), **older})
    assert (state(verdict), verdict.figure) == ("failed", "auc = 0.7")


def test_a_threshold_on_evidence_that_is_not_there_fails(desk: Desk) -> None:
    gate = {"gate": "metric-threshold", "metric": "auc", "min": 0.8, "evidence": "evaluation"}
    verdict = said(desk, gate, metrics("1.1.0", "auc: 0.9"))
    assert (state(verdict), verdict.figure) == ("failed", "auc not measured")


def compared(desk: Desk, gate: dict[str, object], old: str, new: str) -> tuple[str, str, str]:
    files = {**metrics("1.0.0", old), **metrics("1.1.0", new)}
    verdict = said(desk, gate, files, standing=STANDING)
    return state(verdict), verdict.figure, verdict.threshold


def test_a_version_that_is_worse_fails_with_both_figures(desk: Desk) -> None:
    how, figure, threshold = compared(desk, HIGHER, "auc: 0.9", "auc: 0.89")
    assert how == "failed"
    assert figure == "auc = 0.89"
    assert "1.0.0 has 0.9" in threshold


@pytest.mark.parametrize(
    ("settings", "old", "new", "passed"),
    [
        ({}, 0.9, 0.9, True),
        ({}, 0.9, 0.91, True),
        ({"better": True}, 0.9, 0.9, False),
        ({"better": True}, 0.9, 0.901, True),
        ({"tolerance": 0.1}, 0.9, 0.8, True),
        ({"tolerance": 0.1}, 0.9, 0.79, False),
        ({"tolerance_percent": 10}, 0.5, 0.45, True),
        ({"tolerance_percent": 10}, 0.5, 0.44, False),
        ({"tolerance_percent": 10}, -0.5, -0.55, True),
        ({"tolerance_percent": 10}, -0.5, -0.56, False),
    ],
)
def test_a_comparison_where_higher_is_better(
    desk: Desk, settings: dict[str, object], old: float, new: float, passed: bool
) -> None:
    how, _, _ = compared(desk, {**HIGHER, **settings}, f"auc: {old}", f"auc: {new}")
    assert how == ("passed" if passed else "failed")


@pytest.mark.parametrize(
    ("settings", "old", "new", "passed"),
    [
        ({}, 0.2, 0.2, True),
        ({}, 0.2, 0.21, False),
        ({"tolerance": 0.02}, 0.2, 0.22, True),
        ({"tolerance_percent": 5}, 0.2, 0.22, False),
        ({"better": True}, 0.2, 0.19, True),
    ],
)
def test_a_comparison_where_lower_is_better(
    desk: Desk, settings: dict[str, object], old: float, new: float, passed: bool
) -> None:
    how, _, _ = compared(desk, {**LOWER, **settings}, f"brier: {old}", f"brier: {new}")
    assert how == ("passed" if passed else "failed")


def test_nothing_to_compare_with_passes_and_says_so(desk: Desk) -> None:
    verdict = said(desk, HIGHER, metrics("1.1.0", "auc: 0.1"))
    assert state(verdict) == "passed"
    assert "nothing to compare with" in verdict.figure


def test_a_version_without_the_metric_fails_even_with_nothing_to_compare(desk: Desk) -> None:
    assert state(said(desk, HIGHER)) == "failed"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("auc: 0.5", "auc: .nan"),
        ("auc: .nan", "auc: 0.9"),
        ("auc: 0.5", "auc: .inf"),
        ("auc: -.inf", "auc: 0.9"),
    ],
)
def test_a_figure_that_is_no_number_fails_a_comparison(desk: Desk, old: str, new: str) -> None:
    how, _, _ = compared(desk, {**HIGHER, "tolerance": 1}, old, new)
    assert how == "failed"


@pytest.mark.parametrize("settings", [{"tolerance": -1}, {"tolerance": float("inf")}, {"direction": "up"}])
def test_a_comparison_with_senseless_settings_fails(desk: Desk, settings: dict[str, object]) -> None:
    gate = {**HIGHER, **settings}
    verdict = said(desk, {k: v for k, v in gate.items() if v != float("inf")} | (
        {"tolerance": ".inf"} if settings.get("tolerance") == float("inf") else {}
    ), metrics("1.1.0", "auc: 0.9"), standing=STANDING)  # fmt: skip
    assert state(verdict) == "failed"


def test_the_best_of_several_holders_is_compared_with(desk: Desk) -> None:
    gate = {**HIGHER, "with": "archived"}
    standing = f"archived:\n  - {entry('1.0.0')}\n  - {entry('0.9.0')}\n"
    manifest = {
        **metrics("1.0.0", "auc: 0.9"),
        **metrics("1.1.0", "auc: 0.8"),
        **metrics("0.9.0", "auc: 0.7"),
    }
    verdict = said(desk, gate, manifest, standing=standing)
    assert state(verdict) == "failed"
    assert "1.0.0 has 0.9" in verdict.threshold


def test_evidence_planted_on_the_rival_in_the_same_change_does_not_lower_the_bar(desk: Desk) -> None:
    gate = {**HIGHER, "evidence": "evaluation"}
    honest = evidence(OLD, "auc: 0.9")
    planted = evidence(OLD, "auc: 0.1", 2)
    files = {**honest, **planted, **evidence(NEW, "auc: 0.5")}
    verdict = said(desk, gate, files, standing=STANDING, before=frozenset(honest))
    assert state(verdict) == "failed"
    assert "1.0.0 has 0.9" in verdict.threshold
