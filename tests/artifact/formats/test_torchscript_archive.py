from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from artifact.formats.reading_samples import read, sample
from artifact.formats.samples import FOLDER
from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.formats.detection import detect_format

if TYPE_CHECKING:
    from pathlib import Path


def changed(tmp_path: Path, name: str, without: str = "", **others: bytes) -> Path:
    """Copy a sample without a member, and with others by the beginnings of their names."""
    path = tmp_path / "model.pt"
    with zipfile.ZipFile(FOLDER / "torchscript" / name) as old, zipfile.ZipFile(path, "w") as new:
        for member in old.namelist():
            ending = member.rpartition("/")[2]
            if ending != without:
                new.writestr(member, others.get(ending.partition(".")[0], old.read(member)))
    return path


@pytest.mark.parametrize(("name", "is_traced"), [("scripted", False), ("traced", True)])
def test_a_module_tells_what_its_forward_method_takes(name: str, is_traced: bool) -> None:
    facts = sample("torchscript", f"{name}.pt").facts
    assert facts["forward"] == "(rows: Tensor, shift: Tensor) -> Tuple[Tensor, Tensor]"
    assert str(facts["class"]).endswith("Scorer")
    assert (facts["tensors"], facts["tensor_bytes"]) == (2, 40)
    assert facts["archive_version"] == "3"
    assert facts.get("traced", False) is is_traced


def test_files_that_were_added_are_named() -> None:
    assert sample("torchscript", "scripted.pt").facts["extra_files"] == ["labels.txt"]


def test_operators_that_pytorch_lacks_are_remarked(tmp_path: Path) -> None:
    code = b"class X(Module):\n  def forward(self) -> Tensor:\n    return ops.tv.nms(ops.aten.add(1))\n"
    found = read(changed(tmp_path, "scripted.pt", linear=code), "torchscript")
    assert found.facts["custom_operators"] == ["tv.nms"]
    assert "tv.nms" in found.remarks[0]


def test_a_missing_part_is_broken(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="version"):
        read(changed(tmp_path, "scripted.pt", without="version"), "torchscript")


def test_a_damaged_pickle_is_broken(tmp_path: Path) -> None:
    with pytest.raises(Broken, match=r"data.pkl is damaged"):
        read(changed(tmp_path, "scripted.pt", data=b"\x80\x02X\xff\xff"), "torchscript")


def test_a_class_of_pythons_own_is_not_told(tmp_path: Path) -> None:
    found = read(changed(tmp_path, "scripted.pt", data=b"\x80\x02cposix\nsystem\n."), "torchscript")
    assert "class" not in found.facts
    assert "forward" not in found.facts


def test_notes_for_debuggers_are_no_pickle_that_is_loaded(tmp_path: Path) -> None:
    path = changed(tmp_path, "scripted.pt")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("scripted/code/__torch__.py.debug_pkl", b"\x80\x02ctorch\nbuild\n(tR.")
    assert read(path, "torchscript").facts["code_files"] == 2
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("scripted/other.pkl", b"\x80\x02cposix\nsystem\n(tR.")
    assert detect_format(path) == "pickle"
