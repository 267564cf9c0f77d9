"""`--verify`: an index that says other than the trail is found out."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from index_host import served

from building.world import Ran, World, rollbook

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def signed_once(tmp_path_factory: pytest.TempPathFactory, new_world: World) -> Path:
    """A registry with a signed trail and its index; beside it the witness of an earlier day."""
    root = tmp_path_factory.mktemp("verify") / "world"
    world = new_world.copy(root)
    key = root / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    for name, value in (("gpg.format", "ssh"), ("user.signingKey", str(key))):
        world.git("config", name, value)
    (root / "allowed").write_text(f"ci@example.com {key.with_suffix('.pub').read_text()}")
    world.register("m", "1.0.0")
    (root / "witness").write_text(world.run("audit", "head").out)
    world.promote("m@1.0.0", "staging")
    world.register("m", "1.1.0")
    world.register("other", "1.0.0")
    world.run("export", "--index", str(root / "index"))
    return root


@pytest.fixture
def root(signed_once: Path, tmp_path: Path) -> Path:
    shutil.copytree(signed_once / "index", tmp_path / "index")
    for name in ("witness", "allowed"):
        shutil.copy(signed_once / name, tmp_path / name)
    return tmp_path


def verified(root: Path, *options: str, reference: str = "m@staging", command: str = "resolve") -> Ran:
    return rollbook(root, command, reference, "--index", "index", "--verify", *options)


def edited(root: Path, name: str, edit: Callable[[dict[str, Any]], None]) -> None:
    path = root / "index" / name
    document = json.loads(path.read_text())
    edit(document)
    path.write_text(json.dumps(document))


def refused(ran: Ran, why: str) -> None:
    assert (ran.code, ran.out) == (1, ""), ran
    assert why in ran.err


def test_what_follows_from_the_trail_is_answered(root: Path) -> None:
    ran = verified(root, "--witness", "witness", "--allowed-signers", "allowed")
    assert ran.code == 0, ran.err
    assert "m@1.0.0 follows from the audit trail up to other@v1.0.0" in ran.err
    assert "signed by ci@example.com, which extends the witness" in ran.err
    assert "warning" not in ran.err


def test_a_head_that_nobody_vouches_for_is_said_to_be_such(root: Path) -> None:
    assert "warning: that head is the index's own word" in verified(root).err


@pytest.mark.parametrize("command", ["resolve", "show"])
def test_the_answer_is_the_same_with_and_without(root: Path, command: str) -> None:
    assert verified(root, command=command).out == rollbook(root, command, "m@staging", "--index", "index").out


def _other_digest(document: dict[str, Any]) -> None:
    document["versions"][0]["sha256"] = "0" * 64


def _other_manifest(document: dict[str, Any]) -> None:
    document["versions"][0]["manifest"] = "0" * 64


def _other_stage(document: dict[str, Any]) -> None:
    document["stages"][0]["version"] = "1.1.0"


def _without_a_version(document: dict[str, Any]) -> None:
    del document["versions"][1]


def _more_versions(document: dict[str, Any]) -> None:
    document["versions"].append({**document["versions"][0], "version": "3.0.0"})


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (_other_digest, "says other digests of m@1.0.0"),
        (_other_manifest, "says other digests of m@1.0.0"),
        (_other_stage, "by the trail m@1.0.0 is in staging"),
        (_without_a_version, "leaves out m@1.1.0"),
        (_more_versions, "does not record m@3.0.0"),
    ],
)
def test_a_changed_document_of_a_model_is_found_out(
    root: Path, edit: Callable[[dict[str, Any]], None], why: str
) -> None:
    edited(root, "models/1/m.json", edit)
    assert rollbook(root, "resolve", "m@latest", "--index", "index").code == 0
    refused(verified(root, reference="m@latest"), why)


def test_a_changed_manifest_is_found_out(root: Path) -> None:
    def edit(document: dict[str, Any]) -> None:
        path = "registry/m/versions/1.0.0/version.yaml"
        document["files"][path] += "description: better than it was\n"

    edited(root, "models/1/m.files.json", edit)
    refused(verified(root, command="show"), "says other digests of m@1.0.0")


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_tag_that_was_changed_breaks_the_chain(root: Path, place: int) -> None:
    def edit(document: dict[str, Any]) -> None:
        document["tags"][place] = document["tags"][place].replace("1.0.0", "1.2.0")

    edited(root, "trail/000000.json", edit)
    refused(verified(root), "the trail")


def test_a_tag_that_was_left_out_breaks_the_chain(root: Path) -> None:
    edited(root, "trail/000000.json", lambda document: document["tags"].pop(2))
    refused(verified(root), "does not follow the tag before it")


def cut_back(root: Path, world: Path, events: int) -> None:
    """Make the index that of an earlier day, consistent in itself."""
    shutil.rmtree(root / "index")
    commits = [event["landed_in"] for event in json.loads(World(world).run("history", "--json").out)]
    World(world).run("export", "--index", str(root / "index"), "--rev", commits[events - 1])


def test_an_index_that_stands_still_is_found_out_by_a_newer_witness(root: Path, signed_once: Path) -> None:
    cut_back(root, signed_once, 1)
    assert verified(root, "--witness", "witness", reference="m@1.0.0").code == 0
    (root / "newer").write_text(World(signed_once).run("audit", "head").out)
    refused(verified(root, "--witness", "newer", reference="m@1.0.0"), "older than the witness")


def test_another_trail_is_found_out_by_a_witness(root: Path) -> None:
    text = (root / "witness").read_text()
    oid = next(line for line in text.splitlines() if line.startswith("Trail-Object"))
    (root / "witness").write_text(text.replace(oid, f"Trail-Object: {'0' * 40}"))
    refused(verified(root, "--witness", "witness"), "does not extend the witness")


def test_a_head_by_another_key_is_found_out(root: Path, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")], check=True)
    (root / "allowed").write_text(f"ci@example.com {(tmp_path / 'other.pub').read_text()}")
    refused(verified(root, "--allowed-signers", "allowed"), "is not signed by anybody on the list")


def test_an_expired_key_does_not_vouch_for_a_head_by_dating_it_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = world.root / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    for name, value in (("gpg.format", "ssh"), ("user.signingKey", str(key))):
        world.git("config", name, value)
    expired = 'ci@example.com valid-before="20210101000000Z"'
    (world.root / "allowed").write_text(f"{expired} {key.with_suffix('.pub').read_text()}")
    for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
        monkeypatch.setenv(name, "2020-06-01T12:00:00+0000")
    world.register("m", "1.0.0")
    assert "2020" in world.git("for-each-ref", "--format=%(taggerdate:iso)", "refs/tags/m@v1.0.0")
    world.run("export", "--index", str(world.root / "index"))
    ran = verified(world.root, "--allowed-signers", "allowed", reference="m@1.0.0")
    refused(ran, "is not signed by anybody on the list")


def test_a_head_without_a_signature_is_found_out(world: World) -> None:
    world.register("m", "1.0.0")
    world.run("export", "--index", str(world.root / "index"))
    (world.root / "allowed").write_text("")
    ran = verified(world.root, "--allowed-signers", "allowed", reference="m@1.0.0")
    refused(ran, "is not signed by anybody on the list")


def test_an_alias_that_is_on_no_record_is_the_indexs_own_word(root: Path) -> None:
    edited(root, "models/1/m.json", lambda document: document["aliases"].update(champion="1.0.0"))
    ran = verified(root, reference="m@champion")
    assert (ran.code, "the trail has no record of champion: that it is 1.0.0" in ran.err) == (0, True)


@pytest.fixture(scope="module")
def aliased_once(tmp_path_factory: pytest.TempPathFactory, signed_once: Path) -> Path:
    """The same with a champion, which a name alone stands for."""
    world = World(signed_once).copy(tmp_path_factory.mktemp("verify-alias") / "world")
    world.policy("default_alias: champion\n")
    for version in ("1.0.0", "1.1.0"):
        world.run("alias", f"m@{version}", "champion", "--reason", "best", "--land")
    world.run("export", "--index", str(world.root / "index"))
    return world.root


@pytest.fixture
def aliased(aliased_once: Path, tmp_path: Path) -> Path:
    shutil.copytree(aliased_once / "index", tmp_path / "index")
    return tmp_path


def test_an_alias_on_record_follows_from_the_trail(aliased: Path) -> None:
    ran = verified(aliased, "--field", "version", reference="m@champion")
    assert (ran.code, ran.out, "no record of" in ran.err) == (0, "1.1.0\n", False), ran.err


@pytest.mark.parametrize(
    "edit",
    [
        lambda document: document["aliases"].update(champion="1.0.0"),
        lambda document: document["aliases"].pop("champion"),
    ],
)
def test_an_alias_that_the_trail_has_otherwise_is_found_out(
    aliased: Path, edit: Callable[[dict[str, Any]], None]
) -> None:
    edited(aliased, "models/1/m.json", edit)
    refused(verified(aliased, reference="m@1.0.0"), "by the trail m@champion is 1.1.0, and by the index")


def test_what_a_name_alone_stands_for_is_the_indexs_own_word(aliased: Path) -> None:
    ran = verified(aliased, "--field", "version", reference="m")
    assert (ran.code, ran.out) == (0, "1.1.0\n"), ran.err
    assert "that m alone means @champion is the index's own word" in ran.err


def test_a_registry_that_records_nothing_can_not_be_verified(world: World) -> None:
    world.register("m", "1.0.0")
    for tag in world.git("tag").split():
        world.git("tag", "--delete", tag)
    world.run("export", "--index", str(world.root / "index"))
    ran = verified(world.root, reference="m@1.0.0")
    assert (ran.code, "has no trail to verify by" in ran.err) == (3, True)


@pytest.fixture
def short_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("index_trail", "index_export", "verification"):
        monkeypatch.setattr(f"rollbook.transfer.static_index.{module}.EVENTS_PER_FILE", 2)


@pytest.mark.usefixtures("short_parts")
def test_parts_of_the_trail_that_are_full_are_asked_for_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLBOOK_CACHE", str(world.root / "cache"))
    world.register("m", "1.0.0")
    for stage in ("staging", "production"):
        world.promote("m@1.0.0", stage)
    world.register("m", "1.1.0")
    index = world.root / "index"
    world.run("export", "--index", str(index))
    parts = sorted(path.name for path in (index / "trail").iterdir())
    assert parts == ["000000.json", "000001.json", "000002.json"]
    for host in served(index):
        asked = ["resolve", "m@1.0.0", "--index", host.url, "--verify"]
        assert rollbook(world.root, *asked).code == rollbook(world.root, *asked).code == 0
        first, second = host.asked[:5], host.asked[5:]
        assert [path.rpartition("/")[2] for path, _ in first] == ["m.json", "index.json", *parts]
        assert [path.rpartition("/")[2] for path, _ in second] == ["m.json", "index.json", parts[-1]]


@pytest.mark.usefixtures("short_parts")
def test_a_part_that_was_kept_of_another_main_is_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLBOOK_CACHE", str(world.root / "cache"))
    world.register("m", "1.0.0")
    world.promote("m@1.0.0", "staging")
    index = world.root / "index"
    world.run("export", "--index", str(index))
    for host in served(index):
        asked = ["resolve", "m@1.0.0", "--index", host.url, "--verify"]
        assert rollbook(world.root, *asked).code == 0
        world.git("tag", "--delete", *world.git("tag").split())
        world.git("config", "user.name", "Somebody Else")
        world.run("audit", "record", "--no-push")
        world.run("export", "--index", str(index))
        ran = rollbook(world.root, *asked)
        assert ran.code == 0, ran.err
