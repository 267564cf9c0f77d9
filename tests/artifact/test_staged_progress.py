"""What is told while bytes are moved: what is done to them, how many are ahead, how many are done."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import boto3
import pytest

from building.terminal import on_terminal
from rollbook import Registry
from rollbook.artifact.at_address import AtAddress
from rollbook.artifact.progress import begin
from rollbook.artifact.storage import Storage, open_storage
from rollbook.cli.byte_bar import byte_bar

from .conftest import configured

if TYPE_CHECKING:
    from pathlib import Path

    from building.world import World


class Watched:
    """A progress that writes down each stage, its bytes ahead, and how many came."""

    def __init__(self) -> None:
        self.stages: list[tuple[str, int | None]] = []
        self.done: list[int] = []

    def begin(self, stage: str, total: int | None) -> None:
        self.stages.append((stage, total))
        self.done.append(0)

    def __call__(self, count: int, /) -> None:
        self.done[-1] += count


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_a_file_is_hashed_and_then_stored_each_to_its_end(world: World, watched: Watched) -> None:
    artifact = world.artifact(os.urandom(5 << 20))
    with Registry.open(world.registry) as registry:
        registry.register("churn", artifact, progress=watched)
    assert watched.stages == [("hashing", 5 << 20), ("storing", 5 << 20)]
    assert watched.done == [5 << 20, 5 << 20]


def test_what_is_stored_already_is_only_hashed(world: World, watched: Watched) -> None:
    world.register("churn", "1.0.0", content=b"the same")
    with Registry.open(world.registry) as registry:
        registry.register("churn", world.artifact(b"the same"), progress=watched)
    assert watched.stages == [("hashing", 8)]


def test_a_folder_has_the_size_of_all_its_files(world: World, watched: Watched) -> None:
    folder = world.root / "bundle"
    folder.mkdir()
    (folder / "a").write_bytes(b"a" * 1000)
    (folder / "b").write_bytes(b"b" * 500)
    with Registry.open(world.registry) as registry:
        registry.register("churn", folder, progress=watched)
    assert watched.stages[0] == ("hashing", 1500)
    assert watched.done == [total for _, total in watched.stages]
    (stage, total) = watched.stages[1]
    assert stage == "storing"
    assert total is not None
    assert total > 1500  # its listing as well


def test_an_artifact_is_fetched_to_its_size(world: World, watched: Watched, tmp_path: Path) -> None:
    world.register("churn", "1.0.0", content=b"x" * 4096)
    with Registry.open(world.registry) as registry:
        registry.fetch("churn@1.0.0", tmp_path / "out", progress=watched)
    assert (watched.stages, watched.done) == ([("fetching", 4096)], [4096])


def test_a_progress_that_only_counts_is_told_no_stage(world: World) -> None:
    counts: list[int] = []
    with Registry.open(world.registry) as registry:
        registry.register("churn", world.artifact(b"x" * 100), progress=counts.append)
    assert sum(counts) == 200
    begin(counts.append, "hashing", 3)
    assert sum(counts) == 200


def test_s3_is_read_from_and_written_to_each_to_its_end(
    world: World, bucket: str, s3_server: str, watched: Watched, tmp_path: Path
) -> None:
    boto3.client("s3", endpoint_url=s3_server).put_object(
        Bucket=bucket, Key="in/model.bin", Body=b"x" * 70000
    )
    root = configured(tmp_path / "work", f"s3://{bucket}/models", f"    endpointurl = {s3_server}\n")
    storage: Storage = open_storage(root)
    source = AtAddress(root, f"s3://{bucket}/in/model.bin")
    stored = storage.add_parts(source.parts(watched), "model.bin", is_directory=False)
    storage.push(stored.pointer, watched)
    assert watched.stages == [("reading", 70000), ("storing", 70000)]
    assert watched.done == [70000, 70000]


# --- the bar on a terminal


def test_the_bar_ends_at_the_size_and_never_shows_more(world: World) -> None:
    artifact = world.artifact(os.urandom(30 << 20), "[red]model.bin")
    shown = on_terminal(
        world.registry, 120, "register", "churn", str(artifact), "--version", "1.0.0", "--as", "model.bin"
    )
    figures = re.findall(r"([0-9.]+) (bytes|MiB) of 30.0 MiB", shown)
    assert figures
    assert all(unit == "bytes" or float(done) <= 30 for done, unit in figures)
    assert "hashing [red]model.bin" in shown


def test_bytes_that_are_had_twice_count_once_and_an_unknown_size_shows_what_came(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    with byte_bar("model.bin") as bar:
        bar.begin("fetching", 100)
        bar(80)
        bar(80)
        bar._bar.refresh()
        bar.begin("storing", None)
        bar(700)
        bar._bar.refresh()
    shown = re.sub("\x1b\\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)
    assert "100 bytes of 100 bytes" in shown
    assert "160" not in shown
    assert re.search(r"storing model.bin .*700 bytes +[^o]", shown)
