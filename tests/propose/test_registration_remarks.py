"""A break of the signature is remarked when the version is registered, while its number can be changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.world import rollbook

if TYPE_CHECKING:
    from building.world import Ran, World

BOTH = "{name: age, dtype: int64}, {name: income, dtype: float64}"
AGE = "{name: age, dtype: int64}"


def _registered(world: World, version: str, columns: str, bytes_of: bytes) -> Ran:
    facts = world.root / f"facts-{version}.yaml"
    facts.write_text(f"signature: {{inputs: [{columns}]}}\n" if columns else "{}\n")
    artifact = world.root / f"{version}.onnx"
    artifact.write_bytes(bytes_of)
    ran = rollbook(
        world.registry,
        "register",
        "credit",
        str(artifact),
        "--version",
        version,
        "--from",
        str(facts),
        "--land",
    )
    assert ran.code == 0, ran.err
    return ran


def test_a_break_is_remarked_with_the_column_and_the_way_out(world: World) -> None:
    _registered(world, "1.0.0", BOTH, b"one")
    ran = _registered(world, "1.1.0", AGE, b"two")
    assert "breaks callers of credit@1.0.0: input `income` is gone" in ran.err
    assert "--bump major" in ran.err


@pytest.mark.parametrize(
    ("version", "columns"), [("2.0.0", AGE), ("1.1.0", BOTH), ("1.1.0", ""), ("2.0.0-rc.1", AGE)]
)
def test_what_is_no_break_or_has_a_new_major_number_is_not_remarked(
    world: World, version: str, columns: str
) -> None:
    _registered(world, "1.0.0", BOTH, b"one")
    assert "breaks callers" not in _registered(world, version, columns, b"two").err
