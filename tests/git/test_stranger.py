"""A repository that `--repo` names by its path is read, and nothing that its configuration names is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.texts import registry_files
from building.work_tree import new_repository
from building.world import git, rollbook
from rollbook.errors import Refused
from rollbook.git.clone import home, local_repository
from rollbook.git.refs import listed_refs
from rollbook.git.repository import discover, resolve_commit
from rollbook.registry.main_branch import main_branch
from rollbook.registry.registry import Registry

if TYPE_CHECKING:
    from pathlib import Path

MODEL = "credit-approval"


@pytest.fixture
def theirs(tmp_path: Path) -> Path:
    root = new_repository(tmp_path / "the irs", registry_files())
    git(root, "tag", "-a", "-m", "x", "v1")
    return root


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a mark beside it."""
    program = tmp_path / "trap"
    program.write_text(f'#!/bin/sh\ntouch "{tmp_path}/sprung"\nexit 1\n')
    program.chmod(0o755)
    return program


def _ask(root: Path, *more: str) -> None:
    for command in (["resolve", f"{MODEL}@1.1.0"], ["show", f"{MODEL}@1.1.0"], ["list"], ["compare", MODEL]):
        ran = rollbook(root.parent, *command, "--repo", str(root), *more)
        assert ran.code in (0, 1), ran.err


@pytest.mark.parametrize(
    "key",
    [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.alternateRefsCommand",
        "diff.external",
        "filter.x.smudge",
        "filter.x.clean",
        "merge.x.driver",
        "gpg.program",
        "gpg.ssh.program",
        "uploadpack.packObjectsHook",
        "credential.helper",
        "trace2.eventTarget",
    ],
)
def test_a_program_in_a_strangers_configuration_is_not_run(theirs: Path, trap: Path, key: str) -> None:
    git(theirs, "config", key, str(trap))
    (theirs / ".git/info").mkdir(exist_ok=True)
    (theirs / ".git/info/attributes").write_text("* filter=x diff=x merge=x\n")
    _ask(theirs)
    assert not (trap.parent / "sprung").exists()


def test_a_strangers_hooks_are_not_run(theirs: Path, trap: Path) -> None:
    hooks = theirs / "hooks"
    hooks.mkdir()
    for name in ("reference-transaction", "post-index-change", "fsmonitor-watchman"):
        (hooks / name).write_bytes(trap.read_bytes())
        (hooks / name).chmod(0o755)
    git(theirs, "config", "core.hooksPath", str(hooks))
    _ask(theirs)
    assert not (trap.parent / "sprung").exists()


def test_what_a_partial_clone_lacks_is_not_fetched_by_its_own_command(theirs: Path, trap: Path) -> None:
    for key, value in {
        "core.repositoryformatversion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.url": "ssh://nowhere/x",
        "remote.origin.promisor": "true",
        "core.sshCommand": str(trap),
    }.items():
        git(theirs, "config", key, value)
    oid = git(theirs, "rev-parse", f"HEAD:registry/{MODEL}/stages.yaml")
    (theirs / ".git/objects" / oid[:2] / oid[2:]).unlink()
    with pytest.raises(Refused, match="is a partial clone"), Registry.at_address(str(theirs)):
        pass
    assert not (trap.parent / "sprung").exists()


def test_a_strangers_repository_is_read_as_it_is(theirs: Path) -> None:
    git(theirs, "config", "rollbook.main", "trunk")
    git(theirs, "branch", "trunk")
    with local_repository(theirs) as repository:
        assert listed_refs(repository) == listed_refs(discover(theirs))
        assert resolve_commit(repository, "HEAD") == git(theirs, "rev-parse", "HEAD")
        assert resolve_commit(repository, "v1") == git(theirs, "rev-parse", "v1^{commit}")
        assert main_branch(repository) == "trunk"
        assert home(repository) == theirs


def test_a_detached_head_is_read_too(theirs: Path) -> None:
    git(theirs, "checkout", "--quiet", "--detach")
    with local_repository(theirs) as repository:
        assert resolve_commit(repository, "HEAD") == git(theirs, "rev-parse", "HEAD")


@pytest.mark.parametrize("name", ['a"b\\c', "li\tne", "#x", "ü"])
def test_a_strangers_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    root = new_repository(tmp_path / name, registry_files())
    with Registry.at_address(str(root)) as registry:
        assert registry.model(MODEL).version("1.1.0").version == "1.1.0"


def test_reading_leaves_nothing_in_a_strangers_repository(theirs: Path) -> None:
    before = sorted(path for path in theirs.rglob("*"))
    _ask(theirs)
    assert sorted(path for path in theirs.rglob("*")) == before
