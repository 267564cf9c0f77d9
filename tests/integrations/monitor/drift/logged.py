"""A registry with a version in production, its reference, and a log of what it was asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from building.world import POLICY
from rollbook import Registry
from rollbook.integrations.monitor.observing import observe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from building.world import World
    from rollbook.integrations.monitor.outcome import Outcome

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
INPUTS = ("--input", "age:float64", "--input", "plan:string", "--output", "score:float64")


def rows(count: int = 1000, seed: int = 1, **columns: object) -> dict[str, Any]:
    """Rows of the model's data, alike but by chance; `columns` take the place of some, or come besides."""
    chance = np.random.default_rng(seed)
    return {
        "age": chance.normal(40, 10, count),
        "plan": chance.choice(["free", "pro", "team"], count, p=[0.5, 0.3, 0.2]),
        "score": chance.uniform(0, 1, count),
        **columns,
    }


def served(world: World, reference: Mapping[str, Any] | None = None, *options: str) -> None:
    """Register and promote churn@1.0.0, with a reference where one is given."""
    given = []
    if reference is not None:
        path = world.root / "rows.parquet"
        pq.write_table(pa.table(dict(reference)), path)
        given = ["--reference", str(path)]
    world.register("churn", "1.0.0", *(options or INPUTS), *given)
    for stage in ("staging", "production"):
        world.promote("churn@1.0.0", stage)


def asked(world: World, live: Mapping[str, Any], **check: Any) -> Outcome:
    """What a check says of churn@1.0.0 when the log holds these rows."""
    count = len(next(iter(live.values())))
    times = [NOW - timedelta(minutes=30, milliseconds=place) for place in range(count)]
    log = {"model": ["churn"] * count, "version": ["1.0.0"] * count, "time": times, **live}
    pq.write_table(pa.table(log), world.root / "log.parquet")
    source = {"source": "log", "path": str(world.root / "log.parquet")}
    settings = {"check": "drift", "name": "drifts", "source": "live", **check}
    monitoring = {"sources": {"live": source}, "checks": [settings]}
    policy = world.read(POLICY).partition("\nmonitoring:")[0]
    world.write(POLICY, f"{policy}\nmonitoring: {json.dumps(monitoring)}\n")
    if world.git("status", "--porcelain"):
        world.commit("Watch it")
    with Registry.open(world.registry) as registry:
        (outcome,) = observe(registry, NOW)
    return outcome
