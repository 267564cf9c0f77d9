"""The process that serves: how it starts, what it bears from a network, and how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.request
from typing import TYPE_CHECKING

import pytest

from building.mlflow_registry import with_churn
from building.running_service import RunningService, serving_registry
from building.world import rollbook

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from building.once import Template
    from building.world import World

_PATIENCE = 30.0
# A request that is under way until its body comes.
_HEAD = b"POST /api/v1/webhook HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n"


@pytest.fixture(scope="module")
def world(template: Template) -> World:
    return template(with_churn)


@pytest.fixture(scope="module")
def service(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service that believes what a proxy on this machine says of whom it asks for."""
    told = ("--forwarded-allow-ips", "127.0.0.1", "--rate-limit", "1", "--anonymous", "read")
    folder = tmp_path_factory.mktemp("service")
    with serving_registry(folder, "-C", str(world.registry), "--port", "0", *told) as running:
        yield running


def _connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)


def _until_closed(connection: socket.socket) -> bytes:
    said = b""
    while part := connection.recv(65536):
        said += part
    return said


def _first_line(answer: bytes) -> bytes:
    return answer.partition(b"\r\n")[0]


def test_a_head_that_is_too_large_is_refused(service: RunningService) -> None:
    with _connected(service.port) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n")
        connection.sendall(b"".join(b"x-%d: y\r\n" % number for number in range(200)) + b"\r\n")
        assert _first_line(_until_closed(connection)) == b"HTTP/1.1 431 Request Header Fields Too Large"
    with _connected(service.port) as connection:
        connection.sendall(b"GET /" + b"a" * 40_000)
        assert _first_line(_until_closed(connection)) == b"HTTP/1.1 431 Request Header Fields Too Large"


def test_a_head_is_answered_without_the_body_and_leaves_the_connection_open(service: RunningService) -> None:
    with _connected(service.port) as connection:
        asked = b"HEAD /healthz HTTP/1.1\r\nhost: x\r\n"
        connection.sendall(asked + b"\r\n" + asked + b"connection: close\r\n\r\n")
        said = _until_closed(connection)
    assert (said.count(b"HTTP/1.1 200 OK"), said.endswith(b"\r\n\r\n")) == (2, True)
    assert b"content-length: 3" in said
    assert not [line for line in service.lines() if line["level"] == "error"]


def test_what_is_no_http_is_refused(service: RunningService) -> None:
    with _connected(service.port) as connection:
        connection.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert _first_line(_until_closed(connection)) == b"HTTP/1.1 400 Bad Request"


def test_behind_a_trusted_proxy_each_of_its_clients_has_a_rate_of_its_own(service: RunningService) -> None:
    def asked(client: str) -> int:
        request = urllib.request.Request(
            f"{service.address}/api/v1/models", headers={"X-Forwarded-For": client}
        )
        try:
            with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    told = [asked("192.0.2.1") for _ in range(20)]
    assert 429 in told
    assert asked("192.0.2.2") == 200


def test_who_is_no_trusted_proxy_is_not_believed(world: World, tmp_path: Path) -> None:
    with serving_registry(tmp_path, "-C", str(world.registry), "--port", "0", "--rate-limit", "1") as running:
        with _connected(running.port) as connection:
            for number in range(20):
                told = f"GET /metrics HTTP/1.1\r\nhost: x\r\nx-forwarded-for: 192.0.2.{number}\r\n"
                last = "connection: close\r\n" if number == 19 else ""
                connection.sendall(f"{told}{last}\r\n".encode())
            said = _until_closed(connection)
        assert b"HTTP/1.1 429 " in said


