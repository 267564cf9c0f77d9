"""`python -m benchmarks.generate DIR --models 1000 --versions 100000`: build a registry of any size."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.generate.build import build
from benchmarks.generate.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Build what the arguments ask for, and say how large it is. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate", description=__doc__)
    parser.add_argument("directory", type=Path, metavar="DIR", help="a directory that does not exist yet")
    parser.add_argument("--models", type=int, default=100, help="registered models (100)")
    parser.add_argument("--versions", type=int, default=1000, help="versions of all of them together (1000)")
    parser.add_argument("--seed", type=int, default=0, help="another seed makes another registry (0)")
    parser.add_argument("--no-checkout", action="store_true", help="leave the working tree empty")
    options = parser.parse_args(arguments)
    try:
        plan = Plan(options.models, options.versions, options.seed)
    except ValueError as error:
        parser.error(str(error))
    if options.directory.exists():
        parser.error(f"{options.directory} exists already")
    start = time.perf_counter()
    built = build(options.directory.absolute(), plan, checkout=not options.no_checkout)
    taken = time.perf_counter() - start
    size = sum(path.stat().st_size for path in (built.path / ".git").rglob("*") if path.is_file())
    print(
        f"{options.models:,} models, {options.versions:,} versions, {built.landings:,} landings, "
        f"{built.events:,} events; .git has {size / 1e6:,.0f} MB; {taken:.1f} s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
