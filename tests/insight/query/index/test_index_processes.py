"""Several processes ask at once, of several states, while another breaks the index."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import sys
from typing import TYPE_CHECKING

from index_desk import Desk

from building.texts import manifest
from rollbook import Registry

if TYPE_CHECKING:
    from pathlib import Path

_QUESTION = "SELECT model, version, description, stage FROM versions ORDER BY 1, 2"
# What one process does: it asks about one state after the other, and prints each with the answer.
_ASK = """
import json, sys
from rollbook import Registry
directory, question, *commits = sys.argv[1:]
for commit in commits:
    with Registry.open(directory, rev=commit) as registry:
        print(json.dumps([commit, registry.query(question).rows]), flush=True)
"""


def test_processes_that_ask_of_different_states_at_once_are_each_answered_right(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "registry.git")
    for number in range(6):
        texts = {
            f"registry/m{which}/versions/1.{version}.0/version.yaml": manifest(
                f"m{which}", f"1.{version}.0", f"description: state {number}\n"
            )
            for which in range(3)
            for version in range(number + 2)
        }
        desk.commit(texts)
    expected = {commit: _rows(desk.directory, commit) for commit in desk.commits}
    drawn = random.Random(7)
    asking = [
        subprocess.Popen(
            [sys.executable, "-c", _ASK, str(desk.directory), _QUESTION, *drawn.choices(desk.commits, k=25)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    while running := [process for process in asking if process.poll() is None]:
        for path in desk.indexes[:1]:
            path.unlink(missing_ok=True)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running[0].wait(0.15)
    for process in asking:
        printed, said = process.communicate()
        assert process.returncode == 0, said
        answers = [json.loads(line) for line in printed.splitlines()]
        assert len(answers) == 25
        assert [rows for _, rows in answers] == [expected[commit] for commit, _ in answers]


def _rows(directory: Path, commit: str) -> list[list[str]]:
    with Registry.open(directory, rev=commit) as registry:
        return [
            [model.name, item.version, item.manifest.description, item.stage]
            for model in registry.models()
            for item in model.versions()
        ]
