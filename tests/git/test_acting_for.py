"""Commits that are made for somebody else: they are the author, git's user commits, and nobody signs."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.access.own_keys import own_person
from rollbook.errors import BadCall
from rollbook.git.commits import read_commit
from rollbook.git.repository import discover, resolve_commit
from rollbook.git.write import Identity, acting_for, author_identity, commit, committer_identity, identity

if TYPE_CHECKING:
    from building.world import World

ANN = Identity("Ann", "ann@example.com")


def test_the_author_is_whom_it_is_made_for_and_git_s_user_commits(world: World) -> None:
    repository = discover(world.registry)
    head = resolve_commit(repository, "HEAD")
    with acting_for(ANN):
        assert identity(repository) == author_identity(repository) == ANN
        assert committer_identity(repository).email == "jane@example.com"
        assert str(own_person(repository)) == "ann@example.com"
        made = read_commit(repository, commit(repository, f"{head}^{{tree}}", [head], "Change it"))
    assert (made.author_email, made.committer_email) == ("ann@example.com", "jane@example.com")
    assert identity(repository).email == "jane@example.com"


def test_the_environment_names_no_other_author(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_EMAIL", "eve@example.com")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Eve")
    repository = discover(world.registry)
    head = resolve_commit(repository, "HEAD")
    with acting_for(ANN):
        made = commit(repository, f"{head}^{{tree}}", [head], "Change it")
    assert read_commit(repository, made).author_email == "ann@example.com"


def test_nobody_signs_for_somebody_else(world: World) -> None:
    world.git("config", "commit.gpgsign", "true")
    world.git("config", "gpg.format", "ssh")
    world.git("config", "user.signingKey", "/no/such/key")
    repository = discover(world.registry)
    head = resolve_commit(repository, "HEAD")
    with acting_for(ANN):
        made = commit(repository, f"{head}^{{tree}}", [head], "Change it")
        assert own_person(repository).key == ""
    assert not read_commit(repository, made).signature_headers


@pytest.mark.parametrize(
    "email", ["", "ann@example.com,", "<eve@example.com>", "a\nb", " ann@example.com", "a\0"]
)
def test_an_address_that_git_would_write_otherwise_is_refused(email: str) -> None:
    with pytest.raises(BadCall), acting_for(Identity("Ann", email)):
        pass


@given(name=st.text(max_size=12), email=st.text(max_size=12))
def test_what_is_taken_stands_in_the_commit_as_it_is(new_world: World, name: str, email: str) -> None:
    try:
        with acting_for(Identity(name, email)):
            pass
    except BadCall:
        return
    ident = {"GIT_AUTHOR_NAME": name, "GIT_AUTHOR_EMAIL": email, "GIT_AUTHOR_DATE": "1700000000 +0000"}
    done = subprocess.run(
        ["git", "var", "GIT_AUTHOR_IDENT"],
        cwd=new_world.registry,
        env={**os.environ, **ident},
        capture_output=True,
        check=True,
    )
    assert done.stdout.decode() == f"{name} <{email}> 1700000000 +0000\n"
