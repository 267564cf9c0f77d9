"""Run the benchmarks and print what they find."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import checking, listing, registering, resolving, trail
from benchmarks.comparison import as_json, as_table
from benchmarks.sizes import DEFAULT, FULL, TOY, Scene, Sizes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.comparison import Comparison

BENCHMARKS: dict[str, Callable[[Scene], list[Comparison]]] = {
    "resolve": resolving.measure,
    "list": listing.measure,
    "register": registering.measure,
    "check": checking.measure,
    "history": trail.measure_history,
    "record": trail.measure_record,
    "verify": trail.measure_verify,
}
_NAMES = ", ".join(BENCHMARKS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Parse the arguments, run what they name, print a table or JSON. Returns the exit code, always 0."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.names if name not in BENCHMARKS]:
        parser.error(f"no benchmark {unknown[0]!r}; there are: {_NAMES}")
    mlflow = options.mlflow or (sys.executable if importlib.util.find_spec("mlflow") else None)
    found: list[Comparison] = []
    with tempfile.TemporaryDirectory(prefix="rollbook-bench-", dir=options.directory) as directory:
        scene = Scene(Path(directory), _sizes(options), mlflow)
        for name in options.names or BENCHMARKS:
            print(f"{name} ...", file=sys.stderr, flush=True)
            found += BENCHMARKS[name](scene)
    print(as_json(found) if options.json else as_table(found), end="")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {_NAMES}; default: all")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--full", action="store_true", help="100 x 100 versions; `list` waits long for gto")
    size.add_argument("--toy", action="store_true", help="the smallest size: do they all still run?")
    parser.add_argument("--models", type=int, help="models in the registry")
    parser.add_argument("--versions", type=int, help="versions of each model")
    parser.add_argument("--artifact-mib", type=int, help="size of the registered artifact in MiB")
    parser.add_argument("--runs", type=int, help="times each command is timed")
    parser.add_argument("--mlflow", metavar="PYTHON", help="a Python that has MLflow; default: this one")
    parser.add_argument("--directory", type=Path, help="where the scratch directory goes; default: as TMPDIR")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser


def _sizes(options: argparse.Namespace) -> Sizes:
    sizes = FULL if options.full else TOY if options.toy else DEFAULT
    given = {
        "models": options.models,
        "versions": options.versions,
        "artifact_bytes": options.artifact_mib << 20 if options.artifact_mib else None,
        "runs": options.runs,
    }
    return replace(sizes, **{name: value for name, value in given.items() if value})
