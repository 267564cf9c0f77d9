"""A registry with a past, and figures of the versions that served in it.

Production had credit@1.0.0 from 1 March 2026 on and 1.1.0 from the 3rd, 12:00; on the 6th 1.0.0 came back.
Each hour a file tells the error rate of both, with 500 samples: 0.01, but of 1.1.0 0.08 on the 5th, from
06:00 to 18:00.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from building.texts import POLICY, manifest, model, stages
from building.work_tree import commit, write
from building.world import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

START, END = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 8, tzinfo=UTC)
PERIOD = "2026-03-01T00:00:00Z..2026-03-08T00:00:00Z"
PROMOTED = datetime(2026, 3, 3, 12, tzinfo=UTC)
WENT_BAD, WENT_WELL = datetime(2026, 3, 5, 6, tzinfo=UTC), datetime(2026, 3, 5, 18, tzinfo=UTC)
CAME_BACK = datetime(2026, 3, 6, tzinfo=UTC)
GOOD, BAD = 0.01, 0.08


def monitoring(path: Path, check: str = "max: 0.05", more: str = "") -> str:
    """What the policy asks of the error rate that a file tells."""
    return f"""\
monitoring:
  sources:
    live: {{source: file, path: {json.dumps(str(path))}}}
  checks:
    - {{check: threshold, name: errors, source: live, metric: error_rate, {check}}}
{more}"""


def error_rate(version: str, at: datetime) -> float:
    return BAD if version == "1.1.0" and WENT_BAD <= at < WENT_WELL else GOOD


def figures(rate: Callable[[str, datetime], float | None] = error_rate) -> list[dict[str, Any]]:
    """The figures of both versions, hour by hour; none where the rate is None."""
    hours = [START + hour * timedelta(hours=1) for hour in range(7 * 24 + 1)]
    return [
        {
            "metric": "error_rate",
            "value": value,
            "version": version,
            "at": at.isoformat(),
            "samples": 500,
            "model": "credit",
        }
        for at in hours
        for version in ("1.0.0", "1.1.0")
        if (value := rate(version, at)) is not None
    ]


def past_registry(root: Path, check: str = "max: 0.05", more: str = "") -> Path:
    """The repository; the figures stand beside it in `live.json`."""
    registry, live = root / "registry", root / "live.json"
    registry.mkdir(parents=True)
    live.write_text(json.dumps(figures()))
    git(registry, "init", "--quiet")
    held = "registry/credit/stages.yaml"
    files = {
        "registry/policy.yaml": POLICY + monitoring(live, check, more),
        "registry/credit/model.yaml": model("credit"),
        **{
            f"registry/credit/versions/{version}/version.yaml": manifest("credit", version)
            for version in ("1.0.0", "1.1.0")
        },
    }
    for at, more_files in (
        (START, {**files, held: stages(production=["1.0.0"])}),
        (PROMOTED, {held: stages(production=["1.1.0"], archived=["1.0.0"])}),
        (CAME_BACK, {held: stages(production=["1.0.0"], archived=["1.1.0"])}),
    ):
        write(registry, more_files)
        commit(registry, "Move", date=at.isoformat())
    return registry
