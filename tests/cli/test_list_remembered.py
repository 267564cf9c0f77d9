"""What `list` remembers of models never shows: every listing is the one that is read anew."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.texts import manifest
from building.work_tree import new_repository, write
from building.world import git, rollbook
from rollbook import Registry
from rollbook.git.repository import discover
from rollbook.registry import version_files
from rollbook.registry.listing import listing
from rollbook.registry.version_files import removed_among

if TYPE_CHECKING:
    from pathlib import Path

_PLACE = ".git/rollbook/listing"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_repository(tmp_path_factory.mktemp("remembered") / "work")


@pytest.fixture
def root(tmp_path: Path, small: Path) -> Path:
    shutil.copytree(small, tmp_path / "work")
    return tmp_path / "work"


def _listed(root: Path) -> str:
    done = rollbook(root, "list", "--json")
    assert done.code == 0, done.err
    return done.out


def _anew(root: Path) -> str:
    """The listing of a repository that remembers nothing."""
    kept = root / _PLACE
    away = kept.with_name("away")
    if kept.exists():
        kept.rename(away)
    told = _listed(root)
    if away.exists():
        away.replace(kept)
    return told


def test_it_is_remembered(root: Path) -> None:
    _listed(root)
    assert (root / _PLACE).exists()


def test_what_is_remembered_is_not_read_again(root: Path) -> None:
    told = _listed(root)
    (tree,) = git(root, "rev-parse", "HEAD:registry/credit-approval/versions").split()
    (root / ".git/objects" / tree[:2] / tree[2:]).unlink()
    assert _listed(root) == told


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("version"), st.sampled_from(["credit-approval", "risk/fraud", "new", "team/new"])),
        st.tuples(st.just("remove"), st.sampled_from(["credit-approval", "risk"])),
        st.tuples(st.just("back"), st.integers(1, 3)),
        st.tuples(st.just("spoil"), st.integers(0, 5000)),
        st.tuples(st.just("cut"), st.integers(0, 5000)),
    ),
    max_size=6,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
def test_after_any_commits_resets_and_corruption_it_is_the_listing_that_is_read_anew(
    root: Path, steps: list[tuple[str, str | int]]
) -> None:
    for number, (step, what) in enumerate(steps):
        _take(root, step, what, number)
        assert _listed(root) == _anew(root)


def _take(root: Path, step: str, what: str | int, number: int) -> None:
    kept = root / _PLACE
    match step:
        case "version":
            path = f"registry/{what}/versions/7.{number}.0/version.yaml"
            write(root, {path: manifest(str(what), f"7.{number}.0")})
        case "remove":
            shutil.rmtree(root / "registry" / str(what), ignore_errors=True)
        case "back":
            parent = f"HEAD~{min(int(what), int(git(root, 'rev-list', '--count', 'HEAD')) - 1)}"
            git(root, "reset", "--quiet", "--hard", parent)
        case "spoil" if kept.exists():
            data = bytearray(kept.read_bytes())
            data[int(what) % len(data)] ^= 1
            kept.write_bytes(data)
        case "cut" if kept.exists():
            kept.write_bytes(kept.read_bytes()[: int(what)])
    git(root, "add", "--all", "registry")
    git(root, "commit", "--quiet", "--allow-empty", "-m", step)


def test_the_index_and_a_commit_are_told_apart(root: Path) -> None:
    _listed(root)
    before = git(root, "rev-parse", "HEAD")
    _take(root, "version", "new", 0)
    assert '"new"' in _listed(root)
    assert '"new"' not in rollbook(root, "list", "--json", "--rev", before).out


def test_stages_that_can_not_be_read_are_told_each_time(root: Path) -> None:
    write(root, {"registry/credit-approval/stages.yaml": "production: ["})
    git(root, "commit", "--quiet", "--all", "-m", "broken")
    assert [rollbook(root, "list").code for _ in range(2)] == [1, 1]


def test_a_git_directory_that_can_not_be_written_costs_time_only(root: Path) -> None:
    (root / ".git/rollbook").write_text("in the way")
    assert _listed(root) == _listed(root)


def test_removed_artifacts_are_found_alike_one_by_one_and_all_at_once(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = "registry/credit-approval/versions/1.0.0"
    write(root, {f"{gone}/removed.yaml": "model: credit-approval\n", f"{gone}/deeper/removed.yaml": "x\n"})
    write(root, {"registry/risk/fraud/versions/removed.yaml": "x\n"})
    git(root, "add", "--all", "--force", "registry")
    git(root, "commit", "--quiet", "-m", "gone")
    with Registry.open(root) as registry:
        asked = [(model.name, version) for model in registry.models() for version in model.version_names]
        singly = removed_among(registry.snapshot, asked)
        monkeypatch.setattr(version_files, "MANY", 0)
        assert removed_among(registry.snapshot, asked) == singly == {("credit-approval", "1.0.0")}


def test_a_listing_is_the_same_as_what_the_registry_says_of_each_model(root: Path) -> None:
    with Registry.open(discover(root).directory) as registry:
        told = listing(registry)
        models = registry.models()
    assert [item.name for item in told] == [model.name for model in models]
    assert [item.latest for item in told] == [model.latest and model.latest.version for model in models]
    assert [list(item.versions) for item in told] == [list(model.version_names) for model in models]
