"""Asking an index over HTTP: one request a question, ETags, a cache, and what counts when the host fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from index_host import Host, served
from test_sparse_answers import version_files

from building.texts import POLICY
from building.work_tree import new_repository
from building.world import Ran, rollbook
from rollbook.transfer.static_index import index_source as rule
from rollbook.transfer.static_index.answer_cache import Cache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUESTION = ["resolve", "m@production"]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("host")
    files = {"registry/policy.yaml": POLICY, "registry/m/stages.yaml": "production: {version: 1.0.0}\n"}
    root = new_repository(top / "work", {**files, **version_files("m", "1.0.0")})
    ran = rollbook(root, "export", "--index", str(top / "index"))
    assert ran.code == 0, ran.err
    return top / "index"


@pytest.fixture
def host(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    monkeypatch.setenv("ROLLBOOK_CACHE", str(tmp_path / "cache"))
    yield from served(index)


def ask(host: Host, *options: str) -> Ran:
    return rollbook(host.folder, *QUESTION, "--field", "version", "--index", host.url, *options)


def kept(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache").rglob("*")) if (tmp_path / "cache").exists() else []


def test_one_request_answers_a_question(host: Host) -> None:
    assert ask(host) == Ran(0, "1.0.0\n", "")
    assert [path for path, _ in host.asked] == ["/index/models/1/m.json"]


def test_one_request_shows_a_version(host: Host) -> None:
    ran = rollbook(host.folder, "show", "m@production", "--json", "--index", host.url)
    assert json.loads(ran.out)["manifest"]["created_by"] == "jane@example.com"
    assert [path for path, _ in host.asked] == ["/index/models/1/m.files.json"]


def test_the_second_question_is_answered_without_the_body(host: Host) -> None:
    assert ask(host) == ask(host) == Ran(0, "1.0.0\n", "")
    assert host.answered == [200, 304]


def test_a_host_without_etags_is_asked_for_the_whole_again(host: Host) -> None:
    host.etags = False
    assert ask(host) == ask(host) == Ran(0, "1.0.0\n", "")
    assert host.answered == [200, 200]


@pytest.mark.parametrize(
    ("modified", "condition"),
    [("Sat, 21 Nov 2026 09:00:00 GMT", True), ("Fri, 01 Jan 2100 00:00:00 GMT", False), ("junk", False)],
)
def test_a_time_is_asked_with_only_where_it_tells_two_states_apart(
    host: Host, modified: str, condition: bool
) -> None:
    host.etags = False
    host.headers = {"Last-Modified": modified, "Date": "Sat, 21 Nov 2026 10:00:00 GMT"}
    ask(host)
    ask(host)
    assert ("if-modified-since" in host.asked[1][1]) is condition


def test_a_compressed_answer_is_read(host: Host) -> None:
    host.zipped = True
    assert ask(host) == Ran(0, "1.0.0\n", "")
    assert "gzip" in host.asked[0][1]["accept-encoding"]


def test_a_bomb_is_not_unpacked(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule, "LARGEST", 1 << 16)
    host.zipped, host.body = True, b" " * (1 << 20)
    ran = ask(host)
    assert (ran.code, "more than 65,536 bytes" in ran.err) == (1, True)


@pytest.mark.parametrize("status", [404, 403])
def test_a_model_that_the_host_does_not_have_is_none(host: Host, status: int) -> None:
    host.missing = status
    ran = rollbook(host.folder, "resolve", "unknown@latest", "--index", host.url)
    assert (ran.code, ran.out) == (1, "")
    assert "there is no model 'unknown'" in ran.err
    assert f"the host answers {status}" in ran.err


def test_a_model_that_is_gone_is_gone_whatever_the_cache_holds(host: Host, tmp_path: Path) -> None:
    ask(host)
    host.status = 404
    assert ask(host).code == 1
    host.status = 500
    assert ask(host).code == 1
    assert [path for path in kept(tmp_path) if path.is_file()] == []


@pytest.mark.parametrize("status", [500, 503, 429])
def test_the_last_answer_counts_while_the_host_has_none(host: Host, status: int) -> None:
    ask(host)
    host.status = status
    ran = ask(host)
    assert (ran.code, ran.out) == (0, "1.0.0\n")
    assert f"the host says {status}; this is what it answered" in ran.err


def test_the_last_answer_counts_when_nobody_is_there(host: Host) -> None:
    ask(host)
    host.stop()
    ran = ask(host)
    assert (ran.code, ran.out) == (0, "1.0.0\n")
    assert "warning: no answer from 127.0.0.1" in ran.err


def test_the_last_answer_counts_for_a_day(host: Host, tmp_path: Path) -> None:
    ask(host)
    (entry,) = [path for path in kept(tmp_path) if path.is_file()]
    host.status = 500
    for hours, code in ((23, 0), (25, 1)):
        os.utime(entry, (time.time() - hours * 3600,) * 2)
        assert ask(host).code == code
    host.status = None
    assert ask(host) == Ran(0, "1.0.0\n", "")  # confirmed by the host: its day begins again
    host.status = 500
    assert ask(host).code == 0


def test_without_a_last_answer_a_host_that_fails_is_an_error(host: Host) -> None:
    host.status = 500
    ran = ask(host)
    assert (ran.code, ran.out) == (1, "")
    assert "the host says 500" in ran.err


@pytest.mark.parametrize("status", [301, 302, 401, 400])
def test_an_answer_that_is_final_is_not_papered_over(host: Host, status: int) -> None:
    ask(host)
    host.status, host.headers = status, {"Location": "https://example.com/"}
    ran = ask(host)
    assert (ran.code, ran.out) == (1, "")
    assert len(host.asked) == 2


def test_an_error_page_is_no_answer_and_is_not_kept(host: Host) -> None:
    ask(host)
    host.body = b"<html>Log in to the hotel's network</html>"
    ran = ask(host)
    assert (ran.code, ran.out) == (0, "1.0.0\n")
    assert "is no document of an index" in ran.err
    assert ask(host, "--offline").out == "1.0.0\n"


def test_offline_asks_nobody(host: Host) -> None:
    ran = ask(host, "--offline")
    assert (ran.code, ran.out) == (1, "")
    ask(host)
    assert ask(host, "--offline") == Ran(0, "1.0.0\n", "")
    assert len(host.asked) == 1


def test_a_newer_format_says_what_to_do(host: Host) -> None:
    host.body = b'{"rollbook_index": 2}'
    ran = ask(host)
    assert (ran.code, "Upgrade it" in ran.err) == (1, True)


def test_a_damaged_entry_is_discarded(host: Host, tmp_path: Path) -> None:
    ask(host)
    (entry,) = [path for path in kept(tmp_path) if path.is_file()]
    data = entry.read_bytes()
    for damaged in (data.replace(b"1.0.0", b"6.6.6"), data[:-5], b"", b"\0" * 100, b"[1]\n"):
        entry.write_bytes(damaged)
        assert ask(host) == Ran(0, "1.0.0\n", "")
    assert host.answered == [200] * 6


def test_a_cache_that_can_not_be_written_stops_nothing(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_CACHE", "/proc/nowhere")
    assert ask(host) == Ran(0, "1.0.0\n", "")


def test_the_cache_keeps_what_was_confirmed_last(tmp_path: Path) -> None:
    cache = Cache(tmp_path, largest=1500)
    for number in range(3):
        cache.put(f"k{number}", b"x" * 300)
        for path in (tmp_path / "index").iterdir():
            os.utime(path, (path.stat().st_mtime - 60,) * 2)
    cache.confirm("k0")
    cache.put("new", b"y" * 300)
    assert [cache.get(key) is not None for key in ("k0", "k1", "k2", "new")] == [True, False, True, True]
    assert sum(path.stat().st_size for path in (tmp_path / "index").iterdir()) <= 1700


def test_a_token_goes_to_the_host(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLBOOK_INDEX_TOKEN", "s3cret")
    ask(host)
    assert host.asked[0][1]["authorization"] == "Bearer s3cret"


@pytest.mark.parametrize(
    "address",
    [
        "http://example.com/index",
        "https://u:p@example.com/",
        "ftp://x/",
        "",
        "file://host/x",
        "https://e/?a=b",
    ],
)
def test_an_address_that_is_not_safe_is_refused(tmp_path: Path, address: str) -> None:
    ran = rollbook(tmp_path, *QUESTION, "--index", address)
    assert (ran.code, ran.out) == (2, "")


def test_a_folder_and_a_file_url_are_read_as_they_are(index: Path) -> None:
    for address in (str(index), index.as_uri()):
        ran = rollbook(index, *QUESTION, "--field", "version", "--index", address)
        assert ran == Ran(0, "1.0.0\n", "")


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    ran = rollbook(tmp_path, *QUESTION, "--index", str(tmp_path / "gone"))
    assert (ran.code, ran.out) == (2, "")
    assert "gone is no folder" in ran.err


def test_a_name_in_another_case_is_another_model(host: Host) -> None:
    ran = rollbook(host.folder, "resolve", "M@latest", "--index", host.url)
    assert (ran.code, ran.out) == (1, "")
    assert "there is no model 'M'" in ran.err
    assert "Did you mean m?" in ran.err


@pytest.mark.parametrize(
    "options",
    [
        ["--index", "i", "--repo", "r"],
        ["--index", "i", "--rev", "main"],
        ["--verify"],
        ["--offline"],
        ["--index", "i", "--witness", "w"],
        ["--index", "i", "--verify", "--offline"],
    ],
)
def test_options_that_make_no_sense_together_are_refused(tmp_path: Path, options: list[str]) -> None:
    assert rollbook(tmp_path, *QUESTION, *options).code == 2


def test_asking_an_index_starts_no_git_and_imports_nothing_heavy(index: Path) -> None:
    libraries = ("dvc", "git", "jsonschema", "jsonschema_rs", "rich", "ruamel", "fsspec", "asyncio")
    heavy = (*libraries, "rollbook.trail.head")
    code = (
        "import sys, subprocess; subprocess.Popen = None; from rollbook.cli import execute; "
        f"assert execute(sys.argv[1:]) == 0; print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *QUESTION, "--field", "version", "--index", str(index)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("1.0.0\n[]\n", "")
