from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rollbook.artifact.digest import digest_artifact
from rollbook.artifact.dir_object import parse_listing
from rollbook.artifact.pointer import Pointer
from rollbook.artifact.read_only_storage import read_only_storage
from rollbook.errors import Refused, StorageFailed

from .conftest import files_below

if TYPE_CHECKING:
    from rollbook.artifact.storage import Storage, Stored


@pytest.fixture
def stored(storage: Storage, folder: Path) -> Stored:
    """The folder, cached and pushed."""
    stored = storage.add(folder, "bundle")
    storage.push(stored.pointer)
    return stored


@pytest.fixture
def cache(root: Path) -> Path:
    return root / ".dvc" / "cache"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def _fetch(storage: Storage, stored: Stored, destination: Path, **options: object) -> Path:
    sha256, size = stored.digest.sha256, stored.digest.size
    return storage.fetch(stored.pointer, sha256=sha256, size=size, destination=destination, **options)  # type: ignore[arg-type]


def _object(place: Path, oid: str) -> Path:
    return place / "files" / "md5" / oid[:2] / oid[2:]


def _spoil(path: Path) -> None:
    content = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    path.chmod(0o444)


def test_a_folder_comes_back_from_the_cache(
    storage: Storage, stored: Stored, out: Path, remote: Path
) -> None:
    shutil.rmtree(remote)
    counts: list[int] = []
    assert _fetch(storage, stored, out / "bundle", progress=counts.append) == out / "bundle"
    assert digest_artifact(out / "bundle") == stored.digest
    assert sum(counts) == stored.digest.size
    assert [path.name for path in out.iterdir()] == ["bundle"]


def test_a_folder_comes_back_from_the_remote(
    storage: Storage, stored: Stored, out: Path, cache: Path
) -> None:
    shutil.rmtree(cache)
    counts: list[int] = []
    _fetch(storage, stored, out / "bundle", progress=counts.append)
    assert digest_artifact(out / "bundle") == stored.digest
    assert sum(counts) == stored.digest.size


def test_a_fetched_file_is_the_users_to_change(storage: Storage, tmp_path: Path, out: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"content")
    stored = storage.add(tmp_path / "model.bin", "model.bin")
    path = _fetch(storage, stored, out / "new" / "model.bin")
    assert path.read_bytes() == b"content"
    assert path.stat().st_mode & 0o200
    assert path.stat().st_nlink == 1


def test_a_corrupt_cached_object_gives_way_to_the_remotes(
    storage: Storage, stored: Stored, out: Path, cache: Path
) -> None:
    for file in stored.digest.files[:3]:
        _spoil(_object(cache, file.md5))
    counts: list[int] = []
    _fetch(storage, stored, out / "bundle", progress=counts.append)
    assert digest_artifact(out / "bundle") == stored.digest
    assert sum(counts) == stored.digest.size


def test_a_corrupt_cached_listing_gives_way_to_the_remotes(
    storage: Storage, stored: Stored, out: Path, cache: Path
) -> None:
    _spoil(_object(cache, stored.pointer.md5))
    _fetch(storage, stored, out / "bundle")
    assert digest_artifact(out / "bundle") == stored.digest


def test_a_corrupt_object_of_the_remote_is_refused(
    storage: Storage, stored: Stored, out: Path, cache: Path, remote: Path
) -> None:
    shutil.rmtree(cache)
    _spoil(_object(remote, stored.digest.files[-1].md5))
    with pytest.raises(StorageFailed, match="corrupt"):
        _fetch(storage, stored, out / "bundle")
    assert list(out.iterdir()) == []


def test_a_remote_that_is_not_here_is_told_as_such_for_a_folder_too(
    storage: Storage, stored: Stored, out: Path, cache: Path, remote: Path
) -> None:
    shutil.rmtree(cache)
    shutil.rmtree(remote)
    with pytest.raises(StorageFailed) as raised:
        _fetch(storage, stored, out / "bundle")
    assert "another computer's" in raised.value.hint


