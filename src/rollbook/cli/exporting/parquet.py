"""`rollbook export --parquet DIR`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.cli.output import print_json, print_table

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.registry.registry import Registry


def export_parquet(registry: Registry, directory: Path, as_json: bool) -> None:
    """Write the views as Parquet files, and say how many rows each has."""
    from rollbook.insight.query.parquet import export

    written = export(registry, directory)
    if as_json:
        print_json({"directory": str(written.directory), "rows": dict(written.rows)})
        return
    print_table(["file", "rows"], [[f"{view}.parquet", str(count)] for view, count in written.rows.items()])
