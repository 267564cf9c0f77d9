"""Registries elsewhere, served from a clone that follows them."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import time
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from building.mlflow_registry import with_churn
from building.world import git
from rollbook.errors import BadCall, GitFailed
from rollbook.web.registries.followed_registry import FollowedRegistry
from rollbook.web.registries.named_registries import named_addresses, opened_registries
from rollbook.web.registries.served_registries import ServedRegistries
from rollbook.web.service.app import create_app
from rollbook.web.service.serving.webhook_routes import same_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from building.once import Template
    from building.world import World

_SECRET = b"a secret of the forge's"
_PATH = "/api/v1/models/churn/1.0.0"
_NEVER = 0.0  # by itself


@pytest.fixture
def world(started: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "caches"))
    return started(with_churn)


@pytest.fixture
def followed(world: World) -> Iterator[FollowedRegistry]:
    registry = FollowedRegistry.followed("risk", world.origin.as_uri(), _NEVER)
    yield registry
    registry.close()


@pytest.fixture
def client(followed: FollowedRegistry) -> Iterator[TestClient]:
    with TestClient(create_app(ServedRegistries([followed]), webhook_secret=_SECRET)) as client:
        yield client


def _stage(client: TestClient) -> str:
    stage: str = client.get(_PATH).json()["stage"]
    return stage


def _until(is_so: Callable[[], bool]) -> None:
    for _ in range(600):
        if is_so():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")


def _delivered(client: TestClient, body: bytes, secret: bytes = _SECRET) -> tuple[int, list[str]]:
    """Have a forge's delivery heard; return the answer's status and which registries it had fetched."""
    signature = "sha256=" + hmac.new(secret, body, hashlib.sha256).hexdigest()
    answer = client.post("/api/v1/webhook", content=body, headers={"X-Hub-Signature-256": signature})
    return answer.status_code, answer.json().get("fetches", [])


def _push_of(world: World) -> bytes:
    return json.dumps({"repository": {"clone_url": world.origin.as_uri()}}).encode()


def test_what_lands_elsewhere_is_seen_once_it_is_fetched(
    world: World, client: TestClient, followed: FollowedRegistry
) -> None:
    before = _stage(client)
    world.promote("churn@1.0.0", "staging")
    assert _stage(client) == before
    followed.fetch()
    assert _stage(client) == "staging"


def test_it_is_fetched_by_itself_every_so_many_seconds(world: World) -> None:
    registries = opened_registries({"risk": world.origin.as_uri()}, every=0.1)
    with TestClient(create_app(registries)) as client:
        world.promote("churn@1.0.0", "staging")
        _until(lambda: _stage(client) == "staging")


def test_a_signed_delivery_has_it_fetched(world: World, client: TestClient) -> None:
    world.promote("churn@1.0.0", "staging")
    assert _delivered(client, _push_of(world)) == (202, ["risk"])
    _until(lambda: _stage(client) == "staging")


def test_a_delivery_that_is_sent_again_and_again_costs_a_fetch_a_second_at_most(
    world: World, client: TestClient, followed: FollowedRegistry
) -> None:
    start, before = time.monotonic(), followed.following.fetched
    for _ in range(50):
        _delivered(client, _push_of(world))
    _until(lambda: followed.following.fetched > before)
    assert followed.following.fetched - before <= 2 + (time.monotonic() - start)


def test_a_delivery_signed_by_another_secret_does_nothing(
    world: World, client: TestClient, followed: FollowedRegistry
) -> None:
    assert _delivered(client, _push_of(world), b"guessed") == (401, [])
    unsigned = client.post("/api/v1/webhook", content=_push_of(world))
    odd = client.post(
        "/api/v1/webhook", content=_push_of(world), headers={"X-Hub-Signature-256": b"sha256=\xe9"}
    )
    assert (unsigned.status_code, odd.status_code, followed._called.is_set()) == (401, 401, False)


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b'{"repository": 1}', b'{"repository": {"clone_url": "https://other.example/x"}}']
)
def test_a_delivery_about_another_repository_does_nothing(
    client: TestClient, followed: FollowedRegistry, body: bytes
) -> None:
    assert _delivered(client, body) == (202, [])
    assert not followed._called.is_set()


def test_a_delivery_that_is_no_json_is_a_problem(client: TestClient) -> None:
    assert _delivered(client, b"payload=%7B%7D")[0] == 400
    assert _delivered(client, b"[" * 100_000)[0] == 400


def test_without_a_secret_no_forge_is_heard(world: World, followed: FollowedRegistry) -> None:
    with TestClient(create_app(ServedRegistries([followed]))) as client:
        assert _delivered(client, _push_of(world), b"")[0] == 404


def test_while_it_can_t_be_fetched_what_stands_is_served_and_called_stale(
    world: World, client: TestClient, followed: FollowedRegistry
) -> None:
    assert (_stage(client), followed.pause()) == ("none", None)
    away = world.origin.rename(world.origin.with_name("away.git"))
    followed.fetch()
    for _ in range(2):
        answer = client.get(_PATH)
        assert (answer.status_code, answer.headers["warning"][:3]) == (200, "110")
        assert int(answer.headers["age"]) >= 0
    first = followed.pause()
    followed.fetch()
    assert first is not None
    assert followed.pause() == 2 * first, "the longer it fails, the rarer it is tried"
    assert client.get("/readyz").json()["registries"]["risk"]["stale_seconds"] > 0
    assert (
        'rollbook_registry_fetches_total{outcome="failed",registry="risk"} 2.0' in client.get("/metrics").text
    )
    away.rename(world.origin)
    followed.fetch()
    assert "warning" not in client.get(_PATH).headers


def test_main_that_was_rewritten_is_followed_and_told(
    world: World, client: TestClient, followed: FollowedRegistry
) -> None:
    old = world.git("rev-parse", "main")
    world.promote("churn@1.0.0", "staging")
    followed.fetch()
    assert _stage(client) == "staging"
    world.git("push", "--quiet", "--force", "origin", f"{old}:main")
    followed.fetch()
    assert (_stage(client), followed.following.rewritten) == ("none", 1)
    world.git("checkout", "--quiet", old)
    world.git("commit", "--quiet", "--allow-empty", "--message", "Go another way")
    world.git("push", "--quiet", "--force", "origin", "HEAD:main")
    followed.fetch()
    assert client.get("/readyz").json()["registries"]["risk"]["commit"] == world.git("rev-parse", "HEAD")


def test_replicas_that_follow_one_remote_say_the_same(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []
    for replica in ("one", "other"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / replica))
        registries = opened_registries({"risk": world.origin.as_uri()}, every=_NEVER)
        with TestClient(create_app(registries)) as client:
            said.append((client.get(_PATH).content, client.get("/api/v1/models").content))
    assert said[0] == said[1]


def test_several_registries_are_served_by_name_wherever_they_are(world: World, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(world.origin), "bare.git")
    addresses = {
        "clone": str(world.registry),
        "bare": str(tmp_path / "bare.git"),
        "far": world.origin.as_uri(),
    }
    registries = opened_registries(addresses, every=_NEVER)
    try:
        commits = {registries.served(name).now().commit for name in registries.names}
        assert (commits, registries.names) == ({world.git("rev-parse", "main")}, [*addresses])
    finally:
        registries.close()


def test_one_that_can_t_be_reached_is_no_start(world: World, tmp_path: Path) -> None:
    with pytest.raises(GitFailed):
        opened_registries({"near": str(world.registry), "far": (tmp_path / "nothing").as_uri()}, _NEVER)


def test_a_clone_that_is_kept_suffices_to_start(world: World) -> None:
    FollowedRegistry.followed("risk", world.origin.as_uri(), _NEVER).close()
    shutil.rmtree(world.origin)
    again = FollowedRegistry.followed("risk", world.origin.as_uri(), _NEVER)
    assert (again.now().commit, again.stale_for() > 0) == (world.git("rev-parse", "main"), True)
    again.close()


@pytest.mark.parametrize("told", ["risk", "=path", "Risk=path", "a/b=path", "risk=", "\x1b[31m=path"])
def test_a_registry_is_named_by_a_plain_name(told: str) -> None:
    with pytest.raises(BadCall, match="names no registry"):
        named_addresses([told])


def test_a_name_means_one_registry() -> None:
    with pytest.raises(BadCall, match="two registries"):
        named_addresses(["risk=a", "risk=b"])


def test_a_forge_s_repository_is_the_same_by_https_and_ssh() -> None:
    addresses = (
        "https://github.com/Acme/models.git", "https://github.com/acme/models",
        "git@github.com:acme/models.git", "ssh://git@github.com:22/acme/models.git", "https://github.com/acme/models/",
    )  # fmt: skip
    assert {same_place(address) for address in addresses} == {"github.com/acme/models"}
    assert same_place("https://github.com/acme/other") != same_place("https://github.com/acme/models")
