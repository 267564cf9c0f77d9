"""Over HTTP: who brings what, and what they are given for it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("fastapi", reason="runs with rollbook[api]")

from starlette.testclient import TestClient

from building.openid_provider import AUDIENCE, openid_provider
from rollbook.git.repository import discover
from rollbook.web.identity.caller import anybody
from rollbook.web.identity.identification import Anonymous, Identification
from rollbook.web.identity.oidc_provider import OidcProvider
from rollbook.web.identity.oidc_tokens import OidcRules
from rollbook.web.identity.read_log import ReadLog
from rollbook.web.identity.token_file import TokenFile, revoke_token
from rollbook.web.identity.token_making import make_token
from rollbook.web.registries.served_registries import ServedRegistries
from rollbook.web.registries.served_registry import ServedRegistry
from rollbook.web.service.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from httpx2 import Response

    from building.once import Template
    from building.world import World

MODELS, WHOAMI = "/api/v1/models", "/api/v1/whoami"
PRODUCTION, STAGING = "/api/v1/models/churn/1.0.0", "/api/v1/models/churn/1.1.0"
ROLES = """roles:
  admin: [ada@example.com]
  developer: [dev@example.com]
  viewer: ["@vera"]
  models:
    fraud*:
      data-scientist: [rita@example.com]
