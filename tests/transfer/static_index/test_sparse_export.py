"""What an export writes, and what it leaves alone."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from test_sparse_answers import POINTER, contents, version_files

from building.texts import POLICY
from building.work_tree import commit, new_repository, write
from building.world import Ran, World, git, rollbook
from rollbook.transfer.static_index.index_layout import model_file, shard

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {"registry/policy.yaml": POLICY, **version_files("m", "1.0.0"), **version_files("other", "1.0.0")}
    return new_repository(tmp_path / "work", files)


def exported(root: Path, index: Path, *options: str) -> Ran:
    ran = rollbook(root, "export", "--index", str(index), *options)
    assert ran.code == 0, ran.err
    return ran


def stamps(folder: Path) -> dict[str, int]:
    return {path: (folder / path).stat().st_mtime_ns for path in contents(folder)}


def _register(world: World) -> None:
    world.register("m", "1.0.0")


@pytest.fixture
def registered(started: Template) -> World:
    """A registry with one version."""
    return started(_register)


def test_a_models_place_is_made_of_the_first_letters_of_its_name() -> None:
    assert [shard(name) for name in ("a", "ab", "abc", "Credit", "risk/Fraud")] == [
        "1",
        "2",
        "3/a",
        "cr/ed",
        "fr/au",
    ]
    assert model_file("risk/Fraud") == "models/fr/au/risk/fraud.json"


def test_only_the_files_of_what_changed_are_written_again(root: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    exported(root, index)
    before = stamps(index)
    write(root, {"registry/m/stages.yaml": "production: {version: 1.0.0}\n"})
    commit(root)
    exported(root, index)
    after = stamps(index)
    changed = {path for path in after if after[path] != before.get(path)}
    assert changed == {".rollbook-digests", "index.json", "models/1/m.json", "models/1/m.files.json"}


def test_nothing_is_written_when_nothing_changed(root: Path, tmp_path: Path) -> None:
    exported(root, tmp_path / "index")
    before = stamps(tmp_path / "index")
    done = json.loads(exported(root, tmp_path / "index", "--json").out)
    assert (done["written"], done["removed"], stamps(tmp_path / "index")) == (0, 0, before)


def test_a_model_that_is_gone_leaves_nothing_behind(root: Path, tmp_path: Path) -> None:
    exported(root, tmp_path / "index")
    shutil.rmtree(root / "registry" / "other")
    commit(root)
    assert json.loads(exported(root, tmp_path / "index", "--json").out)["removed"] == 2
    assert not (tmp_path / "index" / "models" / "ot").exists()


def test_files_that_are_not_the_indexs_are_left_alone(root: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    exported(root, index)
    write(index, {"CNAME": "models.example.com\n", "models/1/stray.txt": "x"})
    exported(root, index)
    assert (index / "CNAME").exists()
    assert not (index / "models/1/stray.txt").exists()


def test_a_folder_that_holds_something_else_is_refused(root: Path, tmp_path: Path) -> None:
    write(tmp_path / "site", {"index.html": "<html>"})
    ran = rollbook(root, "export", "--index", str(tmp_path / "site"))
    assert (ran.code, ran.out) == (1, "")
    assert "holds index.html and no index" in ran.err
    assert contents(tmp_path / "site") == {"index.html": b"<html>"}


def test_a_root_of_something_else_is_refused(root: Path, tmp_path: Path) -> None:
    write(tmp_path / "site", {"index.json": "{}"})
    ran = rollbook(root, "export", "--index", str(tmp_path / "site"))
    assert (ran.code, "rollbook_index" in ran.err) == (1, True)


def test_a_file_that_got_lost_is_written_again(root: Path, tmp_path: Path) -> None:
    exported(root, tmp_path / "index")
    before = contents(tmp_path / "index")
    (tmp_path / "index" / "models/1/m.files.json").unlink()
    exported(root, tmp_path / "index")
    assert contents(tmp_path / "index") == before


@pytest.mark.parametrize(
    "name",
    ["index.json", "models/1/m.json", "models/1/m.files.json", "trail/000000.json", ".rollbook-digests"],
)
@pytest.mark.parametrize("damage", [b"", b"{", b"[]"])
def test_a_file_that_is_damaged_is_written_again(
    root: Path, tmp_path: Path, name: str, damage: bytes
) -> None:
    rollbook(root, "audit", "record")
    exported(root, tmp_path / "index")
    before = contents(tmp_path / "index")
    (tmp_path / "index" / name).write_bytes(damage)
    exported(root, tmp_path / "index")
    assert contents(tmp_path / "index") == before


def test_an_edit_that_still_reads_well_is_undone(root: Path, tmp_path: Path) -> None:
    exported(root, tmp_path / "index")
    before = contents(tmp_path / "index")
    file = tmp_path / "index" / "models/1/m.json"
    file.write_bytes(file.read_bytes().replace(b"1.0.0", b"1.0.9"))
    exported(root, tmp_path / "index")
    assert contents(tmp_path / "index") == before


def test_an_export_that_was_cut_off_is_made_good(root: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    exported(root, index)
    before = contents(index)
    # What was killed had written files of a commit that main does not hold any more.
    (index / ".rollbook-unfinished").touch()
    (index / "models/1/m.json").write_text("{}")
    (index / "models/1/.rollbook-abc").write_text("half")
    exported(root, index)
    assert contents(index) == before


def test_a_rewritten_main_is_exported_anew(root: Path, tmp_path: Path) -> None:
    write(root, version_files("m", "1.1.0"))
    commit(root)
    exported(root, tmp_path / "index")
    git(root, "reset", "--quiet", "--hard", "HEAD~1")
    commit(root, "Something else")
    exported(root, tmp_path / "index")
    exported(root, tmp_path / "anew")
    assert contents(tmp_path / "index") == contents(tmp_path / "anew")


def test_main_is_exported_whatever_is_checked_out(root: Path, tmp_path: Path) -> None:
    git(root, "checkout", "--quiet", "-b", "side")
    write(root, version_files("m", "9.0.0"))
    commit(root)
    done = json.loads(exported(root, tmp_path / "index", "--json").out)
    assert done["commit"] == git(root, "rev-parse", "main")


def test_a_branch_is_refused(root: Path, tmp_path: Path) -> None:
    git(root, "checkout", "--quiet", "-b", "side")
    commit(root)
    ran = rollbook(root, "export", "--index", str(tmp_path / "index"), "--rev", "side")
    assert (ran.code, "no commit of main" in ran.err) == (1, True)


def test_credentials_of_the_remote_stay_at_home(root: Path, tmp_path: Path) -> None:
    config = (
        "[core]\n    remote = store\n['remote \"store\"']\n    url = s3://user:secret@bucket/models\n"
        "    access_key_id = AKIA\n    secret_access_key = secret\n    region = eu-central-1\n"
    )
    write(root, {".dvc/config": config})
    commit(root)
    exported(root, tmp_path / "index")
    document = json.loads((tmp_path / "index" / "models/1/m.json").read_text())
    assert document["remote"] == {"url": "s3://bucket/models", "settings": {"region": "eu-central-1"}}
    assert not [name for name, data in contents(tmp_path / "index").items() if b"secret" in data]


def test_a_change_of_the_remote_is_told_by_every_model(root: Path, tmp_path: Path) -> None:
    exported(root, tmp_path / "index")
    config = "[core]\n    remote = store\n['remote \"store\"']\n    url = /mnt/models\n"
    write(root, {".dvc/config": config})
    tip = commit(root)
    exported(root, tmp_path / "index")
    for name in ("1/m", "ot/he/other"):
        document = json.loads((tmp_path / "index" / f"models/{name}.json").read_text())
        assert (document["remote"]["url"], document["commit"]) == ("/mnt/models", tip)


def test_the_trail_is_there_byte_for_byte(registered: World) -> None:
    registered.promote("m@1.0.0", "staging")
    index = registered.root / "index"
    exported(registered.registry, index)
    tags = json.loads((index / "trail/000000.json").read_text())["tags"]
    names = [line["tag"] for line in json.loads(registered.run("history", "m", "--json").out)]
    assert tags == [f"{registered.git('cat-file', 'tag', name)}\n" for name in names]
    head = json.loads((index / "index.json").read_text())["head"]
    assert head == json.loads(registered.run("audit", "head", "--json").out)


def test_the_index_is_a_witness_of_the_trail(registered: World) -> None:
    exported(registered.registry, registered.root / "index")
    registered.promote("m@1.0.0", "staging")
    root = json.loads((registered.root / "index" / "index.json").read_text())
    (registered.root / "witness").write_text(json.dumps(root["head"]))
    registered.run("audit", "verify", "--witness", str(registered.root / "witness"))


def test_a_trail_that_splits_in_two_is_not_exported(registered: World) -> None:
    registered.promote("m@1.0.0", "staging")
    text = registered.git("cat-file", "tag", "m#staging#2").replace("#2", "#3")
    oid = registered.git("mktag", stdin=f"{text}\n")
    registered.git("update-ref", "refs/tags/m#staging#3", oid)
    ran = rollbook(registered.registry, "export", "--index", str(registered.root / "index"))
    assert (ran.code, "no single head" in ran.err) == (1, True)


def test_an_old_state_is_exported_with_the_trail_as_it_was(registered: World) -> None:
    exported(registered.registry, registered.root / "then")
    before = registered.git("rev-parse", "main")
    registered.promote("m@1.0.0", "staging")
    exported(registered.registry, registered.root / "index", "--rev", before)
    assert contents(registered.root / "index") == contents(registered.root / "then")


def test_a_pointer_of_something_else_can_not_be_fetched_but_resolves(root: Path, tmp_path: Path) -> None:
    write(root, {"registry/m/versions/1.0.0/model.onnx.dvc": POINTER.replace("12", "13")})
    commit(root)
    exported(root, tmp_path / "index")
    assert rollbook(tmp_path, "resolve", "m@1.0.0", "--index", "index").code == 0
    ran = rollbook(tmp_path, "fetch", "m@1.0.0", "--index", "index", "--remote", str(tmp_path))
    assert (ran.code, "the manifest says model.onnx, 12 bytes" in ran.err) == (1, True)


def published(world: World) -> str:
    return git(world.origin, "rev-parse", "pages")


def test_the_index_is_published_on_a_branch_of_one_commit(registered: World, tmp_path: Path) -> None:
    exported(registered.registry, tmp_path / "index", "--publish", "pages")
    first = published(registered)
    registered.promote("m@1.0.0", "staging")
    exported(registered.registry, tmp_path / "elsewhere", "--publish", "pages")
    assert published(registered) != first
    assert git(registered.origin, "rev-list", "--count", "pages") == "1"
    git(registered.origin, "archive", "-o", str(tmp_path / "it.tar"), "pages")
    shutil.unpack_archive(tmp_path / "it.tar", tmp_path / "it")
    assert contents(tmp_path / "it") == contents(tmp_path / "elsewhere")
    assert registered.git("status", "--porcelain") == ""


def test_a_branch_that_holds_the_index_already_is_not_pushed(registered: World, tmp_path: Path) -> None:
    first = json.loads(exported(registered.registry, tmp_path / "i", "--publish", "pages", "--json").out)
    assert first["published"] == published(registered)
    again = exported(registered.registry, tmp_path / "j", "--publish", "pages")
    assert published(registered) == first["published"]
    assert "pages holds that already" in again.err


@pytest.mark.parametrize(
    ("branch", "code", "why"),
    [
        ("main", 1, "the registry itself"),
        ("heads/main", 1, "the registry itself"),
        ("refs/heads/main", 1, "the registry itself"),
        ("Main", 1, "the registry itself"),
        ("other", 1, "something else"),
        ("a..b", 2, "no name"),
        ("-x", 2, ""),
    ],
)
def test_a_branch_for_something_else_is_refused(
    world: World, tmp_path: Path, branch: str, code: int, why: str
) -> None:
    world.git("push", "--quiet", "origin", "main:other")
    before = git(world.origin, "for-each-ref")
    ran = rollbook(world.registry, "export", "--index", str(tmp_path / "i"), f"--publish={branch}")
    assert (ran.code, ran.out) == (code, "")
    assert why in ran.err
    assert git(world.origin, "for-each-ref") == before


def test_an_index_of_before_it_held_environments_gets_them(root: Path, tmp_path: Path) -> None:
    lock = root / "registry/m/versions/1.0.0/uv.lock"
    lock.write_text("version = 1\n")
    git(root, "add", "--force", ".")
    git(root, "commit", "--quiet", "--message", "Lock it")
    exported(root, tmp_path / "index")
    before = contents(tmp_path / "index")
    (tmp_path / "index/models/1/m.environments.json").unlink()
    top = tmp_path / "index/index.json"
    document = json.loads(top.read_text())
    assert document.pop("environments")
    top.write_text(json.dumps(document))
    digests = tmp_path / "index/.rollbook-digests"
    known = json.loads(digests.read_text())
    digests.write_text(json.dumps({name: known[name] for name in known if "environments" not in name}))
    exported(root, tmp_path / "index")
    assert contents(tmp_path / "index") == before


def test_environments_stand_in_a_document_of_their_own_each_text_once(root: Path, tmp_path: Path) -> None:
    index = tmp_path / "index"
    exported(root, index)
    assert not (index / "models/1/m.environments.json").exists()
    lock = {f"registry/m/versions/1.{n}.0/uv.lock": "version = 1\n" for n in range(3)}
    write(root, lock)
    commit(root)
    exported(root, index)
    document = json.loads((index / "models/1/m.environments.json").read_text())
    assert (document["texts"], document["files"]) == (["version = 1\n"], dict.fromkeys(sorted(lock), 0))
    assert "uv.lock" not in (index / "models/1/m.files.json").read_text()
    before = contents(index)
    (index / "models/1/m.environments.json").unlink()
    exported(root, index)
    assert contents(index) == before
    shutil.rmtree(root / "registry/m")
    commit(root)
    exported(root, index)
    assert not (index / "models/1").exists()
