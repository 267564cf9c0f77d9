from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rollbook.artifact.storage import Storage, open_storage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

AWS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_DEFAULT_REGION": "us-east-1"}


def configured(root: Path, remote: str, extra: str = "") -> Path:
    """A folder with the DVC configuration that `dvc init` and `dvc remote add -d` leave."""
    (root / ".dvc").mkdir(parents=True)
    (root / ".dvc" / "config").write_text(
        f"[core]\n    remote = r\n['remote \"r\"']\n    url = {remote}\n{extra}"
    )
    return root


def dvc(root: Path, *arguments: str, check: bool = True) -> str:
    """Run the dvc command in `root` and return what it prints."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *arguments],
        cwd=root,
        env=environment | {"DVC_NO_ANALYTICS": "1"},
        capture_output=True,
        text=True,
    )
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A working tree with DVC's configuration; its remote is the folder `remote` beside it."""
    return configured(tmp_path / "work", "../../remote")


@pytest.fixture
def remote(tmp_path: Path, root: Path) -> Path:
    return tmp_path / "remote"


@pytest.fixture
def storage(root: Path) -> Storage:
    return open_storage(root)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder artifact with nested, equal, empty and oddly named files."""
    folder = tmp_path / "bundle"
    for path, content in {
        "weights.bin": b"w" * 5000,
        "copy.bin": b"w" * 5000,
        "vocab/tokens.txt": b"a\nb\n",
        "vocab/été 1.txt": b"x",
        "-dash": b"y",
        "Z": b"z",
        "empty": b"",
    }.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


@pytest.fixture
def git_dvc(tmp_path: Path) -> Callable[[str], Path]:
    """Make a real git and DVC repository whose default remote is the folder `remote`."""

    def make(name: str) -> Path:
        root = tmp_path / name
        subprocess.run(["git", "init", "-q", str(root)], check=True)
        dvc(root, "init", "-q")
        dvc(root, "remote", "add", "-q", "-d", "r", str(tmp_path / "remote"))
        return root

    return make


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of a server that speaks S3."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """A new bucket, and credentials for it in the environment."""
    import boto3

    for name, value in AWS.items():
        monkeypatch.setenv(name, value)
    name = f"bucket-{abs(hash(request.node.nodeid))}"
    boto3.client("s3", endpoint_url=s3_server).create_bucket(Bucket=name)
    return name


def files_below(folder: Path) -> set[str]:
    """The relative paths of all files below `folder`, hidden ones too."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
