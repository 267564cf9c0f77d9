"""Every question is put to the smallest registry, and everything answers. No time is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.questions import QUESTIONS

_ROOT = Path(__file__).parents[2]


def _benchmarks(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)


def _answers(scratch: Path, *questions: str) -> list[dict[str, Any]]:
    small = ("--sizes", "toy", "--runs", "0", "--json", "--directory", str(scratch))
    done = _benchmarks(*questions, *small)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_everything_that_is_asked_a_question_answers(tmp_path: Path) -> None:
    answers = _answers(tmp_path)
    ours = {item["question"] for item in answers if item["kind"] == "rollbook"}
    assert ours == {name for name, question in QUESTIONS.items() if "toy" in (question.sizes or ("toy",))}
    assert {item["label"]: item["note"] for item in answers if item["seconds"] is None} == {}


def test_a_question_without_a_clone_is_counted_on_the_wire(tmp_path: Path) -> None:
    ours = _answers(tmp_path, "resolve-repo")[0]
    assert ours["counts"]["round trips"] > 0
    assert ours["counts"]["bytes on the wire"] > 0


def test_an_unknown_question_is_refused_with_the_list_of_those_there_are() -> None:
    done = _benchmarks("resolving")
    assert done.returncode == 2
    assert "register" in done.stderr


def test_an_unknown_size_is_refused_with_the_list_of_those_there_are() -> None:
    done = _benchmarks("--sizes", "huge", "resolve")
    assert done.returncode == 2
    assert "v100k" in done.stderr