"""


def _with_roles(world: World) -> None:
    for version in ("1.0.0", "1.1.0"):
        world.register("churn", version)
    world.register("fraud", "1.0.0")
    for stage in ("staging", "production"):
        world.promote("churn@1.0.0", stage)
    world.policy(ROLES)


@pytest.fixture(scope="module")
def world(template: Template) -> World:
    return template(_with_roles)


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    return tmp_path / "tokens.json"


@pytest.fixture
def serving(world: World, tokens: Path) -> Iterator[Callable[..., TestClient]]:
    """Serve the registry as `main`; what is given says to whom."""
    opened: list[TestClient] = []

    def serve(*, on: World = world, log: ReadLog | None = None, **told: Any) -> TestClient:
        identify = Identification(tokens=TokenFile(tokens), **{"anonymous": Anonymous.NONE, **told})
        served = ServedRegistries([ServedRegistry("main", discover(on.registry))])
        opened.append(TestClient(create_app(served, identify=identify, read_log=log)))
        opened[-1].__enter__()
        return opened[-1]

    yield serve
    for client in opened:
        client.__exit__(None, None, None)


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def token(tokens: Path, who: str, **limits: Any) -> dict[str, str]:
    """The header of a token that reaches as far as its owner, but for these limits."""
    limits = {"scopes": "catalog,read,fetch,propose,approve,land,admin", **limits}
    return bearer(make_token(tokens, who, **limits)[0].text)


def names(answer: Response) -> list[str]:
    return [model["name"] for model in answer.json()["models"]]


# Nobody in particular


def test_without_a_token_nothing_is_given_and_a_client_is_told_what_to_bring(serving: Any) -> None:
    client = serving()
    for path in (MODELS, PRODUCTION, "/api/v1/models/no-such-model/1.0.0", WHOAMI, f"{MODELS}?rev=no-such"):
        answer = client.get(path)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="rollbook"'
        assert "churn" not in answer.text


def test_anonymous_may_see_the_catalog_alone_where_it_is_set_so(serving: Any) -> None:
    client = serving(anonymous=Anonymous.CATALOG)
    assert names(client.get(MODELS)) == ["churn", "fraud"]
    assert client.get(PRODUCTION).status_code == 401
    assert client.get(WHOAMI).json()["rights"] == ["catalog"]


def test_anonymous_may_read_where_it_is_set_so_and_a_bad_token_is_told_all_the_same(serving: Any) -> None:
    client = serving(anonymous=Anonymous.READ)
    assert client.get(PRODUCTION).status_code == 200
    assert client.get(PRODUCTION, headers=bearer("rbk_nonsense")).status_code == 401


# Tokens that don't count


def test_a_token_that_is_none_is_refused_and_not_repeated(serving: Any, tokens: Path) -> None:
    client = serving()
    good = make_token(tokens, "ada@example.com")[0].text
    for text in ("x", "rbk_", good[:-1], good + "x", good.swapcase(), "a.b.c", "x" * 30_000):
        answer = client.get(MODELS, headers=bearer(text))
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
        assert text not in answer.text or len(text) < 5
    for value in (f"Basic {good}", good, "Bearer", "Bearer  "):
        assert client.get(MODELS, headers={"Authorization": value}).status_code == 401
    twice = [("Authorization", f"Bearer {good}")] * 2
    assert client.get(MODELS, headers=twice).status_code == 401


def test_a_token_in_the_address_is_refused_whatever_it_is_called(serving: Any, tokens: Path) -> None:
    client = serving(anonymous=Anonymous.READ)
    text = make_token(tokens, "ada@example.com")[0].text
    for name in ("access_token", "token", "rev"):
        answer = client.get(MODELS, params={name: text})
        assert answer.status_code == 400
        assert text not in answer.text


def test_a_revoked_token_is_refused_from_the_next_request_on(serving: Any, tokens: Path) -> None:
    client = serving()
    made, _ = make_token(tokens, "ada@example.com")
    assert client.get(MODELS, headers=bearer(made.text)).status_code == 200
    revoke_token(tokens, made.id)
    answer = client.get(MODELS, headers=bearer(made.text))
    assert (answer.status_code, "revoked" in answer.text) == (401, True)


def test_an_expired_token_is_refused(serving: Any, tokens: Path) -> None:
    made, kept = make_token(tokens, "ada@example.com")
    tokens.write_text(tokens.read_text().replace(str(kept.expires), "2020-01-01T00:00:00Z"))
    answer = serving().get(MODELS, headers=bearer(made.text))
    assert (answer.status_code, "expired" in answer.text) == (401, True)


def test_tokens_that_cant_be_looked_up_let_nobody_in(serving: Any, tokens: Path) -> None:
    client, header = serving(), token(tokens, "ada@example.com")
    tokens.write_text("{}")
    assert client.get(MODELS, headers=header).status_code == 503


# How far a token goes


def test_a_token_reaches_as_far_as_its_scope(serving: Any, tokens: Path) -> None:
    client, header = serving(), token(tokens, "ada@example.com", scopes="catalog")
    assert names(client.get(MODELS, headers=header)) == ["churn", "fraud"]
    answer = client.get(PRODUCTION, headers=header)
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def test_a_token_for_another_registry_is_refused(serving: Any, tokens: Path) -> None:
    client = serving()
    assert (
        client.get(MODELS, headers=token(tokens, "ada@example.com", registries=["main"])).status_code == 200
    )
    assert client.get(MODELS, headers=token(tokens, "ada@example.com", registries=["two"])).status_code == 403


def test_a_token_for_some_models_shows_no_other(serving: Any, tokens: Path) -> None:
    client, header = serving(), token(tokens, "ada@example.com", models=["fraud*"])
    assert names(client.get(MODELS, headers=header)) == ["fraud"]
    _is_as_if_not_there(client, header, PRODUCTION)


# What roles give


def test_a_grant_shows_its_models_and_names_no_other(serving: Any, tokens: Path) -> None:
    client, header = serving(), token(tokens, "rita@example.com")
    assert names(client.get(MODELS, headers=header)) == ["fraud"]
    assert client.get("/api/v1/models/fraud/1.0.0", headers=header).status_code == 200
    _is_as_if_not_there(client, header, PRODUCTION)


def test_a_developer_gets_what_is_in_production(serving: Any, tokens: Path) -> None:
    client, header = serving(), token(tokens, "dev@example.com")
    assert client.get(PRODUCTION, headers=header).status_code == 200
    _is_as_if_not_there(client, header, STAGING)


def test_a_viewer_gets_the_catalog(serving: Any, tokens: Path) -> None:
    client, header = serving(), token(tokens, "@vera")
    assert names(client.get(MODELS, headers=header)) == ["churn", "fraud"]
    assert client.get(PRODUCTION, headers=header).status_code == 403


def test_somebody_known_without_a_role_gets_nothing(serving: Any, tokens: Path) -> None:
    answer = serving().get(MODELS, headers=token(tokens, "eve@example.com"))
    assert answer.status_code == 403


def _is_as_if_not_there(client: TestClient, header: dict[str, str], path: str) -> None:
    """What is there and may not be seen is told like what isn't there, letter by letter."""
    hidden = client.get(path, headers=header)
    missing = client.get("/api/v1/models/churm/1.0.0", headers=header)
    assert hidden.status_code == missing.status_code == 404
    own = {"request_id": None}
    assert {**hidden.json(), **own} == {**missing.json(), **own}


def test_a_role_that_is_taken_away_on_main_is_gone_from_the_next_request_on(
    serving: Any, tokens: Path, template: Template, tmp_path: Path
) -> None:
    world = template(_with_roles).copy(tmp_path / "world")
    client, header = serving(on=world), token(tokens, "ada@example.com")
    assert client.get(STAGING, headers=header).status_code == 200
    before = world.git("rev-parse", "HEAD")
    world.write("registry/policy.yaml", world.read("registry/policy.yaml").replace("ada@", "bea@"))
    world.commit()
    assert client.get(STAGING, headers=header).status_code == 403
    assert client.get(f"{STAGING}?rev={before}", headers=header).status_code == 403


