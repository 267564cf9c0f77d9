"""A registry with a version in production, watched by one check on the figures in a file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollbook.names import time_text

if TYPE_CHECKING:
    from building.world import World

POLICY = """\
monitoring:
  sources:
    live: {{source: file, path: {path}}}
  checks:
    - {{check: threshold, name: errors, source: live, metric: error_rate, max: 0.02,
       window: 1d, confirm: {confirm}}}
"""


def serve_version(world: World) -> None:
    """Have fraud 1.0.0 in production."""
    world.register("fraud", "1.0.0")
    for stage in ("staging", "production"):
        world.promote("fraud@1.0.0", stage)


def watch(world: World, *, confirm: int = 1, name: str = "live.json") -> None:
    """Have the policy watch it by the figures that `tell` writes."""
    world.policy(POLICY.format(path=world.root / name, confirm=confirm))


def tell(world: World, error_rate: float, *, version: str = "1.0.0") -> None:
    """Write what production said an hour ago."""
    moment = time_text(int(datetime.now(UTC).timestamp()) - 3600)
    figure = {"metric": "error_rate", "value": error_rate, "version": version, "at": moment}
    (world.root / "live.json").write_text(json.dumps({"figures": [figure]}))
