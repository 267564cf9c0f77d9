"""A page of the documentation as a session: its blocks run in order, in one shell, in a fresh directory.

What runs, by the language of a fenced block:

    console     lines that start with `$ ` are commands (`> ` or a trailing `\\` carries on), and the lines
                below each are what it prints; without such lines anything may be printed
    sh, bash    every line is a command
    python      the block is a program

What a page's comments ask for, each about the block below it but for `setup`:

    <!-- setup: registry -->    begin in the registry that the tests keep ready
    <!-- setup: COMMANDS -->    commands that the reader does not see
    <!-- file: NAME -->         write the block to NAME
    <!-- exit: N -->            the block's last command exits with N
    <!-- skip: REASON -->       run none of it
"""

from __future__ import annotations

import re
import shlex
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
SHELL = ("sh", "bash")
TIME_LIMIT = 300

_FENCE = re.compile(r"(?P<indent> *)```(?P<language>[a-z]*)\n(?P<body>.*?)^ *```$", re.DOTALL | re.MULTILINE)
_COMMENT = re.compile(r"<!-- (?P<name>setup|file|exit|skip):\s(?P<value>.*?) ?-->", re.DOTALL)
_TOKEN = re.compile(f"{_COMMENT.pattern}|{_FENCE.pattern}", re.DOTALL | re.MULTILINE)

_VARIES = (
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(Z|\+00:00)?"), "<time>"),
    (re.compile(r"\b[0-9a-f]{7,64}\b"), "<id>"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """One command: where it stands (`line` counts from 1), what it prints (None: anything), how it exits."""

    line: int
    command: str
    expected: tuple[str, ...] | None = None
    code: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """What a page runs, the named registry it begins in, and the commands it skips."""

    steps: tuple[Step, ...]
    begins_in_registry: bool
    skipped: tuple[str, ...]


def pages() -> list[str]:
    """Every page of the documentation, as a path from the repository's root."""
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [path.relative_to(ROOT).as_posix() for path in found]


def parse(text: str) -> Page:
    """Read what a page runs."""
    steps: list[Step] = []
    skipped: list[str] = []
    asked: dict[str, str] = {}
    in_registry = False
    for token in _TOKEN.finditer(text):
        line = text.count("\n", 0, token.start()) + 1
        if token["name"] == "setup":
            in_registry |= token["value"] == "registry"
            hidden = "" if token["value"] == "registry" else textwrap.dedent(token["value"])
            steps += [Step(line, f"set -e\n{hidden}\nset +e")] if hidden else []
        elif token["name"]:
            asked[token["name"]] = token["value"].strip()
        else:
            found = list(_block(line, token["language"], textwrap.dedent(token["body"]), asked))
            if "skip" in asked:
                skipped += [step.command for step in found]
            else:
                steps += found
            asked = {}
    return Page(tuple(steps), in_registry, tuple(skipped))


def _block(line: int, language: str, body: str, asked: Mapping[str, str]) -> Iterator[Step]:
    if "file" in asked:
        name = shlex.quote(asked["file"])
        yield Step(line, f"mkdir -p \"$(dirname {name})\"\ncat > {name} <<'END OF FILE'\n{body}END OF FILE")
    elif language == "python":
        yield Step(line, f"python - <<'END OF PROGRAM'\n{body}END OF PROGRAM")
    elif language in SHELL or language == "console":
        found = list(_console(line, body) if language == "console" else _script(line, body))
        yield from found[:-1]
        last = found[-1]
        yield Step(last.line, last.command, last.expected, int(asked.get("exit", "0")))


def _script(line: int, body: str) -> Iterator[Step]:
    whole = body.replace("\\\n", "\\\0")
    for command in whole.splitlines():
        line += 1
        if command.strip() and not command.lstrip().startswith("#"):
            yield Step(line, command.replace("\0", "\n"))
        line += command.count("\0")


def _console(start: int, body: str) -> Iterator[Step]:
    commands: list[tuple[int, list[str], list[str]]] = []
    for line, text in enumerate(body.splitlines(), start + 1):
        if text.startswith("$ "):
            commands.append((line, [text[2:]], []))
        elif not commands:
            raise ValueError(f"line {line}: a console block begins with a command: `$ ...`")
        elif not commands[-1][2] and (text.startswith("> ") or commands[-1][1][-1].endswith("\\")):
            commands[-1][1].append(text.removeprefix("> "))
        else:
            commands[-1][2].append(text)
    for line, command, printed in commands:
        yield Step(line, "\n".join(command), tuple(printed) or None)


def run(page: Page, directory: Path, environment: Mapping[str, str]) -> int:
    """Run a page's steps in one bash; return how many ran. Raises AssertionError naming the first step that
    goes wrong."""
    record = directory / ".record"
    record.mkdir()
    script = record / "script"
    start = "registry" if page.begins_in_registry else "."
    parts = [f"cd {shlex.quote(str(directory / start))}"]
    parts += [_shell_step(step, record / str(number)) for number, step in enumerate(page.steps)]
    script.write_text("\n".join(parts) + "\n", encoding="utf-8")
    subprocess.run(["bash", str(script)], env=dict(environment), check=False, timeout=TIME_LIMIT)
    for number, step in enumerate(page.steps):
        printed = _read(record / str(number))
        _judge(step, printed, _read(record / f"{number}.code").strip())
    return len(page.steps)


def _shell_step(step: Step, output: Path) -> str:
    out = shlex.quote(str(output))
    return (
        f"{{ {step.command}\n}} > {out} 2>&1 < /dev/null\n"
        f"code=$?; echo $code > {out}.code; [ $code = {step.code} ] || exit 1"
    )


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


def _judge(step: Step, printed: str, code: str) -> None:
    what = f"line {step.line}: {step.command}"
    assert code == str(step.code), f"{what}\nexits with {code or 'nothing'}, not {step.code}:\n{printed}"
    if step.expected is not None:
        wanted = "\n".join(step.expected)
        assert agrees(wanted, printed), f"{what}\nprints\n{printed}\nnot\n{wanted}"


def agrees(wanted: str, printed: str) -> bool:
    """Whether `printed` is what a page shows.

    Runs of blanks, empty lines, times and hexadecimal ids do not count. `...` in `wanted` stands for
    anything in its line, and as a line of its own for any lines.
    """
    pattern = "".join(
        r"(?:.*\n)*?" if line == "..." else f"{_pattern(line)}\n" for line in _lines(wanted) if line
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in _lines(printed))) is not None


def _pattern(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.split("..."))


def _lines(text: str) -> list[str]:
    for varying, word in _VARIES:
        text = varying.sub(word, text)
    return [line for line in (" ".join(line.split()) for line in text.splitlines()) if line]
