"""What a policy says of canaries, and what a model's own file may take back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollbook.errors import InvalidFile
from rollbook.records.model import parse_model
from rollbook.records.monitoring import CanarySettings, monitoring_of
from rollbook.records.policy import parse_policy

PATH = "registry/policy.yaml"
LEAST = "source: live, metric: errors, least_difference: 0.01"


def read(facts: str, own: str = "") -> CanarySettings:
    """The settings of a policy, under a model's own."""
    policy = f"rollbook: 1\nstages: [{{name: development}}]\nmonitoring: {{canary: {{{facts}}}}}\n"
    text = f"name: credit\nowner: a@example.com\nmonitoring: {{canary: {{{own}}}}}\n" if own else ""
    record = parse_model(text.encode(), "registry/credit/model.yaml") if own else None
    canary = monitoring_of(parse_policy(policy.encode(), PATH), record).canary
    assert canary is not None
    return canary


def test_what_is_not_said_is_as_documented() -> None:
    canary = read(LEAST)
    assert canary == CanarySettings("live", 0.01, metric="errors")
    assert (canary.false_alarm, canary.missed, canary.shares) == (0.05, 0.1, (5, 25, 50))
    assert (canary.act, canary.window, canary.min_samples) == ("none", timedelta(days=14), 100)


def test_what_is_said_is_read() -> None:
    canary = read(
        f"{LEAST}, kind: mean, better: higher, figures: whole, false_alarm: 0.01, missed: 0.2, "
        "shares: [1, 10], act: land, window: 3d, min_samples: 500, stage: shadow, back_to: development"
    )
    assert (canary.kind, canary.better, canary.figures) == ("mean", "higher", "whole")
    assert (canary.false_alarm, canary.missed, canary.shares) == (0.01, 0.2, (1, 10))
    assert (canary.act, canary.window, canary.min_samples) == ("land", timedelta(days=3), 500)
    assert (canary.stage, canary.back_to) == ("shadow", "development")


@pytest.mark.parametrize(
    "facts",
    [
        "source: live, least_difference: 0.01",
        "source: live, metric: errors",
        "source: live, metric: errors, least_difference: 0",
        "source: live, metric: errors, least_difference: .nan",
        "source: live, metric: errors, least_difference: .inf",
        f"{LEAST}, false_alarm: 0",
        f"{LEAST}, missed: 0.6",
        f"{LEAST}, kind: median",
        f"{LEAST}, act: always",
        f"{LEAST}, shares: [25, 5]",
        f"{LEAST}, shares: [5, 100]",
        f"{LEAST}, shares: [true]",
        f"{LEAST}, window: soon",
    ],
)
def test_what_can_not_be_used_is_refused_and_names_its_key(facts: str) -> None:
    with pytest.raises(InvalidFile) as error:
        read(facts)
    assert "monitoring.canary" in str(error.value)


@pytest.mark.parametrize(
    ("policy", "own", "act"),
    [
        ("land", "none", "none"),
        ("land", "propose", "propose"),
        ("none", "land", "none"),
        ("propose", "land", "propose"),
    ],
)
def test_a_model_may_only_take_back_what_the_monitor_may_do(policy: str, own: str, act: str) -> None:
    assert read(f"{LEAST}, act: {policy}", f"act: {own}").act == act
