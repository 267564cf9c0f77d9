"""`monitoring` of a policy and of a model.yaml: what is asked of production, how often, and what follows.

A model adds checks to the policy's and may take back what the policy lets the monitor do; it names no source,
as a source reads files, runs programs and opens addresses of the machine that monitors.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rollbook.errors import InvalidFile
from rollbook.layout import POLICY, model_path
from rollbook.names import PRODUCTION
from rollbook.records.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.records.model import ModelRecord
    from rollbook.records.policy import Policy

# What the monitor may do by itself, from the least to the most: nothing, a request, or what lands.
AUTONOMY = ("none", "propose", "land")
_SPAN = re.compile(r"([1-9][0-9]{0,5})([smhdw])")
_LONGEST_SPAN = timedelta(days=36525)  # what is longer leaves the dates that there are
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_HOUR = timedelta(hours=1)
_CANARY_CHOICES = {
    "kind": ("proportion", "mean"),
    "figures": ("parts", "whole"),
    "better": ("lower", "higher"),
    "act": AUTONOMY,
}
_COMMON = frozenset(["check", "name", "source", "stages", "window", "min_samples", "for", "confirm"])


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Where figures come from: a name, the kind, and that kind's own settings, as in the file."""

    name: str
    kind: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CheckSettings:
    """What is asked of each version in one of `stages`.

    The figures are those of the last `window`; fewer than `min_samples` tell nothing. A state is entered when
    it was seen `confirm` times in a row, a warning or a breach also for as long as `lasting`. `settings`
    are those of the kind, as in the file, which is at `path`.
    """

    name: str
    kind: str
    source: str
    stages: tuple[str, ...] = (PRODUCTION,)
    window: timedelta = _HOUR
    min_samples: int = 1
    lasting: timedelta = timedelta()
    confirm: int = 2
    settings: Mapping[str, Any] = field(default_factory=dict)
    path: str = POLICY  # the file that it stands in

    def fields(self) -> Fields:
        """Return the settings of the kind, to be read one by one."""
        return Fields(self.settings, self.path, f"monitoring.checks.{self.name}")


@dataclass(frozen=True, slots=True)
class BreachActions:
    """What a breach does: whether evidence of it and a rollback are made (one of AUTONOMY each), whether the
    receivers of notifications are told, and whether an issue is opened on the forge. `stop_loops_for` is how
    long after an automatic rollback of a model the next one is left to a person."""

    evidence: str = "propose"
    rollback: str = "none"
    notify: bool = True
    issue: bool = False
    stop_loops_for: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CanarySettings:
    """How a canary, a version in `stage`, is held against production.

    `source` tells the `metric`, or has rows with the `column`; `kind` is `proportion` or `mean`. `figures`
    says whether each figure is of observations of its own (`parts`) or of all of them so far (`whole`).
    `least_difference` is the least by which the canary may be worse that matters; `false_alarm` and `missed`
    are the error rates of the test: of stopping one that is no worse, of promoting one that is. `window` is
    how long one comparison lasts, `shares` are the shares of traffic in per cent, in their order, `back_to`
    the stage that a canary which is worse goes to, and `act` what the monitor does (one of AUTONOMY).
    """

    source: str
    least_difference: float
    metric: str = ""
    query: str = ""
    samples_query: str = ""
    stddev_query: str = ""
    column: str = ""
    kind: str = "proportion"
    figures: str = "parts"
    better: str = "lower"
    false_alarm: float = 0.05
    missed: float = 0.1
    shares: tuple[int, ...] = (5, 25, 50)
    act: str = "none"
    window: timedelta = timedelta(days=14)
    min_samples: int = 100
    stage: str = "canary"
    back_to: str = "staging"


@dataclass(frozen=True, slots=True)
class UsageSettings:
    """How a source tells which versions served: by a `metric` of so many requests, or a `query`, over the
    last `window`. `by` is the label or column that names the caller; empty where nothing does."""

    source: str
    metric: str
    query: str = ""
    window: timedelta = timedelta(days=30)
    by: str = ""


@dataclass(frozen=True, slots=True)
class Monitoring:
    """All that is monitored of one model. `cool_down` is how long a state stays after it was entered before
    it may be left for a better one."""

    sources: Mapping[str, SourceSettings] = field(default_factory=dict)
    checks: tuple[CheckSettings, ...] = ()
    on_breach: BreachActions = field(default_factory=BreachActions)
    cool_down: timedelta = timedelta()
    canary: CanarySettings | None = None
    usage: UsageSettings | None = None


def parse_span(text: str, path: str, key: str) -> timedelta:
    """Return a span of time such as `30s`, `5m`, `1h`, `7d`, `2w`, a century at most. Raises InvalidFile for
    anything else."""
    match = _SPAN.fullmatch(text)
    if match is None:
        hint = "Write seconds, minutes, hours, days or weeks: 30s, 5m, 1h, 7d, 2w."
        raise InvalidFile(f"{text[:40]!r} is no span of time", path=path, key=key, hint=hint)
    span = timedelta(seconds=int(match[1]) * _SECONDS[match[2]])
    if span > _LONGEST_SPAN:
        raise InvalidFile(f"{text} is too long", path=path, key=key, hint="Write a century at most: 5200w.")
    return span


def monitoring_of(policy: Policy, record: ModelRecord | None = None) -> Monitoring:
    """Return what is monitored of a model: what the policy says, and what its model.yaml adds. Raises
    InvalidFile naming the file and the key."""
    told = _policy_monitoring(Fields(policy.monitoring, POLICY, "monitoring"))
    return told if record is None or not record.monitoring else _tightened(told, record)


