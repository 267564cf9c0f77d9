"""Whatever a merge makes of its parents that git would not is held against whoever made the merge."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from access.test_approve import BRANCH, propose
from building.world import git
from rollbook.check.authors import authored_commits
from rollbook.check.contributors import contributors
from rollbook.git.repository import discover, resolve_commit

from .conftest import Team

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from rollbook.check.contributors import Contributors

POLICY = "registry/policy.yaml"
MODEL = "registry/credit-approval/model.yaml"
STAGES = "registry/credit-approval/stages.yaml"


def merged(team: Team, name: str, files: str, *parents: str, sign: bool = True, author: str = "") -> None:
    """The branch `evil`: a merge of the parents by somebody, with the files of the revision `files`."""
    team.become(name)
    chain = [word for parent in parents for word in ("-p", parent)]
    named = ["-c", f"user.email={author}"] if author else []
    signed = ["-S"] if sign else []
    tree = team.world.git("rev-parse", f"{files}^{{tree}}")
    commit = team.world.git(*named, "commit-tree", *signed, *chain, "-m", "Merge", tree)
    team.world.git("branch", "--force", "evil", commit)


def stricter(team: Team) -> str:
    """Ana makes main's policy stricter. The commit of main before it."""
    old = team.world.git("rev-parse", "main")
    team.become("ana")
    team.world.policy("# stricter\n")
    return old


def test_an_old_policy_behind_somebodys_unlanded_commit_is_the_mergers(team: Team) -> None:
    old = stricter(team)
    team.change("ana", "idea", POLICY, team.read(POLICY) + "# an idea\n", sign=True)
    merged(team, "mallory", old, "main", "idea", old)
    ran = team.check("evil")
    assert "RB501" in ran.out
    assert "mallory@example.com, who has no role in the policy, may not change this file" in ran.out


def test_an_old_policy_behind_somebodys_unlanded_commit_and_two_merges_is_the_mergers(team: Team) -> None:
    old = stricter(team)
    idea = team.change("ana", "idea", POLICY, team.read(POLICY) + "# an idea\n", sign=True)
    merged(team, "mallory", idea, "main", "idea")
    merged(team, "mallory", old, "evil", old)
    assert "by mallory@example.com" in team.check("evil").out


def test_a_merge_in_an_admins_name_that_somebody_else_signed_is_found(team: Team) -> None:
    old = stricter(team)
    side = team.change("jane", "side", MODEL, team.read(MODEL) + "team: risk\n", start=old)
    merged(team, "mallory", old, "main", side, author="ana@example.com")
    assert "names ana@example.com as its author, who did not sign it" in team.check("evil").out


def test_a_merge_that_git_makes_no_otherwise_needs_no_role_to_bring_somebodys_work(team: Team) -> None:
    old = team.world.git("rev-parse", "main")
    stricter(team)
    side = team.change("jane", "side", MODEL, team.read(MODEL) + "team: risk\n", start=old)
    tree = team.world.git("merge-tree", "--write-tree", "main", side)
    merged(team, "mallory", tree, "main", side)
    assert team.check("evil").code == 0


def test_what_only_second_parents_lead_to_is_held_against_its_author(team: Team) -> None:
    before = team.read(POLICY)
    hidden = team.change("mallory", "hidden", POLICY, before + "# loose\n")
    undone = team.change("mallory", "hidden", POLICY, before)
    merged(team, "ana", "main", "main", undone)
    assert f"commit {hidden[:12]} by mallory@example.com" in team.check("evil").out


def test_another_history_is_held_against_whoever_began_it(team: Team) -> None:
    team.become("mallory")
    root = team.world.git("commit-tree", "-m", "A start", "main^{tree}")
    merged(team, "mallory", "main", "main", root)
    assert f"commit {root[:12]} by mallory@example.com" in team.check("evil").out


