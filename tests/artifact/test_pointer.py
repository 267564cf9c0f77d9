from __future__ import annotations

import pytest
import yaml

from rollbook.artifact.pointer import Pointer, parse_pointer, pointer_data, require_artifact_name
from rollbook.errors import BadCall, InvalidFile

MD5 = "0123456789abcdef0123456789abcdef"
FILE = {"md5": MD5, "size": 12, "hash": "md5", "path": "model.onnx"}
FOLDER = {"md5": f"{MD5}.dir", "size": 12, "nfiles": 2, "hash": "md5", "path": "bundle"}


@pytest.mark.parametrize(
    "pointer", [Pointer("model.onnx", MD5, 12, None), Pointer("bundle", f"{MD5}.dir", 12, 2)]
)
def test_a_pointer_survives_writing_and_reading(pointer: Pointer) -> None:
    text = yaml.safe_dump(pointer_data(pointer), sort_keys=False)
    assert parse_pointer(yaml.safe_load(text), "x.dvc") == pointer


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "outs",
        {},
        {"outs": []},
        {"outs": [FILE, FILE]},
        {"outs": ["model.onnx"]},
        {"outs": [FILE], "deps": [{"path": "data.csv"}]},
        {"outs": [FILE], "cmd": "rm -rf /"},
        {"outs": [FILE], "frozen": True},
        {"outs": [FILE | {"cache": False}]},
        {"outs": [FILE | {"remote": "other"}]},
        {"outs": [FILE | {"push": False}]},
        {"outs": [FILE | {"url": "s3://elsewhere/x"}]},
        {"outs": [FILE | {"hash": "etag"}]},
        {"outs": [{key: value for key, value in FILE.items() if key != "hash"}]},
        {"outs": [FILE | {"md5": "../../../../etc/passwd"}]},
        {"outs": [FILE | {"md5": MD5.upper()}]},
        {"outs": [FILE | {"md5": f"{MD5}\n"}]},
        {"outs": [FILE | {"md5": f"{MD5}.dir"}]},
        {"outs": [FILE | {"size": 0}]},
        {"outs": [FILE | {"size": -1}]},
        {"outs": [FILE | {"size": True}]},
        {"outs": [FILE | {"size": float("nan")}]},
        {"outs": [FILE | {"nfiles": 1}]},
        {"outs": [FOLDER | {"nfiles": 0}]},
        {"outs": [FILE | {"path": "../model.onnx"}]},
        {"outs": [FILE | {"path": "/etc/passwd"}]},
        {"outs": [FILE | {"path": "s3://bucket/x"}]},
        {"outs": [FILE | {"path": "version.yaml"}]},
        {"outs": [FILE | {"path": True}]},
    ],
)
def test_a_pointer_to_anything_but_one_artifact_beside_it_is_invalid(data: object) -> None:
    with pytest.raises(InvalidFile, match=r"^a/model\.onnx\.dvc: "):
        parse_pointer(data, "a/model.onnx.dvc")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        ".hidden",
        "-rf",
        "model.dvc",
        "model.DVC",
        "version.yaml",
        "Card.md",
        "evidence",
        "nul",
        "requirements.txt",
        "sample-input.json",
        "notes.yaml",
        "x" * 241,
        "a\x07",
        chr(0xD800),
    ],
)
def test_a_bad_artifact_name_is_refused(name: str) -> None:
    with pytest.raises(BadCall):
        require_artifact_name(name)


@pytest.mark.parametrize("name", ["model.onnx", "model", "été.bin", "1.0", "my model.pkl", "versions.json"])
def test_a_plain_artifact_name_is_accepted(name: str) -> None:
    assert require_artifact_name(name) == name


@pytest.mark.parametrize("name", ["environment.yml", "conda-lock.yml", "pixi.lock"])
def test_an_artifact_that_was_registered_before_its_name_had_a_meaning_is_still_read(name: str) -> None:
    pointer = Pointer(name, "b" * 32, 12, None)
    assert parse_pointer(pointer_data(pointer), f"{name}.dvc") == pointer
