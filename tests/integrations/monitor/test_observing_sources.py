"""Figures of real sources, held against the policy's bounds for the version that serves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rollbook import Registry
from rollbook.integrations.monitor.observing import observe

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World

MONITORING = """
monitoring:
  sources:
    live: {{source: file, path: {root}/live.json}}
    gone: {{source: http, url: "http://127.0.0.1:9/figures"}}
    log: {{source: log, path: "{root}/*.parquet"}}
  checks:
    - {{check: threshold, name: errors, source: live, metric: error_rate, max: 0.05}}
    - {{check: threshold, name: unreachable, source: gone, metric: error_rate, max: 0.05}}
    - {{check: threshold, name: enough, source: live, metric: error_rate, max: 0.05, min_samples: 100}}
    - check: threshold
      name: wrong
      source: log
      metric: wrong
      query: SELECT avg(wrong::INT) FROM predictions WHERE $version = '1.0.0'
      max: 0.2
"""


def serving(world: World) -> None:
    """credit@1.0.0 is in production, without anything that asks for more."""
    world.register("credit", "1.0.0")
    world.promote("credit@1.0.0", "staging")
    world.promote("credit@1.0.0", "production")


@pytest.fixture
def watched(started: Template) -> World:
    world = started(serving)
    world.policy(MONITORING.format(root=world.root))
    return world


def states(world: World) -> dict[str, tuple[str, str]]:
    with Registry.open(world.registry) as registry:
        outcomes = observe(registry, datetime.now(UTC))
    return {outcome.check: (outcome.state.value, outcome.message) for outcome in outcomes}


def test_each_check_asks_its_source_and_fails_alone(watched: World) -> None:
    figure = {"metric": "error_rate", "value": 0.07, "version": "1.0.0"}
    (watched.root / "live.json").write_text(json.dumps([figure]))
    moments = [datetime.now(UTC) - timedelta(minutes=minute + 1) for minute in range(10)]
    rows = {
        "time": moments,
        "model": ["credit"] * 10,
        "version": ["1.0.0"] * 10,
        "wrong": [True] + [False] * 9,
    }
    pq.write_table(pa.table(rows), watched.root / "log.parquet")
    found = states(watched)
    assert {name: state for name, (state, _) in found.items()} == {
        "errors": "breach", "unreachable": "unknown", "enough": "unknown", "wrong": "ok",
    }  # fmt: skip
    assert "no answer from 127.0.0.1:9" in found["unreachable"][1]
    assert "is not told: 100 are needed" in found["enough"][1]


def test_figures_of_another_version_leave_the_state_unknown(watched: World) -> None:
    figure = {"metric": "error_rate", "value": 0.01, "version": "0.9.0"}
    (watched.root / "live.json").write_text(json.dumps([figure]))
    state, message = states(watched)["errors"]
    assert (state, "there are some of 0.9.0" in message) == ("unknown", True)
