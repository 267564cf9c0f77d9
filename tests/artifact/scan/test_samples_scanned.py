"""What a scan says of a small file of each format, as the libraries write them."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING

import pytest

from artifact.formats.samples import SAMPLES, sample
from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.formats.reading import read_contents
from rollbook.artifact.scan.scanning import scan
from rollbook.artifact.scan.verdict import ScanVerdict

if TYPE_CHECKING:
    from pathlib import Path

# What brings code along, and where the scan says so.
WITH_CODE = {
    "hugging-face/shards": "auto_map",
    "keras/lambda.keras": "the layer doubled of it is a Lambda",
    "mlflow-model/python": "cloudpickle",
    "skops/function.skops": "numpy.loadtxt",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_only_what_brings_code_along_is_not_clean(name: str) -> None:
    report = scan(sample(name), name.partition("/")[0])
    texts = [reason.text for reason in report.reasons]
    if name not in WITH_CODE:
        assert (report.verdict, texts) == (ScanVerdict.CLEAN, [])
    else:
        assert report.verdict is ScanVerdict.SUSPICIOUS
        assert any(WITH_CODE[name] in text for text in texts)


def test_a_type_that_the_team_admits_is_no_reason() -> None:
    report = scan(sample("skops/function.skops"), "skops", allow=["numpy.loadtxt"])
    assert report.verdict is ScanVerdict.CLEAN


class _Runs:
    def __reduce__(self) -> object:
        return os.system, ("true",)


def test_what_is_taken_for_a_format_without_code_and_runs_something_is_found(tmp_path: Path) -> None:
    place = tmp_path / "model.safetensors"
    place.write_bytes(pickle.dumps(_Runs(), 2))
    report = scan(ArtifactBytes(place.name, {place.name: place}), "safetensors")
    assert report.verdict is ScanVerdict.MALICIOUS


def test_the_end_of_an_archive_of_several_disks_is_told_and_stops_nothing(tmp_path: Path) -> None:
    locator = b"PK\x06\x07" + bytes(4) + bytes(8) + (5).to_bytes(4, "little")
    place = tmp_path / "model.pt"
    place.write_bytes(pickle.dumps([1]) + locator + b"PK\x05\x06" + bytes(18))
    artifact = ArtifactBytes(place.name, {place.name: place})
    assert scan(artifact, "pytorch").verdict is ScanVerdict.INCONCLUSIVE
    with pytest.raises(Broken, match="archive can't be read"):
        read_contents(artifact, "pytorch")
