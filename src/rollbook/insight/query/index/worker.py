"""A process that reads a share of a registry's files for the index: `python -m` this, with a directory.

It takes lines `<oid> <kind> <path>`, and answers each by `<oid>`, a tab, and
the file's rows as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rollbook.git.repository import discover
from rollbook.insight.query.index.parallel import Job, read_here
from rollbook.layout import Kind


def main() -> None:
    """Read the files that stdin names."""
    words = (line.rstrip("\n").split(" ", 2) for line in sys.stdin)
    jobs = [Job(oid, Kind(kind), path) for oid, kind, path in words]
    for job, rows in read_here(discover(Path(sys.argv[1])), jobs):
        sys.stdout.write(f"{job.oid}\t{json.dumps(rows, separators=(',', ':'))}\n")


if __name__ == "__main__":
    main()
