"""Signatures: each trap that makes a worthless one look good, with real keys."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from building.texts import stages
from building.world import git, rollbook
from rollbook.cache.memory import VERIFIED
from rollbook.trail.record import record

from .histories import START, registration
from .verifying import (
    CHAIN,
    STAGES,
    codes,
    landed_history,
    public,
    put,
    replaced,
    sign_with,
    signed_by,
    ssh_key,
    tag_bytes,
    verified,
)

if TYPE_CHECKING:
    from pathlib import Path

    from .histories import History

ALLOWED = "registry/allowed_signers"


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ssh_key(tmp_path_factory.mktemp("keys"), "recorder")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return ssh_key(tmp_path_factory.mktemp("keys"), "stranger")


@pytest.fixture
def landed(tmp_path: Path, key: Path) -> History:
    """Five events; whoever records signs."""
    history = landed_history(tmp_path / "registry.git")
    sign_with(history, key)
    return history


@pytest.fixture
def signed(landed: History) -> History:
    record(landed.repository)
    return landed


def line(key: Path, options: str = "", who: str = "ci@example.com") -> bytes:
    return f"{who} {options} {public(key)}\n".encode()


def at(seconds_after_start: int) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(START + seconds_after_start, UTC):%Y%m%d%H%M%SZ}"


def test_signed_tags_are_verified_and_their_signers_told(signed: History, key: Path) -> None:
    found = verified(signed, allowed_signers=line(key))
    assert (found.result, dict(found.signers.tags), found.signers.unsigned) == (
        "verified",
        {"ci@example.com": 5},
        0,
    )


def test_an_untrusted_key_does_not_count_though_git_prints_good(
    signed: History, stranger: Path, tmp_path: Path
) -> None:
    allowed = tmp_path / "allowed"
    allowed.write_bytes(line(stranger))
    said = subprocess.run(
        ["git", "-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-tag", CHAIN[0]],
        cwd=signed.directory, capture_output=True, text=True,
    )  # fmt: skip
    assert 'Good "git" signature' in said.stderr + said.stdout
    assert codes(verified(signed, allowed_signers=line(stranger))) == [("RB610", name) for name in CHAIN]


def test_a_revoked_key_does_not_count(signed: History, key: Path, tmp_path: Path) -> None:
    revoked = tmp_path / "revoked"
    subprocess.run(["ssh-keygen", "-q", "-k", "-f", str(revoked), str(key.with_suffix(".pub"))], check=True)
    assert verified(signed, allowed_signers=line(key)).result == "verified"
    git(signed.directory, "config", "gpg.ssh.revocationFile", str(revoked))
    assert codes(verified(signed, allowed_signers=line(key))) == [("RB610", name) for name in CHAIN]


def test_a_key_that_had_expired_when_the_event_landed_does_not_count(signed: History, key: Path) -> None:
    # The events land 120, 180, 240 and 300 seconds after the start.
    found = verified(signed, allowed_signers=line(key, f'valid-before="{at(200)}"'))
    assert codes(found) == [("RB610", name) for name in CHAIN[2:]]


def test_a_key_that_was_not_valid_yet_does_not_count(signed: History, key: Path) -> None:
    found = verified(signed, allowed_signers=line(key, f'valid-after="{at(200)}"'))
    assert codes(found) == [("RB610", name) for name in CHAIN[:2]]


def test_a_commit_with_a_date_in_the_past_does_not_revive_an_expired_key(landed: History, key: Path) -> None:
    landed.commit({STAGES: stages(archived=["1.0.0"])}, at=START - 10**6)
    record(landed.repository)
    times = git(
        landed.directory, "for-each-ref", "--format=%(taggerdate:unix)", "refs/tags/credit#archived#6"
    )
    found = verified(landed, allowed_signers=line(key, f'valid-before="{at(270)}"'))
    # By its own date, and by the tagger's, the key was still valid.
    assert int(times) < START + 270
    assert set(codes(found)) == {
        ("RB610", name) for name in (CHAIN[4], "credit#production!#5", "credit#archived#6")
    }


def test_a_signed_object_under_another_name_does_not_count(signed: History, key: Path) -> None:
    oid = signed.tags()[CHAIN[1]]
    git(signed.directory, "update-ref", "refs/tags/credit#staging#9", oid)
    assert codes(verified(signed, allowed_signers=line(key))) == [("RB603", "credit#staging#9")]


def test_a_signature_of_another_tag_does_not_count(signed: History, key: Path) -> None:
    payload = tag_bytes(signed, CHAIN[4]).partition(b"-----BEGIN")[0]
    other = tag_bytes(signed, CHAIN[3])
    put(signed, CHAIN[4], payload + other[other.index(b"-----BEGIN") :])
    assert codes(verified(signed, allowed_signers=line(key))) == [("RB609", CHAIN[4])]


def test_a_signature_made_for_something_else_does_not_count(signed: History, key: Path) -> None:
    payload = tag_bytes(signed, CHAIN[4]).partition(b"-----BEGIN")[0]
    command = ["ssh-keygen", "-Y", "sign", "-n", "rollbook-approval", "-f", str(key)]
    made = subprocess.run(command, input=payload, capture_output=True, check=True).stdout
    put(signed, CHAIN[4], payload + made)
    assert codes(verified(signed, allowed_signers=line(key))) == [("RB609", CHAIN[4])]


@pytest.mark.parametrize("addition", ["\n", "x", "-----BEGIN SSH SIGNATURE-----\n"])
def test_nothing_may_follow_a_signature(signed: History, key: Path, addition: str) -> None:
    put(signed, CHAIN[4], tag_bytes(signed, CHAIN[4]) + addition.encode())
    assert codes(verified(signed, allowed_signers=line(key))) == [("RB609", CHAIN[4])]


def test_a_tag_that_lost_its_signature_is_named(signed: History, key: Path) -> None:
    put(signed, CHAIN[4], tag_bytes(signed, CHAIN[4]).partition(b"-----BEGIN")[0])
    for options in ({"allowed_signers": line(key)}, {}):
        assert codes(verified(signed, **options)) == [("RB607", CHAIN[4])]


def test_a_tag_signed_anew_by_a_stranger_is_named(signed: History, key: Path, stranger: Path) -> None:
    payload = tag_bytes(signed, CHAIN[4]).partition(b"-----BEGIN")[0]
    put(signed, CHAIN[4], signed_by(stranger, payload))
    assert codes(verified(signed, allowed_signers=line(key))) == [("RB610", CHAIN[4])]


def test_a_principal_that_is_a_pattern_allows_its_key(signed: History, key: Path) -> None:
    assert verified(signed, allowed_signers=line(key, who="*@example.com")).result == "verified"


def test_a_key_for_approvals_alone_may_not_sign_tags(signed: History, key: Path) -> None:
    found = verified(signed, allowed_signers=line(key, 'namespaces="rollbook-approval"'))
    assert codes(found) == [("RB610", name) for name in CHAIN]


# --- the list in the registry


def test_the_registrys_own_list_counts_once_it_stands_on_main(landed: History, key: Path) -> None:
    landed.commit({ALLOWED: line(key).decode()})
    record(landed.repository)
    assert dict(verified(landed).signers.tags) == {"ci@example.com": 5}


def test_signatures_without_any_list_cannot_be_told(signed: History) -> None:
    found = verified(signed)
    assert (found.result, codes(found)) == ("unknown", [])
    assert "5 tags" in found.doubts[0].message


def test_a_key_that_had_left_the_list_when_the_event_landed_does_not_count(
    landed: History, key: Path, stranger: Path
) -> None:
    landed.commit({ALLOWED: line(key).decode()})
    record(landed.repository)
    landed.commit({ALLOWED: line(stranger).decode()})
    landed.commit(registration("credit", "1.1.0"))
    record(landed.repository)
    assert codes(verified(landed)) == [("RB610", "credit@v1.1.0")]


def test_a_key_that_came_to_the_list_before_the_tag_was_written_late_counts(
    landed: History, key: Path, stranger: Path
) -> None:
    landed.commit({ALLOWED: line(stranger).decode()})
    landed.commit(registration("credit", "1.1.0"))
    landed.commit({ALLOWED: line(key).decode()})
    record(landed.repository)
    assert verified(landed).result == "verified"


# --- unsigned trails


def test_an_unsigned_trail_is_verified_and_says_so(landed: History) -> None:
    git(landed.directory, "config", "tag.gpgSign", "false")
    record(landed.repository)
    ran = rollbook(landed.directory, "audit", "verify")
    assert ran.code == 0
    assert "5 unsigned" in ran.out


def test_an_unsigned_trail_fails_when_signers_are_asked_for(landed: History, key: Path) -> None:
    git(landed.directory, "config", "tag.gpgSign", "false")
    record(landed.repository)
    assert codes(verified(landed, allowed_signers=line(key))) == [("RB607", CHAIN[4])]


def test_tags_from_before_the_first_signature_are_vouched_for_by_it(landed: History, key: Path) -> None:
    git(landed.directory, "config", "tag.gpgSign", "false")
    record(landed.repository)
    git(landed.directory, "config", "--unset", "tag.gpgSign")
    landed.commit(registration("credit", "1.1.0"))
    record(landed.repository)
    found = verified(landed, allowed_signers=line(key))
    assert (found.result, found.signers.unsigned) == ("verified", 5)
    replaced(landed, CHAIN[1], "tagger Jane", "tagger Eve")
    assert codes(verified(landed, allowed_signers=line(key))) == [("RB608", CHAIN[2])]


# --- remembering


def test_verified_signatures_are_remembered_and_not_judged_again(signed: History, key: Path) -> None:
    assert verified(signed, allowed_signers=line(key)).result == "verified"
    git(signed.directory, "config", "gpg.ssh.program", "/nowhere/ssh-keygen")
    found = verified(signed, allowed_signers=line(key))
    assert (found.result, dict(found.signers.tags)) == ("verified", {"ci@example.com": 5})


def test_another_list_is_judged_anew(signed: History, key: Path, stranger: Path) -> None:
    assert verified(signed, allowed_signers=line(key)).result == "verified"
    assert len(verified(signed, allowed_signers=line(stranger)).contradictions) == 5


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"format": 2}', '{"format": 1, "verified": {"x": 1}}', "\0" * 50, "[" * 99999]
)
def test_a_corrupt_memory_is_discarded(signed: History, key: Path, content: str) -> None:
    path = signed.directory / "rollbook" / "verified-signatures"
    path.parent.mkdir(exist_ok=True)
    path.write_text(content)
    assert verified(signed, allowed_signers=line(key)).result == "verified"
    assert len(json.loads(VERIFIED.read(signed.repository) or b"")) == 5


def test_a_memory_that_cant_be_written_harms_nothing(signed: History, key: Path) -> None:
    shutil.rmtree(signed.directory / "rollbook")
    (signed.directory / "rollbook").write_text("in the way")
    assert verified(signed, allowed_signers=line(key)).result == "verified"


def test_without_ssh_keygen_nothing_can_be_told(signed: History, key: Path, tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    allowed.write_bytes(line(key))
    git(signed.directory, "config", "gpg.ssh.program", "/nowhere/ssh-keygen")
    ran = rollbook(signed.directory, "audit", "verify", "--allowed-signers", str(allowed))
    assert ran.code == 3
    assert "can't run /nowhere/ssh-keygen" in ran.err


def test_a_list_that_does_not_exist_is_a_wrong_call(signed: History) -> None:
    assert rollbook(signed.directory, "audit", "verify", "--allowed-signers", "/nowhere").code == 2
