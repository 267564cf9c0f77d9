"""What is remembered of a trail that was verified is believed while nothing under it has moved; what came
since is judged, and comes out as it would if everything were."""

from __future__ import annotations

import json
import shutil
import zlib
from typing import TYPE_CHECKING

import pytest

from building.world import git
from rollbook.cache.memory import VERIFIED_TRAIL
from rollbook.errors import CannotTell
from rollbook.git.main_history import first_parents
from rollbook.git.refs import tag_ids
from rollbook.trail.record import record
from rollbook.trail.trail_growth import grown
from rollbook.trail.verified_trail import are_whole, verified_before

from .histories import START, History
from .verifying import landed_history, public, put, recorded_history, sign_with, ssh_key, tag_bytes, verified

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rollbook.trail.trail_growth import TrailGrowth


@pytest.fixture(scope="module")
def _recorded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded_history(tmp_path_factory.mktemp("verified") / "registry.git").directory


@pytest.fixture
def recorded(_recorded_once: Path, tmp_path: Path) -> History:
    shutil.copytree(_recorded_once, tmp_path / "registry.git")
    return History(tmp_path / "registry.git", clock=START + 300)


def known(history: History, allowed_signers: bytes | None = None) -> TrailGrowth | None:
    """What is told of the trail without everything being read; None where it has to be."""
    repository = history.repository
    before, tags = verified_before(repository, allowed_signers), tag_ids(repository)
    line = first_parents(repository, "main")
    growth = grown(repository, line, tags, before, allowed_signers) if before else None
    return growth if are_whole(repository, tags.values()) else None


def anew(history: History, **options: object) -> dict[str, object]:
    """What verifying tells where nothing is remembered."""
    VERIFIED_TRAIL.path(history.repository).unlink(missing_ok=True)
    return verified(history, **options).as_document()


def test_a_trail_that_was_verified_is_known_to_be_and_reported_alike(recorded: History) -> None:
    assert known(recorded) is not None
    assert verified(recorded).as_document() == anew(recorded)


def a_tag_more(history: History) -> None:
    git(history.directory, "tag", "nightly", "main")


def a_tag_less(history: History) -> None:
    git(history.directory, "update-ref", "-d", "refs/tags/fraud@v1.0.0")


def a_tag_replaced(history: History) -> None:
    put(history, "fraud@v1.0.0", tag_bytes(history, "fraud@v1.0.0").replace(b"jane", b"anne"))


def a_main_rewritten(history: History) -> None:
    git(history.directory, "update-ref", "refs/heads/main", "main~1")


def a_memory_altered(history: History) -> None:
    path = VERIFIED_TRAIL.path(history.repository)
    path.write_bytes(path.read_bytes().replace(b'"events": 5', b'"events": 6'))


def an_object_altered(history: History) -> None:
    data = tag_bytes(history, "fraud@v1.0.0").replace(b"jane", b"anne")
    oid = tag_ids(history.repository)["fraud@v1.0.0"]
    path = history.directory / "objects" / oid[:2] / oid[2:]
    path.chmod(0o644)
    path.write_bytes(zlib.compress(b"tag %d\0" % len(data) + data))


def an_object_gone(history: History) -> None:
    oid = tag_ids(history.repository)["fraud@v1.0.0"]
    (history.directory / "objects" / oid[:2] / oid[2:]).unlink()


@pytest.mark.parametrize(
    "deed",
    [
        a_tag_more,
        a_tag_less,
        a_tag_replaced,
        a_main_rewritten,
        a_memory_altered,
        an_object_altered,
        an_object_gone,
    ],
)
def test_nothing_is_known_once_anything_has_moved(recorded: History, deed: Callable[[History], None]) -> None:
    deed(recorded)
    assert known(recorded) is None


def test_a_tag_that_was_altered_in_its_object_is_found(recorded: History) -> None:
    an_object_altered(recorded)
    assert verified(recorded).result == "tampered"


def test_a_part_of_the_trail_says_nothing_of_the_whole(recorded: History) -> None:
    VERIFIED_TRAIL.path(recorded.repository).unlink()
    assert verified(recorded, model="fraud").result == "verified"
    assert known(recorded) is None


def test_a_trail_that_was_tampered_with_is_not_known(recorded: History) -> None:
    a_tag_replaced(recorded)
    assert verified(recorded).result == "tampered"
    assert known(recorded) is None


@pytest.fixture
def signed(tmp_path: Path) -> History:
    history = landed_history(tmp_path / "registry.git")
    sign_with(history, ssh_key(tmp_path, "recorder"))
    record(history.repository)
    return history


def test_who_may_sign_is_part_of_what_a_verdict_stands_on(signed: History, tmp_path: Path) -> None:
    allowed = f"ci@example.com {public(tmp_path / 'recorder')}\n".encode()
    assert verified(signed, allowed_signers=allowed).result == "verified"
    found = known(signed, allowed)
    assert found is not None
    assert found.signers.tags == {"ci@example.com": 5}
    assert known(signed) is None
    other = f"ci@example.com {public(ssh_key(tmp_path, 'stranger'))}\n".encode()
    assert verified(signed, allowed_signers=other).result == "tampered"


def test_a_key_that_was_revoked_since_is_found(signed: History, tmp_path: Path) -> None:
    allowed = f"ci@example.com {public(tmp_path / 'recorder')}\n".encode()
    assert verified(signed, allowed_signers=allowed).result == "verified"
    (tmp_path / "revoked").write_text(public(tmp_path / "recorder") + "\n")
    git(signed.directory, "config", "gpg.ssh.revocationFile", str(tmp_path / "revoked"))
    assert verified(signed, allowed_signers=allowed).result == "tampered"


def test_a_list_of_revoked_keys_that_is_missing_leaves_all_open(recorded: History, tmp_path: Path) -> None:
    git(recorded.directory, "config", "gpg.ssh.revocationFile", str(tmp_path / "none"))
    with pytest.raises(CannotTell, match="revoked keys"):
        verified(recorded)


@pytest.mark.parametrize(
    "altered",
    [
        [],
        {"ground": 1},
        {"events": "5"},
        {"signed": []},
        {"signed": {"ana": "x"}},
        {"tip": 7},
        {"more": 1},
    ],
)
def test_a_memory_of_another_form_counts_as_none(recorded: History, altered: object) -> None:
    body = VERIFIED_TRAIL.read(recorded.repository)
    assert body is not None
    told = {**json.loads(body), **altered} if isinstance(altered, dict) else altered
    VERIFIED_TRAIL.write(recorded.repository, json.dumps(told).encode())
    assert known(recorded) is None
    assert verified(recorded).as_document() == anew(recorded)
