"""What is said of models and versions over HTTP: notes, records, cards, evidence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from building.service import ANN, EVE, client
from building.world import git

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World

MODEL = "/api/v1/models/churn"
VERSION = f"{MODEL}/v1.0.0"


def _churn(world: World) -> None:
    world.register("churn", "1.0.0")


@pytest.fixture
def churn(started: Template) -> World:
    return started(_churn)


def test_notes_and_records_are_edited(churn: World) -> None:
    api = client(churn.registry, EVE)
    noted = api.patch(f"{VERSION}/notes?land=true", json={"description": "Good.", "tags": {"team": "risk"}})
    assert noted.status_code == 200, noted.text
    again = api.patch(f"{VERSION}/notes?land=true", json={"description": "Good."})
    assert again.status_code == 409
    edited = api.patch(f"{MODEL}?land=true", json={"owner": "risk@example.com"})
    assert (edited.status_code, edited.json()["changed"]) == (200, ["owner"]), edited.text
    assert "owner: risk@example.com" in git(churn.origin, "show", "main:registry/churn/model.yaml")


def test_the_same_note_asked_for_twice_is_one_request(churn: World) -> None:
    api = client(churn.registry, ANN)
    first, again = (api.patch(f"{VERSION}/notes", json={"description": "Good."}) for _ in range(2))
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["commit"] == again.json()["commit"]


def test_a_card_is_written(churn: World) -> None:
    api = client(churn.registry, EVE)
    made = api.put(f"{VERSION}/card?land=true", json={"text": "# Churn\n\nWritten by people.\n"})
    assert made.status_code == 200, made.text
    assert "Written by people." in git(churn.origin, "show", "main:registry/churn/versions/1.0.0/card.md")


@pytest.mark.parametrize("place", ["registry", "origin"])
def test_evidence_with_a_report_and_attachments(churn: World, place: str) -> None:
    facts = {"kind": "fairness", "status": "passed", "summary": "Even.", "metrics": {"gap": 0.02}}
    parts = [
        ("facts", (None, json.dumps(facts))),
        ("file", ("report.json", b'{"auc": 0.9}')),
        ("attach", ("report.html", b"<p>1")),
        ("attach", ("more.csv", b"a,b")),
    ]
    api = client(getattr(churn, place), ANN)
    made = api.post(f"{VERSION}/evidence", files=parts)
    assert made.status_code == 202, made.text
    branch = made.json()["branch"]
    said = git(churn.origin, "show", f"{branch}:{made.json()['path']}")
    for part in ("created_by: ann@example.com", "auc: 0.9", "gap: 0.02", "report.html", "more.csv"):
        assert part in said
    # The number that an open request has taken is not given again.
    next_one = api.post(f"{VERSION}/evidence", json=facts)
    assert (next_one.status_code, next_one.json()["number"]) == (202, 2), next_one.text


def test_evidence_that_is_refused_leaves_nothing(churn: World) -> None:
    cache = churn.registry / ".dvc" / "cache"
    before = git(churn.origin, "for-each-ref"), sorted(cache.rglob("*"))
    api = client(churn.registry, ANN)
    for facts, status in (
        ({"kind": "no such", "status": "passed"}, 400),
        ({"kind": "fairness", "status": "maybe"}, 422),
        ({"kind": "fairness", "status": "passed", "target": "eu"}, 400),
        ({"kind": "fairness", "status": "passed", "uri": "\x00"}, 400),
    ):
        parts = [("facts", (None, json.dumps(facts))), ("attach", ("a.csv", b"1"))]
        answer = api.post(f"{VERSION}/evidence", files=parts)
        assert answer.status_code == status, answer.text
    assert (git(churn.origin, "for-each-ref"), sorted(cache.rglob("*"))) == before
    assert (
        api.post(f"{MODEL}/9.9.9/evidence", json={"kind": "fairness", "status": "passed"}).status_code == 404
    )
