"""A registry with something of everything that is read over HTTP, and a client of the service over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.testclient import TestClient

from building.world import git
from rollbook.git.repository import discover
from rollbook.web.identity.caller import anybody
from rollbook.web.registries.served_registries import ServedRegistries
from rollbook.web.registries.served_registry import ServedRegistry
from rollbook.web.service.app import create_app
from rollbook.web.service.middleware.limits import Limits

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fastapi import FastAPI

    from building.world import World
    from rollbook.web.identity.caller import Caller

WEIGHTS = bytes(range(256)) * 40


def with_models(world: World) -> None:
    """Two versions of a model in a namespace, one in production; a model that is a folder; evidence with an
    attachment, an alias, and an open request."""
    world.register(
        "risk/fraud",
        "1.0.0",
        *("--metric", "auc=0.91", "--algorithm", "forest", "--input", "amount:float32[-1]"),
        *("--data", "transactions@2024-01"),
        content=WEIGHTS,
    )
    world.register("risk/fraud", "1.1.0", "--metric", "auc=0.93")
    world.promote("risk/fraud@1.0.0", "staging")
    world.promote("risk/fraud@1.0.0", "production")
    world.run("alias", "risk/fraud@1.1.0", "champion", "--reason", "best", "--land")
    report = world.artifact(b"fair enough", "report.txt")
    world.run(
        *("evidence", "add", "risk/fraud@1.0.0", "fairness", "--status", "passed", "--attach", str(report)),
        "--land",
    )
    folder = world.root / "net"
    (folder / "deep").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "deep" / "weights.bin").write_bytes(b"w" * 1000)
    world.run("register", "churn", str(folder), "--version", "0.1.0", "--land")
    world.run("promote", "churn@0.1.0", "staging", "--reason", "try it")
    git(world.registry, "checkout", "--quiet", "main")


def with_a_broken_model(world: World) -> None:
    """A model whose files can't be read, past every check."""
    world.write("registry/broken/stages.yaml", "a: &a [*a, *a]\n\t: nonsense")
    world.write("registry/broken/model.yaml", "name: broken\n- neither\n")
    world.write("registry/broken/versions/1.0.0/version.yaml", "a: &x [1]\nb: *x\n")
    world.commit("Break a model past every check")


def served(
    world: World, identify: Callable[..., Caller] = anybody, *, directory: Path | None = None
) -> FastAPI:
    """The application over a world's registry, or that in a directory, under the name `registry`."""
    registry = ServedRegistry("registry", discover(directory or world.registry))
    return create_app(ServedRegistries([registry]), identify=identify, limits=Limits(rate=0))


def client_of(
    world: World, identify: Callable[..., Caller] = anybody, *, directory: Path | None = None
) -> TestClient:
    """A client of that application."""
    return TestClient(served(world, identify, directory=directory))
