from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from building.work_tree import new_repository
from building.world import rollbook
from rollbook import Registry
from rollbook.insight.query.views import VIEWS

pytest.importorskip("pyarrow")

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_repository(tmp_path_factory.mktemp("parquet") / "work")


def _contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_every_view_is_a_file_with_its_columns_and_rows(small: Path, tmp_path: Path) -> None:
    from pyarrow import parquet

    target = tmp_path / "deep" / "out"
    ran = rollbook(small, "export", "--parquet", str(target), "--json")
    assert ran.code == 0, ran.err
    counts = json.loads(ran.out)["rows"]
    with Registry.open(small) as registry:
        for view in VIEWS:
            table = parquet.read_table(target / f"{view.name}.parquet")
            names = [column.name for column in view.columns]
            assert table.column_names == names
            assert (
                table.num_rows == counts[view.name] == len(registry.query(f"SELECT * FROM {view.name}").rows)
            )
    assert len(_contents(target)) == len(VIEWS)


def test_values_have_types_that_do_not_depend_on_what_there_is(small: Path, tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    assert rollbook(small, "export", "--parquet", str(tmp_path / "out")).code == 0
    types = {
        "text": pyarrow.string(),
        "integer": pyarrow.int64(),
        "real": pyarrow.float64(),
        "flag": pyarrow.bool_(),
        "time": pyarrow.timestamp("us", tz="UTC"),
    }
    for view in VIEWS:
        schema = parquet.read_schema(tmp_path / "out" / f"{view.name}.parquet")
        assert [field.type for field in schema] == [types[column.type] for column in view.columns]
    versions = parquet.read_table(tmp_path / "out" / "versions.parquet").to_pylist()
    assert versions[0]["created_at"] == datetime(2026, 1, 1, 9, tzinfo=UTC)


def test_a_data_frame_reads_what_was_written(small: Path, tmp_path: Path) -> None:
    import pandas

    assert rollbook(small, "export", "--parquet", str(tmp_path / "out")).code == 0
    frame = pandas.read_parquet(tmp_path / "out" / "versions.parquet")
    assert set(frame["stage"]) == {"production", "staging", "archived", "development"}


def test_the_same_registry_gives_the_same_bytes(small: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        assert rollbook(small, "export", "--parquet", str(tmp_path / name)).code == 0
    assert _contents(tmp_path / "one") == _contents(tmp_path / "other")


def test_an_earlier_export_is_replaced_and_nothing_is_left_beside_it(small: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    assert rollbook(small, "export", "--parquet", str(target)).code == 0
    first = _contents(target)
    (target / "models.parquet").write_bytes(b"old")
    (target / "stages.parquet").unlink()
    assert rollbook(small, "export", "--parquet", str(target)).code == 0
    assert _contents(target) == first
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_with_something_else_in_it_is_left_alone(small: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    ran = rollbook(small, "export", "--parquet", str(tmp_path))
    assert ran.code == 1
    assert "mine.txt" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_without_pyarrow_it_says_what_to_install(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    ran = rollbook(small, "export", "--parquet", str(tmp_path / "out"))
    assert ran.code == 2
    assert "rollbook[parquet]" in ran.err
    assert not (tmp_path / "out").exists()