def _policy_monitoring(fields: Fields) -> Monitoring:
    sources = fields.inner("sources")
    return Monitoring(
        sources={name: _source(name, sources.inner(name)) for name in sources.names()},
        checks=_checks(fields, POLICY),
        on_breach=_actions(fields.inner("on_breach"), POLICY),
        cool_down=_span(fields, "cool_down", POLICY, timedelta()),
        canary=_canary(fields.inner("canary")) if fields.has("canary") else None,
        usage=_usage(fields.inner("usage")) if fields.has("usage") else None,
    )


def _tightened(policy: Monitoring, record: ModelRecord) -> Monitoring:
    path = model_path(record.name)
    fields = Fields(record.monitoring, path, "monitoring")
    checks, actions = _checks(fields, path), policy.on_breach
    taken = {check.name for check in policy.checks}
    for check in checks:
        if check.name in taken:
            message = f"the policy has a check {check.name!r} already"
            hint = "Give it another name: a model adds checks, it changes none."
            raise InvalidFile(message, path=path, key="monitoring.checks", hint=hint)
    own = fields.inner("on_breach")
    for name in ("evidence", "rollback"):
        if own.has(name):
            least = min(getattr(actions, name), own.text(name), key=AUTONOMY.index)
            actions = replace(actions, **{name: least})
    canary, act = policy.canary, fields.inner("canary").optional_text("act")
    if canary is not None and act in AUTONOMY:
        canary = replace(canary, act=min(canary.act, act, key=AUTONOMY.index))
    return replace(policy, checks=(*policy.checks, *checks), on_breach=actions, canary=canary)


def _source(name: str, fields: Fields) -> SourceSettings:
    kind = fields.text("source")
    return SourceSettings(name, kind, fields.besides(("source",)))


def _checks(fields: Fields, path: str) -> tuple[CheckSettings, ...]:
    checks = tuple(_check(one, path) for one in fields.each("checks"))
    names = [check.name for check in checks]
    for name in names:
        if names.count(name) > 1:
            message = f"two checks are called {name!r}"
            raise InvalidFile(message, path=path, key="monitoring.checks", hint="Rename one of them.")
    return checks


def _check(fields: Fields, path: str) -> CheckSettings:
    least, confirm = fields.optional_integer("min_samples"), fields.optional_integer("confirm")
    return CheckSettings(
        name=fields.text("name"),
        kind=fields.text("check"),
        source=fields.text("source"),
        stages=fields.texts("stages") or (PRODUCTION,),
        window=_span(fields, "window", path, _HOUR),
        min_samples=1 if least is None else least,
        lasting=_span(fields, "for", path, timedelta()),
        confirm=2 if confirm is None else confirm,
        settings=fields.besides(_COMMON),
        path=path,
    )


def _actions(fields: Fields, path: str) -> BreachActions:
    usual = BreachActions()
    return BreachActions(
        evidence=fields.optional_text("evidence") or usual.evidence,
        rollback=fields.optional_text("rollback") or usual.rollback,
        notify=fields.flag("notify", default=usual.notify),
        issue=fields.flag("issue", default=usual.issue),
        stop_loops_for=_span(fields, "stop_loops_for", path, usual.stop_loops_for),
    )


def _canary(fields: Fields) -> CanarySettings:
    usual = CanarySettings(fields.text("source"), 0.0)
    samples = fields.optional_integer("min_samples")
    texts = ("metric", "query", "samples_query", "stddev_query", "column", "stage", "back_to")
    said: dict[str, Any] = {name: text for name in texts if (text := fields.optional_text(name))}
    if "metric" not in said and "column" not in said:
        hint = "Name the figure that is compared, or the column of a log."
        raise fields.fault("metric", "a metric is needed", hint)
    for name, choices in _CANARY_CHOICES.items():
        if text := fields.optional_text(name):
            said[name] = _chosen(fields, name, text, choices)
    for name in ("false_alarm", "missed"):
        if fields.has(name):
            said[name] = _positive(fields, name, 0.5)
    if samples is not None:
        said["min_samples"] = max(samples, 2)
    if fields.has("shares"):
        said["shares"] = _shares(fields)
    least = _positive(fields, "least_difference", math.inf)
    window = _span(fields, "window", POLICY, usual.window)
    return replace(usual, **said, least_difference=least, window=window)


def _chosen(fields: Fields, name: str, text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        hint = f"Write one of {', '.join(choices)}."
        raise fields.fault(name, f"{text[:40]!r} is none of them", hint)
    return text


def _positive(fields: Fields, name: str, most: float) -> float:
    number = fields.optional_number(name)
    if number is None or not 0 < number <= most or math.isinf(number):
        limit = "" if math.isinf(most) else f", at most {most:g}"
        hint = "`rollbook check` names what each setting may be."
        key = fields.key_of(name)
        raise InvalidFile(f"a number above 0{limit} is needed", path=POLICY, key=key, hint=hint)
    return number


def _shares(fields: Fields) -> tuple[int, ...]:
    shares = fields.items("shares")
    if not all(type(share) is int and 0 < share < 100 for share in shares) or shares != sorted(set(shares)):
        hint = "Write whole per cents between 1 and 99, rising: [5, 25, 50]."
        raise fields.fault("shares", "these are no shares", hint)
    return tuple(shares)


def _usage(fields: Fields) -> UsageSettings:
    usual = UsageSettings("", "")
    return UsageSettings(
        source=fields.text("source"),
        metric=fields.text("metric"),
        query=fields.optional_text("query"),
        window=_span(fields, "window", POLICY, usual.window),
        by=fields.optional_text("by"),
    )


def _span(fields: Fields, name: str, path: str, default: timedelta) -> timedelta:
    text = fields.optional_text(name)
    return parse_span(text, path, fields.key_of(name)) if text else default
