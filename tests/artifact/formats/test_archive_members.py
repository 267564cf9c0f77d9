from __future__ import annotations

import io
import stat
import zipfile
from typing import TYPE_CHECKING

import pytest

from artifact.formats.samples import artifact_at
from rollbook.artifact.formats import archive_members
from rollbook.artifact.formats.archive_members import ArchiveMembers, opened_archive
from rollbook.artifact.formats.contents import Broken

if TYPE_CHECKING:
    from pathlib import Path


def _archive(tmp_path: Path, *members: tuple[str | zipfile.ZipInfo, bytes], packed: bool = True) -> Path:
    path = tmp_path / "model.zip"
    kind = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def _read(path: Path, name: str = "a", most: int = 1000) -> bytes:
    with opened_archive(artifact_at(path)) as archive:
        return archive.read(name, most)


def test_a_member_is_read(tmp_path: Path) -> None:
    path = _archive(tmp_path, ("a", b"one"), ("folder/", b""), ("folder/b", b"two"))
    with opened_archive(artifact_at(path)) as archive:
        assert archive.names == ("a", "folder/b")
        assert archive.read("folder/b") == b"two"
        assert archive.size("a") == 3
        assert archive.remarks() == ()


def test_a_member_that_is_missing_or_too_large_is_broken(tmp_path: Path) -> None:
    path = _archive(tmp_path, ("a", bytes(2000)))
    with pytest.raises(Broken, match="it has no b"):
        _read(path, "b")
    with pytest.raises(Broken, match="2,000 bytes unpacked"):
        _read(path)


def test_many_members_that_are_large_together_are_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_members, "_MOST_READ", 1500)
    path = _archive(tmp_path, ("a", bytes(800)), ("b", bytes(800)))
    with opened_archive(artifact_at(path)) as archive:
        archive.read("a")
        with pytest.raises(Broken, match="more than 1,500 bytes"):
            archive.read("b")


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../a", "x/../../a", "x/..", "C:/a", "c:a", "a\\b", "..\\a", "\\\\host\\a"]
)
def test_a_name_that_leads_outside_is_broken(tmp_path: Path, name: str) -> None:
    with pytest.raises(Broken, match="outside"):
        _read(_archive(tmp_path, ("a", b""), (name, b"")))


def test_a_name_with_dots_or_a_colon_inside_is_none_that_leads_outside(tmp_path: Path) -> None:
    assert _read(_archive(tmp_path, ("a", b"x"), ("my: model/..b/c..", b""))) == b"x"


def test_two_members_with_one_name_are_broken(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        path = _archive(tmp_path, ("a", b"one"), ("a", b"two"))
    with pytest.raises(Broken, match="same name"):
        _read(path)


def test_a_link_is_broken(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(Broken, match="is a link"):
        _read(_archive(tmp_path, (link, b"/etc/passwd")))


def test_an_encrypted_member_is_broken(tmp_path: Path) -> None:
    path = _archive(tmp_path, ("a", b"secret"))
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(Broken, match="encrypted"):
        _read(path)


def test_a_damaged_member_is_broken(tmp_path: Path) -> None:
    path = _archive(tmp_path, ("a", b"content"), packed=False)
    path.write_bytes(path.read_bytes().replace(b"content", b"c0ntent", 1))
    with pytest.raises(Broken, match="damaged"):
        _read(path)


def test_members_that_overlap_are_broken() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", bytes(100))
        archive.writestr("b", bytes(100))
        for member in archive.infolist():
            member.header_offset = 0
    with zipfile.ZipFile(buffer) as archive, pytest.raises(Broken, match="overlaps"):
        ArchiveMembers(archive)


def test_an_archive_before_or_behind_other_bytes_is_broken(tmp_path: Path) -> None:
    data = _archive(tmp_path, ("a", b"x")).read_bytes()
    for other in (data + b"\n", data + data):
        (tmp_path / "other.zip").write_bytes(other)
        with pytest.raises(Broken, match="no zip archive"):
            _read(tmp_path / "other.zip")


def test_a_member_of_another_size_than_told_is_broken_and_fills_no_memory(tmp_path: Path) -> None:
    path = _archive(tmp_path, ("a", bytes(10_000_000)))
    told, true = (900).to_bytes(4, "little"), (10_000_000).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(true, told))
    with pytest.raises(Broken):
        _read(path)


def test_what_unpacks_out_of_all_proportion_is_remarked(tmp_path: Path) -> None:
    path = _archive(tmp_path, ("a", bytes(100_000)))
    claimed, true = (2_000_000_000).to_bytes(4, "little"), (100_000).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(true, claimed))
    with opened_archive(artifact_at(path)) as archive:
        assert "fill memory" in archive.remarks()[0]
