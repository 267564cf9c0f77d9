"""`monitoring` of a policy and of a model.yaml: what is asked of production, how often, and what follows.

A model adds checks to the policy's and may take back what the policy lets the monitor do; it names no source,
as a source reads files, runs programs and opens addresses of the machine that monitors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rollbook.errors import InvalidFile
from rollbook.layout import POLICY, model_path
from rollbook.names import CANARY, PRODUCTION
from rollbook.records.fields import Fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.records.model import ModelRecord
    from rollbook.records.policy import Policy

# What the monitor may do by itself, from the least to the most: nothing, a request, or what lands.
AUTONOMY = ("none", "propose", "land")
_SPAN = re.compile(r"([1-9][0-9]{0,5})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_HOUR = timedelta(hours=1)
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
    it was seen `confirm` times in a row and for as long as `lasting`. `settings` are those of the kind, as in
    the file.
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

    def fields(self) -> Fields:
        """Return the settings of the kind, to be read one by one."""
        return Fields(self.settings, POLICY, f"monitoring.checks.{self.name}")


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
    """How a canary is held against production: the check whose figures are compared, in `source`; the error
    rates of the test (`false_alarm`: stopping one that is no worse; `missed`: promoting one that is), the
    least difference that matters, the shares of traffic in their order, and what the monitor may do by itself
    (one of AUTONOMY). `settings` are the block as in the file."""

    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def act(self) -> str:
        """What the monitor may do by itself."""
        act = self.settings.get("act")
        return act if isinstance(act, str) else AUTONOMY[0]

    @property
    def shares(self) -> tuple[int, ...]:
        """The shares of the traffic, in per cent."""
        listed = self.settings.get("shares")
        return tuple(one for one in listed if isinstance(one, int)) if isinstance(listed, list) else ()

    @property
    def stage(self) -> str:
        """The stage of canaries."""
        return str(self.settings.get("stage", CANARY))

    @property
    def back_to(self) -> str:
        """The stage that a canary goes to which is worse."""
        return str(self.settings.get("back_to", "staging"))


@dataclass(frozen=True, slots=True)
class Monitoring:
    """All that is monitored of one model. `cool_down` is how long a state stays after it was entered before
    it may be left."""

    sources: Mapping[str, SourceSettings] = field(default_factory=dict)
    checks: tuple[CheckSettings, ...] = ()
    on_breach: BreachActions = field(default_factory=BreachActions)
    cool_down: timedelta = timedelta()
    canary: CanarySettings | None = None


def parse_span(text: str, path: str, key: str) -> timedelta:
    """Return a span of time such as `30s`, `5m`, `1h`, `7d`, `2w`. Raises InvalidFile for anything else."""
    match = _SPAN.fullmatch(text)
    if match is None:
        hint = "Write seconds, minutes, hours, days or weeks: 30s, 5m, 1h, 7d, 2w."
        raise InvalidFile(f"{text[:40]!r} is no span of time", path=path, key=key, hint=hint)
    return timedelta(seconds=int(match[1]) * _SECONDS[match[2]])


def monitoring_of(policy: Policy, record: ModelRecord | None = None) -> Monitoring:
    """Return what is monitored of a model: what the policy says, and what its model.yaml adds. Raises
    InvalidFile naming the file and the key."""
    told = _policy_monitoring(Fields(policy.monitoring, POLICY, "monitoring"))
    return told if record is None or not record.monitoring else _tightened(told, record)


def _policy_monitoring(fields: Fields) -> Monitoring:
    sources = fields.inner("sources")
    canary = fields.mapping("canary")
    return Monitoring(
        sources={name: _source(name, sources.inner(name)) for name in sources.names()},
        checks=_checks(fields, POLICY),
        on_breach=_actions(fields.inner("on_breach"), POLICY),
        cool_down=_span(fields, "cool_down", POLICY, timedelta()),
        canary=CanarySettings(canary) if canary else None,
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
    return replace(policy, checks=(*policy.checks, *checks), on_breach=actions)


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


def _span(fields: Fields, name: str, path: str, default: timedelta) -> timedelta:
    text = fields.optional_text(name)
    return parse_span(text, path, fields.key_of(name)) if text else default
