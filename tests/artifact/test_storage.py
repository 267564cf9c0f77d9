from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from rollbook.artifact.digest import digest_artifact
from rollbook.artifact.pointer import Pointer
from rollbook.artifact.storage import Storage, open_storage
from rollbook.errors import BadCall, InvalidFile, Refused, StorageFailed

from .conftest import configured, files_below


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "model.bin"
    path.write_bytes(os.urandom(9 << 20))
    return path


def test_an_added_file_is_in_the_cache_where_dvc_looks_for_it(
    storage: Storage, root: Path, model: Path
) -> None:
    stored = storage.add(model, "model.bin")
    md5 = hashlib.md5(model.read_bytes()).hexdigest()
    cached = root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]
    assert stored.pointer == Pointer("model.bin", md5, 9 << 20, None)
    assert stored.digest == digest_artifact(model)
    assert cached.read_bytes() == model.read_bytes()
    assert stat.S_IMODE(cached.stat().st_mode) == 0o444


def test_adding_touches_nothing_but_the_cache(storage: Storage, root: Path, folder: Path) -> None:
    before = files_below(folder)
    stored = storage.add(folder, "bundle")
    assert files_below(folder) == before
    assert {path.split("/")[1] for path in files_below(root)} == {"config", "cache"}
    objects = {file.md5 for file in stored.digest.files} | {stored.pointer.md5}
    assert {"".join(Path(path).parts[-2:]) for path in files_below(root / ".dvc/cache")} == objects


def test_a_cached_file_does_not_share_its_bytes_with_the_users_file(
    storage: Storage, root: Path, model: Path
) -> None:
    stored = storage.add(model, "model.bin")
    with model.open("r+b") as file:
        file.write(b"changed")
    storage.push(stored.pointer)
    assert storage.has(stored.pointer)


def test_adding_again_writes_no_second_object(storage: Storage, root: Path, model: Path) -> None:
    stored = storage.add(model, "model.bin")
    (cached,) = [path for path in (root / ".dvc/cache").rglob("*") if path.is_file()]
    before = cached.stat()
    assert open_storage(root).add(model, "other.bin").digest.sha256 == stored.digest.sha256
    assert cached.stat().st_ino == before.st_ino
    assert len(files_below(root / ".dvc/cache")) == 1


def test_adding_again_repairs_a_corrupt_object(storage: Storage, root: Path, model: Path) -> None:
    storage.add(model, "model.bin")
    (cached,) = [path for path in (root / ".dvc/cache").rglob("*") if path.is_file()]
    cached.chmod(0o644)
    cached.write_bytes(b"rotten")
    open_storage(root).add(model, "model.bin")
    assert cached.read_bytes() == model.read_bytes()


def test_the_format_is_told(storage: Storage, tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04N.")
    assert storage.add(tmp_path / "model.pkl", "model.pkl").format == "pickle"
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "saved_model.pb").write_bytes(b"x")
    assert storage.add(tmp_path / "saved", "saved").format == "tf-saved-model"


def test_a_bad_name_is_refused_before_anything_is_read(storage: Storage, root: Path, model: Path) -> None:
    with pytest.raises(BadCall, match="name of another file"):
        storage.add(model, "version.yaml")
    assert files_below(root) == {".dvc/config"}


def test_a_file_that_changes_while_it_is_added_leaves_nothing(
    storage: Storage, root: Path, model: Path
) -> None:
    with pytest.raises(Refused, match="changed while it was read"):
        storage.add(model, "model.bin", lambda _: os.utime(model))
    assert files_below(root) == {".dvc/config"}


def test_a_folder_that_changes_while_it_is_added_leaves_nothing(
    storage: Storage, root: Path, folder: Path
) -> None:
    with pytest.raises(Refused, match="changed while it was read"):
        storage.add(folder, "bundle", lambda _: (folder / "late").write_text("x") and None)
    assert files_below(root) == {".dvc/config"}


def test_a_failed_add_keeps_what_was_cached_before(storage: Storage, root: Path, folder: Path) -> None:
    (folder.parent / "tokens.txt").write_bytes((folder / "vocab/tokens.txt").read_bytes())
    storage.add(folder.parent / "tokens.txt", "tokens.txt")
    before = files_below(root)
    with pytest.raises(Refused):
        storage.add(folder, "bundle", lambda _: (folder / "late").write_text("x") and None)
    assert files_below(root) == before


_LIMITED = """
    import resource, signal, sys
    from pathlib import Path
    from rollbook.artifact.storage import open_storage
    from rollbook.errors import StorageFailed

    storage = open_storage(Path(sys.argv[1]))
    stored = storage.add(Path(sys.argv[2]), "model.bin") if sys.argv[3] == "push" else None
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5 << 20, 5 << 20))
    try:
        storage.push(stored.pointer) if stored else storage.add(Path(sys.argv[2]), "model.bin")
    except StorageFailed as error:
        print(error)
        sys.exit(7)
"""


