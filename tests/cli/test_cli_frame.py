from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from building.texts import POLICY, versions
from building.work_tree import new_repository
from building.world import Ran, git, rollbook
from rollbook import __version__
from rollbook.cli.output import print_table
from rollbook.text import printable

if TYPE_CHECKING:
    from pathlib import Path

NAME = "credit-approval"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_repository(tmp_path_factory.mktemp("frame") / "work")


def program(directory: Path, *arguments: str, **variables: str) -> Ran:
    """Run the command line as a program of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "rollbook", *arguments],
        cwd=directory,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def test_the_module_is_a_program(small: Path):
    ran = program(small, "resolve", f"{NAME}@production", "--field", "version")
    assert ran == Ran(0, "1.1.0\n", "")


def test_the_version_is_printed(small: Path):
    assert rollbook(small, "--version") == Ran(0, f"rollbook, version {__version__}\n", "")


@pytest.mark.parametrize("arguments", [["--help"], ["-h"]])
def test_help_lists_the_commands(small: Path, arguments):
    ran = rollbook(small, *arguments)
    assert ran.code == 0
    assert "Print which version a reference stands for." in ran.out


def test_without_a_command_help_is_shown_and_the_call_is_wrong(small: Path):
    ran = rollbook(small)
    assert (ran.code, ran.out) == (2, "")
    assert "Commands" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["resolve", f"{NAME}@production"], 0),
        (["resolve", f"{NAME}@9.9.9"], 1),
        (["resolve", "nothing@1.0.0"], 1),
        (["resolve", f"{NAME}@production", "--rev", "nothing"], 1),
        (["resolve", "no reference"], 2),
        (["resolve"], 2),
        (["resolve", f"{NAME}@production", "--nothing"], 2),
        (["resolve", f"{NAME}@production", "--field", "nothing"], 2),
        (["resolve", f"{NAME}@production", "--at", "yesterday"], 2),
        (["resolve", f"{NAME}@production", "--rev", "main", "--at", "2026-01-01"], 2),
        (["-C", "/nowhere", "list"], 2),
        (["list", "-C", "/nowhere"], 2),
        (["list", "../x"], 2),
        (["nothing"], 2),
        (["--nothing"], 2),
    ],
)
def test_the_exit_code_tells_a_no_from_a_wrong_call(small: Path, arguments, code):
    ran = rollbook(small, *arguments)
    assert ran.code == code
    assert bool(ran.out) == (code == 0)
    assert bool(ran.err) == (code != 0)
    assert "Traceback" not in ran.err


def test_an_error_says_what_is_wrong_and_what_to_do(small: Path):
    ran = rollbook(small, "resolve", "credit-aproval@production")
    assert ran.err == "error: there is no model 'credit-aproval'\nhint: Did you mean credit-approval?\n"


def test_an_unknown_command_suggests_the_nearest(small: Path):
    ran = rollbook(small, "resolv")
    assert "No such command 'resolv'. Did you mean resolve?" in ran.err


@pytest.mark.parametrize(
    ("group", "given", "meant"),
    [("audit", "verfy", "verify"), ("hooks", "Instal", "install"), ("import", "gtoo", "gto")],
)
def test_so_is_one_of_a_group(tmp_path: Path, group: str, given: str, meant: str) -> None:
    ran = rollbook(tmp_path, group, given)
    assert ran.code == 2
    assert f"No such command '{given}'. Did you mean {meant}?" in ran.err


def test_what_is_like_no_command_is_cut_short(tmp_path: Path) -> None:
    ran = rollbook(tmp_path, "\x1b" * 100_000)
    assert ran.code == 2
    assert len(ran.err) < 2_000
    assert "\x1b" not in ran.err


def test_an_unknown_command_is_shown_harmless(small: Path):
    assert "\x1b" not in rollbook(small, "\x1b[31mred").err


@pytest.mark.parametrize(
    "command", [["list"], ["show", "m@1.0.0"], ["resolve", "m@1.0.0"], ["fetch", "m@1.0.0"], ["history"]]
)
class TestWithoutARegistry:
    def test_outside_a_repository_the_call_is_wrong(self, tmp_path: Path, command):
        ran = rollbook(tmp_path, *command)
        assert (ran.code, ran.out) == (2, "")
        assert "is not in a git repository" in ran.err

    def test_in_a_repository_without_commits_there_is_nothing(self, tmp_path: Path, command):
        git(tmp_path, "init", "--quiet")
        ran = rollbook(tmp_path, *command)
        assert (ran.code, ran.out) == (1, "")
        assert "the repository has no commits yet" in ran.err

    def test_in_a_repository_that_is_no_registry_there_is_none(self, tmp_path: Path, command):
        ran = rollbook(new_repository(tmp_path, {"x": "x"}), *command)
        assert (ran.code, ran.out) == (1, "")
        assert "there is no registry in HEAD" in ran.err
        assert "rollbook init" in ran.err


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A folder with two registries, `a` and `a/b`, of one model each."""
    new_repository(tmp_path / "a" / "b", {"registry/policy.yaml": POLICY, **versions("inner", "1.0.0")})
    git(tmp_path / "a", "init", "--quiet")
    new_repository(tmp_path / "a2", {"registry/policy.yaml": POLICY, **versions("outer", "1.0.0")})
    return tmp_path


