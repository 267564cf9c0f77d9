"""What holds of each reader, by the samples of its format: those that join `samples/` are tried as well."""

from __future__ import annotations

import random
import tracemalloc
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from artifact.formats.samples import FOLDER, SAMPLES, sample
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.formats.detection import detect_format
from rollbook.artifact.formats.reading import READERS, read_contents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes

_MOST_MEMORY = 64 << 20
_LARGEST_SAMPLE = 20_000
_MOST_CUTS = 100  # of one file
# What has been worth trying as a number that lies: small, negative, and huge ones.
_LIES = [b"\xff" * 8, b"\x00" * 8, b"\x7f" + b"\xff" * 7, b"\xff" * 7 + b"\x7f", b"\x80" * 10, b"[" * 200]


def _format(name: str) -> str:
    return PurePath(name).parts[0]


def _read(artifact: ArtifactBytes, form: str) -> Contents | None:
    """Read, and hold what holds of every answer; None is for Broken."""
    try:
        return read_contents(artifact, form)
    except Broken as broken:
        reason = str(broken)
    assert reason
    assert reason.isprintable()
    return None


def _changed(artifact: ArtifactBytes, path: str, data: bytes, place: Path) -> ArtifactBytes:
    place.write_bytes(data)
    return replace(artifact, files={**artifact.files, path: place})


@pytest.fixture
def bounded_memory() -> Iterator[None]:
    """Hold that not much memory was needed at any time."""
    tracemalloc.start()
    try:
        yield
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < _MOST_MEMORY


@pytest.mark.parametrize("form", READERS)
def test_every_reader_has_a_sample(form: str) -> None:
    assert any(_format(name) == form for name in SAMPLES)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_detected_and_read(name: str) -> None:
    assert detect_format(FOLDER / name) == _format(name)
    contents = _read(sample(name), _format(name))
    assert contents is not None
    assert contents.facts


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_small(name: str) -> None:
    assert all(place.stat().st_size < _LARGEST_SAMPLE for place in sample(name).files.values())


@pytest.mark.usefixtures("bounded_memory")
@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_that_is_cut_off_is_read_or_called_broken(name: str, tmp_path: Path) -> None:
    artifact = sample(name)
    for path, place in artifact.files.items():
        data = place.read_bytes()
        step = max(1, len(data) // _MOST_CUTS)
        for length in range(0, len(data), step):
            _read(_changed(artifact, path, data[:length], tmp_path / "cut"), _format(name))


def _mutated(data: bytes, source: random.Random) -> bytes:
    """Return bytes in which some are others, are gone, or stand between."""
    changed = bytearray(data)
    for _ in range(source.randint(1, 4)):
        at = source.randint(0, len(changed))
        new = source.choice([source.randbytes(1), source.randbytes(3), *_LIES, b""])
        changed[at : at + source.choice([0, 1, len(new)])] = new
    return bytes(changed)


@pytest.mark.usefixtures("bounded_memory")
@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_with_changed_bytes_is_read_or_called_broken(
    name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    artifact = sample(name)
    folder = tmp_path_factory.mktemp("changed")

    @settings(max_examples=5, deadline=None, database=None)
    @given(st.integers(0, 1 << 32))
    @example(212)  # which makes a member of array.skops claim more bytes than the file has
    def try_changes(seed: int) -> None:
        source = random.Random(seed)
        for _ in range(20):
            path = source.choice(sorted(artifact.files))
            place = folder / PurePath(path).name
            changed = _changed(artifact, path, _mutated(artifact.files[path].read_bytes(), source), place)
            assert detect_format(place)
            _read(changed, _format(name))

    try_changes()


@pytest.mark.parametrize("name", [name for name in SAMPLES if sample(name).is_folder])
def test_a_folder_that_lacks_a_file_is_read_or_called_broken(name: str) -> None:
    artifact = sample(name)
    for path in artifact.files:
        rest = {other: place for other, place in artifact.files.items() if other != path}
        _read(replace(artifact, files=rest), _format(name))
