"""Whatever is written over HTTP: as the document of the API tells, and never half."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from building.service import EVE, client
from building.world import git

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from building.once import Template
    from building.world import World

OWN = frozenset(["writing", "deciding"])
WRITING = frozenset(["post", "put", "patch", "delete"])


def _churn(world: World) -> None:
    world.register("churn", "1.0.0")


@pytest.fixture(scope="module")
def api(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, TestClient]]:
    """A world that is written to again and again, by somebody who may do everything."""
    world = template(_churn).copy(tmp_path_factory.mktemp("any") / "world")
    with client(world.registry, EVE) as asked:
        yield world, asked


CHECKS = (
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
# In the document's paths, by what they are called there: mostly what there is.
PLACES = {"name": "churn", "version": "1.0.0", "branch": "rollbook/promote/churn/1.0.0-staging"}


def _writes(asked: TestClient) -> list[Any]:
    document = schemathesis.openapi.from_asgi("/openapi.json", asked.app)
    found = [one.ok() for one in document.get_all_operations()]
    return [one for one in found if OWN & {*one.definition.raw.get("tags", ())} and one.method in WRITING]


@pytest.mark.parametrize("number", range(14))
def test_each_write_answers_as_the_document_tells(api: tuple[World, TestClient], number: int) -> None:
    operation = _writes(api[1])[number]

    @settings(max_examples=3, suppress_health_check=[*HealthCheck])
    @given(case=operation.as_strategy(), is_there=st.booleans())
    def answers(case: Any, is_there: bool) -> None:
        if is_there:
            case.path_parameters |= {name: PLACES[name] for name in case.path_parameters if name in PLACES}
        case.call_and_validate(checks=CHECKS)

    answers()


def test_every_write_is_among_them(api: tuple[World, TestClient]) -> None:
    assert len(_writes(api[1])) == 14


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
TEXT = st.text(max_size=12) | st.sampled_from(
    ["\x00", "\x1b[31m", "a\nb", "../..", "churn@1.0.0", "\ud800", "-x"]
)
FIELDS = (
    "name", "version", "reason", "to_stage", "traffic", "displaced", "sunset", "override", "to", "stage",
    "skip", "replacement", "description", "tags", "remove_tags", "owner", "text", "kind", "status", "uri",
    "signature", "note", "artifact", "manifest", "data", "params", "parents", "created_at", "inputs",
)  # fmt: skip
PATHS = (
    ("post", "models/churn/1.0.0/transition"), ("post", "models/churn/rollback"),
    ("post", "models/churn/1.0.0/deprecate"), ("post", "models/churn/1.0.0/archive"),
    ("put", "models/churn/aliases/champion"), ("patch", "models/churn/1.0.0/notes"),
    ("patch", "models/churn"), ("put", "models/churn/1.0.0/card"), ("post", "models/churn/1.0.0/evidence"),
    ("post", "models/register"), ("post", "requests/rollbook/promote/churn/1.0.0-staging/approve"),
    ("post", "requests/rollbook/promote/churn/1.0.0-staging/reject"),
    ("post", "requests/rollbook/promote/churn/1.0.0-staging/land"),
)  # fmt: skip
# What makes a body likely to be taken.
LIKELY = {
    "name": "churn", "reason": "why", "to_stage": "staging", "version": "1.0.0", "kind": "fairness",
    "status": "passed", "text": "# Card", "description": "Good.", "signature": "x",
}  # fmt: skip


@settings(max_examples=60, suppress_health_check=[*HealthCheck])
@given(
    where=st.sampled_from(PATHS),
    body=st.dictionaries(st.sampled_from(FIELDS), TEXT | JSON, max_size=4),
    likely=st.sets(st.sampled_from([*LIKELY])),
    land=st.booleans(),
)
def test_no_body_breaks_it_or_leaves_half_a_write(
    api: tuple[World, TestClient], where: tuple[str, str], body: dict[str, Any], likely: set[str], land: bool
) -> None:
    world, asked = api
    before = _standing(world)
    method, path = where
    told = {**{name: LIKELY[name] for name in likely}, **body}
    answer = asked.request(
        method,
        f"/api/v1/{path}",
        params={"land": land},
        content=json.dumps(told).encode(errors="surrogatepass"),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.text.isprintable()
        assert _standing(world) == before
    else:
        made = answer.json()
        assert git(world.origin, "cat-file", "-t", made["commit"]) == "commit"
        assert world.git("branch", "--list", "rollbook/*") == ""


def _standing(world: World) -> tuple[str, str, str]:
    status = world.git("status", "--porcelain")
    return git(world.origin, "for-each-ref"), world.git("for-each-ref", "refs/heads", "refs/tags"), status
