"""Who may run git, and other programs: told by the code itself."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

import rollbook

if TYPE_CHECKING:
    from collections.abc import Iterator

from pathlib import Path

SOURCE = Path(rollbook.__file__).parent
# Modules outside git/ that start a program, because that is what they are for.
STARTERS = {
    "artifact/running/bounded_command.py",  # what a policy names
    "artifact/running/bounded_process.py",  # a model, shut in
    "artifact/running/declared_environment.py",  # uv or pip, for the environment that a version declares
    "artifact/running/sandbox.py",  # nothing, to see whether it can be shut in
    "cli/demo/shell.py",  # what the story types
    "cli/workflow_step.py",  # Rollbook itself, as a step of a workflow
    "integrations/monitor/service.py",  # Rollbook itself, for each run
    "integrations/monitor/sources/log_query_process.py",  # ours, for SQL of a stranger's
    "signing/openpgp.py",
    "signing/ssh_keygen.py",
    "snapshot/workers.py",  # ours
}
PRIVATE = "rollbook.git.process"


@pytest.fixture(scope="module")
def modules() -> list[tuple[str, ast.Module]]:
    """Every module of the package, by its path. Only read."""
    paths = sorted(SOURCE.rglob("*.py"))
    return [(path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text("utf-8"))) for path in paths]


@pytest.fixture(scope="module")
def outside(modules: list[tuple[str, ast.Module]]) -> list[tuple[str, ast.Module]]:
    """Those that are no part of the rim."""
    return [(path, module) for path, module in modules if not path.startswith("git/")]


def _imported(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_programs_are_started_where_that_is_the_purpose(outside: list[tuple[str, ast.Module]]) -> None:
    starting = {path for path, module in outside if {"subprocess", "pty"} & set(_imported(module))}
    assert starting == STARTERS


@pytest.mark.parametrize("name", ["os.system", "os.popen", "os.execvp", "os.spawnvp", "os.posix_spawn"])
def test_no_program_is_started_by_another_way(name: str, outside: list[tuple[str, ast.Module]]) -> None:
    _, _, function = name.partition(".")
    for path, module in outside:
        used = {node.attr for node in ast.walk(module) if isinstance(node, ast.Attribute)}
        assert function not in used, path


def test_only_the_rim_itself_runs_git(outside: list[tuple[str, ast.Module]]) -> None:
    assert [path for path, module in outside if PRIVATE in set(_imported(module))] == []


def test_git_is_no_argument_of_a_command_outside_the_rim(outside: list[tuple[str, ast.Module]]) -> None:
    for path, module in outside:
        if not path.startswith("cli/demo/"):
            lists = [node for node in ast.walk(module) if isinstance(node, ast.List) and node.elts]
            first = [node.elts[0] for node in lists]
            assert not any(isinstance(word, ast.Constant) and word.value == "git" for word in first), path


def test_no_function_of_the_rim_returns_what_git_printed(modules: list[tuple[str, ast.Module]]) -> None:
    """So that nothing outside can part it at a byte that a name may hold."""
    raw = {"objects.py": {"read_at_once", "read_tag_object"}, "trees.py": {"raw_tree"}}
    for path, module in modules:
        if path.startswith("git/") and path != "git/process.py":
            name = path.removeprefix("git/")
            returning = {
                node.name
                for node in module.body
                if isinstance(node, ast.FunctionDef)
                and not node.name.startswith("_")
                and node.returns is not None
                and "bytes" in ast.unparse(node.returns)
                and "tuple" not in ast.unparse(node.returns)
            }
            assert returning <= raw.get(name, set()), path
