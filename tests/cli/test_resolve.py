from __future__ import annotations

import hashlib
import json
import shutil
from typing import TYPE_CHECKING

import pytest

from building.texts import POLICY, STAGES, manifest, model, versions
from building.work_tree import commit, new_repository, write
from building.world import Ran, git, rollbook

if TYPE_CHECKING:
    from pathlib import Path

NAME = "credit-approval"
FIELDS = ["model", "version", "stage", "commit", "path", "sha256", "size", "format"]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_repository(tmp_path_factory.mktemp("resolve") / "work")


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bare repository where 1.0.0 went into production on 1 March, and 1.1.0 on 1 May."""
    top = tmp_path_factory.mktemp("past")
    root = top / "work"
    git(top, "init", "--quiet", "work")
    for number, day in (("1.0.0", "2026-03-01"), ("1.1.0", "2026-05-01")):
        write(root, {"registry/policy.yaml": POLICY, **versions("m", number)})
        write(root, {"registry/m/stages.yaml": f"production: {{version: {number}}}\n"})
        commit(root, number, f"{day}T12:00:00Z")
        git(root, "tag", f"r{number}")
    git(top, "clone", "--quiet", "--bare", "work", "bare.git")
    return top / "bare.git"


def resolved(directory: Path, reference: str, *options: str) -> str:
    """The version that `reference` stands for."""
    ran = rollbook(directory, "resolve", reference, "--field", "version", *options)
    assert ran.code == 0, ran.err
    return ran.out.strip()


def test_version_commit_path_and_digest_are_printed_one_a_line(small: Path):
    assert rollbook(small, "resolve", f"{NAME}@production") == Ran(
        0,
        f"version\t1.1.0\ncommit\t{git(small, 'rev-parse', 'HEAD')}\n"
        f"path\tregistry/{NAME}/versions/1.1.0/model.onnx\nsha256\t{'a' * 64}\n",
        "",
    )


def test_json_has_exactly_these_fields(small: Path):
    found = json.loads(rollbook(small, "resolve", f"{NAME}@production", "--json").out)
    assert found == {
        "model": NAME,
        "version": "1.1.0",
        "stage": "production",
        "commit": git(small, "rev-parse", "HEAD"),
        "path": f"registry/{NAME}/versions/1.1.0/model.onnx",
        "sha256": "a" * 64,
        "size": 12,
        "format": "onnx",
        "deprecated": None,
        "removed": None,
    }
    assert list(found) == [*FIELDS, "deprecated", "removed"]


@pytest.mark.parametrize("field", FIELDS)
def test_one_field_is_printed_alone(small: Path, field):
    found = json.loads(rollbook(small, "resolve", f"{NAME}@1.11.0", "--json").out)
    assert rollbook(small, "resolve", f"{NAME}@1.11.0", "--field", field).out == f"{found[field]}\n"


@pytest.mark.parametrize("address", ["path", "bare", "url"])
def test_another_repository_is_asked_by_its_address(past: Path, tmp_path: Path, address):
    repo = {"path": str(past.parent / "work"), "bare": str(past), "url": past.as_uri()}[address]
    assert resolved(tmp_path, "m@production", "--repo", repo) == "1.1.0"


@pytest.mark.parametrize("url", [True, False])
@pytest.mark.parametrize(
    ("options", "version"),
    [
        (["--at", "2026-03-01"], "1.0.0"),
        (["--at", "2026-05-01"], "1.1.0"),
        (["--rev", "main~1"], "1.0.0"),
        (["--rev", "r1.0.0"], "1.0.0"),
    ],
)
def test_the_past_of_another_repository_is_asked_too(past: Path, tmp_path: Path, url, options, version):
    repo = past.as_uri() if url else str(past)
    assert resolved(tmp_path, "m@production", "--repo", repo, *options) == version


def test_a_bare_repository_is_asked_where_it_stands(past: Path):
    assert resolved(past, "m@production") == "1.1.0"
    assert resolved(past, "m@production", "--at", "2026-04-01") == "1.0.0"


def test_a_date_before_the_beginning_has_no_answer(past: Path):
    ran = rollbook(past, "resolve", "m@production", "--at", "2026-02-28")
    assert (ran.code, ran.out) == (1, "")
    assert "no commit as old as" in ran.err


def test_an_address_of_nothing_is_an_error(tmp_path: Path):
    ran = rollbook(tmp_path, "resolve", "m@production", "--repo", str(tmp_path / "gone"))
    assert (ran.code, ran.out) == (1, "")
    assert "does not exist" in ran.err


def test_an_empty_address_is_not_the_current_repository(small: Path):
    ran = rollbook(small, "resolve", f"{NAME}@production", "--repo", "")
    assert (ran.code, ran.out) == (2, "")


def test_a_dirty_index_and_working_tree_do_not_change_the_answer(tmp_path: Path):
    root = new_repository(tmp_path)
    write(root, {f"registry/{NAME}/stages.yaml": "broken: ["})
    git(root, "add", ".")
    shutil.rmtree(root / "registry")
    assert resolved(root, f"{NAME}@production") == "1.1.0"


def test_a_linked_worktree_answers_for_its_own_commit(tmp_path: Path):
    root = new_repository(tmp_path / "work")
    git(root, "worktree", "add", "--quiet", "-b", "side", str(tmp_path / "linked"))
    write(tmp_path / "linked", {f"registry/{NAME}/stages.yaml": "production: {version: 1.2.0}\n"})
    commit(tmp_path / "linked")
    assert resolved(tmp_path / "linked", f"{NAME}@production") == "1.2.0"
    assert resolved(root, f"{NAME}@production") == "1.1.0"


def test_a_detached_head_answers_for_its_commit(tmp_path: Path):
    root = new_repository(tmp_path)
    write(root, {f"registry/{NAME}/stages.yaml": STAGES.replace("1.1.0", "1.2.0")})
    commit(root)
    git(root, "checkout", "--quiet", "--detach", "HEAD~1")
    assert resolved(root, f"{NAME}@production") == "1.1.0"


def test_a_hostile_artifact_name_is_printed_on_one_line(tmp_path: Path):
    text = manifest("m", "1.0.0", artifact='"a\\n::error::x\\u200b"')
    files = {"registry/policy.yaml": POLICY, "registry/m/model.yaml": model("m")}
    root = new_repository(tmp_path, {**files, "registry/m/versions/1.0.0/version.yaml": text})
    for options in ([], ["--field", "path"]):
        out = rollbook(root, "resolve", "m@1.0.0", *options).out
        assert "a\\n::error::x\\u200b" in out
        assert not [line for line in out.splitlines() if line.startswith("::")]


def test_json_is_ascii(tmp_path: Path):
    text = manifest("m", "1.0.0", artifact="mod\u00e8le.bin")
    root = new_repository(
        tmp_path, {"registry/policy.yaml": POLICY, "registry/m/versions/1.0.0/version.yaml": text}
    )
    out = rollbook(root, "resolve", "m@1.0.0", "--json").out
    assert out.isascii()
    assert json.loads(out)["path"].endswith("mod\u00e8le.bin")


def test_the_digest_is_that_of_the_registered_bytes(world):
    world.register("m", "1.0.0", content=b"the weights")
    out = world.run("resolve", "m@1.0.0", "--field", "sha256").out
    assert out.strip() == hashlib.sha256(b"the weights").hexdigest()
