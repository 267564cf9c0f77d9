"""Put questions to registries of several sizes, and print what comes of it as Markdown.

For each question: the median time of a new process at each size, how it grows (the exponent: 0 is not at
all, 1 is in proportion to the versions), the least that git and Python take, and what peers take.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.figures import Figures, Found, load_figures
from benchmarks.place import Place
from benchmarks.questions import QUESTIONS
from benchmarks.sizes import DEFAULT, SIZES
from benchmarks.tables import as_markdown, into_page
from benchmarks.timing import program, time_in_turns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.question import Question

_NAMES = ", ".join(QUESTIONS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the arguments, put the questions, print tables or JSON. Returns the exit code, always 0."""
    parser = _parser()
    options = parser.parse_args(arguments)
    names = options.names or [*QUESTIONS]
    if unknown := [name for name in names if name not in QUESTIONS]:
        parser.error(f"no question {unknown[0]!r}; there are: {_NAMES}")
    if unknown := [name for name in options.sizes.split(",") if name not in SIZES]:
        parser.error(f"no size {unknown[0]!r}; there are: {', '.join(SIZES)}")
    figures = load_figures(options.results) if options.results else Figures()
    if not options.tables:
        _measure(options, [QUESTIONS[name] for name in names], figures)
    tables = as_markdown(figures, [*QUESTIONS.values()], "cpu" if options.cpu else "seconds")
    if options.page:
        options.page.write_text(into_page(options.page.read_text(), tables))
    elif options.json:
        print(json.dumps(figures.as_data(), indent=2))
    else:
        print(tables, end="")
    return 0


def _measure(options: argparse.Namespace, questions: Sequence[Question], figures: Figures) -> None:
    mlflow = options.mlflow or (sys.executable if importlib.util.find_spec("mlflow") else "-")
    mlflow = None if mlflow == "-" else mlflow
    asked = [question for question in questions if _can_be_asked(question)]
    with tempfile.TemporaryDirectory(prefix="rollbook-bench-", dir=options.directory) as directory:
        places = [
            Place(Path(directory) / name, SIZES[name], options.registries, mlflow)
            for name in options.sizes.split(",")
        ]
        try:
            for question in asked:
                figures.add(_ask(question, places, options.runs, options.limit))
                if options.results:
                    figures.save(options.results)
        finally:
            for place in places:
                place.close()


def _ask(question: Question, places: Sequence[Place], runs: int, limit: float) -> list[Found]:
    """Put a question at every size, in turns: what else the machine does falls on all sizes alike."""
    print(f"{question.name} ...", file=sys.stderr, flush=True)
    wanted = [place for place in places if not question.sizes or place.size.name in question.sizes]
    try:
        asked = [(place.size, command) for place in wanted for command in question.commands(place)]
        timings = time_in_turns([command for _, command in asked], runs, limit)
    finally:
        for place in wanted:
            place.undo()
    return [Found(question.name, size, timing) for (size, _), timing in zip(asked, timings, strict=True)]


def _can_be_asked(question: Question) -> bool:
    if not question.needs:
        return True
    command, _, option = question.needs.partition(" ")
    done = subprocess.run(
        [program("rollbook"), command, "--help"], capture_output=True, text=True, check=False
    )
    known = done.returncode == 0 and (option or "Usage") in done.stdout
    if not known:
        print(f"{question.name}: there is no `rollbook {question.needs}`", file=sys.stderr)
    return known


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = "; ".join(f"{size.name}: {size}" for size in SIZES.values())
    parser.add_argument("names", nargs="*", metavar="QUESTION", help=f"of {_NAMES}; default: all")
    parser.add_argument(
        "--sizes", default=",".join(DEFAULT), help=f"comma-separated ({','.join(DEFAULT)}); {sizes}"
    )
    parser.add_argument(
        "--registries", type=Path, metavar="DIR",
        help="registries that `python -m benchmarks.generate` has built, by the names of the sizes",
    )  # fmt: skip
    parser.add_argument(
        "--runs", type=int, default=7, help="times each command is timed (7); 0: the first alone"
    )
    parser.add_argument(
        "--limit", type=float, default=120, metavar="SECONDS", help="wait no longer for an answer (120)"
    )
    parser.add_argument(
        "--mlflow", metavar="PYTHON", help="a Python that has MLflow; -: none; default: this one"
    )
    parser.add_argument("--directory", type=Path, help="where the scratch directory goes; default: as TMPDIR")
    parser.add_argument(
        "--results", type=Path, metavar="FILE", help="keep the figures there, and add to them"
    )
    parser.add_argument("--tables", action="store_true", help="measure nothing: print what --results holds")
    parser.add_argument(
        "--page", type=Path, metavar="FILE", help="put the tables into this page, between its marks"
    )
    parser.add_argument(
        "--cpu", action="store_true", help="show processor time: for a machine that has other work to do"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return parser
