"""Bytes of artifacts over HTTP: none that was not verified, whole or in ranges."""

from __future__ import annotations

import gc
import hashlib
import io
import tarfile
import threading
from typing import TYPE_CHECKING

import pytest

from building.read_service import WEIGHTS, client_of, with_models
from rollbook.errors import CannotTell, TooMuch
from rollbook.web.service.reading.verified_copies import VerifiedCopies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.testclient import TestClient

    from building.once import Template

FILE = "/api/v1/models/risk/fraud/v1.0.0/artifact"
FOLDER = "/api/v1/models/churn/latest/artifact"


@pytest.fixture(scope="module")
def client(template: Template) -> Iterator[TestClient]:
    with client_of(template(with_models)) as client:
        yield client


def test_a_file_comes_whole_with_its_digest(client: TestClient) -> None:
    answer = client.get(FILE)
    assert answer.content == WEIGHTS
    assert answer.headers["etag"] == f'"{hashlib.sha256(WEIGHTS).hexdigest()}"'
    assert answer.headers["content-digest"] == answer.headers["repr-digest"]
    assert answer.headers["content-disposition"].startswith('attachment; filename="model.bin"')
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("asked", "first", "last"), [("bytes=0-0", 0, 1), ("bytes=100-", 100, None), ("bytes=-7", -7, None)]
)
def test_a_range_of_a_file_comes_alone(client: TestClient, asked: str, first: int, last: int | None) -> None:
    answer = client.get(FILE, headers={"range": asked})
    assert (answer.status_code, answer.content) == (206, WEIGHTS[first:last])
    assert answer.headers["content-range"].endswith(f"/{len(WEIGHTS)}")
    assert "content-digest" not in answer.headers


@pytest.mark.parametrize("asked", ["bytes=9-1", "bytes=0-1,4-5", "lines=1-2", "bytes=-", "bytes=x"])
def test_what_is_no_single_range_gets_the_whole(client: TestClient, asked: str) -> None:
    assert client.get(FILE, headers={"range": asked}).content == WEIGHTS


@pytest.mark.parametrize("asked", ["bytes=99999-", "bytes=-0"])
def test_a_range_that_is_not_there_is_a_problem(client: TestClient, asked: str) -> None:
    answer = client.get(FILE, headers={"range": asked})
    assert (answer.status_code, answer.headers["content-range"]) == (416, f"bytes */{len(WEIGHTS)}")


def test_a_range_of_another_file_gets_the_whole(client: TestClient) -> None:
    answer = client.get(FILE, headers={"range": "bytes=0-0", "if-range": '"another"'})
    assert (answer.status_code, answer.content) == (200, WEIGHTS)


def test_who_has_the_bytes_gets_none(client: TestClient) -> None:
    etag = client.head(FILE).headers["etag"]
    assert client.get(FILE, headers={"if-none-match": etag}).status_code == 304


def test_a_folder_comes_as_an_archive_that_is_always_the_same(client: TestClient) -> None:
    first, again = client.get(FOLDER), client.get(FOLDER)
    assert first.content == again.content
    assert len(first.content) == int(first.headers["content-length"])
    with tarfile.open(fileobj=io.BytesIO(first.content)) as archive:
        assert archive.getnames() == ["net/config.json", "net/deep/weights.bin"]
        weights = archive.extractfile("net/deep/weights.bin")
        assert weights is not None
        assert weights.read() == b"w" * 1000


def test_a_file_of_a_folder_comes_alone(client: TestClient) -> None:
    listed = client.get(f"{FOLDER}/files").json()["files"]
    assert listed == [{"path": "config.json", "size": 2}, {"path": "deep/weights.bin", "size": 1000}]
    assert client.get(f"{FOLDER}/files/deep/weights.bin").content == b"w" * 1000
    assert client.get(f"{FOLDER}/files/deep/weight.bin").status_code == 404


@pytest.mark.parametrize(
    "path", ["%2E%2E/%2E%2E/etc/passwd", "deep//weights.bin", "a%00b", "deep%5Cweights.bin"]
)
def test_no_path_leads_out_of_a_folder(client: TestClient, path: str) -> None:
    assert client.get(f"{FOLDER}/files/{path}").status_code in (400, 404)


