"""The runner of the pages itself: it sees what it must see."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from docs_session import agrees, parse, run

if TYPE_CHECKING:
    from pathlib import Path


def _run(text: str, directory: Path) -> int:
    return run(parse(text), directory, dict(os.environ))


def test_steps_share_one_shell(tmp_path: Path) -> None:
    assert (
        _run("```sh\nmkdir inner\ncd inner\n```\n\n```console\n$ basename $PWD\ninner\n```\n", tmp_path) == 3
    )


def test_other_output_fails_and_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="line 2: echo one"):
        _run("```console\n$ echo one\ntwo\n```\n", tmp_path)


def test_a_failing_command_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="line 3: false"):
        _run("```sh\ntrue\nfalse\ntrue\n```\n", tmp_path)


def test_an_announced_exit_code_is_demanded(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="exits with 0, not 1"):
        _run("<!-- exit: 1 -->\n```sh\ntrue\n```\n", tmp_path)


def test_a_failing_setup_fails(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="exits with nothing"):
        _run("<!-- setup: false\ntrue -->\n", tmp_path)


def test_a_python_block_runs(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        _run("```python\n1 / 0\n```\n", tmp_path)


def test_a_file_block_is_written_for_the_steps_below(tmp_path: Path) -> None:
    page = "<!-- file: a/b.txt -->\n```text\nhello\n```\n\n```console\n$ cat a/b.txt\nhello\n```\n"
    _run(page, tmp_path)
    assert (tmp_path / "a/b.txt").read_text() == "hello\n"


def test_a_skipped_block_does_not_run_and_is_listed() -> None:
    page = parse("<!-- skip: network -->\n```sh\npip install rollbook\n```\n")
    assert (page.steps, page.skipped) == ((), ("pip install rollbook",))


def test_a_command_carries_on_after_a_backslash() -> None:
    for text in ("```console\n$ echo a \\\n    b\na b\n```\n", "```sh\necho a \\\n    b\n```\n"):
        (step,) = parse(text).steps
        assert step.command == "echo a \\\n    b"


@pytest.mark.parametrize(
    ("wanted", "printed"),
    [
        ("a b", "a\tb\n"),
        ("landed as 1234567", "landed as 89abcdef\n"),
        ("at 2026-01-01T00:00:00Z", "at 2027-02-02T01:01:01Z\n"),
        ("a...z\n...\nend", "a to z\nmore\nand more\nend\n"),
    ],
)
def test_what_varies_does_not_count(wanted: str, printed: str) -> None:
    assert agrees(wanted, printed)


@pytest.mark.parametrize(("wanted", "printed"), [("a", "a\nb\n"), ("a\nb", "a\n"), ("...a", "b\n")])
def test_what_does_not_vary_counts(wanted: str, printed: str) -> None:
    assert not agrees(wanted, printed)
