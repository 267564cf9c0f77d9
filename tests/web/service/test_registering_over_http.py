"""Registering over HTTP: the artifact sent, of a version here, or at an address."""

from __future__ import annotations

import hashlib
import json
import socket
import tempfile
import threading
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from building.service import ANN, EVE, PROPOSING, asker, client
from building.world import git
from rollbook.artifact.guarded_download import DownloadLimits, download
from rollbook.errors import TooMuch
from rollbook.web.identity.caller import Right
from rollbook.web.service.writing.write_settings import WriteSettings, most_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.testclient import TestClient

    from building.once import Template
    from building.world import World

PATH = "/api/v1/models/register"
FACTS = {"name": "churn", "version": "v1.1.0", "algorithm": "forest", "metrics": {"auc": 0.91}}
WEIGHTS = b"weights of another"
DIGEST = hashlib.sha256(WEIGHTS).hexdigest()
HERE = WriteSettings(most_bytes=1 << 20, download=DownloadLimits(most_bytes=1000, wait=5, loopback=True))


def _churn(world: World) -> None:
    world.register("churn", "1.0.0")


@pytest.fixture
def churn(started: Template, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    (tmp_path / "spool").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "spool"))
    return started(_churn)


def _sent(api: TestClient, facts: dict[str, Any], *, path: str = PATH, **files: Any) -> Any:
    parts = [("facts", (None, json.dumps(facts), "application/json")), *files.items()]
    return api.post(path, files=parts)


def _left(world: World) -> tuple[Any, ...]:
    """What a registration may leave: branches, objects in the cache and the remote, files on their way."""
    stores = (world.registry / ".dvc" / "cache", world.artifacts)
    stored = [sorted(str(path) for path in one.rglob("*") if path.is_file()) for one in stores]
    spools = sorted(Path(tempfile.gettempdir()).glob("*"))
    refs = git(world.origin, "for-each-ref"), world.git("for-each-ref", "refs/heads")
    return refs, stored, spools, world.git("status", "--porcelain")


def test_an_artifact_that_is_sent_becomes_a_version(churn: World) -> None:
    answer = _sent(client(churn.registry), FACTS, artifact=("model.bin", WEIGHTS))
    assert answer.status_code == 202, answer.text
    made = answer.json()
    assert (made["model_id"], made["artifact"]["sha256"]) == ("churn-v1.1.0", DIGEST)
    branch = "rollbook/register/churn/1.1.0"
    manifest = git(churn.origin, "show", f"{branch}:registry/churn/versions/1.1.0/version.yaml")
    assert "created_by: ann@example.com" in manifest
    assert "algorithm: forest" in manifest
    assert "auc: 0.91" in manifest
    churn.git("fetch", "-q")
    churn.land(branch)
    churn.run("fetch", "churn@1.1.0", "-o", str(churn.root / "got"))
    assert (churn.root / "got").read_bytes() == WEIGHTS


def test_it_lands_at_once_for_whoever_may(churn: World) -> None:
    answer = _sent(client(churn.registry, EVE), FACTS, path=f"{PATH}?land=true", artifact=("m.bin", WEIGHTS))
    assert answer.status_code == 201, answer.text
    again = _sent(client(churn.registry), FACTS, artifact=("m.bin", b"others"))
    assert (again.status_code, again.json()["title"]) == (409, "VersionTaken")
    assert answer.json()["tags"] == ["churn@v1.1.0"]


def test_a_bare_repository_takes_it_too(churn: World) -> None:
    answer = _sent(client(churn.origin, EVE), FACTS, path=f"{PATH}?land=true", artifact=("m.bin", WEIGHTS))
    assert answer.status_code == 201, answer.text
    churn.git("pull", "-q")
    churn.run("fetch", "churn@1.1.0", "-o", str(churn.root / "got"))


def test_several_parts_are_a_folder(churn: World) -> None:
    facts = {**FACTS, "artifact": {"name": "model"}}
    files = [("artifact", ("weights.bin", b"1")), ("artifact", ("parts/tokens.txt", b"2"))]
    parts = [("facts", (None, json.dumps(facts))), *files]
    made = client(churn.registry).post(PATH, files=parts)
    assert made.status_code == 202, made.text
    assert made.json()["artifact"]["size"] == 2
    for name in ("../escape", "/etc/passwd", "a/../../b"):
        parts[-1] = ("artifact", (name, b"2"))
        assert client(churn.registry).post(PATH, files=parts).status_code == 400


