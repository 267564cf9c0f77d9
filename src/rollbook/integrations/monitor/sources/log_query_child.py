"""The process that runs a stranger's SQL: told a line of JSON a query, it answers with a line.

Reading SQL alone can take for ever (CASE doubles what it compares, in the parser), so whoever asks has to be
able to end it.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

from rollbook.integrations.monitor.question import SourceFailed
from rollbook.integrations.monitor.sources.log_query import LogQueries

MOST_MEMORY = 1 << 30  # bytes


def main() -> None:
    """Answer queries until nobody asks any more."""
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    queries = LogQueries(float(sys.argv[1]))
    _say({"ready": True})
    for line in sys.stdin:
        try:
            _say(_answer(queries, json.loads(line)))
        except SourceFailed as error:
            _say({"failed": str(error), "hint": error.hint})


def _answer(queries: LogQueries, request: dict[str, Any]) -> dict[str, Any]:
    import pyarrow as pa

    if "rows" not in request:
        return {"columns": queries.columns(request["sql"])}
    with pa.memory_map(request["rows"]) as file:
        rows = pa.ipc.open_file(file).read_all()
        value, samples = queries.ask(request["sql"], rows, request["parameters"])
    return {"value": value, "samples": samples}


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
