"""The main path, from registration to production and back out, as a user walks it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from building.world import rollbook

if TYPE_CHECKING:
    from pathlib import Path

    from building.world import World


def test_a_model_goes_from_registration_to_production_and_is_fetched(world: World, tmp_path: Path) -> None:
    world.register("credit-approval", "1.0.0", content=b"the weights")
    world.promote("credit-approval@1.0.0", "staging")
    world.promote("credit-approval@1.0.0", "production")
    found = json.loads(world.run("resolve", "credit-approval@production", "--json").out)
    assert (found["version"], found["stage"]) == ("1.0.0", "production")
    assert found["commit"] == world.git("rev-parse", "origin/main")
    world.run("fetch", "credit-approval@production", "-o", str(tmp_path / "out.bin"))
    assert (tmp_path / "out.bin").read_bytes() == b"the weights"


def test_an_unknown_model_exits_with_1_and_suggests_the_nearest(world: World) -> None:
    world.register("credit-approval", "1.0.0")
    ran = rollbook(world.registry, "resolve", "credit-aproval@1.0.0")
    assert (ran.code, ran.out) == (1, "")
    assert "Did you mean credit-approval?" in ran.err