def test_what_is_attached_to_evidence_comes_verified(client: TestClient) -> None:
    evidence = "/api/v1/models/risk/fraud/v1.0.0/evidence/fairness-1/attachments"
    assert client.get(f"{evidence}/report.txt").content == b"fair enough"
    assert client.get(f"{evidence}/another.txt").status_code == 404


def test_bytes_that_are_not_those_registered_are_not_sent(started: Template) -> None:
    world = started(with_models)
    md5 = hashlib.md5(WEIGHTS, usedforsecurity=False).hexdigest()
    for place in (world.artifacts, world.registry / ".dvc" / "cache"):
        for path in place.rglob(md5[2:]):
            path.chmod(0o644)
            path.write_bytes(WEIGHTS[:-1] + b"?")
    with client_of(world) as client:
        answer = client.get(FILE)
        assert (answer.status_code, answer.json()["title"]) == (502, "StorageFailed")
        assert client.get("/api/v1/models/risk/fraud/v1.0.0").status_code == 200


def test_a_branch_does_not_say_where_bytes_are_fetched_from(started: Template) -> None:
    world = started(with_models)
    world.git("checkout", "--quiet", "-b", "theirs")
    world.write(
        ".dvc/config", "[core]\n    remote = theirs\n['remote \"theirs\"']\n    url = http://127.0.0.1:9/x\n"
    )
    world.git("commit", "--quiet", "-am", "Name a place of mine")
    world.git("push", "--quiet", "origin", "theirs")
    with client_of(world, directory=world.origin) as client:
        assert client.get(FILE, params={"rev": "theirs"}).content == WEIGHTS


def test_copies_asked_for_longest_ago_make_room_unless_they_are_read() -> None:
    copies = VerifiedCopies(most_bytes=10)
    first = copies.hold("a", 6, lambda path: path.write_bytes(b"a" * 6))
    with pytest.raises(CannotTell):
        copies.hold("b", 6, lambda path: path.write_bytes(b"b" * 6))
    first()
    second = copies.hold("b", 6, lambda path: path.write_bytes(b"b" * 6))
    assert not first.path.exists()
    assert second.path.read_bytes() == b"b" * 6
    with pytest.raises(TooMuch):
        copies.hold("c", 11, lambda path: path.write_bytes(b"c" * 11))
    copies.close()
    assert not second.path.exists()


def test_a_copy_whose_reader_was_given_up_makes_room() -> None:
    copies = VerifiedCopies(most_bytes=10)
    copies.hold("a", 6, lambda path: path.write_bytes(b"a" * 6))
    gc.collect()
    assert copies.hold("b", 6, lambda path: path.write_bytes(b"b" * 6)).path.exists()
    copies.close()


def test_many_who_ask_for_the_same_have_it_fetched_once() -> None:
    copies, fetched = VerifiedCopies(), []

    def fetch(path: Path) -> None:
        fetched.append(path)
        path.write_bytes(b"x")

    asking = [threading.Thread(target=lambda: copies.hold("a", 1, fetch)) for _ in range(8)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert len(fetched) == 1
    copies.close()


def test_what_could_not_be_fetched_is_fetched_anew() -> None:
    copies = VerifiedCopies()

    def fail(path: Path) -> None:
        raise CannotTell(f"{path.name} is not there yet")

    with pytest.raises(CannotTell):
        copies.hold("a", 1, fail)
    assert copies.hold("a", 1, lambda path: path.write_bytes(b"x")).path.read_bytes() == b"x"
    copies.close()


def test_a_copy_may_be_forgotten_in_the_middle_of_what_is_done_with_others() -> None:
    copies = VerifiedCopies()
    held = [copies.hold("a", 1, lambda path: path.write_bytes(b"a"))]

    def forget() -> None:
        with copies._lock:  # as where memory is tidied up meanwhile
            held.clear()

    forgetting = threading.Thread(target=forget, daemon=True)
    forgetting.start()
    forgetting.join(10)
    assert not forgetting.is_alive()
    copies.close()


def test_a_copy_stands_where_the_service_says_whatever_its_digest_is_told_to_be(tmp_path: Path) -> None:
    copies, placed = VerifiedCopies(), []
    copies.hold(str(tmp_path / "elsewhere"), 1, lambda path: placed.append(path) or path.write_bytes(b"a"))
    copies.hold("../up", 1, lambda path: placed.append(path) or path.write_bytes(b"a"))
    assert len({path.parent for path in placed}) == 1
    assert not [*tmp_path.iterdir()]
    copies.close()
