"""A registry with a canary beside production, and what the source of its figures says."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from building.once import made_once
from building.world import World, rollbook

if TYPE_CHECKING:
    from pathlib import Path

    from building.world import Ran

MODEL, DAY = "credit", 86_400
POLICY = """
monitoring:
  sources:
    live: {{source: file, path: {path}}}
  on_breach: {{evidence: {evidence}}}
  canary:
    source: live
    metric: error_rate
    least_difference: 0.02
    shares: [5, 25, 50]
    act: {act}
"""


def begin(root: Path) -> None:
    """1.0.0 in production, and 1.1.0 as a canary with a share of 5 per cent, since two days."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
            patch.setenv(name, f"{int(time.time()) - 2 * DAY} +0000")
        _begin(World.new(root))


def _begin(world: World) -> None:
    world.register(MODEL, "1.0.0")
    world.promote(f"{MODEL}@1.0.0", "staging")
    world.promote(f"{MODEL}@1.0.0", "production")
    world.register(MODEL, "1.1.0")
    world.promote(f"{MODEL}@1.1.0", "staging")
    world.promote(f"{MODEL}@1.1.0", "canary", "--traffic", "5")


@dataclass(frozen=True)
class Canary:
    """A world with a canary, and the file of its live figures."""

    world: World
    live: Path

    def monitored(self, act: str = "land", evidence: str = "propose") -> Canary:
        """Have the policy say what the monitor may do."""
        self.world.policy(POLICY.format(path=self.live, act=act, evidence=evidence))
        return self

    def serves(self, canary: tuple[float, int] | None, production: tuple[float, int] | None) -> None:
        """Write what is measured now: the part of errors, and of how many requests."""
        at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
        figures = [
            {
                "metric": "error_rate",
                "value": told[0],
                "samples": told[1],
                "version": version,
                "model": MODEL,
                "at": at,
            }
            for version, told in (("1.1.0", canary), ("1.0.0", production))
            if told is not None
        ]
        self.live.write_text(json.dumps(figures))

    def no_worse(self) -> None:
        """Write figures by which the canary is as good as production."""
        self.serves((0.02, 5_000), (0.02, 95_000))

    def worse(self) -> None:
        """Write figures by which the canary is much worse."""
        self.serves((0.10, 5_000), (0.02, 95_000))

    def run(self, *options: str) -> Ran:
        """Run the monitor on the canaries."""
        return rollbook(self.world.registry, "monitor", "--canary", *options)

    def told(self, *options: str) -> dict[str, Any]:
        """Run the monitor on the one canary, and return what it says of it."""
        (one,) = json.loads(self.run("--json", *options).out)["canaries"]
        assert isinstance(one, dict)
        return one

    def entry(self, version: str = "1.1.0") -> dict[str, Any]:
        """The entry of a version on main."""
        shown = json.loads(self.world.run("show", f"{MODEL}@{version}", "--json", "--rev", "main").out)
        assert isinstance(shown, dict)
        return {"stage": shown["stage"], **(shown["transition"] or {})}

    def requests(self) -> list[str]:
        """The branches of open requests."""
        return [one["branch"] for one in json.loads(self.world.run("requests", "--json").out)]


@pytest.fixture
def canary(tmp_path_factory: pytest.TempPathFactory, new_world: World, tmp_path: Path) -> Canary:
    """A registry of one's own with a canary."""
    kept = World(made_once(tmp_path_factory, "canary-world", begin))
    return Canary(kept.copy(tmp_path / "world"), tmp_path / "live.json")