def test_an_object_that_the_remote_lost_is_named(
    storage: Storage, stored: Stored, out: Path, cache: Path, remote: Path
) -> None:
    shutil.rmtree(cache)
    md5 = stored.digest.files[-1].md5
    _object(remote, md5).unlink()
    with pytest.raises(StorageFailed, match=f"{remote} does not hold {md5}"):
        _fetch(storage, stored, out / "bundle")
    assert list(out.iterdir()) == []


def test_content_with_another_sha256_is_refused(storage: Storage, stored: Stored, out: Path) -> None:
    with pytest.raises(StorageFailed, match="not what was registered"):
        storage.fetch(stored.pointer, sha256="0" * 64, size=stored.digest.size, destination=out / "bundle")
    assert list(out.iterdir()) == []


def test_a_manifest_and_a_pointer_of_different_size_are_refused(
    storage: Storage, stored: Stored, out: Path
) -> None:
    with pytest.raises(StorageFailed, match="the manifest says 1 bytes"):
        storage.fetch(stored.pointer, sha256=stored.digest.sha256, size=1, destination=out / "bundle")


def test_the_same_content_at_the_destination_is_left_alone(
    storage: Storage, stored: Stored, out: Path
) -> None:
    _fetch(storage, stored, out / "bundle")
    before = (out / "bundle").stat().st_ino
    _fetch(storage, stored, out / "bundle")
    assert (out / "bundle").stat().st_ino == before


