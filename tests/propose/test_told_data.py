"""Data sets as they are told to register: short, by fields, or by the file itself."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from rollbook.errors import BadCall
from rollbook.propose.told_data import data_sets

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name=loans", {"name": "loans"}),
        (
            f"name=loans,version=2026-10,rows=1200,digest={DIGEST}",
            {"name": "loans", "version": "2026-10", "rows": 1200, "digest": DIGEST},
        ),
        ("name=loans@home,version=a=b", {"name": "loans@home", "version": "a=b"}),
        (
            f"name=loans,from=raw@1,from=codes,step=clean.py,commit={'a' * 40},repository=https://x/y",
            {
                "name": "loans",
                "from": ["raw@1", "codes"],
                "step": "clean.py",
                "code": {"repository": "https://x/y", "commit": "a" * 40},
            },
        ),
        ("name=loans,uri=s3://b/l,part=1,rows=2", {"name": "loans", "uri": "s3://b/l,part=1,rows=2"}),
    ],
)
def test_a_data_set_is_told_by_fields(text: str, expected: dict[str, Any]) -> None:
    assert data_sets([text]) == [expected]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("name=loans,vresion=3", "vresion"),
        ("name=loans,3", "'3'"),
        ("name=", "name is empty"),
        ("name=loans,version=", "version is empty"),
        ("name=loans,version=1,version=2", "version twice"),
        ("name=loans,rows=many", "no number of rows"),
        ("name=loans,rows=-1", "no number of rows"),
        ("name=loans,rows=٣", "no number of rows"),
        ("name=loans,rows=" + "9" * 5000, "no number of rows"),
        ("name=loans,rows=1e3", "no number of rows"),
        ("=s3://b", "NAME"),
        ("name=loans,from=", "from is empty"),
        ("name=loans,repository=https://x/y", "no commit"),
        ("name=loans,step=a,step=b", "step twice"),
    ],
)
def test_what_is_no_field_of_a_data_set_is_a_wrong_call_that_names_it(text: str, told: str) -> None:
    with pytest.raises(BadCall, match=told) as refused:
        data_sets([text])
    assert refused.value.hint


def test_a_program_tells_a_data_set_as_a_mapping() -> None:
    assert data_sets([{"name": "loans", "rows": 3}]) == [{"name": "loans", "rows": 3}]


@pytest.mark.parametrize(
    ("name", "content", "rows"),
    [
        ("loans.csv", b'id,note\n1,"two\nlines"\n2,x\n\n', 2),
        ("loans.csv", b"id\n", 0),
        ("loans.TSV", b"id\tnote\n1\tx\n", 1),
        ("loans.jsonl", b'{"a": 1}\n\n{"a": 2}', 2),
        ("loans.bin", b"a\nb\n", None),
    ],
)
def test_a_file_gives_its_digest_and_the_rows_that_its_format_tells(
    tmp_path: Path, name: str, content: bytes, rows: int | None
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    (found,) = data_sets([f"name=loans,file={path}"])
    assert found["digest"] == hashlib.sha256(content).hexdigest()
    assert found.get("rows") == rows
    assert "file" not in found


def test_the_rows_of_parquet_are_those_that_it_tells(tmp_path: Path) -> None:
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table({"a": [1, 2, 3]}), tmp_path / "loans.parquet")
    assert data_sets([f"name=loans,file={tmp_path / 'loans.parquet'}"])[0]["rows"] == 3


def test_rows_that_are_given_are_not_counted(tmp_path: Path) -> None:
    (tmp_path / "loans.csv").write_text("a\n1\n")
    assert data_sets([f"name=loans,rows=7,file={tmp_path / 'loans.csv'}"])[0]["rows"] == 7


def test_a_folder_has_the_digest_that_an_artifact_of_its_files_has(tmp_path: Path) -> None:
    from rollbook.artifact.digest import digest_artifact

    (tmp_path / "loans").mkdir()
    (tmp_path / "loans/a.csv").write_text("a\n1\n")
    (found,) = data_sets([{"name": "loans", "file": tmp_path / "loans"}])
    assert found == {"name": "loans", "digest": digest_artifact(tmp_path / "loans").sha256}


def test_a_file_and_a_digest_are_not_both_believed(tmp_path: Path) -> None:
    (tmp_path / "loans.csv").write_text("a\n1\n")
    with pytest.raises(BadCall, match="both a file and a digest"):
        data_sets([f"name=loans,digest={DIGEST},file={tmp_path / 'loans.csv'}"])


def test_a_file_that_is_not_here_is_a_wrong_call(tmp_path: Path) -> None:
    with pytest.raises(BadCall, match="does not exist"):
        data_sets([f"name=loans,file={tmp_path / 'loans.csv'}"])


def test_a_file_that_dvc_tracks_and_that_was_not_fetched_says_how_to_fetch_it(tmp_path: Path) -> None:
    (tmp_path / "loans.csv.dvc").write_text(f"outs:\n- md5: {'b' * 32}\n  size: 1\n  path: loans.csv\n")
    with pytest.raises(BadCall) as refused:
        data_sets([f"name=loans,file={tmp_path / 'loans.csv'}"])
    assert "dvc pull" in refused.value.hint


def test_a_parquet_file_that_is_none_says_how_to_give_the_rows(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (tmp_path / "loans.parquet").write_bytes(b"no parquet")
    with pytest.raises(BadCall, match="can't be counted") as refused:
        data_sets([f"name=loans,file={tmp_path / 'loans.parquet'}"])
    assert "rows=N" in refused.value.hint
