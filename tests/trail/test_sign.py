"""Signed tags, verified by git itself."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from building.texts import stages
from building.world import git
from rollbook.errors import BadCall, Refused
from rollbook.trail.record import record
from rollbook.trail.tag import recorded_trail

from .histories import registration

if TYPE_CHECKING:
    from collections.abc import Iterator
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


@pytest.fixture
def openpgp(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A keyring that holds Jane's key."""
    # A short path: gpg's sockets stand in its home.
    home = tmp_path_factory.mktemp("g")
    home.chmod(0o700)
    monkeypatch.setenv("GNUPGHOME", str(home))
    user = ("Jane Doe <jane@example.com>", "ed25519", "sign", "never")
    command = ["gpg", "--batch", "--passphrase", "", "--quick-generate-key", *user]
    try:
        made = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("gpg is not installed")
    assert made.returncode == 0, made.stderr
    yield
    subprocess.run(["gpgconf", "--kill", "all"], capture_output=True)


@pytest.mark.usefixtures("openpgp")
@pytest.mark.parametrize("setting", [("user.signingKey", "jane@example.com"), ("tag.gpgSign", "true")])
def test_tags_signed_by_gpg_verify(landed: History, setting: tuple[str, str]) -> None:
    git(landed.directory, "config", *setting)
    record(landed.repository)
    assert [verifies(landed, tag) for tag in TAGS] == [True, True]


def by_default_key(history: History, command: str) -> None:
    git(history.directory, "config", "--unset", "user.signingKey")
    git(history.directory, "config", "gpg.ssh.defaultKeyCommand", command)


@pytest.fixture
def agent(ssh: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An agent that alone has the private half of the key."""
    started = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True).stdout
    for name in ("SSH_AUTH_SOCK", "SSH_AGENT_PID"):
        monkeypatch.setenv(name, started.partition(f"{name}=")[2].partition(";")[0])
    subprocess.run(["ssh-add", "-q", str(ssh)], check=True, capture_output=True)
    ssh.unlink()
    yield
    subprocess.run(["ssh-agent", "-k"], capture_output=True)


@pytest.mark.usefixtures("agent")
@pytest.mark.parametrize("wanted", ["tag.gpgSign", "tag.forceSignAnnotated", None])
def test_the_first_key_that_the_command_for_a_default_prints_signs(
    landed: History, wanted: str | None
) -> None:
    by_default_key(landed, "ssh-add -L")
    if wanted:
        git(landed.directory, "config", wanted, "true")
    record(landed.repository)
    assert [verifies(landed, tag) for tag in TAGS] == [True, True]


@pytest.mark.usefixtures("ssh")
@pytest.mark.parametrize("command", ["/nowhere/program", "false", "echo no key", "'"])
def test_a_command_for_a_default_that_gives_no_key_writes_no_tag(landed: History, command: str) -> None:
    by_default_key(landed, command)
    with pytest.raises(Refused):
        record(landed.repository)
    assert landed.tags() == {}


@pytest.mark.parametrize("kind", ["ssh", "openpgp", "x509"])
def test_tags_that_are_to_be_signed_are_not_written_without_a_key(
    landed: History, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GNUPGHOME", str(tmp_path))
    git(landed.directory, "config", "gpg.format", kind)
    git(landed.directory, "config", "tag.gpgSign", "true")
    with pytest.raises(Refused):
        record(landed.repository)
    assert landed.tags() == {}


def test_a_setting_that_git_cant_read_is_no_no(landed: History) -> None:
    git(landed.directory, "config", "tag.gpgSign", "perhaps")
    with pytest.raises(BadCall, match=r"tag\.gpgSign can't be read"):
        record(landed.repository)


def test_a_signer_that_prints_no_signature_has_not_signed(landed: History, ssh: Path) -> None:
    git(landed.directory, "config", "gpg.ssh.program", "echo")
    with pytest.raises(Refused, match="printed no signature"):
        record(landed.repository)
    assert landed.tags() == {}


def test_a_key_and_a_program_are_found_from_the_top_of_the_working_tree(
    landed: History, ssh: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (landed.directory / "sign").write_text('#!/bin/sh\nexec ssh-keygen "$@"\n')
    (landed.directory / "sign").chmod(0o755)
    git(landed.directory, "config", "gpg.ssh.program", "./sign")
    git(landed.directory, "config", "user.signingKey", os.path.relpath(ssh, landed.directory))
    monkeypatch.chdir(tmp_path)
    record(landed.repository)
    monkeypatch.chdir(landed.directory)
    assert verifies(landed, TAGS[0])
