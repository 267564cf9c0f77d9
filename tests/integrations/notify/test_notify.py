"""Notifications: each recorded event to each receiver, in order, signed, and none lost."""

from __future__ import annotations

import base64
import hashlib
import hmac
import socket
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import jsonschema
import pytest

from building.world import git, rollbook
from notify_receiver import SECRET, SECRET_ENV, Receiver, listen, subscribe, told
from rollbook.git.repository import discover
from rollbook.schema.schemas import schema
from rollbook.trail.chain import chain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from building.once import Template
    from building.world import World

FIRST = "credit-approval@v1.0.0"
STAGED = "credit-approval#staging#2"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    yield from listen()


@pytest.fixture
def elsewhere() -> Iterator[Receiver]:
    yield from listen()


def propose(world: World) -> None:
    world.run("register", "credit-approval", str(world.artifact()), "--version", "1.0.0")


@pytest.fixture
def subscribed(started: Template, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> World:
    """A registry whose policy names the receiver, and in which one version was registered since."""
    monkeypatch.setenv(SECRET_ENV, SECRET)
    world = started(propose)
    subscribe(world, {"url": receiver.url})
    world.run("land", "rollbook/register/credit-approval/1.0.0")
    world.git("pull", "--quiet", "--ff-only")
    return world


def outcome(world: World, limit: float = 20) -> tuple[int, int]:
    (found,) = told(world, limit)
    return found.delivered, found.waiting


def promote(world: World) -> None:
    world.promote("credit-approval@1.0.0", "staging")


# --- what is sent


def test_an_event_goes_out_as_a_cloud_event(subscribed: World, receiver: Receiver) -> None:
    assert outcome(subscribed) == (1, 0)
    ((headers, _),) = receiver.got
    (event,) = receiver.events
    (tag,) = chain(discover(subscribed.registry))
    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert {name: event[name] for name in ("specversion", "id", "type", "subject", "datacontenttype")} == {
        "specversion": "1.0",
        "id": tag.oid,
        "type": "dev.rollbook.version.registered",
        "subject": "credit-approval@1.0.0",
        "datacontenttype": "application/json",
    }
    jsonschema.validate(event["data"], schema("audit-event"))
    assert event["dataschema"] == schema("audit-event")["$id"]


def test_the_signature_is_that_of_standard_webhooks(subscribed: World, receiver: Receiver) -> None:
    outcome(subscribed)
    ((headers, body),) = receiver.got
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60


def test_the_source_is_the_same_for_every_clone_without_a_server(
    subscribed: World, receiver: Receiver
) -> None:
    outcome(subscribed)
    root = subscribed.git("rev-list", "--max-parents=0", "main")
    assert receiver.events[0]["source"] == f"urn:rollbook:registry:{root}"


def test_events_come_in_the_order_of_the_trail(subscribed: World, receiver: Receiver) -> None:
    promote(subscribed)
    subscribed.register("fraud", "1.0.0")
    outcome(subscribed)
    assert receiver.tags == [tag.name for tag in chain(discover(subscribed.registry))]
    assert receiver.tags == [FIRST, STAGED, "fraud@v1.0.0"]


def test_only_what_a_receiver_wants_is_sent(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_ENV, SECRET)
    subscribe(world, {"url": receiver.url, "events": ["assigned"], "stages": ["staging"]})
    world.register("credit-approval", "1.0.0")
    promote(world)
    world.promote("credit-approval@1.0.0", "production")
    assert outcome(world) == (1, 0)
    assert receiver.tags == [STAGED]


def test_a_receiver_hears_of_the_aliases_that_it_names(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_ENV, SECRET)
    subscribe(world, {"url": receiver.url, "stages": ["@champion"]})
    world.register("credit-approval", "1.0.0")
    promote(world)
    for words in (["champion"], ["best"], ["champion", "--remove"]):
        world.run("alias", "credit-approval@1.0.0", *words, "--reason", "as agreed", "--land")
    assert outcome(world) == (2, 0)
    assert receiver.tags == ["credit-approval#champion#3", "credit-approval#champion!#5"]
    for event, action in zip(receiver.events, ("alias-set", "alias-removed"), strict=True):
        assert event["type"] == f"dev.rollbook.version.{action}"
        jsonschema.validate(event["data"], schema("audit-event"))


# --- what was delivered is remembered


def test_what_a_receiver_did_not_want_is_not_sent_when_it_wants_more(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_ENV, SECRET)
    subscribe(world, {"url": receiver.url, "stages": ["production"]})
    world.register("credit-approval", "1.0.0")
    assert outcome(world) == (0, 0)
    world.git("pull", "--quiet", "--ff-only")
    subscribe(world, {"url": receiver.url})
    promote(world)
    assert outcome(world) == (1, 0)
    assert receiver.tags == [STAGED]


def test_nothing_is_sent_twice(subscribed: World, receiver: Receiver) -> None:
    outcome(subscribed)
    assert outcome(subscribed) == (0, 0)
    promote(subscribed)
    assert outcome(subscribed) == (1, 0)
    assert receiver.tags == [FIRST, STAGED]


def test_another_clone_knows_what_was_delivered(
    subscribed: World, receiver: Receiver, tmp_path: Path
) -> None:
    outcome(subscribed)
    git(tmp_path, "clone", "--quiet", str(subscribed.origin), "other")
    ran = rollbook(tmp_path / "other", "notify")
    assert ran.err == ""
    assert (ran.code, ran.out.split("\t")[1]) == (0, "0 delivered\n")
    assert receiver.tags == [FIRST]


def test_a_receiver_hears_only_of_what_landed_since_it_was_named(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_ENV, SECRET)
    world.register("credit-approval", "1.0.0")
    world.git("pull", "--quiet", "--ff-only")
    subscribe(world, {"url": receiver.url})
    assert outcome(world) == (0, 0)
    promote(world)
    assert outcome(world) == (1, 0)
    assert receiver.tags == [STAGED]


def test_what_can_not_be_remembered_is_said_and_sent_once_more(subscribed: World, receiver: Receiver) -> None:
    hook = subscribed.origin / "hooks" / "update"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    (found,) = told(subscribed)
    assert found.delivered == 1
    assert "will be delivered again" in found.problem
    hook.unlink()
    assert outcome(subscribed) == (1, 0)
    assert receiver.tags == [FIRST, FIRST]


# --- a receiver in trouble


TROUBLE = [
    500,
    429,
    404,
    302,
    "drop",
    b"garbage\r\n\r\n",
    b"HTTP/1.1 abc\r\n\r\n",
    b"HTTP/1.1 200 " + b"x" * 99999,
]


@pytest.mark.parametrize("trouble", TROUBLE, ids=str)
def test_a_receiver_that_recovers_gets_everything_in_order(
    subscribed: World, receiver: Receiver, trouble: object
) -> None:
    promote(subscribed)
    receiver.does = [204, *[trouble] * 4]
    assert outcome(subscribed) == (1, 1)
    subscribed.register("fraud", "1.0.0")
    assert outcome(subscribed) == (2, 0)
    assert receiver.tags == [FIRST, STAGED, "fraud@v1.0.0"]


def test_a_redirect_is_not_followed(subscribed: World, receiver: Receiver, elsewhere: Receiver) -> None:
    receiver.elsewhere = elsewhere.url
    receiver.does = [302, 307, 303, 308]
    assert outcome(subscribed) == (0, 1)
    assert (receiver.visits, elsewhere.visits) == (4, 0)


def test_a_message_is_sent_again_at_once_when_the_first_attempt_fails(
    subscribed: World, receiver: Receiver
) -> None:
    receiver.does = [500, "drop"]
    assert outcome(subscribed) == (1, 0)
    assert receiver.tags == [FIRST]


def test_a_receiver_that_is_down_blocks_no_other(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_ENV, SECRET)
    subscribe(world, {"url": "http://127.0.0.1:9/down"}, {"url": receiver.url})
    world.register("credit-approval", "1.0.0")
    down, up = told(world)
    assert (down.delivered, down.waiting, up.delivered, up.waiting) == (0, 1, 1, 0)
    assert "refused" in down.problem
    assert receiver.tags == [FIRST]


def test_a_slow_receiver_is_left_when_time_is_up(subscribed: World, receiver: Receiver) -> None:
    receiver.does = [3.0]
    start = time.monotonic()
    assert outcome(subscribed, limit=0.3) == (0, 1)
    assert time.monotonic() - start < 2.5


def test_a_receiver_that_answers_drop_by_drop_does_not_hold_the_run(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SECRET_ENV, SECRET)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()
        thread = threading.Thread(target=_drip, args=(listening, over))
        thread.start()
        subscribe(world, {"url": f"http://127.0.0.1:{listening.getsockname()[1]}/"})
        world.register("credit-approval", "1.0.0")
        command = [sys.executable, "-m", "rollbook", "notify", "--limit", "1"]
        try:
            done = subprocess.run(
                command, cwd=world.registry, capture_output=True, text=True, check=False, timeout=20
            )
        finally:
            over.set()
            thread.join()
    assert done.returncode == 1
    assert done.stdout.endswith("\t0 delivered, 1 waiting: time is up\n")


def _drip(listening: socket.socket, over: threading.Event) -> None:
    connection, _ = listening.accept()
    with connection:
        while not over.wait(0.1):
            connection.send(b"H")


def test_a_receiver_that_is_down_does_not_stop_a_promotion(subscribed: World, receiver: Receiver) -> None:
    receiver.does = [500] * 4
    assert outcome(subscribed) == (0, 1)
    promote(subscribed)
    assert STAGED in subscribed.git("tag").split()


# --- secrets


def test_nothing_is_sent_without_the_secret(
    subscribed: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(SECRET_ENV)
    (found,) = told(subscribed)
    assert (found.delivered, found.waiting, found.problem) == (0, 1, f"{SECRET_ENV} holds no secret")
    assert receiver.got == []


@pytest.mark.parametrize("secret", ["short", "whsec_???", "whsec_c2hvcnQ="])
def test_a_secret_that_protects_nothing_is_refused(
    subscribed: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv(SECRET_ENV, secret)
    assert outcome(subscribed) == (0, 1)
    assert receiver.got == []


def test_neither_the_secret_nor_the_path_of_a_url_is_printed(subscribed: World, receiver: Receiver) -> None:
    receiver.does = [500] * 8
    for arguments in (["notify", "--limit", "1"], ["notify", "--limit", "1", "--json"]):
        ran = rollbook(subscribed.registry, *arguments)
        assert ran.code == 1
        assert "127.0.0.1" in ran.out
        assert not [word for word in (SECRET, "hook", "hidden") if word in ran.out + ran.err]


# --- the policy


BAD = [
    ({"url": "http://example.com/"}, "example.com is not https"),
    ({"url": "https://jane:pw@example.com/"}, "holds a user or a password"),
    ({"url": "https://example.com/", "secret_env": "lower case"}, "not the name of an environment variable"),
    ({"url": "https://example.com/", "events": ["vanished"]}, "there is no event 'vanished'"),
]


@pytest.mark.parametrize(("entry", "words"), BAD)
def test_an_entry_that_can_not_be_used_is_named_with_its_place(
    world: World, entry: dict[str, object], words: str
) -> None:
    subscribe(world, entry)
    ran = rollbook(world.registry, "notify")
    assert ran.code == 1
    assert "registry/policy.yaml: notify.0." in ran.err
    assert words in ran.err
    assert "pw" not in ran.err


UNKNOWN_STAGE = {"url": "https://example.com/", "stages": ["limbo"]}


@pytest.mark.parametrize("entry", [*(entry for entry, _ in BAD), UNKNOWN_STAGE])
def test_the_check_finds_such_an_entry_before_it_lands(world: World, entry: dict[str, object]) -> None:
    subscribe(world, entry)
    ran = rollbook(world.registry, "check", "--all")
    assert ran.code == 1
    assert "registry/policy.yaml:" in ran.out
    assert "notify.0." in ran.out


def test_a_url_named_twice_is_refused(world: World) -> None:
    subscribe(world, {"url": "https://example.com/"}, {"url": "https://example.com/"})
    assert "example.com is named twice" in rollbook(world.registry, "notify").err


def test_a_policy_that_names_nobody_is_fine(world: World) -> None:
    ran = rollbook(world.registry, "notify")
    assert (ran.code, ran.out, ran.err) == (0, "", "the policy names nobody to notify\n")


def test_a_message_that_was_taken_is_not_sent_again_for_a_long_answer(
    subscribed: World, receiver: Receiver
) -> None:
    receiver.does = [b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000]
    assert outcome(subscribed) == (1, 0)
    assert receiver.visits == 1