def _run(script: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def test_an_add_that_runs_out_of_room_leaves_nothing(root: Path, model: Path) -> None:
    done = _run(_LIMITED, root, model, "add")
    assert done.returncode == 7, done.stderr
    assert "cannot write" in done.stdout
    assert str(root / ".dvc/cache") in done.stdout
    assert files_below(root) == {".dvc/config"}


def test_a_push_that_runs_out_of_room_leaves_nothing(root: Path, model: Path, remote: Path) -> None:
    done = _run(_LIMITED, root, model, "push")
    assert done.returncode == 7, done.stderr
    assert str(remote) in done.stdout
    assert files_below(remote) == set()


_KILLED = """
    import os, signal, sys
    from pathlib import Path
    from rollbook.artifact.storage import open_storage

    storage = open_storage(Path(sys.argv[1]))
    pointer = storage.add(Path(sys.argv[2]), "model.bin").pointer
    storage.push(pointer, lambda _: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_killed_push_leaves_no_object_and_can_be_repeated(root: Path, model: Path, remote: Path) -> None:
    assert _run(_KILLED, root, model).returncode == -signal.SIGKILL
    storage = open_storage(root)
    pointer = storage.add(model, "model.bin").pointer
    assert not storage.has(pointer)
    assert all(path.endswith(".tmp") for path in files_below(remote))
    assert storage.push(pointer) == 9 << 20
    assert storage.has(pointer)


def test_a_push_sends_each_byte_once(storage: Storage, folder: Path) -> None:
    stored = storage.add(folder, "bundle")
    counts: list[int] = []
    sent = storage.push(stored.pointer, counts.append)
    unique = {file.md5: file.size for file in stored.digest.files}
    assert sent == sum(counts) > sum(unique.values())
    assert storage.push(stored.pointer) == 0


def test_a_remote_without_the_artifact_does_not_have_it(storage: Storage, model: Path) -> None:
    assert not storage.has(storage.add(model, "model.bin").pointer)


@pytest.mark.parametrize("victim", ["weights.bin", "vocab/tokens.txt"])
def test_a_remote_that_lost_one_file_of_a_folder_does_not_have_it(
    storage: Storage, folder: Path, remote: Path, victim: str
) -> None:
    stored = storage.add(folder, "bundle")
    storage.push(stored.pointer)
    (md5,) = (file.md5 for file in stored.digest.files if file.path == victim)
    (remote / "files/md5" / md5[:2] / md5[2:]).unlink()
    assert not storage.has(stored.pointer)
    assert storage.push(stored.pointer) > 0
    assert storage.has(stored.pointer)


def test_a_half_written_object_of_the_remote_is_replaced(storage: Storage, model: Path, remote: Path) -> None:
    pointer = storage.add(model, "model.bin").pointer
    target = remote / "files/md5" / pointer.md5[:2] / pointer.md5[2:]
    target.parent.mkdir(parents=True)
    target.write_bytes(b"half")
    assert not storage.has(pointer)
    assert storage.push(pointer) == pointer.size
    assert target.read_bytes() == model.read_bytes()


def test_a_corrupt_cached_object_is_not_pushed(
    storage: Storage, root: Path, model: Path, remote: Path
) -> None:
    pointer = storage.add(model, "model.bin").pointer
    (cached,) = [path for path in (root / ".dvc/cache").rglob("*") if path.is_file()]
    cached.chmod(0o644)
    with cached.open("r+b") as file:
        file.write(b"\0\0\0\0\0\0\0\0")
    with pytest.raises(StorageFailed, match="missing or corrupt"):
        storage.push(pointer)
    assert files_below(remote) == set()


def test_pushing_what_only_the_remote_still_has_sends_nothing(
    storage: Storage, root: Path, folder: Path
) -> None:
    pointer = storage.add(folder, "bundle").pointer
    storage.push(pointer)
    shutil.rmtree(root / ".dvc" / "cache")
    assert storage.push(pointer) == 0


def test_pushing_what_is_not_cached_fails(storage: Storage) -> None:
    with pytest.raises(StorageFailed, match="missing or corrupt"):
        storage.push(Pointer("model.bin", "0" * 32, 5, None))


def test_a_remote_that_can_not_be_written_is_named(tmp_path: Path, model: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    storage = open_storage(configured(tmp_path / "work", str(tmp_path / "file" / "remote")))
    pointer = storage.add(model, "model.bin").pointer
    with pytest.raises(StorageFailed, match=f"^{tmp_path}/file/remote"):
        storage.push(pointer)


def test_a_shared_cache_gets_group_rights(tmp_path: Path, model: Path) -> None:
    root = configured(
        tmp_path / "work", "../../remote", "[cache]\n    dir = ../../pool\n    shared = group\n"
    )
    open_storage(root).add(model, "model.bin")
    assert stat.S_IMODE((tmp_path / "pool/files/md5").stat().st_mode) == 0o2775
    assert not (root / ".dvc/cache").exists()


def test_a_place_without_dvc_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadCall, match="not set up") as caught:
        open_storage(tmp_path)
    assert "rollbook init" in caught.value.hint


def test_a_configuration_without_a_default_remote_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".dvc").mkdir()
    with pytest.raises(BadCall, match="no default remote"):
        open_storage(tmp_path)


@pytest.mark.parametrize("text", ["[core\n", "[core]\nremote = r\n", "[core]\nnonsense = 1\n"])
def test_a_broken_configuration_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text(text)
    with pytest.raises(InvalidFile, match=r"\.dvc/config"):
        open_storage(tmp_path)


@pytest.mark.parametrize("setting", ["version_aware", "worktree"])
def test_a_remote_that_keeps_no_objects_is_refused(tmp_path: Path, setting: str) -> None:
    with pytest.raises(StorageFailed, match="version-aware remotes are not supported"):
        open_storage(configured(tmp_path, "s3://bucket/models", f"    {setting} = true\n"))


def test_a_remote_whose_package_is_missing_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed) as caught:
        open_storage(configured(tmp_path, "gs://bucket/models"))
    assert "dvc[gs]" in caught.value.hint


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://jane:hunter2@host/models?sig=abc#x", "https://host/models"),
        ("https://token@host/models", "https://host/models"),
        ("https://jane:hun@ter2@host/models", "https://host/models"),
        ("/plain/path", "/plain/path"),
    ],
)
def test_the_remotes_address_is_shown_without_credentials(tmp_path: Path, url: str, shown: str) -> None:
    assert open_storage(configured(tmp_path, url)).remote_url == shown


def test_gits_hook_environment_does_not_disturb(
    root: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, "/nonexistent")
    storage = open_storage(root)
    assert storage.push(storage.add(model, "model.bin").pointer) == 9 << 20


def test_opening_a_storage_does_not_load_dvcs_repository() -> None:
    script = "import sys, rollbook.artifact.storage; print([m for m in sys.modules if m[:3] == 'dvc'])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_what_a_killed_process_left_is_removed_a_day_later(
    storage: Storage, root: Path, remote: Path, model: Path
) -> None:
    old, young, other = f".rollbook-{'a' * 16}.tmp", f".rollbook-{'b' * 16}.tmp", ".rollbook-mine.tmp"
    folders = [root / ".dvc" / "cache" / "files" / "md5", remote / "files" / "md5"]
    for folder in folders:
        folder.mkdir(parents=True)
        for name in (old, young, other):
            (folder / name).write_bytes(b"half")
        for name in (old, other):
            os.utime(folder / name, (1, 1))
    storage.push(storage.add(model, "model.bin").pointer)
    for folder in folders:
        assert {path.name for path in folder.glob(".rollbook-*")} == {young, other}


def test_a_link_that_looks_left_over_is_not_touched(storage: Storage, root: Path, model: Path) -> None:
    folder = root / ".dvc" / "cache" / "files" / "md5"
    folder.mkdir(parents=True)
    link = folder / f".rollbook-{'a' * 16}.tmp"
    link.symlink_to(model)
    os.utime(link, (1, 1), follow_symlinks=False)
    storage.add(model, "model.bin")
    assert link.is_symlink()


# Two blocks that Wang and others published in 2004 (https://eprint.iacr.org/2004/199): they keep their md5
# when the highest bit of six bytes is turned.
COLLIDING = bytes.fromhex(
    "d131dd02c5e6eec4693d9a0698aff95c2fcab58712467eab4004583eb8fb7f8955ad340609f4b30283e488832571415a"
    "085125e8f7cdc99fd91dbdf280373c5bd8823e3156348f5bae6dacd436c919c6dd53e2b487da03fd02396306d248cda0"
    "e99f33420f577ee8ce54b67080a80d1ec69821bcb6a8839396f9652b6ff72a70"
)
TURNED = 0x80


def test_content_with_the_md5_of_other_content_is_refused_and_not_lost(
    storage: Storage, tmp_path: Path
) -> None:
    other = bytearray(COLLIDING)
    for place in (19, 45, 59, 83, 109, 123):
        other[place] ^= TURNED
    (tmp_path / "one").write_bytes(COLLIDING)
    (tmp_path / "two").write_bytes(other)
    assert hashlib.md5(COLLIDING).digest() == hashlib.md5(other).digest()
    stored = storage.add(tmp_path / "one", "one")
    with pytest.raises(Refused, match="other content with the md5"):
        storage.add(tmp_path / "two", "two")
    assert storage.add(tmp_path / "one", "again").pointer.md5 == stored.pointer.md5
