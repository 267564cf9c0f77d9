"""The check that a live figure stays near a baseline."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from building.texts import stages
from rollbook.errors import InvalidFile
from rollbook.integrations.monitor.checks.check_kind import Asked
from rollbook.integrations.monitor.checks.relative_check import CHECK
from rollbook.integrations.monitor.observing import subject_of
from rollbook.integrations.monitor.outcome import State
from rollbook.records.monitoring import CheckSettings
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from trail.histories import START, History, new_history, registration

from .told_figures import Told, figure, moment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rollbook.integrations.monitor.outcome import Outcome
    from rollbook.integrations.monitor.question import Figure

HOUR = 3600
CAME = START + 100 * HOUR  # when 1.1.0 came into production, and 1.0.0 left it
NOW = START + 200 * HOUR


@pytest.fixture
def history(tmp_path: Path) -> History:
    """1.0.0 was in production for 50 hours, then 1.1.0 came, which was registered with an AUC of 0.90."""
    history = new_history(tmp_path / "registry.git")
    history.commit(registration("credit", "1.0.0"), at=START + HOUR)
    history.commit(registration("credit", "1.1.0", "metrics: {auc: 0.90}\n"), at=START + 2 * HOUR)
    path = "registry/credit/stages.yaml"
    history.commit({path: stages(production=["1.0.0"])}, at=START + 50 * HOUR)
    history.commit({path: stages(production=["1.1.0"], archived=["1.0.0"])}, at=CAME)
    return history


def judged(
    history: History,
    known: Sequence[Figure],
    *,
    now: int = NOW,
    version: str = "1.1.0",
    min_samples: int = 1,
    **settings: Any,
) -> Outcome:
    """What the check says of a version, with these settings."""
    commit = history.repository
    with Registry(commit, commit_snapshot(commit, "refs/heads/main")) as registry:
        one = registry.version(f"credit@{version}")
        said = CheckSettings(
            "kept", "relative", "live", min_samples=min_samples, settings={"metric": "auc", **settings},
            window=timedelta(hours=1),
        )  # fmt: skip
        return CHECK.judge(Asked(said, subject_of(one), one, Told(known), moment(now)))


def live(value: float, samples: int | None = 1000) -> Figure:
    return figure("1.1.0", value, NOW - 60, samples)


@pytest.mark.parametrize(("value", "state"), [(0.89, State.OK), (0.875, State.WARNING), (0.85, State.BREACH)])
def test_a_figure_is_held_against_what_was_registered(history: History, value: float, state: State) -> None:
    outcome = judged(history, [live(value)], to="registered", max_drop=0.03, warn_max_drop=0.02)
    assert outcome.state is state
    assert outcome.figures["baseline"] == 0.90
    assert outcome.figures["change"] == pytest.approx(value - 0.90)


def test_a_rise_is_no_drop(history: History) -> None:
    assert judged(history, [live(0.99)], to="registered", max_drop=0.03).state is State.OK
    assert judged(history, [live(0.99)], to="registered", max_rise=0.03).state is State.BREACH


def test_a_drop_may_be_given_in_per_cent_of_the_baseline(history: History) -> None:
    assert judged(history, [live(0.86)], to="registered", max_drop_percent=5).state is State.OK
    assert judged(history, [live(0.85)], to="registered", max_drop_percent=5).state is State.BREACH


def test_of_two_bounds_the_worse_state_counts(history: History) -> None:
    outcome = judged(history, [live(0.85)], to="registered", max_drop_percent=50, max_drop=0.01)
    assert outcome.state is State.BREACH


def test_a_breach_is_left_only_a_margin_within_the_bound(history: History) -> None:
    outcome = judged(history, [live(0.871)], to="registered", max_drop=0.03, margin=0.1)
    assert (outcome.state, outcome.held) == (State.OK, State.BREACH)
    assert judged(history, [live(0.88)], to="registered", max_drop=0.03, margin=0.1).held is State.OK


def test_what_was_not_registered_is_unknown_and_says_so(history: History) -> None:
    outcome = judged(
        history, [figure("1.0.0", 0.9, NOW - 60)], to="registered", max_drop=0.03, version="1.0.0"
    )
    assert outcome.state is State.UNKNOWN
    assert "no auc was registered of credit@1.0.0" in outcome.message


def test_the_newest_evaluation_counts_where_the_manifest_has_no_such_metric(history: History) -> None:
    evidence = (
        "kind: evaluation\nmodel: credit\nversion: 1.0.0\nartifact_sha256: {digest}\npassed: true\n"
        "created_at: 2026-01-0{day}T09:00:00Z\ncreated_by: a@example.com\nmetrics: {{auc: {auc}}}\n"
    )
    folder = "registry/credit/versions/1.0.0/evidence"
    history.commit(
        {
            f"{folder}/evaluation-1.yaml": evidence.format(digest="a" * 64, day=2, auc=0.80),
            f"{folder}/evaluation-2.yaml": evidence.format(digest="a" * 64, day=3, auc=0.85),
            f"{folder}/evaluation-3.yaml": evidence.format(digest="b" * 64, day=4, auc=0.10),
        }
    )
    known = [figure("1.0.0", 0.84, NOW - 60)]
    outcome = judged(history, known, to="registered", max_drop=0.03, version="1.0.0")
    assert outcome.figures["baseline"] == 0.85
    assert "in evaluation-2" in outcome.message


def test_a_figure_is_held_against_the_first_window_after_the_promotion(history: History) -> None:
    known = [
        figure("1.1.0", 0.50, CAME - 60),
        figure("1.1.0", 0.80, CAME + 600),
        figure("1.1.0", 0.60, CAME + HOUR + 60),
        live(0.70),
    ]
    outcome = judged(history, known, to="promotion", max_drop=0.05)
    assert (outcome.state, outcome.figures["baseline"]) == (State.BREACH, 0.80)


def test_while_the_first_window_lasts_nothing_is_known(history: History) -> None:
    now = CAME + HOUR // 2
    known = [figure("1.1.0", 0.80, now - 60)]
    outcome = judged(history, known, now=now, to="promotion", max_drop=0.05)
    assert outcome.state is State.UNKNOWN
    assert "the first window in production lasts until" in outcome.message


def test_a_figure_is_held_against_the_last_window_of_the_version_before(history: History) -> None:
    known = [
        figure("1.0.0", 0.20, CAME - 2 * HOUR),
        figure("1.0.0", 0.90, CAME - 60),
        figure("1.0.0", 0.10, CAME + 60),
        live(0.70),
    ]
    outcome = judged(history, known, to="previous", max_drop=0.05)
    assert (outcome.state, outcome.figures["baseline"]) == (State.BREACH, 0.90)
    assert "of 1.0.0 in its last window in production" in outcome.message


def test_a_baseline_on_too_few_samples_is_none(history: History) -> None:
    known = [figure("1.0.0", 0.90, CAME - 60, samples=9), live(0.70)]
    outcome = judged(history, known, to="previous", max_drop=0.05, min_samples=10)
    assert outcome.state is State.UNKNOWN
    assert outcome.message.startswith("no baseline: 9 samples of 1.0.0")


def test_a_live_figure_on_too_few_samples_is_unknown(history: History) -> None:
    outcome = judged(history, [live(0.1, 9)], to="registered", max_drop=0.05, min_samples=10)
    assert outcome.state is State.UNKNOWN


def test_a_live_figure_on_nobody_knows_how_many_samples_is_unknown(history: History) -> None:
    outcome = judged(history, [live(0.1, None)], to="registered", max_drop=0.05, min_samples=10)
    assert outcome.state is State.UNKNOWN
    assert "on how many samples auc of 1.1.0 rests is not told: 10 are needed" in outcome.message


def test_the_first_version_of_a_stage_has_none_before_it(history: History) -> None:
    history.commit({"registry/credit/stages.yaml": stages(staging=["1.1.0"], archived=["1.0.0"])})
    outcome = judged(history, [live(0.7)], to="previous", max_drop=0.05)
    assert outcome.state is State.UNKNOWN
    assert "no version held staging before credit@1.1.0" in outcome.message


def test_there_is_no_percentage_of_zero(history: History) -> None:
    history.commit(registration("credit", "1.2.0", "metrics: {auc: 0}\n"))
    known = [figure("1.2.0", 0.1, NOW - 60)]
    outcome = judged(history, known, to="registered", max_drop_percent=5, version="1.2.0")
    assert outcome.state is State.UNKNOWN


@pytest.mark.parametrize("settings", [{"to": "registered"}, {"to": "yesterday", "max_drop": 1}])
def test_settings_that_can_not_fail_or_name_no_baseline_are_refused(
    history: History, settings: dict[str, Any]
) -> None:
    with pytest.raises(InvalidFile):
        judged(history, [live(0.1)], **settings)
