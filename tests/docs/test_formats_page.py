"""The page of formats names each that is read, and each that can run code."""

from __future__ import annotations

import re

import pytest
from docs_session import ROOT

from rollbook.artifact.formats.detection import UNSAFE_FORMATS
from rollbook.artifact.formats.reading import READERS

_PAGE = (ROOT / "docs" / "reference" / "formats.md").read_text(encoding="utf-8")


def _rows() -> dict[str, list[str]]:
    """The cells of each row, by the formats that its first cell names."""
    rows = [row.strip("|").split("|") for row in _PAGE.splitlines() if row.startswith("| `")]
    return {name: cells for cells in rows for name in re.findall(r"`([^`]+)`", cells[0])}


@pytest.mark.parametrize("form", READERS)
def test_a_format_that_is_read_has_a_row_that_says_what_is_read(form: str) -> None:
    cells = _rows().get(form)
    assert cells is not None, f"docs/reference/formats.md has no row for {form}"
    assert len(cells) == 4
    assert all(cell.strip() for cell in cells)


@pytest.mark.parametrize("form", sorted(UNSAFE_FORMATS))
def test_an_unsafe_format_has_a_row_and_is_called_so(form: str) -> None:
    assert form in _rows()
    unsafe = _PAGE[: _PAGE.index("are *unsafe*")].rsplit("\n\n", 1)[1]
    assert f"`{form}`" in unsafe


def test_the_rows_of_what_is_read_are_in_order() -> None:
    read = [name for name, cells in _rows().items() if len(cells) == 4]
    assert read == sorted(read)
