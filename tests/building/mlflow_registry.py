"""A registry that MLflow's clients write to, and the store that they are given for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from building.world import ACTION, POLICY

if TYPE_CHECKING:
    from pathlib import Path

    from building.world import World
    from rollbook.integrations.mlflow.store import RollbookStore


def made_for_mlflow(world: World) -> None:
    """The policy of `init --mlflow`."""
    (world.registry / POLICY).unlink()
    world.run("init", "--mlflow", "--action", ACTION)
    world.commit("Have MLflow's stages")


def with_churn(world: World) -> None:
    """A model `churn` of three versions, which MLflow numbers 1, 2 and 3; none is in a stage."""
    made_for_mlflow(world)
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        world.register("churn", version)


def saying_nothing(world: World) -> None:
    """As `with_churn`, of which the policy says nothing of MLflow's calls."""
    with_churn(world)
    text = world.read(POLICY)
    world.write(POLICY, text.replace("mlflow:\n  mode: land\n", ""))
    world.commit("Say nothing of MLflow")


def store(world: World, query: str = "", directory: Path | None = None) -> RollbookStore:
    """The store of a clone of the world's registry, its own by default."""
    from rollbook.integrations.mlflow.store import RollbookStore

    return RollbookStore(f"rollbook://{directory or world.registry}{query}")


def subjects(world: World) -> list[str]:
    """The subjects of the commits that the origin's main holds, newest first."""
    return world.git("--git-dir", str(world.origin), "log", "--first-parent", "--format=%s", "main").split(
        "\n"
    )


def stages(world: World) -> dict[str, str]:
    """Which version of churn is in which of MLflow's stages, by number."""
    numbers = ("1", "2", "3")
    own = store(world)
    return {number: own.get_model_version("churn", number).current_stage for number in numbers}