@pytest.mark.parametrize("make", [Path.mkdir, Path.touch, lambda path: path.symlink_to("/nonexistent")])
def test_something_else_at_the_destination_is_kept(
    storage: Storage, stored: Stored, out: Path, make: object
) -> None:
    make(out / "bundle")  # type: ignore[operator]
    with pytest.raises(Refused, match="already there"):
        _fetch(storage, stored, out / "bundle")
    assert [path.name for path in out.iterdir()] == ["bundle"]


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_something_else_at_the_destination_is_replaced_on_demand(
    storage: Storage, stored: Stored, out: Path, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").write_text("keep")
    if kind == "folder":
        (out / "bundle").mkdir()
        (out / "bundle" / "old").write_text("old")
    elif kind == "file":
        (out / "bundle").write_text("old")
    else:
        (out / "bundle").symlink_to(tmp_path / "precious")
    _fetch(storage, stored, out / "bundle", overwrite=True)
    assert digest_artifact(out / "bundle") == stored.digest
    assert files_below(tmp_path / "precious") == {"file"}
    assert [path.name for path in out.iterdir()] == ["bundle"]


def test_a_failed_overwrite_keeps_the_old_content(
    storage: Storage, stored: Stored, out: Path, cache: Path, remote: Path
) -> None:
    (out / "bundle").write_text("old")
    shutil.rmtree(cache)
    shutil.rmtree(remote)
    with pytest.raises(StorageFailed):
        _fetch(storage, stored, out / "bundle", overwrite=True)
    assert (out / "bundle").read_text() == "old"


def test_an_interrupted_fetch_leaves_nothing(storage: Storage, stored: Stored, out: Path) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _fetch(storage, stored, out / "bundle", progress=interrupt)
    assert list(out.iterdir()) == []


CONTENT = b"evil"
MD5 = hashlib.md5(CONTENT).hexdigest()


def _entry(path: str, md5: str = MD5) -> dict[str, str]:
    return {"md5": md5, "relpath": path}


def _hostile_folder(place: Path, listing: object, files: int) -> Pointer:
    """Put a listing and one object into the remote at `place`; return a pointer to the listing."""
    data = listing if isinstance(listing, bytes) else json.dumps(listing).encode()
    oid = f"{hashlib.md5(data).hexdigest()}.dir"
    for name, content in ((oid, data), (MD5, CONTENT)):
        _object(place, name).parent.mkdir(parents=True, exist_ok=True)
        _object(place, name).write_bytes(content)
    return Pointer("bundle", oid, len(CONTENT) * files, files)


@pytest.mark.parametrize(
    "listing",
    [
        [_entry("../escaped")],
        [_entry("/tmp/escaped")],
        [_entry("a/../../escaped")],
        [_entry("a//b")],
        [_entry("./a")],
        [_entry("a"), _entry("a")],
        [_entry("a"), _entry("A")],
        [_entry("a"), _entry("a/b")],
        [_entry("a/b"), _entry("a")],
        [_entry("a\\..\\b")],
        [_entry("a\x1b]0;x\x07")],
        [_entry("")],
        [_entry("x" * 300)],
        [_entry("x/" * 3000 + "x")],
        [_entry(".git/hooks")],
        [_entry("a", "../../../../etc/passwd")],
        [_entry("a", MD5 + ".dir")],
        [{"relpath": "a"}],
        [{"md5": MD5}],
        ["a"],
        {"a": MD5},
        [],
        b"not json",
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_a_hostile_folder_listing_is_refused(
    storage: Storage, remote: Path, out: Path, tmp_path: Path, listing: object
) -> None:
    pointer = _hostile_folder(remote, listing, len(listing) if isinstance(listing, list) and listing else 1)
    before = files_below(tmp_path)
    with pytest.raises(StorageFailed, match="the folder listing") as caught:
        storage.fetch(pointer, sha256="0" * 64, size=pointer.size, destination=out / "bundle")
    assert files_below(tmp_path) == before
    assert str(caught.value).isprintable()


def test_a_listing_with_more_files_than_the_pointer_says_is_refused(
    storage: Storage, remote: Path, out: Path
) -> None:
    pointer = _hostile_folder(remote, [_entry("a"), _entry("b")], 1)
    with pytest.raises(StorageFailed, match="1 files and the listing has 2"):
        storage.fetch(pointer, sha256="0" * 64, size=pointer.size, destination=out / "bundle")


def test_a_listing_that_repeats_a_cached_object_can_not_fill_the_disk(
    storage: Storage, remote: Path, out: Path, tmp_path: Path
) -> None:
    (tmp_path / "large").write_bytes(b"x" * 5000)
    md5 = storage.add(tmp_path / "large", "large").pointer.md5
    pointer = _hostile_folder(remote, [_entry(f"copy-{n}", md5) for n in range(100)], 100)
    with pytest.raises(StorageFailed, match="more bytes are stored than were registered"):
        storage.fetch(pointer, sha256="0" * 64, size=pointer.size, destination=out / "bundle")
    assert list(out.iterdir()) == []


def test_an_object_larger_than_registered_is_not_brought(storage: Storage, remote: Path, out: Path) -> None:
    oid = "0" * 32
    _object(remote, oid).parent.mkdir(parents=True)
    with _object(remote, oid).open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(StorageFailed, match="more bytes than were registered"):
        storage.fetch(Pointer("m", oid, 10, None), sha256="0" * 64, size=10, destination=out / "m")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_an_object_that_is_no_plain_file_is_not_there(
    storage: Storage, remote: Path, out: Path, kind: str
) -> None:
    path = _object(remote, MD5)
    path.parent.mkdir(parents=True)
    if kind == "link":
        path.symlink_to("/etc/passwd")
    else:
        os.mkfifo(path)
    pointer = Pointer("m", MD5, 4, None)
    assert not storage.has(pointer)
    with pytest.raises(StorageFailed, match="does not hold"):
        storage.fetch(pointer, sha256="0" * 64, size=4, destination=out / "m")


def test_a_listing_that_is_huge_but_flat_is_read_quickly() -> None:
    data = json.dumps([_entry("/".join(["d"] * 500 + [str(n)])) for n in range(2000)]).encode()
    assert len(parse_listing(data, "x")) == 2000


def test_a_commits_configuration_is_enough_to_fetch(
    stored: Stored, root: Path, out: Path, tmp_path: Path
) -> None:
    config = (root / ".dvc" / "config").read_text()
    before = files_below(root)
    with read_only_storage(config, base=root) as storage:
        assert storage.has(stored.pointer)
        assert storage.remote_url == str(tmp_path / "remote")
        storage.fetch(
            stored.pointer,
            sha256=stored.digest.sha256,
            size=stored.digest.size,
            destination=out / "bundle",
        )
    assert digest_artifact(out / "bundle") == stored.digest
    assert files_below(root) == before
