"""The storage on S3, against a server that speaks its protocol."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

import boto3
import pytest

from rollbook.artifact.digest import digest_artifact
from rollbook.artifact.read_only_storage import read_only_storage
from rollbook.artifact.storage import Storage, open_storage
from rollbook.errors import StorageFailed

from .conftest import configured

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def s3_root(tmp_path: Path, bucket: str, s3_server: str) -> Path:
    return configured(tmp_path / "work", f"s3://{bucket}/models", f"    endpointurl = {s3_server}\n")


@pytest.fixture
def s3(s3_root: Path) -> Storage:
    return open_storage(s3_root)


def test_a_large_file_goes_to_s3_and_comes_back(
    s3: Storage, s3_root: Path, tmp_path: Path, bucket: str
) -> None:
    model = tmp_path / "model.bin"
    model.write_bytes(os.urandom(110 << 20))
    stored = s3.add(model, "model.bin")
    assert not s3.has(stored.pointer)
    counts: list[int] = []
    assert s3.push(stored.pointer, counts.append) == sum(counts) == 110 << 20
    assert len(counts) > 1
    assert s3.has(stored.pointer)
    assert s3.push(stored.pointer) == 0
    assert s3.remote_url == f"s3://{bucket}/models"
    shutil.rmtree(s3_root / ".dvc" / "cache")
    counts.clear()
    s3.fetch(
        stored.pointer,
        sha256=stored.digest.sha256,
        size=stored.digest.size,
        destination=tmp_path / "out",
        progress=counts.append,
    )
    assert digest_artifact(tmp_path / "out").sha256 == stored.digest.sha256
    assert sum(counts) == 110 << 20
    assert len(counts) > 1


def test_a_folder_goes_to_s3_and_comes_back_without_a_clone(
    s3: Storage, s3_root: Path, folder: Path, tmp_path: Path
) -> None:
    stored = s3.add(folder, "bundle")
    counts: list[int] = []
    assert s3.push(stored.pointer, counts.append) == sum(counts)
    config = (s3_root / ".dvc" / "config").read_text()
    with read_only_storage(config, base=tmp_path) as storage:
        assert storage.has(stored.pointer)
        counts.clear()
        storage.fetch(
            stored.pointer,
            sha256=stored.digest.sha256,
            size=stored.digest.size,
            destination=tmp_path / "out",
            progress=counts.append,
        )
    assert digest_artifact(tmp_path / "out") == stored.digest
    assert sum(counts) == stored.digest.size


def test_a_folder_that_lost_a_file_on_s3_is_not_there(
    s3: Storage, folder: Path, bucket: str, s3_server: str
) -> None:
    stored = s3.add(folder, "bundle")
    s3.push(stored.pointer)
    md5 = stored.digest.files[0].md5
    client = boto3.client("s3", endpoint_url=s3_server)
    client.delete_object(Bucket=bucket, Key=f"models/files/md5/{md5[:2]}/{md5[2:]}")
    assert not s3.has(stored.pointer)


def test_corrupt_content_on_s3_is_refused(
    s3: Storage, s3_root: Path, tmp_path: Path, bucket: str, s3_server: str
) -> None:
    (tmp_path / "model.bin").write_bytes(b"content")
    stored = s3.add(tmp_path / "model.bin", "model.bin")
    s3.push(stored.pointer)
    md5 = stored.pointer.md5
    client = boto3.client("s3", endpoint_url=s3_server)
    client.put_object(Bucket=bucket, Key=f"models/files/md5/{md5[:2]}/{md5[2:]}", Body=b"CONTENT")
    shutil.rmtree(s3_root / ".dvc" / "cache")
    with pytest.raises(StorageFailed, match="corrupt"):
        s3.fetch(stored.pointer, sha256=stored.digest.sha256, size=7, destination=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_bucket_that_is_not_there_is_named(tmp_path: Path, bucket: str, s3_server: str) -> None:
    root = configured(tmp_path / "work", "s3://no-such-bucket/models", f"    endpointurl = {s3_server}\n")
    (tmp_path / "model.bin").write_bytes(b"content")
    storage = open_storage(root)
    stored = storage.add(tmp_path / "model.bin", "model.bin")
    with pytest.raises(StorageFailed, match=r"^s3://no-such-bucket/models: cannot be") as caught:
        storage.push(stored.pointer)
    assert "credentials" in caught.value.hint


def test_a_server_that_does_not_answer_is_named(
    tmp_path: Path, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    root = configured(tmp_path / "work", f"s3://{bucket}/models", "    endpointurl = http://127.0.0.1:9\n")
    (tmp_path / "model.bin").write_bytes(b"content")
    storage = open_storage(root)
    stored = storage.add(tmp_path / "model.bin", "model.bin")
    with pytest.raises(StorageFailed, match=f"^s3://{bucket}/models: "):
        storage.push(stored.pointer)


def put_away(s3: Storage, oid: str, bucket: str, s3_server: str, storage_class: str) -> None:
    """Move an object into a class of storage, as a rule of the bucket does."""
    client = boto3.client("s3", endpoint_url=s3_server)
    key = f"models/files/md5/{oid[:2]}/{oid[2:]}"
    client.copy_object(
        Bucket=bucket, Key=key, CopySource={"Bucket": bucket, "Key": key}, StorageClass=storage_class,
        MetadataDirective="COPY",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("storage_class", "what"),
    [("GLACIER", "file"), ("DEEP_ARCHIVE", "folder"), ("GLACIER", "a folder's file")],
)
def test_an_object_that_is_archived_is_said_to_be_until_it_is_restored(
    s3: Storage, s3_root: Path, folder: Path, tmp_path: Path, bucket: str, s3_server: str,
    storage_class: str, what: str,
) -> None:  # fmt: skip
    model = tmp_path / "model.bin"
    model.write_bytes(b"weights")
    stored = s3.add(model if what == "file" else folder, "model.bin")
    s3.push(stored.pointer)
    shutil.rmtree(s3_root / ".dvc" / "cache")
    oid = stored.digest.files[0].md5 if what == "a folder's file" else stored.pointer.md5
    put_away(s3, oid, bucket, s3_server, storage_class)
    assert what == "folder" or s3.has(stored.pointer)

    def fetch() -> None:
        s3.fetch(
            stored.pointer, sha256=stored.digest.sha256, size=stored.digest.size, destination=tmp_path / "out"
        )

    with pytest.raises(StorageFailed, match=rf"is archived( \({storage_class}\))?: it is there") as told:
        fetch()
    assert "restore" in told.value.hint
    assert not (tmp_path / "out").exists()
    client = boto3.client("s3", endpoint_url=s3_server)
    client.restore_object(
        Bucket=bucket, Key=f"models/files/md5/{oid[:2]}/{oid[2:]}", RestoreRequest={"Days": 1}
    )
    for _ in range(3):  # the server restores it while it is asked
        with suppress(StorageFailed):
            fetch()
            break
    assert digest_artifact(tmp_path / "out").sha256 == stored.digest.sha256


def test_a_class_of_storage_that_is_read_at_once_is_read(
    s3: Storage, s3_root: Path, tmp_path: Path, bucket: str, s3_server: str
) -> None:
    model = tmp_path / "model.bin"
    model.write_bytes(b"weights")
    stored = s3.add(model, "model.bin")
    s3.push(stored.pointer)
    shutil.rmtree(s3_root / ".dvc" / "cache")
    put_away(s3, stored.pointer.md5, bucket, s3_server, "STANDARD_IA")
    s3.fetch(stored.pointer, sha256=stored.digest.sha256, size=7, destination=tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"weights"
