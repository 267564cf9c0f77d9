"""When a version last served, and who used it: what evidence on record tells, and what was asked elsewhere.

A `deployment` that passed says that its version runs on a target, until another one is deployed there or the
version's own next one fails. `monitoring` says that its version served when it was gathered, whether or not
it passed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rollbook.names import moment_text
from rollbook.records.evidence import DEPLOYMENT, MONITORING
from rollbook.registry.deployments import deployed, newest, told_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rollbook.registry.deployments import Deployed
    from rollbook.registry.registry import Model

# The kinds of evidence that tell.
KINDS = (DEPLOYMENT, MONITORING)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who used a version: so many `requests` in the time that was asked about, the newest figure of them
    `at`."""

    name: str
    requests: float
    at: datetime

    def as_document(self) -> dict[str, Any]:
        """Return the caller as JSON data."""
        return {**asdict(self), "at": moment_text(self.at)}


@dataclass(frozen=True, slots=True)
class Served:
    """When a version last served, as `told_by` evidence (its name) or a source (its name in the policy).

    `targets` are those where it runs still, by their deployments. What a source counted are `requests`, None
    where none did, and who the `callers` were, most requests first.
    """

    at: datetime
    told_by: str
    targets: tuple[str, ...] = ()
    requests: float | None = None
    callers: tuple[Caller, ...] = ()

    def __str__(self) -> str:
        when = f"now, on {', '.join(self.targets)}" if self.targets else moment_text(self.at)
        return f"{when} ({self.told_by})"

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        return {
            "at": moment_text(self.at),
            "told_by": self.told_by,
            "targets": list(self.targets),
            "requests": self.requests,
            "callers": [caller.as_document() for caller in self.callers],
        }


@dataclass(frozen=True, slots=True)
class Use:
    """What is known of a version's use: when it last served, None where nothing tells of it; and why nobody
    could be asked, empty where everybody was. What is not known counts as used."""

    served: Served | None = None
    unknown: str = ""

    def within(self, since: datetime) -> bool:
        """Whether the version runs, served since then, or may have."""
        served = self.served
        return bool(self.unknown) or (served is not None and (bool(served.targets) or served.at >= since))


# What was asked about the use of versions, each by its model and version.
Usage = Mapping[tuple[str, str], Use]


@dataclass(frozen=True, slots=True)
class Monitored:
    """What one piece of monitoring evidence says: that a version (`reference`) served at a time (UTC)."""

    reference: str
    number: int
    at: str


def both(one: Served | None, other: Served | None) -> Served | None:
    """Return what two tell of one version: the later time, and all targets, requests and callers."""
    if one is None or other is None:
        return one or other
    first, second = (one, other) if one.at >= other.at else (other, one)
    counting = first if first.requests is not None else second
    return replace(
        first,
        targets=tuple(sorted({*first.targets, *second.targets})),
        requests=counting.requests,
        callers=counting.callers,
    )


def served_of(model: Model, now: datetime) -> Mapping[str, Served]:
    """Return when each version of a model (`m@1.0.0`) last served that evidence tells of.

    What runs still serves `now`. Raises InvalidFile for evidence that can't be read.
    """
    deployments, monitored = [], []
    for reference, evidence in told_of(model, KINDS):
        if evidence.kind == DEPLOYMENT:
            deployments.append(deployed(reference, evidence))
        else:
            at = moment_text(evidence.moment)
            monitored.append(Monitored(reference, evidence.number, at))
    return served(deployments, monitored, now)


def served(
    deployments: Sequence[Deployed], monitored: Iterable[Monitored], now: datetime
) -> Mapping[str, Served]:
    """Return when each version of one model last served, by all that is told of that model's versions."""
    found: dict[str, Served] = {}

    def note(reference: str, one: Served) -> None:
        at = min(one.at, now)  # nothing that is told lies ahead
        latest = both(found.get(reference), replace(one, at=at))
        assert latest is not None
        found[reference] = latest

    for each in monitored:
        note(each.reference, Served(_moment(each.at), f"{MONITORING}-{each.number}"))
    for begun, ended in _ended(deployments):
        note(begun.reference, Served(_moment(ended.at), begun.evidence))
    for reference, standing in newest(deployments).items():
        for one in standing:
            if one.status == "running":
                note(reference, Served(now, one.evidence, (one.target,) if one.target else ("a target",)))
    return found


def _ended(deployments: Sequence[Deployed]) -> Iterable[tuple[Deployed, Deployed]]:
    """Yield each deployment that passed and the one that ended it: the next of another version that passed
    on the same target, or the version's own next that failed there."""
    running: dict[str, Deployed] = {}
    for each in sorted(deployments, key=lambda each: each.order):
        before = running.get(each.target)
        if before is not None and each.passed == (each.reference != before.reference):
            yield before, each
            del running[each.target]
        if each.passed:
            running[each.target] = each


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