def test_a_taken_port_is_told_at_once(service: RunningService, world: World) -> None:
    ran = rollbook(world.registry, "serve", "--port", str(service.port))
    assert ran.code == 2
    assert "Address already in use" in ran.err
    assert "--port" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--registry", "a=x", "--repo", "y"), "Give either --repo or --registry"),
        (("--refresh", "5 parsecs"), "write a number and one of s, m, h"),
        (("--body-limit", "-1"), "write a number and one of kib, mib, gib"),
        (("--timeout", "0"), "--timeout must be more than 0"),
        (("--root-path", "/a/../b\n"), "is no path"),
        (("--host", "no host"), "can't listen at no host"),
    ],
)
def test_what_can_t_be_meant_is_no_start(world: World, arguments: tuple[str, ...], said: str) -> None:
    ran = rollbook(world.registry, "serve", "--port", "0", *arguments)
    assert ran.code == 2
    assert said in ran.err


def test_a_secret_that_is_easily_guessed_is_no_start(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("sesame\n")
    assert (
        "has 6 characters"
        in rollbook(
            world.registry, "serve", "--port", "0", "--webhook-secret-file", str(tmp_path / "secret")
        ).err
    )
    monkeypatch.setenv("ROLLBOOK_WEBHOOK_SECRET", "open")
    assert "has 4 characters" in rollbook(world.registry, "serve", "--port", "0").err


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")
def test_it_listens_for_ipv6_and_at_a_unix_socket(world: World, tmp_path: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("there is no IPv6 here")
    with serving_registry(tmp_path, "-C", str(world.registry), "--host", "::1", "--port", "0") as running:
        assert running.address.startswith("http://[::1]:")
        with urllib.request.urlopen(f"{running.address}/healthz", timeout=_PATIENCE) as answer:
            assert answer.read() == b"ok\n"
    path = tmp_path / "socket"
    socket.socket(socket.AF_UNIX).bind(str(path))  # as a process leaves it that was killed
    with serving_registry(tmp_path, "-C", str(world.registry), "--socket", str(path)) as running:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            assert _until_closed(connection).endswith(b"ok\n")
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(_PATIENCE) == 0
    assert not path.exists()


def test_asked_to_end_it_finishes_what_is_under_way_and_takes_nothing_new(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLBOOK_WEBHOOK_SECRET", "a secret of the forge's")
    with serving_registry(tmp_path, "-C", str(world.registry), "--port", "0", "--log-requests") as running:
        with _connected(running.port) as connection:
            connection.sendall(_HEAD)
            _until_heard(running)
            running.process.send_signal(signal.SIGTERM)
            _until_refused(running.port)
            connection.sendall(b"{}")
            assert _first_line(_until_closed(connection)) == b"HTTP/1.1 401 Unauthorized"
        assert running.process.wait(_PATIENCE) == 0
        assert running.lines()[-1]["event"] == "ended"


def test_asked_a_second_time_it_ends_at_once(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLBOOK_WEBHOOK_SECRET", "a secret of the forge's")
    with serving_registry(tmp_path, "-C", str(world.registry), "--port", "0") as running:
        with _connected(running.port) as connection:
            connection.sendall(_HEAD)
            _until_heard(running)
            running.process.send_signal(signal.SIGTERM)
            _until_refused(running.port)
            running.process.send_signal(signal.SIGTERM)
            assert running.process.wait(_PATIENCE) == 0
        assert running.lines()[-1]["at_once"] is True


def _until_heard(running: RunningService) -> None:
    """Wait until what was sent before has been taken in: it is when a later question is answered."""
    with urllib.request.urlopen(f"{running.address}/healthz", timeout=_PATIENCE) as answer:
        answer.read()


def _until_refused(port: int) -> None:
    for _ in range(600):
        try:
            _connected(port).close()
        except ConnectionRefusedError:
            return
        time.sleep(0.05)
    raise AssertionError("it still takes connections")


def test_serving_imports_none_of_what_is_heavy() -> None:
    code = (
        "import sys; import rollbook.web.service.app, rollbook.web.service.serving.server;"
        "import rollbook.web.registries.named_registries as _;"
        "heavy = {'dvc', 'git', 'pandas', 'numpy', 'mlflow', 'jsonschema', 'pyarrow'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
