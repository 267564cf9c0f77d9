"""Which folders are models: everybody who reads a registry says the same."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.texts import POLICY, model
from building.work_tree import commit, new_repository, write
from building.world import rollbook
from rollbook import Registry as PublicRegistry
from rollbook import layout
from rollbook.check.registry_files import model_names as names_in_paths
from rollbook.registry.listing import listing
from rollbook.registry.model_folders import model_names, models_of
from rollbook.registry.registry import Registry
from rollbook.retention.subjects import judged
from rollbook.snapshot.worktree_snapshot import worktree_snapshot

if TYPE_CHECKING:
    from pathlib import Path

# What stands in the folder `registry/x`, and whether that makes it a model.
FOLDERS = {
    "a file of versions that belongs to none": ({"versions/readme.txt": ""}, False),
    "a folder that is not named like a version": (
        {"versions/new/version.yaml": "x"},
        False,
    ),
    "a lone origin": ({"origin.yaml": "rollbook: 1\n"}, True),
    "a lone table of stages": ({"stages.yaml": ""}, True),
    "a folder named like a model's file": ({"model.yaml/readme.txt": ""}, False),
    "a stray file in a version's folder": ({"versions/1.0.0/readme.txt": ""}, True),
    "a stray file": ({"readme.txt": ""}, False),
    "a model with a model inside": ({"model.yaml": model("x"), "y/model.yaml": model("x/y")}, True),
}


@pytest.fixture(params=FOLDERS.values(), ids=FOLDERS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, list[str]]:
    """A repository whose registry holds such a folder, and the models that there are."""
    files, is_model = request.param
    everything = {layout.POLICY: POLICY, "registry/sound/model.yaml": model("sound")}
    everything |= {f"registry/x/{path}": text for path, text in files.items()}
    inner = ["x/y"] if "y/model.yaml" in files else []
    return new_repository(tmp_path / "work", everything), ["sound", *["x"] * is_model, *inner]


def test_list_names_the_models(folder: tuple[Path, list[str]]) -> None:
    root, models = folder
    with Registry.open(root) as registry:
        assert [item.name for item in listing(registry)] == models
        assert [item.name for item in listing(registry)] == models, "as it is remembered"
    with Registry(registry.repository, worktree_snapshot(registry.repository)) as registry:
        assert [item.name for item in listing(registry)] == models


def test_query_names_the_models(folder: tuple[Path, list[str]]) -> None:
    root, models = folder
    with PublicRegistry.open(root) as registry:
        rows = registry.query("SELECT model FROM models ORDER BY model").rows
        assert [name for (name,) in rows] == models


def test_the_check_names_the_models(folder: tuple[Path, list[str]]) -> None:
    root, models = folder
    with Registry.open(root) as registry:
        assert sorted(names_in_paths(registry.snapshot.modes(layout.ROOT))) == models


def test_show_knows_the_models_and_no_others(folder: tuple[Path, list[str]]) -> None:
    root, models = folder
    for name in ("sound", "x", "x/y"):
        unknown = f"there is no model '{name}'" in rollbook(root, "show", f"{name}@latest").err
        assert unknown == (name not in models), name


def test_prune_judges_the_models(folder: tuple[Path, list[str]]) -> None:
    root, models = folder
    with Registry.open(root) as registry:
        assert [item.model.name for item in judged(registry, registry.models(), datetime.now(UTC))] == models


def test_the_static_index_has_the_models(folder: tuple[Path, list[str]], tmp_path: Path) -> None:
    root, models = folder
    done = rollbook(root, "export", "--index", str(tmp_path / "index"))
    assert done.code == 0, done.err
    for name in ("sound", "x", "x/y"):
        told = rollbook(tmp_path, "resolve", f"{name}@latest", "--index", str(tmp_path / "index")).err
        assert (f"there is no model '{name}'" in told) == (name not in models), (name, told)


_PARTS = st.sampled_from(
    ["a", "b", "versions", "evidence", "1.0.0", "1.0", "model.yaml", "stages.yaml", "origin.yaml", "con"]
)
_PATHS = st.lists(st.lists(_PARTS, min_size=1, max_size=6).map("/".join), max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(paths=_PATHS)
def test_the_rule_of_folders_is_the_rule_of_paths(empty: Path, paths: list[str]) -> None:
    shutil.rmtree(empty / "registry", ignore_errors=True)
    for path in paths:
        parts = path.split("/")
        above = [empty.joinpath("registry", *parts[:end]) for end in range(1, len(parts))]
        if not (empty / "registry" / path).is_dir() and not any(folder.is_file() for folder in above):
            write(empty, {f"registry/{path}": ""})
    commit(empty)
    with Registry.open(empty) as registry:
        by_path = names_in_paths(registry.snapshot.modes(layout.ROOT))
        assert model_names(registry.snapshot) == sorted(by_path)
        assert [item.name for item in listing(registry)] == sorted(by_path)
        assert models_of(registry.snapshot, ["a", "b", "a/b", "b/a", "con", "a/versions"]) <= by_path


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    return new_repository(tmp_path / "work", {"readme.txt": ""})


def test_a_model_that_comes_into_a_remembered_ones_folder_is_listed(empty: Path) -> None:
    write(
        empty,
        {layout.POLICY: POLICY, "registry/x/model.yaml": model("x"), "registry/ns/x/model.yaml": model("x")},
    )
    commit(empty)
    rollbook(empty, "list")
    for folder in ("registry/x", "registry/ns/x"):
        write(empty, {f"{folder}/y/stages.yaml": ""})
        commit(empty)
        rollbook(empty, "list")
    with Registry.open(empty) as registry:
        assert [item.name for item in listing(registry)] == ["ns/x", "x", "x/y"]
