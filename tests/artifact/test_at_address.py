"""Artifacts at an address, against a server that speaks S3."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import boto3
import pytest

from building.model_files import safetensors
from building.world import rollbook
from rollbook.artifact.at_address import AtAddress, address_name, is_address
from rollbook.artifact.digest import digest_artifact
from rollbook.artifact.dvc_remote import address_settings
from rollbook.artifact.storage import Storage, open_storage
from rollbook.artifact.stream import CHUNK
from rollbook.errors import BadCall, Refused, StorageFailed

from .conftest import configured

if TYPE_CHECKING:
    from pathlib import Path

    from building.world import World


@pytest.fixture
def root(tmp_path: Path, bucket: str, s3_server: str) -> Path:
    return configured(tmp_path / "work", f"s3://{bucket}/store", f"    endpointurl = {s3_server}\n")


@pytest.fixture
def put(s3_server: str, bucket: str):
    def store(key: str, data: bytes) -> str:
        boto3.client("s3", endpoint_url=s3_server).put_object(Bucket=bucket, Key=key, Body=data)
        return f"s3://{bucket}/{key}"

    return store


def stored(root: Path, address: str, name: str = "model"):
    source = AtAddress(root, address)
    storage: Storage = open_storage(root)
    return storage.add_parts(source.parts(), name, is_directory=source.is_directory)


def test_an_object_is_stored_as_the_same_file_would_be(root: Path, put, tmp_path: Path) -> None:
    (tmp_path / "churn.bin").write_bytes(os.urandom(9 << 20))
    address = put("models/churn.bin", (tmp_path / "churn.bin").read_bytes())
    found = stored(root, address, "churn.bin")
    expected = digest_artifact(tmp_path / "churn.bin")
    assert (found.digest.sha256, found.digest.md5, found.digest.size) == (
        expected.sha256,
        expected.md5,
        9 << 20,
    )


def test_a_prefix_is_stored_as_the_same_folder_would_be(root: Path, put, folder: Path) -> None:
    address = ""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        put(f"models/churn/{path.relative_to(folder).as_posix()}", path.read_bytes())
    address = put("models/churn/", b"").rstrip("/")  # what stands for a folder in some consoles
    found = stored(root, address)
    assert found.digest == digest_artifact(folder)


def test_an_object_is_read_in_pieces(root: Path, put) -> None:
    address = put("models/large.bin", os.urandom(24 << 20))
    pieces: list[int] = []
    source = AtAddress(root, address)
    open_storage(root).add_parts(source.parts(pieces.append), "large.bin", is_directory=False)
    assert (sum(pieces), max(pieces)) == (24 << 20, CHUNK)


def test_a_version_is_registered_by_its_address(world: World, put, bucket: str, s3_server: str) -> None:
    address = put("models/churn.bin", b"weights")
    settings = f"['remote \"far\"']\n    url = s3://{bucket}\n    endpointurl = {s3_server}\n"
    (world.registry / ".dvc" / "config.local").write_text(settings)
    ran = rollbook(world.registry, "register", "credit", address, "--version", "1.0.0", "--land")
    assert ran.code == 0, ran.err
    out = world.root / "out.bin"
    assert rollbook(world.registry, "fetch", "credit@1.0.0", "-o", str(out)).code == 0
    assert out.read_bytes() == b"weights"


def test_what_an_object_says_of_itself_goes_on_record_and_a_broken_one_is_refused(
    world: World, put, bucket: str, s3_server: str
) -> None:
    config = world.registry / ".dvc" / "config.local"
    config.write_text(f"['remote \"there\"']\n    url = s3://{bucket}\n    endpointurl = {s3_server}\n")
    weights = safetensors({"w": [2, 3]})
    call = ("register", "credit", put("w.safetensors", weights), "--version", "1.0.0", "--land")
    assert rollbook(world.registry, *call).code == 0
    told = json.loads(world.run("show", "credit@1.0.0", "--rev", "main", "--json").out)
    assert told["manifest"]["artifact"]["contents"]["dtypes"] == {"F32": 1}
    ran = rollbook(world.registry, "register", "credit", put("w.safetensors", weights[:-1]))
    assert (ran.code, "w.safetensors is broken: " in ran.err) == (1, True)


def test_an_object_that_changes_while_it_is_read_is_refused(root: Path, put) -> None:
    address = put("models/churn.bin", b"one")
    source = AtAddress(root, address)
    put("models/churn.bin", b"two")
    with pytest.raises(Refused, match="changed while it was read"):
        open_storage(root).add_parts(source.parts(), "churn.bin", is_directory=False)


@pytest.mark.parametrize("key", ["models/a\\b.bin", "models/../up.bin", "models/con.txt"])
def test_a_prefix_with_a_name_that_is_unsafe_somewhere_is_refused(
    root: Path, put, bucket: str, key: str
) -> None:
    put(key, b"x")
    with pytest.raises(BadCall):
        stored(root, f"s3://{bucket}/models")


def test_an_address_with_nothing_at_it_is_a_wrong_call(root: Path, bucket: str) -> None:
    with pytest.raises(BadCall, match="nothing is there"):
        AtAddress(root, f"s3://{bucket}/none")


def test_a_service_that_does_not_answer_is_told_by_its_address(tmp_path: Path, bucket: str) -> None:
    root = configured(tmp_path / "work", f"s3://{bucket}/store", "    endpointurl = http://127.0.0.1:9\n")
    with pytest.raises(StorageFailed, match=f"s3://{bucket}/x"):
        AtAddress(root, f"s3://{bucket}/x")


@pytest.mark.parametrize("address", ["file:///etc/passwd", "memory://x/y", "local://x"])
def test_an_address_that_is_none_elsewhere_is_refused(root: Path, address: str) -> None:
    with pytest.raises((BadCall, StorageFailed)):
        AtAddress(root, address)


def test_no_other_host_gets_the_password_of_a_remote(tmp_path: Path) -> None:
    root = configured(
        tmp_path / "work", "https://store.example.com/x", "    password = secret\n    user = me\n"
    )
    assert "password" in address_settings(root, "https://store.example.com/y").options
    assert address_settings(root, "https://other.example.com/y").options == {}


def test_a_remote_of_the_same_bucket_says_how_it_is_reached(tmp_path: Path) -> None:
    other = "['remote \"other\"']\n    url = s3://b/x\n    endpointurl = http://b\n"
    root = configured(tmp_path / "work", "s3://a/x", f"    endpointurl = http://a\n{other}")
    for bucket, endpoint in {"b": "http://b", "a": "http://a", "c": "http://a"}.items():
        assert address_settings(root, f"s3://{bucket}/m").options["endpointurl"] == endpoint
    assert address_settings(root, "remote://other/m").url == "s3://b/x/m"


@pytest.mark.parametrize("text", ["model.bin", "./s3:/x", "C:\\models\\x", "/s3://x"])
def test_a_path_is_no_address(text: str) -> None:
    assert not is_address(text)


def test_the_last_part_of_an_address_names_the_artifact() -> None:
    assert address_name("s3://bucket/models/churn/") == "churn"
