"""A signature of any kind proves its author by a key that the base lists, or it is found."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from building.world import git

if TYPE_CHECKING:
    from collections.abc import Iterator

    from access.conftest import Team
    from building.world import Ran

POLICY = "registry/policy.yaml"
MODEL = "registry/credit-approval/model.yaml"
needs_gpg = pytest.mark.skipif(shutil.which("gpg") is None, reason="gpg is not installed")


def rules(team: Team, *, replace: tuple[str, str]) -> None:
    """Ana changes the roles on main."""
    team.become("ana")
    team.world.write(POLICY, team.read(POLICY).replace(*replace))
    team.world.commit("Change the roles")


def requiring(team: Team) -> None:
    rules(team, replace=("roles:\n", "roles:\n  require_signed: true\n"))


def judged(team: Team, commit: bytes) -> Ran:
    """What the check says of this commit object."""
    command = ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"]
    made = subprocess.run(command, cwd=team.world.registry, input=commit, capture_output=True, check=True)
    return team.check(made.stdout.decode().strip())


def unsigned(team: Team, name: str = "jane", path: str = MODEL) -> bytes:
    """The commit object of somebody's change."""
    text = team.read(path) + ("team: risk\n" if path == MODEL else "# x\n")
    commit = team.change(name, "work", path, text)
    return git(team.world.registry, "cat-file", "commit", commit).encode() + b"\n"


def with_headers(commit: bytes, *headers: str) -> bytes:
    head, blank, message = commit.partition(b"\n\n")
    return b"\n".join([head, *(header.encode() for header in headers)]) + blank + message


def ssh_header(team: Team, name: str, data: bytes, header: str = "gpgsig") -> str:
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", "git", "-f", str(team.keys / name)]
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    return f"{header} " + done.stdout.decode().rstrip("\n").replace("\n", "\n ")


# --- kinds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PGP SIGNATURE", "PGP MESSAGE", "SIGNED MESSAGE", "NO SIGNATURE"])
def test_a_signature_of_another_kind_proves_nothing(team: Team, kind: str) -> None:
    header = f"gpgsig -----BEGIN {kind}-----\n x\n -----END {kind}-----"
    ran = judged(team, with_headers(unsigned(team, "ana", POLICY), header))
    assert (ran.code, ran.out.count("RB502")) == (1, 1)


