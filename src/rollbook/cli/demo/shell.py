"""Showing each step of a story, and carrying it out for real in a scratch directory."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollbook.cli.demo.kept import same_finding, verdict_table
from rollbook.cli.demo.scene import CommandRun, Edit, SameFinding, Say, Verdicts, Write
from rollbook.errors import RollbookError
from rollbook.text import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

    from rollbook.cli.demo.scene import Chapter, Step

PACKAGES = "packages"  # the folder of the scratch directory that stands in for installed packages
_WIDTH = 100
_PROGRAMS = {"rollbook": (sys.executable, "-P", "-m", "rollbook"), "python": (sys.executable,)}
# What would point git, DVC or Rollbook outside of the scratch directory, or at the user's settings.
_LEADS_OUT = ("GIT_", "DVC_", "ROLLBOOK_")


def tell(chapter: Chapter, root: Path, number: int, kept: MutableMapping[str, str]) -> None:
    """Show a chapter and carry out its steps in `root`. Raises RollbookError when one does not go as told.

    `kept` is what the commands of earlier chapters said, by name; this chapter's are added.
    """
    click.secho(f"{number}. {chapter.title}\n", bold=True)
    environment = scratch_environment(root)
    for step in chapter.steps:
        _carry_out(step, root, environment, kept)


def scratch_environment(root: Path) -> dict[str, str]:
    """Return the environment of the story's commands: the user's, without what leads out of `root`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEADS_OUT)}
    searched = kept.get("PYTHONPATH")
    # The commands run in other folders than this process, and find what the story installs.
    parts = [*(searched.split(os.pathsep) if searched else ()), str(root / PACKAGES)]
    kept["PYTHONPATH"] = os.pathsep.join(str(Path(part).absolute()) for part in parts)
    nothing = str(root / ".no-settings")
    return {
        **kept,
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "DVC_GLOBAL_CONFIG_DIR": nothing,
        "DVC_SYSTEM_CONFIG_DIR": nothing,
        "DVC_NO_ANALYTICS": "1",
        "LC_ALL": "C",
        "PYTHONUNBUFFERED": "1",
        "PYTHONUTF8": "1",
    }


def _carry_out(
    step: Step, root: Path, environment: Mapping[str, str], kept: MutableMapping[str, str]
) -> None:
    match step:
        case Say(text):
            click.echo(f"{text}\n")
        case Write():
            _note(f"write {step.path}" + (f": {step.text}and what {step.then} says" if step.then else ""))
            _write(root, step)
        case Edit():
            _note(f"edit {step.path}: {step.what}")
            _edit(root / step.path, step)
        case CommandRun():
            click.secho(f"{step.folder} $ {displayed(step.command)}", bold=True)
            output = _run(step, root, environment)
            if step.keep:
                kept[step.keep] = output
        case SameFinding(code, among):
            _show([f"{name}\t{line}" for name, line in same_finding(code, _named(kept, among)).items()])
        case Verdicts(among):
            _show(verdict_table(_named(kept, among)))


def _named(kept: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: kept[name] for name in names}


def _show(lines: Sequence[str]) -> None:
    for line in aligned(lines):
        click.echo(f"    {printable(line)}".rstrip())
    click.echo()


def _write(root: Path, step: Write) -> None:
    target = root / step.path
    target.parent.mkdir(parents=True, exist_ok=True)
    then = (root / step.then).read_text(encoding="utf-8") if step.then else ""
    target.write_text(step.text + then, encoding="utf-8")


def _note(text: str) -> None:
    click.secho(f"({text})\n", italic=True)


def _edit(path: Path, step: Edit) -> None:
    before = path.read_text(encoding="utf-8")
    after, count = re.subn(step.pattern, lambda _: step.text, before)
    if count != 1:
        raise RollbookError(f"the demo did not go as told: {step.path} has {count} places to edit, not one")
    path.write_text(after, encoding="utf-8")


def _run(step: CommandRun, root: Path, environment: Mapping[str, str]) -> str:
    """Run a command, show what it says, and return that."""
    program, *arguments = step.command
    done = subprocess.run(
        [*_PROGRAMS.get(program, (program,)), *arguments],
        cwd=root / step.folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output = done.stdout.decode(errors="replace")
    told = done.returncode == step.code and all(part in output for part in step.says)
    lines = aligned(output.strip().splitlines())
    shown = lines[: step.lines] if told else lines
    for line in shown:
        click.echo(f"    {printable(line)}")
    if len(lines) > len(shown):
        click.echo(f"    ... and {len(lines) - len(shown)} lines more")
    if not told:
        raise _untold(step, done.returncode, output)
    if step.code:
        click.secho(f"    The answer is no, as it should be (exit code {step.code}).", fg="green")
    click.echo()
    return output


def _untold(step: CommandRun, code: int, output: str) -> RollbookError:
    missing = [part for part in step.says if part not in output]
    what = f"it exited with {code} instead of {step.code}"
    if code == step.code:
        what = f"it did not say {missing[0]!r}"
    return RollbookError(
        f"the demo did not go as told: `{shlex.join(step.command)}` in {step.folder}: {what}"
    )


def displayed(command: Sequence[str]) -> str:
    """Return a command as a person types it, broken before options where it is long."""
    groups: list[list[str]] = [[]]
    for word in command:
        if word.startswith("--"):
            groups.append([])
        groups[-1].append(word)
    lines = [""]
    for group in groups:
        part = shlex.join(group)
        if lines[-1] and len(lines[-1]) + len(part) > _WIDTH:
            lines.append(part)
        else:
            lines[-1] = f"{lines[-1]} {part}".strip()
    return " \\\n        ".join(lines)


def aligned(lines: Sequence[str]) -> list[str]:
    """Lines of tab-separated columns with the columns lined up; other lines as they are."""
    rows = [line.split("\t") for line in lines]
    widths: dict[int, int] = {}
    for row in rows:
        for column, cell in enumerate(row[:-1]):
            widths[column] = max(widths.get(column, 0), len(cell))
    return [
        "  ".join([*(f"{cell:<{widths[column]}}" for column, cell in enumerate(row[:-1])), row[-1]]).rstrip()
        for row in rows
    ]
