"""The versions of a model as a table for data frames, with their metrics and hyperparameters as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.insight.query.sql import query
from rollbook.insight.tabular import TypedColumn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.insight.query.sql import Value
    from rollbook.registry.registry import Model


def version_columns(model: Model) -> list[TypedColumn]:
    """Return the columns of a table with a row for each version of a model, oldest first: those of the view
    `versions`, `aliases`, and a `metrics.NAME` and `hyperparameters.NAME` for each that any version has."""
    registry, of_it = model.registry, (model.name,)
    own = query(registry, "SELECT * FROM versions WHERE model = ? ORDER BY sort_key", of_it)
    columns = [column for column in own.table_columns() if column.name != "sort_key"]
    versions = next(column.values for column in columns if column.name == "version")
    places = {version: place for place, version in enumerate(versions)}
    aliases: list[list[str]] = [[] for _ in places]
    for version, alias in query(
        registry, "SELECT version, alias FROM aliases WHERE model = ? ORDER BY alias", of_it
    ).rows:
        if version in places:
            aliases[places[version]].append(str(alias))
    metrics = query(registry, "SELECT version, name, value FROM metrics WHERE model = ? ORDER BY name", of_it)
    params = query(
        registry,
        "SELECT version, name, coalesce(number, value) FROM params WHERE model = ? ORDER BY name",
        of_it,
    )
    return [
        *columns,
        TypedColumn("aliases", "texts", aliases),
        *(TypedColumn(f"metrics.{name}", "real", cells) for name, cells in _spread(metrics.rows, places)),
        *(TypedColumn(f"hyperparameters.{name}", "", cells) for name, cells in _spread(params.rows, places)),
    ]


def _spread(rows: Iterable[tuple[Value, ...]], places: dict[Value, int]) -> Iterable[tuple[str, list[Value]]]:
    """Return a column for each name, of rows that give a version, a name and a value."""
    cells: dict[str, list[Value]] = {}
    for version, name, value in rows:
        if version in places:
            cells.setdefault(str(name), [None] * len(places))[places[version]] = value
    return cells.items()
