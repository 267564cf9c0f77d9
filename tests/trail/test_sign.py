"""Signed tags, verified by git itself."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from building.texts import stages
from rollbook.errors import Refused
from rollbook.trail.record import record
from rollbook.trail.tag import recorded_trail
from worlds import git

from .histories import registration

if TYPE_CHECKING:
    from pathlib import Path

    from .histories import History

TAGS = ["credit@v1.0.0", "credit#staging#2"]


@pytest.fixture
def landed(history: History) -> History:
    history.commit(registration("credit", "1.0.0"))
    history.commit({"registry/credit/stages.yaml": stages(staging=["1.0.0"])})
    return history


def ssh_key(folder: Path, name: str = "key") -> Path:
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


def verifies(history: History, tag: str) -> bool:
    done = subprocess.run(["git", "verify-tag", tag], cwd=history.directory, capture_output=True)
    return done.returncode == 0


@pytest.fixture
def ssh(landed: History, tmp_path: Path) -> Path:
    """A signing key that the history's repository uses, and trusts."""
    key = ssh_key(tmp_path)
    allowed = tmp_path / "allowed"
    allowed.write_text(f"jane@example.com {key.with_suffix('.pub').read_text()}")
    for name, value in {
        "gpg.format": "ssh", "user.signingKey": str(key), "gpg.ssh.allowedSignersFile": str(allowed),
    }.items():  # fmt: skip
        git(landed.directory, "config", name, value)
    return key


@pytest.mark.usefixtures("ssh")
def test_tags_signed_by_an_ssh_key_verify(landed: History) -> None:
    record(landed.repository)
    assert [verifies(landed, tag) for tag in TAGS] == [True, True]


@pytest.mark.usefixtures("ssh")
def test_a_signed_tag_that_was_edited_does_not_verify(landed: History) -> None:
    record(landed.repository)
    text = git(landed.directory, "cat-file", "tag", TAGS[1]).replace("for staging", "for nothing") + "\n"
    git(landed.directory, "update-ref", f"refs/tags/{TAGS[1]}", git(landed.directory, "mktag", stdin=text))
    assert not verifies(landed, TAGS[1])


@pytest.mark.usefixtures("ssh")
def test_git_reads_the_trailers_of_a_signed_tag(landed: History) -> None:
    record(landed.repository)
    # Git takes the signature for the message's end; one trailer that it knows makes it see the others.
    git(landed.directory, "config", "trailer.model.key", "Model")
    assert landed.trailer(TAGS[1], "Action") == "assigned"
    assert landed.trailer(TAGS[1], "Previous-Event") == landed.tags()[TAGS[0]]


@pytest.mark.usefixtures("ssh")
def test_signed_tags_are_read_back_and_recorded_once(landed: History) -> None:
    record(landed.repository)
    assert {tag.signed for tag in recorded_trail(landed.repository).tags.values()} == {True}
    assert record(landed.repository) == []


@pytest.mark.usefixtures("ssh")
def test_a_missing_signed_tag_is_completed_to_the_very_same(landed: History) -> None:
    record(landed.repository)
    before = landed.tags()
    git(landed.directory, "update-ref", "-d", f"refs/tags/{TAGS[0]}")
    record(landed.repository)
    assert landed.tags() == before


def test_the_public_half_may_name_the_key(landed: History, ssh: Path) -> None:
    git(landed.directory, "config", "user.signingKey", str(ssh.with_suffix(".pub")))
    record(landed.repository)
    assert verifies(landed, TAGS[0])


@pytest.mark.usefixtures("ssh")
def test_a_trail_may_be_unsigned_at_first_and_signed_later(landed: History) -> None:
    git(landed.directory, "config", "tag.gpgSign", "false")
    record(landed.repository)
    git(landed.directory, "config", "--unset", "tag.gpgSign")
    landed.commit(registration("credit", "1.1.0"))
    record(landed.repository)
    assert [verifies(landed, tag) for tag in (*TAGS, "credit@v1.1.0")] == [False, False, True]


def test_without_a_key_tags_are_unsigned(landed: History) -> None:
    record(landed.repository)
    assert {tag.signed for tag in recorded_trail(landed.repository).tags.values()} == {False}


@pytest.mark.parametrize(
    ("name", "value"),
    [("user.signingKey", "/nowhere/key"), ("gpg.ssh.program", "/nowhere/program"), ("gpg.format", "x509")],
)
@pytest.mark.usefixtures("ssh")
def test_a_key_that_cant_sign_writes_no_tag(landed: History, name: str, value: str) -> None:
    git(landed.directory, "config", name, value)
    with pytest.raises(Refused):
        record(landed.repository)
    assert landed.tags() == {}


def test_tags_signed_by_gpg_verify(landed: History, tmp_path_factory: pytest.TempPathFactory) -> None:
    # A short path: gpg's sockets stand in its home.
    home = tmp_path_factory.mktemp("g")
    home.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GNUPGHOME", str(home))
        user = "Jane Doe <jane@example.com>"
        command = [
            "gpg",
            "--batch",
            "--passphrase",
            "",
            "--quick-generate-key",
            user,
            "ed25519",
            "sign",
            "never",
        ]
        try:
            made = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            pytest.skip("gpg is not installed")
        assert made.returncode == 0, made.stderr
        git(landed.directory, "config", "user.signingKey", "jane@example.com")
        record(landed.repository)
        assert [verifies(landed, tag) for tag in TAGS] == [True, True]
        subprocess.run(["gpgconf", "--kill", "all"], capture_output=True)
