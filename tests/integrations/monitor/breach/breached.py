"""A model that is in breach, and acting on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from building.world import git
from rollbook.git.repository import discover
from rollbook.integrations.monitor.acting import act
from rollbook.integrations.monitor.breach.breach_messages import Patience
from rollbook.integrations.monitor.monitor_memory import Episode
from rollbook.integrations.monitor.outcome import Outcome, State, Subject, Window
from rollbook.records.monitoring import BreachActions, Monitoring
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from building.world import World
    from rollbook.records.evidence import Evidence

MODEL = "fraud"
BASIC = """\
monitoring:
  sources:
    live: {{source: file, path: live.json}}
  checks:
    - {{check: threshold, name: errors, source: live, metric: error_rate, max: 0.02}}
  on_breach: {actions}
"""
LANDED = "landed: back to 1.1.0 (monitoring-1)"
QUICK = Patience(limit=5, pause=0)


def three_versions(world: World) -> None:
    """Have three versions of fraud in production, one after the other."""
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        world.register(MODEL, version)
        for stage in ("staging", "production"):
            world.promote(f"{MODEL}@{version}", stage)
    world.git("pull", "--quiet", "--ff-only")


def episode(version: str = "1.2.0", *, name: str = "0123456789ab") -> Episode:
    """An episode of a version that began a minute ago."""
    return Episode(name, MODEL, version, datetime.now(UTC) - timedelta(minutes=1), ("errors",))


def over(lasting: Episode) -> Episode:
    return replace(lasting, ended=datetime.now(UTC))


def outcome(
    world: World, version: str = "1.2.0", stage: str = "production", model: str = MODEL, **facts: Any
) -> Outcome:
    """What the check says of a version: in breach, unless `facts` say something else."""
    with Registry(discover(world.registry), commit_snapshot(discover(world.registry), "main")) as registry:
        sha256 = registry.version(f"{model}@{version}").artifact.sha256
    now = datetime.now(UTC)
    breach = Outcome(
        subject=Subject(model, version, stage, sha256),
        check="errors",
        state=State.BREACH,
        held=State.BREACH,
        window=Window(now - timedelta(hours=1), now),
        source="live",
        query="error_rate",
        value=0.05,
        bound="<= 0.02",
        samples=5000,
        message="error_rate is 0.05",
        figures={"p99": 0.07},
    )
    return replace(breach, **facts)


def actions(**said: Any) -> Monitoring:
    return Monitoring(on_breach=BreachActions(**{"evidence": "land", "rollback": "land", **said}))


def acted(
    world: World,
    lasting: Episode | None = None,
    monitoring: Monitoring | None = None,
    *,
    outcomes: tuple[Outcome, ...] | None = None,
    remember: Callable[[Episode], None] = lambda _: None,
    at: Path | None = None,
    now: datetime | None = None,
    **more: Any,
) -> Episode:
    """Act once on an episode, of 1.2.0 unless another is given; land both deeds unless told otherwise."""
    lasting = lasting or episode()
    seen = (outcome(world, lasting.version),) if outcomes is None else outcomes
    return act(
        discover(at or world.registry),
        lasting,
        seen,
        monitoring or actions(),
        now or datetime.now(UTC),
        remember,
        patience=QUICK,
        **more,
    )


def holder(world: World) -> str:
    """The version in production on the origin's main."""
    with Registry(discover(world.origin), commit_snapshot(discover(world.origin), "main")) as registry:
        return registry.model(MODEL).stage("production").version


def evidence(world: World, version: str = "1.2.0") -> tuple[Evidence, ...]:
    """What the origin's main has of monitoring about a version."""
    with Registry(discover(world.origin), commit_snapshot(discover(world.origin), "main")) as registry:
        return registry.version(f"{MODEL}@{version}").evidence()


def branches(world: World) -> list[str]:
    """The requests on the origin."""
    listed = git(world.origin, "for-each-ref", "--format=%(refname:short)", "refs/heads/rollbook")
    return listed.split()


def rollbacks(world: World) -> list[str]:
    """The merges of rollbacks on the origin's main."""
    found = git(world.origin, "log", "--first-parent", "--format=%s", "--grep=rollbook/rollback/", "main")
    return found.split("\n")
