"""Small files that are put in their place together with an artifact."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollbook.artifact import placed_file
from rollbook.artifact.placed_file import placed, put_beside
from rollbook.errors import Refused, StorageFailed

if TYPE_CHECKING:
    from pathlib import Path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_both_appear(tmp_path: Path) -> None:
    with placed(tmp_path / "m", overwrite=False, beside={tmp_path / "e": b"env"}) as new:
        new.write_bytes(b"model")
        assert not (tmp_path / "e").exists()
    assert ((tmp_path / "m").read_bytes(), (tmp_path / "e").read_bytes()) == (b"model", b"env")
    assert names(tmp_path) == ["e", "m"]


def test_neither_appears_when_the_artifact_does_not_come(tmp_path: Path) -> None:
    def comes_by_half() -> None:
        with placed(tmp_path / "m", overwrite=False, beside={tmp_path / "e": b"env"}) as new:
            new.write_bytes(b"half")
            raise StorageFailed("it is corrupt")

    with pytest.raises(StorageFailed, match="corrupt"):
        comes_by_half()
    assert names(tmp_path) == []


def test_neither_appears_where_another_stands_in_the_place_of_one(tmp_path: Path) -> None:
    (tmp_path / "e").write_bytes(b"mine")
    with (
        pytest.raises(Refused, match="already there"),
        placed(tmp_path / "m", overwrite=False, beside={tmp_path / "e": b"env"}),
    ):
        pytest.fail("nothing is brought then")
    assert names(tmp_path) == ["e"]
    assert (tmp_path / "e").read_bytes() == b"mine"


@pytest.mark.parametrize("before", [None, b"mine"])
def test_what_stood_there_is_put_back_when_the_artifact_can_not_be_placed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, before: bytes | None
) -> None:
    if before is not None:
        (tmp_path / "e").write_bytes(before)
    there = names(tmp_path)

    def fails(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(placed_file, "_rename", fails)
    with (
        pytest.raises(StorageFailed),
        placed(tmp_path / "m", overwrite=True, beside={tmp_path / "e": b"env"}) as new,
    ):
        new.write_bytes(b"model")
    assert names(tmp_path) == there
    if before is not None:
        assert (tmp_path / "e").read_bytes() == before


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"env")
    (tmp_path / "e").symlink_to("elsewhere")
    with pytest.raises(Refused):
        put_beside({tmp_path / "e": b"env"}, overwrite=False)
    put_beside({tmp_path / "e": b"new"}, overwrite=True)
    assert not (tmp_path / "e").is_symlink()
    assert (tmp_path / "elsewhere").read_bytes() == b"env"


def test_a_file_that_stands_there_already_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "e").write_bytes(b"env")
    before = (tmp_path / "e").stat()
    put_beside({tmp_path / "e": b"env"}, overwrite=True)
    assert (tmp_path / "e").stat() == before
