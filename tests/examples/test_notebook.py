"""The notebook that tells the whole story in ten cells, run for real in a folder of its own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from rollbook import Registry

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples" / "notebook" / "rollbook-in-ten-cells.ipynb"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, _own_git_settings: None) -> tuple[Path, list[Any]]:
    """Where the notebook ran, without a user that git knows, and its cells of code."""
    folder = tmp_path_factory.mktemp("notebook")
    shutil.copy(NOTEBOOK, folder)
    (folder / "home").mkdir()
    notebook = nbformat.read(folder / NOTEBOOK.name, as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder / "home"))
        patch.setenv("IPYTHONDIR", str(folder / "home"))
        NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}}).execute()
    return folder, [cell for cell in notebook.cells if cell.cell_type == "code"]


def _html(cell: Any) -> str:
    return "".join(
        output["data"]["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})
    )


def test_it_has_ten_cells_of_code_and_is_kept_without_outputs() -> None:
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    assert len(cells) == 10
    assert not any(cell.outputs or cell.execution_count for cell in cells)


def test_it_ends_with_the_first_version_back_in_production(ran: tuple[Path, list[Any]]) -> None:
    registry = Registry.open(ran[0] / "churn-registry")
    assert str(registry.model("churn").stage("production")) == "churn@0.1.0"
    assert registry.audit.verify().result == "verified"
    assert {event.event.requested_by for event in registry.history("churn").events} == {"ada@example.com"}


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        (3, "Proposed: churn@0.1.0"),
        (4, "accuracy="),
        (5, "<th>0.2.0</th>"),
        (6, "<strong>churn@0.1.0</strong>"),
        (7, "Gates: met"),
        (9, "Where churn@0.2.0 comes from"),
        (10, "too many false alarms"),
    ],
)
def test_what_a_cell_answers_is_shown(ran: tuple[Path, list[Any]], place: int, shown: str) -> None:
    assert shown in _html(ran[1][place - 1])


def test_what_is_loaded_and_what_is_shut_in_answer_alike(ran: tuple[Path, list[Any]]) -> None:
    (output,) = [output for output in ran[1][7].outputs if "data" in output]
    rows = [line.split()[1:] for line in output["data"]["text/plain"].split("\n")[1:]]
    assert len(rows) == 5
    assert all(loaded == shut_in for loaded, shut_in in rows)