def test_a_mailmap_makes_nobody_somebody_else(team: Team) -> None:
    team.change("mallory", "work", ".mailmap", "Ana <ana@example.com> <mallory@example.com>\n")
    team.world.git("config", "log.mailmap", "true")
    team.change("mallory", "work", POLICY, team.read(POLICY) + "# loose\n")
    assert "by mallory@example.com, who has no role" in team.check("work").out


@pytest.mark.parametrize("address", [b"", b"ana@example.com\xff", "ana\u200b@example.com".encode(), b"ana@*"])
def test_an_address_of_odd_bytes_is_nobodys(team: Team, address: bytes) -> None:
    team.change("ana", "work", POLICY, team.read(POLICY) + "# loose\n")
    tree = git(team.world.root / "tree-work", "cat-file", "commit", "HEAD").encode() + b"\n"
    data = tree.replace(b"<ana@example.com>", b"<" + address + b">")
    command = ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"]
    made = subprocess.run(command, cwd=team.world.registry, input=data, capture_output=True, check=True)
    ran = team.check(made.stdout.decode().strip())
    assert (ran.code, "who has no role in the policy" in ran.out) == (1, True)


def test_an_admin_is_one_whatever_the_case_of_the_address(team: Team) -> None:
    team.become("ana")
    team.world.git("config", "user.email", "ANA@Example.com")
    (team.world.registry / POLICY).write_text(team.read(POLICY) + "# stricter\n")
    team.world.git("checkout", "--quiet", "-b", "work")
    team.world.git("commit", "--quiet", "--all", "-m", "x")
    assert team.check("work").code == 0


# --- who may not approve --------------------------------------------------------------------------------


@pytest.fixture
def proposed(started: Template, keys: Path) -> Team:
    return Team(started(propose, keys), keys)


def who(team: Team, head: str) -> Contributors:
    repository = discover(team.world.registry)
    commits = authored_commits(
        repository, resolve_commit(repository, "main"), resolve_commit(repository, head)
    )
    return contributors(repository, commits)


def test_whoever_merges_an_old_side_contributes(proposed: Team) -> None:
    merged(proposed, "bob", "main", BRANCH, "main~1")
    assert "bob@example.com" in who(proposed, "evil").authors


def test_whoever_merges_as_git_does_contributes_nothing(proposed: Team) -> None:
    stricter(proposed)
    tree = proposed.world.git("merge-tree", "--write-tree", BRANCH, "main")
    merged(proposed, "bob", tree, BRANCH, "main")
    assert "bob@example.com" not in who(proposed, "evil").hands


def test_whoever_only_approves_contributes_nothing(proposed: Team) -> None:
    assert proposed.run("bob", "approve", "credit-approval@1.0.0", "production").code == 0
    assert who(proposed, BRANCH).authors == {"jane@example.com"}
    assert "bob@example.com" not in who(proposed, BRANCH).hands


def test_a_committer_has_a_hand_in_it_and_is_no_author(team: Team) -> None:
    team.become("bob")
    team.world.git("checkout", "--quiet", "-b", "work")
    (team.world.registry / MODEL).write_text(team.read(MODEL) + "team: risk\n")
    team.world.git("commit", "--quiet", "--all", "--author", "Jane <jane@example.com>", "-m", "x")
    found = who(team, "work")
    assert found.authors == {"jane@example.com"}
    assert "bob@example.com" in found.hands


def test_who_changes_nothing_of_the_registry_has_a_hand_in_it_and_is_no_author(team: Team) -> None:
    team.change("ana", "work", "README.txt", "x\n")
    found = who(team, "work")
    assert found.authors == frozenset()
    assert "ana@example.com" in found.hands


def test_a_signers_key_has_a_hand_in_it(team: Team) -> None:
    team.change("bob", "work", MODEL, team.read(MODEL) + "team: risk\n", sign=True)
    printed = subprocess.run(
        ["ssh-keygen", "-lf", str(team.keys / "bob.pub")], capture_output=True, text=True, check=True
    )
    assert printed.stdout.split()[1] in who(team, "work").hands