# Who one is


def test_who_asks_is_told_who_they_are_and_what_they_may(serving: Any, tokens: Path, world: World) -> None:
    told = serving().get(WHOAMI, headers=token(tokens, "rita@example.com", name="Rita")).json()
    assert told["registry"] == "main"
    assert told["commit"] == world.git("rev-parse", "HEAD")
    assert (told["known"], told["email"], told["name"], told["roles"]) == (
        True,
        "rita@example.com",
        "Rita",
        [],
    )
    assert told["rights_on"] == [{"models": "fraud*", "rights": ["catalog", "read", "fetch", "propose"]}]


def test_a_providers_token_is_worth_what_the_policy_gives_its_owner(serving: Any) -> None:
    with openid_provider() as provider:
        rules = OidcRules(OidcProvider(provider.issuer), AUDIENCE)
        client = serving(oidc=rules)
        dev, forged = (bearer(provider.token(email="dev@example.com", **more)) for more in ({}, {"aud": "x"}))
        assert client.get(PRODUCTION, headers=dev).status_code == 200
        assert client.get(STAGING, headers=dev).status_code == 404
        answer = client.get(PRODUCTION, headers=forged)
        assert (answer.status_code, "somebody else" in answer.text) == (401, True)


def test_the_document_of_the_api_says_how_to_identify_oneself(world: World) -> None:
    served = ServedRegistries([ServedRegistry("main", discover(world.registry))])
    document = create_app(served, identify=anybody).openapi()
    (scheme,) = document["components"]["securitySchemes"].values()
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert document["paths"][MODELS]["get"]["security"]


# What is put on record


def test_what_is_given_to_whom_is_put_on_record(serving: Any, tokens: Path, tmp_path: Path) -> None:
    log = tmp_path / "reads.jsonl"
    client = serving(log=ReadLog(log))
    header = token(tokens, "dev@example.com")
    answer = client.get(PRODUCTION, headers=header)
    client.get(PRODUCTION, headers=header)  # from memory
    client.get(PRODUCTION)
    client.get(PRODUCTION, headers=bearer("x" * 50))
    read, again, bare, bad = (json.loads(line) for line in log.read_text().splitlines())
    assert len({read.pop("request_id"), again.pop("request_id")}) == 2
    assert {**read, "time": None} == {**again, "time": None}
    assert (read["caller"], read["action"], read["status"]) == ("dev@example.com", "show_version", 200)
    assert (read["model"], read["version"], read["registry"]) == ("churn", "1.0.0", "main")
    assert read["bytes"] == len(answer.content)
    assert header["Authorization"].split("_")[1] == read["credential"]
    assert header["Authorization"].split("_")[2] not in log.read_text()
    assert [(line["status"], line["caller"]) for line in (bare, bad)] == [(401, None)] * 2


def test_an_artifact_is_on_record_by_its_digest_and_how_much_of_it_went_out(
    serving: Any, tokens: Path, tmp_path: Path
) -> None:
    log = tmp_path / "reads.jsonl"
    client = serving(log=ReadLog(log))
    header = token(tokens, "dev@example.com")
    answer = client.get("/api/v1/models/churn/production/artifact", headers=header)
    assert client.get(f"{STAGING}/artifact", headers=header).status_code == 404
    client.head("/api/v1/models/churn/production/artifact", headers=header)
    fetched, refused, head = (json.loads(line) for line in log.read_text().splitlines())
    assert (fetched["action"], fetched["version"]) == ("get_artifact", "1.0.0")
    assert fetched["sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert fetched["bytes"] == len(answer.content) == len(b"churn 1.0.0")
    assert (refused["status"], refused["sha256"]) == (404, None)
    assert (head["method"], head["status"]) == ("HEAD", 200)


def test_nothing_is_given_that_cant_be_put_on_record(
    serving: Any, tokens: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ReadLog(tmp_path / "reads.jsonl")
    client = serving(log=log)
    header = token(tokens, "dev@example.com")
    monkeypatch.setattr("rollbook.web.identity.read_log.os.write", _full_disk)
    answer = client.get(PRODUCTION, headers=header)
    assert answer.status_code == 503
    assert "churn" not in answer.text


def _full_disk(*_: object) -> int:
    raise OSError(28, "No space left on device")
