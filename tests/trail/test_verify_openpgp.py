"""OpenPGP signatures, judged by a real gpg and its keyring."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from building.world import git
from rollbook.trail.record import record

from .verifying import CHAIN, codes, landed_history, put, tag_bytes, verified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .histories import History

pytestmark = pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")
USER = "CI <ci@example.com>"


def gpg(*arguments: str, stdin: str = "") -> str:
    command = ["gpg", "--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", "", *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The fingerprint of a key in a keyring of its own."""
    home = tmp_path_factory.mktemp("g")  # a short path: gpg's sockets stand in it
    home.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GNUPGHOME", str(home))
        gpg("--quick-generate-key", USER, "ed25519", "sign", "never")
        listed = gpg("--with-colons", "--list-keys").splitlines()
        yield next(line.split(":")[9] for line in listed if line.startswith("fpr:"))
        subprocess.run(["gpgconf", "--kill", "all"], capture_output=True)


@pytest.fixture
def signed(keyring: str, tmp_path: Path) -> History:
    history = landed_history(tmp_path / "registry.git")
    git(history.directory, "config", "user.signingKey", keyring)
    record(history.repository)
    return history


def test_a_trusted_key_counts(signed: History, keyring: str) -> None:
    found = verified(signed)
    assert (found.result, dict(found.signers.tags)) == ("verified", {f"openpgp:{keyring}": 5})


def test_a_signature_of_another_tag_does_not_count(signed: History) -> None:
    payload = tag_bytes(signed, CHAIN[4]).partition(b"-----BEGIN")[0]
    other = tag_bytes(signed, CHAIN[3])
    put(signed, CHAIN[4], payload + other[other.index(b"-----BEGIN") :])
    assert codes(verified(signed)) == [("RB609", CHAIN[4])]


def test_a_key_that_nobody_trusts_cannot_tell(signed: History, keyring: str) -> None:
    gpg("--import-ownertrust", stdin=f"{keyring}:2:\n")
    found = verified(signed)
    assert (found.result, codes(found)) == ("unknown", [])
    assert "trust" in found.doubts[0].message


def test_a_key_that_is_not_there_cannot_tell(
    signed: History, tmp_path_factory: pytest.TempPathFactory
) -> None:
    empty = tmp_path_factory.mktemp("e")
    empty.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GNUPGHOME", str(empty))
        assert verified(signed).result == "unknown"


def test_a_revoked_key_does_not_count(signed: History, keyring: str) -> None:
    certificate = Path(os.environ["GNUPGHOME"], "openpgp-revocs.d", f"{keyring}.rev")
    gpg("--import", stdin=certificate.read_text().replace(":-----BEGIN", "-----BEGIN"))
    assert codes(verified(signed)) == [("RB610", name) for name in CHAIN]


def test_a_key_counts_for_what_landed_before_it_expired_only(signed: History, keyring: str) -> None:
    signed.commit(
        {"registry/fraud/stages.yaml": 'staging: {version: "1.0.0"}\n'}, at=int(time.time()) + 10**6
    )
    record(signed.repository)
    gpg("--quick-set-expire", keyring, "seconds=1")
    time.sleep(2.1)
    assert codes(verified(signed)) == [("RB610", "fraud#staging#2")]


def test_a_list_of_ssh_keys_allows_no_openpgp_key(signed: History) -> None:
    found = verified(signed, allowed_signers=b"ci@example.com ssh-ed25519 AAAA\n")
    assert codes(found) == [("RB610", name) for name in CHAIN]
