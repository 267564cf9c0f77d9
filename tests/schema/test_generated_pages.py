from __future__ import annotations

import runpy
import subprocess
import sys
from typing import TYPE_CHECKING

from contract_examples import REPOSITORY

from rollbook.schema.schemas import SCHEMA_NAMES, schema

if TYPE_CHECKING:
    from pathlib import Path

GENERATE = REPOSITORY / "docs" / "generate.py"
PAGE = "docs/reference/files.md"


def test_the_page_of_the_files_is_up_to_date() -> None:
    generate = runpy.run_path(str(GENERATE))
    assert generate["PAGES"][PAGE]() == (REPOSITORY / PAGE).read_text(encoding="utf-8")


def test_the_page_names_every_top_level_field_of_every_file() -> None:
    page = (REPOSITORY / "docs" / "reference" / "files.md").read_text(encoding="utf-8")
    sections = page.split("\n## ")[1:]
    assert len(sections) == len(SCHEMA_NAMES)
    for name, section in zip(SCHEMA_NAMES, sections, strict=True):
        assert [key for key in schema(name)["properties"] if f"| `{key}` |" not in section] == []


def test_the_page_says_what_is_write_once() -> None:
    page = (REPOSITORY / "docs" / "reference" / "files.md").read_text(encoding="utf-8")
    sections = dict(zip(SCHEMA_NAMES, page.split("\n## ")[1:], strict=True))
    once = {name for name, section in sections.items() if "Write-once" in section}
    assert once == {"version", "evidence", "removed", "imported", "origin", "pointer"}


def test_check_finds_a_stale_page_and_writing_mends_it(tmp_path: Path) -> None:
    program = (
        "import runpy, sys, pathlib\n"
        f"g = runpy.run_path({str(GENERATE)!r})\n"
        "m = g['main']\n"
        "m.__globals__['ROOT'] = pathlib.Path(sys.argv[1])\n"
        f"m.__globals__['PAGES'] = {{page: g['PAGES'][page] for page in [{PAGE!r}]}}\n"
        "assert m(['--check']) == 1\n"
        "assert m([]) == 0\n"
        "assert m(['--check']) == 0\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert f"{PAGE} is stale" in ran.stderr