def test_files_beside_it_are_parts_of_their_own(churn: World) -> None:
    answer = _sent(
        client(churn.registry),
        {**FACTS, "card": "# Churn\n", "data": [{"name": "loans", "version": "3"}]},
        artifact=("m.bin", WEIGHTS),
        requirements=("requirements.txt", b"numpy==2.0.0\n"),
        sample_input=("rows.json", b'{"age": [1, 2]}'),
    )
    assert answer.status_code == 202, answer.text
    listed = git(
        churn.origin, "ls-tree", "-r", "--name-only", answer.json()["branch"], "registry/churn/versions/1.1.0"
    )
    names = {Path(path).name for path in listed.split()}
    assert {"card.md", "requirements.txt", "sample-input.json"} <= names


def test_a_digest_names_the_artifact_of_a_version_here(churn: World) -> None:
    digest = hashlib.sha256(b"churn 1.0.0").hexdigest()
    facts = {**FACTS, "artifact": {"sha256": digest}}
    answer = client(churn.registry).post(PATH, json=facts)
    assert answer.status_code == 202, answer.text
    assert answer.json()["twins"] == ["churn@1.0.0"]
    unknown = {**FACTS, "artifact": {"sha256": "0" * 64}}
    blind = asker("dan@example.com", PROPOSING - {Right.FETCH})
    missing = client(churn.registry).post(PATH, json=unknown)
    hidden = client(churn.registry, blind).post(PATH, json=facts)
    assert (missing.status_code, hidden.status_code) == (404, 404)
    assert hidden.json()["detail"].replace(digest, "") == missing.json()["detail"].replace("0" * 64, "")


class _Files(BaseHTTPRequestHandler):
    """What a host of files answers."""

    def do_GET(self) -> None:
        if self.path.startswith("/away"):
            self.send_response(302)
            self.send_header("Location", self.path.partition("?")[2])
            self.end_headers()
            return
        body = {"/model.bin": WEIGHTS, "/large.bin": b"x" * 5000}.get(self.path)
        self.send_response(200 if body else 404)
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_url_names_an_artifact_elsewhere(churn: World, host: str) -> None:
    api = client(churn.registry, writing=HERE)
    facts = {**FACTS, "artifact": {"url": f"{host}/away?/model.bin", "sha256": DIGEST, "name": "model.bin"}}
    answer = api.post(PATH, json=facts)
    assert answer.status_code == 202, answer.text
    assert answer.json()["artifact"]["sha256"] == DIGEST


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("https://127.0.0.1/model.bin", 422),
        ("https://localhost/model.bin", 422),
        ("https://[::1]/model.bin", 422),
        ("https://[::ffff:10.0.0.1]/model.bin", 422),
        ("https://[64:ff9b::a00:1]/model.bin", 422),
        ("https://[64:ff9b:1::a00:1]/model.bin", 422),
        ("https://[::10.0.0.1]/model.bin", 422),
        ("https://[::ffff:0:10.0.0.1]/model.bin", 422),
        ("https://[fec0::1]/model.bin", 422),
        ("https://[2002:a00:1::]/model.bin", 422),
        ("https://10.1.2.3/model.bin", 422),
        ("https://169.254.169.254/latest/meta-data", 422),
        ("https://0.0.0.0/model.bin", 422),
        ("http://127.0.0.1/model.bin", 422),
        ("http://8.8.8.8/model.bin", 400),
        ("file:///etc/passwd", 400),
        ("s3://bucket/key", 400),
        ("https://user:secret@8.8.8.8/model.bin", 400),
        ("https://a b/", 400),
        ("https://8.8.8.8:99999/", 400),
    ],
)
def test_a_url_of_no_public_host_is_not_asked(churn: World, url: str, status: int) -> None:
    before = _left(churn)
    answer = client(churn.registry).post(PATH, json={**FACTS, "artifact": {"url": url, "name": "m"}})
    assert answer.status_code == status, answer.text
    assert "secret" not in answer.text
    assert _left(churn) == before


@pytest.mark.parametrize(
    ("path", "status"),
    [("/away?https://10.0.0.1/m", 422), ("/away?/away?x", 502), ("/large.bin", 413), ("/nothing", 502)],
)
def test_redirects_and_sizes_are_held_to_the_same(churn: World, host: str, path: str, status: int) -> None:
    before = _left(churn)
    api = client(churn.registry, writing=HERE)
    answer = api.post(PATH, json={**FACTS, "artifact": {"url": f"{host}{path}", "name": "m.bin"}})
    assert answer.status_code == status, answer.text
    assert _left(churn) == before


def test_what_is_got_elsewhere_is_no_larger_than_what_may_be_sent(churn: World, host: str) -> None:
    settings = most_of(1000)
    here = replace(settings, download=replace(settings.download, loopback=True))
    facts = {**FACTS, "artifact": {"url": f"{host}/large.bin", "name": "m.bin"}}
    assert client(churn.registry, writing=here).post(PATH, json=facts).status_code == 413


@pytest.fixture
def trickling() -> Iterator[str]:
    """A host whose answer never gets beyond its head, of which a byte comes now and then."""
    is_over = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def trickle() -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
            while not is_over.wait(0.02):
                connection.sendall(b"x")

    sending = threading.Thread(target=trickle)
    sending.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    is_over.set()
    sending.join()
    listening.close()


