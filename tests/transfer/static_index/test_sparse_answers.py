"""An index answers as a clone does: for any registry, however it came about."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.texts import POLICY, manifest, model
from building.work_tree import commit, new_repository, write
from building.world import git
from rollbook import Registry, open_index
from rollbook.api.version_answers import shown
from rollbook.errors import BadCall, Conflict, InvalidFile, RollbookError
from rollbook.transfer.static_index.index_export import export
from rollbook.transfer.static_index.index_layout import details_file, model_file
from rollbook.transfer.static_index.index_snapshot import IndexSnapshot
from rollbook.transfer.static_index.index_source import source_at

if TYPE_CHECKING:
    from pathlib import Path


NAMES = ["a", "ab", "abc", "Credit-Approval", "risk/fraud", "risk/Churn"]
VERSIONS = ["0.1.0", "1.0.0", "1.1.0", "2.0.0-rc.1"]
STAGES = ["development", "staging", "production", "archived"]
SELECTORS = [*VERSIONS, "9.9.9", *STAGES, "champion", "unheard-of", "latest"]
POINTER = f"outs:\n- md5: {'b' * 32}\n  size: 12\n  hash: md5\n  path: model.onnx\n"
BROKEN = "broken: ["

names = st.sampled_from(NAMES)
versions = st.sampled_from(VERSIONS)
entries = st.fixed_dictionaries(
    {"version": versions},
    optional={
        "requested_at": st.just("2026-01-01T00:00:00Z"),
        "sunset": st.just("2027-01-01"),
        "replacement": st.sampled_from(["1.1.0", "other@1.0.0"]),
    },
)
tables = st.dictionaries(st.sampled_from(STAGES[1:]), entries, max_size=3)
edits = st.one_of(
    st.tuples(st.just("version"), names, versions),
    st.tuples(st.just("stages"), names, st.tuples(tables, st.none() | versions)),
    st.tuples(st.just("break"), names, st.sampled_from(["stages", "manifest", "pointer", "no manifest"])),
    st.tuples(st.just("evidence"), names, versions),
    st.tuples(st.just("remove"), names, st.none()),
    st.tuples(st.just("policy"), names, st.sampled_from(["", "first", "gates"])),
)


def apply(root: Path, edit: tuple[str, str, Any]) -> None:
    kind, name, what = edit
    folder = f"registry/{name}"
    if kind == "version":
        write(root, version_files(name, what))
    elif kind == "stages":
        table, champion = what
        lines = [f"{stage}: {entry}\n".replace("'", '"') for stage, entry in table.items()]
        aliases = f'aliases: {{champion: "{champion}"}}\n' if champion else ""
        write(root, {f"{folder}/stages.yaml": "".join(lines) + aliases})
    elif kind == "break":
        place = {"stages": "stages.yaml", "pointer": "versions/1.0.0/model.onnx.dvc"}
        write(root, {f"{folder}/{place.get(what, 'versions/1.0.0/version.yaml')}": BROKEN})
        if what == "no manifest":
            write(root, version_files(name, "1.0.0"))
            (root / folder / "versions/1.0.0/version.yaml").unlink()
    elif kind == "evidence":
        text = (
            f"kind: fairness\nmodel: {name}\nversion: {what}\nartifact_sha256: {'a' * 64}\npassed: true\n"
            "created_at: 2026-01-02T00:00:00Z\ncreated_by: jane@example.com\n"
        )
        write(root, {f"{folder}/versions/{what}/evidence/fairness-1.yaml": text})
    elif kind == "remove":
        shutil.rmtree(root / folder, ignore_errors=True)
    else:
        changed = {"": POLICY, "first": POLICY.replace("development", "new"), "gates": f"{POLICY}gates: []\n"}
        write(root, {"registry/policy.yaml": changed[what]})


def version_files(name: str, version: str) -> dict[str, str]:
    folder = f"registry/{name}"
    return {
        f"{folder}/model.yaml": model(name),
        f"{folder}/versions/{version}/version.yaml": manifest(name, version),
        f"{folder}/versions/{version}/model.onnx.dvc": POINTER,
    }


def answer(registry: Registry, reference: str, *, in_full: bool) -> object:
    """All that is said of a reference, or how it fails."""
    try:
        version = registry.version(reference)
        said = [version.version, version.stage, version.aliases, version.artifact, version.artifact_path]
        return [
            *said,
            version.deprecation,
            registry.snapshot.commit,
            shown(version).as_document() if in_full else None,
        ]
    except RollbookError as error:
        hint = "" if str(error).startswith("there is no model") else error.hint
        return type(error).__name__, str(error).replace("the registry has no models yet", ""), hint


def require_equal(root: Path, index: Path) -> None:
    for name in NAMES:
        for whole in (False, True):
            sparse = Registry(None, IndexSnapshot(source_at(str(index)), whole=whole))
            with suppress(RollbookError):
                sparse.model(name)
            with Registry.open(root, rev=sparse.snapshot.commit or "main") as clone:
                for selector in SELECTORS:
                    asked = f"{name}@{selector}"
                    expected = answer(clone, asked, in_full=whole)
                    if expected[1] == "":  # a clone without any model says so
                        expected = ("NotFound", f"there is no model {name!r}", "")
                    assert answer(sparse, asked, in_full=whole) == expected


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(edits, min_size=1, max_size=4), min_size=2, max_size=3))
def test_an_index_answers_every_reference_as_the_commit_it_names_and_equals_one_made_anew(
    tmp_path_factory: pytest.TempPathFactory, steps: list[list[tuple[str, str, Any]]]
) -> None:
    top = tmp_path_factory.mktemp("answers")
    root = new_repository(top / "work", {"registry/policy.yaml": POLICY})
    for step in steps:
        for edit in step:
            apply(root, edit)
        commit(root)
        with Registry.open(root) as registry:
            export(registry, top / "index")
            shutil.rmtree(top / "anew", ignore_errors=True)
            export(registry, top / "anew")
        assert contents(top / "index") == contents(top / "anew")
    require_equal(root, top / "index")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


@given(st.sets(st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9_-]{0,6}[A-Za-z0-9])?", fullmatch=True)))
def test_models_have_places_of_their_own_that_differ_by_more_than_case(names: set[str]) -> None:
    distinct = {name.lower() for name in names}
    places = {place(name).lower() for name in distinct for place in (model_file, details_file)}
    assert len(places) == 2 * len(distinct)
    assert {model_file(name) for name in names} == {model_file(name) for name in distinct}


def test_the_python_api_answers_and_fetches_more_only_when_more_is_asked(tmp_path: Path) -> None:
    root = new_repository(tmp_path / "work", {"registry/policy.yaml": POLICY, **version_files("m", "1.0.0")})
    with Registry.open(root) as registry:
        export(registry, tmp_path / "index")
    version = open_index(str(tmp_path / "index")).version("m@latest")
    (tmp_path / "index" / details_file("m")).rename(tmp_path / "aside")
    assert (version.version, version.artifact.size, version.stage) == ("1.0.0", 12, "development")
    (tmp_path / "aside").rename(tmp_path / "index" / details_file("m"))
    assert version.manifest.created_by == "jane@example.com"
    assert version.model.record.owner == "jane@example.com"
    assert git(root, "rev-parse", "HEAD") == version.model.registry.snapshot.commit


def index_of(tmp_path: Path, *names: str) -> Path:
    files = {"registry/policy.yaml": POLICY}
    for name in names:
        files |= version_files(name, "1.0.0")
    with Registry.open(new_repository(tmp_path / "work", files)) as registry:
        export(registry, tmp_path / "index")
    return tmp_path / "index"


def edit_document(index: Path, name: str, **changes: Any) -> None:
    path = index / model_file(name)
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_what_needs_git_is_refused_of_an_index(tmp_path: Path) -> None:
    with pytest.raises(BadCall, match="has no repository"):
        _ = open_index(str(index_of(tmp_path, "m"))).repository


def test_models_of_two_policies_are_not_mixed_in_one_answer(tmp_path: Path) -> None:
    index = index_of(tmp_path, "a", "b")
    registry = open_index(str(index))
    assert registry.version("a@latest").stage == "development"
    edit_document(index, "b", stage_names=["new", "production"])
    with pytest.raises(Conflict, match="another policy"):
        registry.version("b@latest")
    assert open_index(str(index)).version("b@latest").stage == "new"


@pytest.mark.parametrize(
    "remote",
    [
        {"url": "s3://bucket\n[core]\nremote = other", "settings": {}},
        {"url": "s3://bucket", "settings": {"region": "x\nurl = s3://other"}},
        {"url": "s3://bucket", "settings": {"region = x\nurl": "s3://other"}},
        {"url": "s3://bucket#comment", "settings": {}},
    ],
)
def test_a_remote_that_says_more_than_where_the_bytes_are_is_refused(
    tmp_path: Path, remote: dict[str, Any]
) -> None:
    index = index_of(tmp_path, "m")
    edit_document(index, "m", remote=remote)
    with pytest.raises(InvalidFile, match=r"can't be used|duplicate|Duplicate"):
        open_index(str(index)).version("m@latest").fetch(tmp_path / "got")