def models(ran: Ran) -> list[str]:
    assert ran.code == 0, ran.err
    return [line.split("\t")[0] for line in ran.out.splitlines()[1:]]


def test_the_directory_may_stand_before_or_after_the_command(two: Path):
    assert models(rollbook(two, "-C", "a2", "list")) == ["outer"]
    assert models(rollbook(two, "list", "-C", "a2")) == ["outer"]


def test_a_second_directory_starts_from_the_first(two: Path):
    assert models(rollbook(two, "-C", "a", "list", "-C", "b")) == ["inner"]
    assert models(rollbook(two, "-C", ".", "list", "-C", "a2")) == ["outer"]
    assert models(rollbook(two, "-C", "a", "list", "-C", str(two / "a2"))) == ["outer"]


def test_the_environment_names_the_directory(two: Path, monkeypatch):
    monkeypatch.setenv("ROLLBOOK_DIR", str(two / "a2"))
    assert models(rollbook(two / "a" / "b", "list")) == ["outer"]


def test_an_option_wins_over_the_environment_wherever_it_stands(two: Path, monkeypatch):
    monkeypatch.setenv("ROLLBOOK_DIR", str(two / "a2"))
    assert models(rollbook(two, "-C", "a/b", "list")) == ["inner"]
    assert models(rollbook(two, "list", "-C", "a/b")) == ["inner"]


def test_a_hooks_variables_for_another_repository_change_nothing(small: Path, tmp_path: Path):
    other = new_repository(tmp_path / "other", {"x": "x"})
    hook = {
        "GIT_DIR": other / ".git",
        "GIT_WORK_TREE": other,
        "GIT_INDEX_FILE": other / ".git/index",
        "GIT_PREFIX": "x/",
    }
    ran = program(other, "-C", str(small), "list", **{name: str(value) for name, value in hook.items()})
    assert models(ran) == [NAME, "risk/fraud"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_printed_for_each_shell(small: Path, shell):
    ran = program(small, _ROLLBOOK_COMPLETE=f"{shell}_source")
    if shell == "bash" and not ran.out:
        pytest.skip("no bash new enough")
    assert ran.code == 0
    assert "_ROLLBOOK_COMPLETE" in ran.out


def completed(directory: Path, *words: str) -> list[str]:
    ran = program(
        directory,
        _ROLLBOOK_COMPLETE="bash_complete",
        COMP_WORDS=" ".join(("rollbook", *words)),
        COMP_CWORD=str(len(words)),
    )
    assert (ran.code, ran.err) == (0, "")
    return [line.removeprefix("plain,") for line in ran.out.split()]


def test_a_command_is_completed(small: Path):
    assert completed(small, "res") == ["resolve"]


def test_an_option_is_completed(small: Path):
    assert completed(small, "resolve", "--js") == ["--json"]


def test_completing_after_an_unknown_command_says_nothing(small: Path):
    assert completed(small, "nothing", "x") == []


@pytest.mark.parametrize("arguments", [["list", NAME], ["list", "--json"], ["show", f"{NAME}@1.0.0"]])
def test_a_reader_that_has_gone_is_no_error(small: Path, arguments):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "rollbook", *arguments],
        cwd=small,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_file_that_cannot_be_written_is_named(small: Path, unbuffered: str):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "rollbook", "list"],
            cwd=small,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "error: No space left on device\n"


HEAVY = ("dvc", "git", "gitdb", "jsonschema", "jsonschema_rs", "rich", "ruamel", "fsspec", "asyncio")


@pytest.mark.parametrize(
    "arguments", [["resolve", f"{NAME}@production"], ["resolve", f"{NAME}@staging", "--json"], ["list"]]
)
def test_reading_imports_nothing_heavy(small: Path, arguments):
    code = (
        "import sys; from rollbook.cli import execute; assert execute(sys.argv[1:]) == 0; "
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=small, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "[]\n")


@pytest.mark.parametrize("cell", ["a\tb", "a\nb", "\x1b[31m", "##[command]", "::error::"])
def test_a_cell_of_a_piped_table_never_acts_nor_looks_like_two(
    cell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_table(["one", "other"], [["plain", "row"], [cell, "x"]])
    header, plain, row = capsys.readouterr().out.splitlines()
    assert (header, plain, row) == ("one\tother", "plain\trow", f"{printable(cell)}\tx")