def test_ssh_keygen_is_asked_once_about_a_key_that_signed_many(
    team: Team, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in "abc":
        team.change("jane", "work", MODEL, team.read(MODEL) + f"team: {text}\n", sign=True)
    wrong = unsigned(team)  # by nobody, under the signature of another commit of Jane's
    signature = git(team.world.registry, "cat-file", "commit", "work~1").partition("gpgsig ")[2]
    program = tmp_path / "ssh-keygen"
    program.write_text(f'#!/bin/sh\necho "$2" >> {tmp_path}/asked\nexec {shutil.which("ssh-keygen")} "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert team.check("work~1").code == 0
    assert (tmp_path / "asked").read_text() == "verify\n"
    ran = judged(team, with_headers(wrong, f"gpgsig {signature.partition(chr(10) * 2)[0]}"))
    assert ran.out.count("RB502") == 1


def test_a_signature_by_the_author_is_no_finding(team: Team) -> None:
    commit = unsigned(team)
    assert judged(team, with_headers(commit, ssh_header(team, "jane", commit))).code == 0


def test_a_signature_of_other_bytes_proves_nothing(team: Team) -> None:
    commit = unsigned(team)
    header = ssh_header(team, "jane", commit.replace(b"Change", b"Chance"))
    assert "RB502" in judged(team, with_headers(commit, header)).out


def test_of_two_signatures_none_covers_the_whole_commit(team: Team) -> None:
    commit = unsigned(team)
    good = ssh_header(team, "jane", commit)
    other = ssh_header(team, "mallory", commit, "gpgsig-sha256")
    assert "two signatures" in judged(team, with_headers(commit, good, other)).out


def test_a_signature_in_a_merged_tag_signs_no_commit(team: Team) -> None:
    requiring(team)
    commit = unsigned(team)
    signature = ssh_header(team, "jane", commit).replace("\n ", "\n  ")
    assert (
        "is not signed" in judged(team, with_headers(commit, f"mergetag object {'0' * 40}\n {signature}")).out
    )


def test_a_registry_that_lists_no_key_judges_no_signature(team: Team) -> None:
    team.become("ana")
    team.world.git("rm", "--quiet", "registry/allowed_signers")
    team.world.commit("No keys")
    header = "gpgsig -----BEGIN PGP SIGNATURE-----\n x\n -----END PGP SIGNATURE-----"
    assert judged(team, with_headers(unsigned(team), header)).code == 0


# --- required ---------------------------------------------------------------------------------------------


def test_an_unsigned_commit_is_found_where_signatures_are_required(team: Team) -> None:
    requiring(team)
    team.change("ana", "work", POLICY, team.read(POLICY) + "# x\n")
    ran = team.check("work")
    assert (ran.code, "is not signed, as the policy demands" in ran.out) == (1, True)


def test_a_signed_commit_passes_where_signatures_are_required(team: Team) -> None:
    requiring(team)
    team.change("jane", "work", MODEL, team.read(MODEL) + "team: risk\n", sign=True)
    assert team.check("work").code == 0


def test_what_the_registry_does_not_govern_needs_no_signature(team: Team) -> None:
    requiring(team)
    team.change("mallory", "work", "src/train.py", "x\n")
    assert team.check("work").code == 0


def test_a_merge_as_git_makes_it_needs_no_signature(team: Team) -> None:
    requiring(team)
    team.change("jane", "work", MODEL, team.read(MODEL) + "team: risk\n", sign=True)
    team.become("ana")
    team.world.policy("# stricter\n")
    git(team.world.root / "tree-work", "merge", "--quiet", "--no-edit", "--no-gpg-sign", "main")
    assert team.check("work").code == 0


def test_signatures_are_required_by_the_base_not_by_the_change(team: Team) -> None:
    requiring(team)
    loose = team.read(POLICY).replace("  require_signed: true\n", "")
    team.change("ana", "work", POLICY, loose)
    assert "RB502" in team.check("work").out


def test_requiring_signatures_is_no_role(team: Team) -> None:
    requiring(team)
    assert team.world.run("check", "--all").code == 0


# --- keys among the roles -----------------------------------------------------------------------------------


def ssh_fingerprint(team: Team, name: str) -> str:
    command = ["ssh-keygen", "-lf", str(team.keys / f"{name}.pub")]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[1]


def test_a_key_among_the_roles_makes_what_its_role_may(team: Team) -> None:
    member = f'jane@example.com, "{ssh_fingerprint(team, "mallory")}"'
    rules(team, replace=("jane@example.com", member))
    team.change("mallory", "work", MODEL, team.read(MODEL) + "team: risk\n", sign=True)
    assert team.check("work").code == 0


def test_a_key_among_the_roles_proves_nobody_elses_address(team: Team) -> None:
    member = f'jane@example.com, "{ssh_fingerprint(team, "mallory")}"'
    rules(team, replace=("jane@example.com", member))
    commit = unsigned(team, "ana", POLICY)
    ran = judged(team, with_headers(commit, ssh_header(team, "mallory", commit)))
    assert "names ana@example.com as its author, who did not sign it" in ran.out
    assert "who is data-scientist, may not change this file" in ran.out


def test_naming_a_key_in_a_signature_that_it_did_not_make_gives_no_role(team: Team) -> None:
    rules(team, replace=("jane@example.com", f'jane@example.com, "{ssh_fingerprint(team, "mallory")}"'))
    commit = unsigned(team, "mallory")
    header = ssh_header(team, "mallory", commit + b"other\n")
    assert "RB501" in judged(team, with_headers(commit, header)).out


@pytest.fixture
def openpgp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The fingerprint of an OpenPGP key that gpg has, and nobody trusts."""
    home = tmp_path_factory.mktemp("g")  # a short path: gpg's sockets stand in it
    home.chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GNUPGHOME", str(home))
        quick = [
            "--passphrase",
            "",
            "--quick-generate-key",
            "Ana <ana@example.com>",
            "ed25519",
            "sign",
            "never",
        ]
        subprocess.run(["gpg", "--batch", *quick], check=True, capture_output=True)
        listed = subprocess.run(["gpg", "--with-colons", "--list-keys"], capture_output=True, text=True)
        fingerprint = next(
            line.split(":")[9] for line in listed.stdout.split("\n") if line.startswith("fpr:")
        )
        subprocess.run(
            ["gpg", "--import-ownertrust"], input=f"{fingerprint}:3:\n".encode(), capture_output=True
        )
        yield fingerprint
        subprocess.run(["gpgconf", "--kill", "all"], capture_output=True)


def openpgp_header(data: bytes) -> str:
    command = ["gpg", "--batch", "--detach-sign", "--armor"]
    signed = subprocess.run(command, input=data, capture_output=True, check=True)
    return "gpgsig " + signed.stdout.decode().rstrip("\n").replace("\n", "\n ")


def openpgp_signed(team: Team, commit: bytes) -> Ran:
    return judged(team, with_headers(commit, openpgp_header(commit)))


@needs_gpg
def test_an_openpgp_key_that_the_roles_give_the_author_proves_the_author(team: Team, openpgp: str) -> None:
    rules(team, replace=("[ana@example.com", f'["ana@example.com=openpgp:{openpgp}"'))
    assert openpgp_signed(team, unsigned(team, "ana", POLICY)).code == 0


@needs_gpg
def test_an_openpgp_key_proves_nobody_else_than_its_listed_owner(team: Team, openpgp: str) -> None:
    rules(team, replace=("[jane@example.com", f'["jane@example.com=openpgp:{openpgp}"'))
    ran = openpgp_signed(team, unsigned(team, "ana", POLICY))
    assert "names ana@example.com as its author, who did not sign it" in ran.out


@needs_gpg
def test_an_openpgp_key_that_nobody_listed_proves_nothing(team: Team, openpgp: str) -> None:
    rules(team, replace=("[ana@example.com", f'["ana@example.com=openpgp:{openpgp[::-1]}"'))
    assert "RB502" in openpgp_signed(team, unsigned(team, "ana", POLICY)).out


@needs_gpg
def test_an_openpgp_signature_of_other_bytes_proves_nothing(team: Team, openpgp: str) -> None:
    rules(team, replace=("[ana@example.com", f'["ana@example.com=openpgp:{openpgp}"'))
    commit = unsigned(team, "ana", POLICY)
    assert "RB502" in judged(team, with_headers(commit, openpgp_header(b"else"))).out


@needs_gpg
def test_an_openpgp_key_that_was_revoked_proves_nothing(team: Team, openpgp: str) -> None:
    rules(team, replace=("[ana@example.com", f'["ana@example.com=openpgp:{openpgp}"'))
    commit = unsigned(team, "ana", POLICY)
    header = openpgp_header(commit)
    assert judged(team, with_headers(commit, header)).code == 0
    certificate = Path(os.environ["GNUPGHOME"], "openpgp-revocs.d", f"{openpgp}.rev")
    revocation = certificate.read_text().replace(":-----BEGIN", "-----BEGIN")  # gpg guards it from accidents
    subprocess.run(["gpg", "--batch", "--import"], input=revocation.encode(), capture_output=True, check=True)
    assert "RB502" in judged(team, with_headers(commit, header)).out


@needs_gpg
def test_an_openpgp_key_on_its_own_makes_what_its_role_may(team: Team, openpgp: str) -> None:
    rules(team, replace=("jane@example.com", f'jane@example.com, "openpgp:{openpgp}"'))
    assert openpgp_signed(team, unsigned(team, "mallory")).code == 0
