"""What a change is judged on is a part of the registry, and the findings are those of the whole."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollbook import layout
from rollbook.check.base_context import circumstances
from rollbook.check.finding import arranged
from rollbook.check.judge import _tree_findings, check_change, check_tree
from rollbook.check.registry_files import model_names, owner, read_part, whole
from rollbook.check.rules.change_rules import change_findings
from rollbook.check.scope import Paths, concerned
from rollbook.registry.change import changed_files
from rollbook.snapshot.tree_snapshot import TreeSnapshot, commit_snapshot

from .desk import (
    POLICY,
    STAGES,
    V1,
    Desk,
    codes,
    entry,
    evidence_text,
    manifest_text,
    model_files,
    model_text,
    new_desk,
    pointer_text,
    policy_text,
    registry_files,
    version_files,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rollbook.check.finding import Finding
    from rollbook.check.gates.gate import Circumstances
    from rollbook.git.repository import Repository

    from .desk import File

_GATES = """\
gates:
  - {gate: metric-threshold, to: [production], metric: f1, min: 0.5}
  - {gate: metric-comparison, to: [production], metric: f1, with: production, direction: higher}
  - {gate: deprecation, to: [deprecated]}
"""
_LONG = "x" * 390
_MODELS = ("credit", "Credit", "ns", "ns/fraud", "ns/Fraud", "Ns/fraud")
_VERSIONS = ("1.0.0", "1.1.0", "v2")
_LOOSE = ("registry/README.md", "registry/readme.md", "registry/stray", "registry/ns/stray",
          "registry/NS/deep/er/stray", "registry/ns/deep/file", "registry/ns/deep/File",
          f"registry/CREDIT/{_LONG}", "registry/credit/versions/note",
          "registry/credit/versions/1.0.0/sub/x", "registry/Policy.yaml")  # fmt: skip
_DEPRECATED = ', replacement: "ns/fraud@1.1.0", sunset: 2099-01-01, migration: Call it by its new name.'
_TABLES = (
    "",
    f"production: {entry('1.0.0')}\n",
    f"production: {entry('1.1.0')}\narchived: [{entry('1.0.0')}]\n",
    f"staging: [{entry('1.1.0')}]\n",
    f"staging: [{entry('1.1.0', 'other')}]\naliases: {{champion: 1.0.0}}\n",
    f"deprecated: [{entry('1.0.0', extra=_DEPRECATED)}]\n",
    "production: [\n",
)


def _texts(model: str, version: str) -> dict[str, list[File]]:
    """The files that a version may have, each with what may stand in it."""
    directory = f"registry/{model}/versions/{version}"
    manifest = manifest_text(model, version, "metrics: {f1: 0.7}\n")
    return {
        f"{directory}/version.yaml": [
            manifest,
            manifest_text(model, version),
            manifest_text("other", version),
            "model: [\n",
            ("120000", b"elsewhere"),
        ],
        f"{directory}/model.onnx.dvc": [pointer_text(), pointer_text(7), ("100755", pointer_text().encode())],
        f"{directory}/evidence/evaluation-1.yaml": [evidence_text(), evidence_text("c" * 64)],
        f"{directory}/requirements.txt": ["numpy==2.0\n"],
    }


_POOL: dict[str, list[File]] = {path: ["x", "y"] for path in _LOOSE}
for _model in _MODELS:
    _POOL[f"registry/{_model}/model.yaml"] = [model_text(_model), model_text("wrong"), "{"]
    _POOL[f"registry/{_model}/stages.yaml"] = list(_TABLES)
    for _version in _VERSIONS:
        _POOL |= _texts(_model, _version)
_PATHS = sorted(_POOL)
_KEPT = [
    policy_text(),
    policy_text(_GATES),
    policy_text("naming: {model_pattern: '{team}-*'}\n"),
    "rollbook: [",
]

PART = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def shared() -> Iterator[Desk]:
    with tempfile.TemporaryDirectory() as directory:
        yield new_desk(Path(directory) / "registry.git")


@st.composite
def trees(draw: st.DrawFn) -> dict[str, File]:
    """A registry in any state: sound models, and whatever else, wherever it stands."""
    files: dict[str, File] = {POLICY: draw(st.sampled_from(_KEPT[:2] * 3 + _KEPT))}
    for model in draw(st.sets(st.sampled_from(_MODELS), max_size=3)):
        files |= model_files("1.0.0", "1.1.0", model=model)
    return files | draw(some_files())


def some_files() -> st.SearchStrategy[dict[str, File]]:
    paths = st.lists(st.sampled_from(_PATHS), max_size=6, unique=True)
    return paths.flatmap(lambda names: st.fixed_dictionaries({n: st.sampled_from(_POOL[n]) for n in names}))


@st.composite
def changes_of_trees(draw: st.DrawFn) -> tuple[dict[str, File], dict[str, File]]:
    """A registry, and what a change makes of it."""
    before = _possible(draw(trees()))
    gone = draw(st.sets(st.sampled_from(sorted(before)), max_size=2)) - {POLICY}
    after = {path: file for path, file in before.items() if path not in gone} | draw(some_files())
    if draw(st.integers(0, 9)) == 0:
        after[POLICY] = draw(st.sampled_from(_KEPT))
    return before, _possible(after)


def _possible(files: Mapping[str, File]) -> dict[str, File]:
    """Those of the files that can stand in one tree: a path is a file or a directory."""
    above = {"/".join(path.split("/")[:end]) for path in files for end in range(1, path.count("/") + 1)}
    return {path: file for path, file in files.items() if path not in above}


def of_the_whole(
    repository: Repository, base: TreeSnapshot, head: TreeSnapshot, known: Circumstances
) -> list[Finding]:
    """What is found when both trees are read as a whole, and every version of a touched model is judged."""
    changes = changed_files(repository, base.treeish, head.treeish)
    paths = [change.path for change in changes]
    before, part = base.modes(layout.ROOT), whole(head)
    names = model_names([*before, *paths])
    touched = None
    if layout.POLICY not in paths:
        touched = frozenset(name for path in paths if (name := owner(path, names)))
    contents = read_part(head, replace(part, models=touched))
    scope = None
    if touched is not None:
        scope = frozenset(paths).union(path for path in part.modes if owner(path, part.names) in touched)
    everywhere = Paths(base, before), Paths(head, part.modes)
    found = list(_tree_findings(head, contents, scope))
    found += change_findings(changes, base, before, contents, everywhere, known)
    return arranged(found)


def versions_of(paths: Iterator[str]) -> set[tuple[str | None, str | None]]:
    return {(place.model, place.version) for place in map(layout.place, paths)}


@PART
@given(trees=changes_of_trees())
def test_the_part_that_a_change_concerns_gives_the_findings_of_the_whole(
    shared: Desk, trees: tuple[dict[str, File], dict[str, File]]
) -> None:
    before, after = trees
    repository = shared.repository
    base = shared.commit(before)
    old, new = commit_snapshot(repository, base), commit_snapshot(repository, shared.commit(after, base))
    try:
        known = circumstances(repository, old)
        found, all_found = (
            check_change(repository, old, new, known),
            of_the_whole(repository, old, new, known),
        )
        assert [each for each in all_found if each in found] == found
        missing = [each for each in all_found if each not in found]
        # What is not said again stands in a version that did not change, and was said of the base.
        changed = versions_of(change.path for change in changed_files(repository, old.treeish, new.treeish))
        stood = check_tree(old) if missing else []
        for each in missing:
            place = layout.place(f"{each.path}/x")
            assert place.version is not None, each
            assert (place.model, place.version) not in changed, each
            assert each in stood, each
    finally:
        old.close()
        new.close()


def test_what_a_change_of_one_model_reads_does_not_grow_with_the_others(desk: Desk) -> None:
    def read(others: int) -> set[str]:
        files = registry_files()
        for number in range(others):
            files |= model_files("1.0.0", model=f"other-{number}") | model_files(
                "1.0.0", model=f"ns/m-{number}"
            )
        base = desk.commit(files)
        head = desk.commit(files | version_files("1.1.0") | version_files("1.1.0", model="ns/m-0"), base)
        changes = changed_files(desk.repository, base, head)
        return set(concerned(commit_snapshot(desk.repository, head), changes).modes)

    assert read(1) == read(7)


def test_a_version_that_moves_is_judged_though_no_file_of_it_changes(desk: Desk) -> None:
    files = registry_files() | {f"{V1}/version.yaml": manifest_text(version="1.0.1")}
    moved = files | {STAGES: f"staging: [{entry('1.0.0')}]\n"}
    assert codes(desk.check_change(files, moved)) == ["RB201"]


def test_a_version_that_an_alias_begins_to_name_is_judged(desk: Desk) -> None:
    files = registry_files() | {f"{V1}/model.onnx.dvc": pointer_text(7)}
    assert codes(desk.check_change(files, files | {STAGES: "aliases: {champion: 1.0.0}\n"})) == ["RB205"]


def test_a_version_that_stays_as_it_was_is_not_judged_again(desk: Desk) -> None:
    files = registry_files() | {f"{V1}/model.onnx.dvc": pointer_text(7)}
    assert desk.check_change(files, files | version_files("1.1.0")) == []
    assert codes(desk.check(files)) == ["RB205"]


def test_a_replacement_in_another_model_is_found_there(desk: Desk) -> None:
    files = registry_files() | {POLICY: policy_text(_GATES)} | model_files("1.1.0", model="ns/fraud")
    files[STAGES] = f"production: {entry('1.0.0')}\n"
    deprecated = {STAGES: f"deprecated: [{entry('1.0.0', extra=_DEPRECATED)}]\n"}
    (vacant,) = desk.check_change(files, files | deprecated)
    assert (vacant.code, vacant.severity) == ("RB318", "warning")
    gone = {path: file for path, file in files.items() if "1.1.0" not in path}
    assert codes(desk.check_change(gone, gone | deprecated)) == ["RB318", "RB412"]
