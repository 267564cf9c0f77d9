"""The REST API over a world, asked in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient

from rollbook.access.roles import Person
from rollbook.git.repository import discover
from rollbook.web.identity.caller import Caller, Right
from rollbook.web.registries.served_registries import ServedRegistries
from rollbook.web.registries.served_registry import ServedRegistry
from rollbook.web.service.app import create_app

if TYPE_CHECKING:
    from pathlib import Path

PROPOSING = frozenset([Right.CATALOG, Right.READ, Right.FETCH, Right.PROPOSE])
DECIDING = PROPOSING | {Right.APPROVE}
LANDING = DECIDING | {Right.LAND}


def asker(email: str, rights: frozenset[Right], **rights_on: frozenset[Right]) -> Caller:
    """Somebody who asks the service."""
    return Caller(Person(email=email), rights, rights_on)


ANN = asker("ann@example.com", PROPOSING)
BOB = asker("bob@example.com", DECIDING)
EVE = asker("eve@example.com", LANDING)


def client(registry: Path, caller: Caller = ANN, **settings: Any) -> TestClient:
    """A client of a registry's API, as whom `caller` says."""
    served = ServedRegistry("registry", discover(registry))
    app = create_app(ServedRegistries([served]), identify=lambda *_: caller, **settings)
    return TestClient(app, raise_server_exceptions=True)