def test_a_host_that_never_lets_its_answer_end_is_left_in_time(trickling: str, tmp_path: Path) -> None:
    limits = DownloadLimits(wait=5, within=0.3, loopback=True)
    with pytest.raises(TooMuch, match="longer than"):
        download(f"{trickling}/m.bin", tmp_path / "m.bin", limits)
    assert not (tmp_path / "m.bin").exists()


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ({**FACTS, "version": "1.0.0"}, 409),  # is there
        ({**FACTS, "artifact": {"sha256": "0" * 64}}, 422),  # other bytes than told
        ({**FACTS, "name": "no such name"}, 400),
        ({**FACTS, "data": [{"name": "x", "file": "/etc/passwd"}]}, 422),
        ({**FACTS, "source": "/etc/passwd"}, 422),
        ({**FACTS, "manifest": {"created_by": "eve@example.com"}}, 400),
        ({**FACTS, "metrics": {"auc": "high"}}, 422),
        ({**FACTS, "parents": ["churn@9.9.9"]}, 404),
        ({**FACTS, "bump": "minor"}, 422),
    ],
)
def test_a_refused_registration_leaves_nothing(churn: World, facts: dict[str, Any], status: int) -> None:
    before = _left(churn)
    answer = _sent(client(churn.registry), facts, artifact=("m.bin", WEIGHTS))
    assert answer.status_code == status, answer.text
    assert _left(churn) == before


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"artifact": ("m.bin", b"")}, "artifact: the file is empty"),
        ({"artifact": ("m.bin", WEIGHTS), "sample_input": ("rows.json", b"no")}, "sample_input: not JSON"),
        ({"artifact": ("m.bin", WEIGHTS), "requirements": ("r.json", b"no")}, "requirements is in no format"),
        ({"artifact": ("m.bin", WEIGHTS), "provenance": ("p.jsonl", b"no")}, "provenance:1: the file is not"),
    ],
)
def test_a_part_that_cannot_be_is_named_as_it_was_sent(
    churn: World, parts: dict[str, tuple[str, bytes]], told: str
) -> None:
    answer = _sent(client(churn.registry), FACTS, **parts)
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"].startswith(told)
    assert tempfile.gettempdir() not in answer.text


def test_without_an_artifact_it_says_how(churn: World) -> None:
    answer = client(churn.registry).post(PATH, json=FACTS)
    assert answer.status_code == 422
    assert "multipart/form-data" in answer.json()["hint"]


def test_a_body_is_bounded_and_whole(churn: World) -> None:
    api, before = client(churn.registry, writing=HERE), _left(churn)
    large = _sent(api, FACTS, artifact=("m.bin", b"x" * (2 << 20)))
    assert large.status_code == 413
    head = {"Content-Type": "multipart/form-data; boundary=b"}
    part = b'--b\r\nContent-Disposition: form-data; name="artifact"; filename="m"\r\n\r\nhalf'
    assert api.post(PATH, content=part, headers=head).status_code == 400
    assert api.post(PATH, content=b"x", headers={"Content-Type": "text/plain"}).status_code == 400
    assert _sent(api, FACTS, other=("m.bin", b"x")).status_code == 400
    assert _left(churn) == before


def test_nothing_is_read_of_who_may_not(churn: World) -> None:
    nobody = asker("dan@example.com", frozenset([Right.READ]))
    assert _sent(client(churn.registry, nobody), FACTS, artifact=("m", b"1")).status_code == 403
    other = asker("dan@example.com", frozenset(), fraud=PROPOSING)
    assert _sent(client(churn.registry, other), FACTS, artifact=("m", b"1")).status_code == 404  # hidden


def test_asked_again_with_its_key_it_is_the_same_version(churn: World) -> None:
    facts = {key: value for key, value in FACTS.items() if key != "version"}
    answers = []
    for _ in range(2):
        api = client(churn.registry, ANN)
        api.headers["Idempotency-Key"] = "train-7"
        answers.append(_sent(api, facts, artifact=("m.bin", WEIGHTS)))
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["branch"] == answers[1].json()["branch"]


def test_many_at_once_get_a_version_each_whichever_replica_they_ask(churn: World) -> None:
    git(churn.root, "clone", "--quiet", "origin.git", "replica")
    replicas = [client(churn.registry), client(churn.root / "replica")]
    facts = {key: value for key, value in FACTS.items() if key != "version"}
    answers: list[Any] = []

    def one(number: int) -> None:
        answers.append(_sent(replicas[number % 2], facts, artifact=("m.bin", f"weights {number}".encode())))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [202] * 4, [answer.text for answer in answers]
    assert len({answer.json()["branch"] for answer in answers}) == 4
