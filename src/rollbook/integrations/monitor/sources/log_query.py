"""SQL of a check, which may be a stranger's: it reads the rows it is given, and nothing else.

Three things stand in its way, each of which would do for most: of its syntax tree only what is known to be
harmless is let through; the DuckDB that runs it can open no file, no address and no extension, and its
settings are locked; and its time and memory are bounded, by DuckDB and by the process that this runs in,
which can be ended (`log_query_process`). It gets the rows of one version.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rollbook.integrations.monitor.query_setting import LONGEST_QUERY
from rollbook.integrations.monitor.question import SourceFailed
from rollbook.integrations.monitor.sources.table_files import LIMITS, bounded, duckdb_library, told
from rollbook.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

VIEW = "predictions"
_DEEPEST = 200
_SAMPLES = "samples"
# Kinds of nodes of the tree that DuckDB's `json_serialize_sql` writes.
_NODES = frozenset(
    [
        "SELECT_NODE", "CTE_NODE", "SET_OPERATION_NODE", "EMPTY", "BASE_TABLE", "SUBQUERY", "JOIN",
        "CASE", "CAST", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT", "FUNCTION", "OPERATOR",
        "PARAMETER", "BETWEEN", "STAR", "WINDOW", "TYPE",
    ]
)  # fmt: skip
# What costs no more than its arguments are long, and writes nothing longer than they are.
_FUNCTIONS = frozenset(
    [
        "+", "-", "*", "/", "//", "%", "~~", "!~~",
        "abs", "ceil", "ceiling", "coalesce", "exp", "floor", "greatest", "ifnull", "isfinite", "isinf",
        "isnan", "least", "ln", "log", "log10", "log2", "nullif", "pow", "power", "round", "sign", "sqrt",
        "trunc", "cos", "sin", "tan", "atan",
        "length", "lower", "upper", "trim", "starts_with", "ends_with", "contains",
        "date_part", "date_trunc", "date_diff", "datediff", "epoch", "hour", "minute", "day", "dayofweek",
        "approx_count_distinct", "approx_quantile", "any_value", "arg_max", "arg_min", "avg", "bool_and",
        "bool_or", "corr", "count", "count_if", "count_star", "countif", "covar_pop", "covar_samp", "entropy",
        "first", "kurtosis", "last", "mad", "max", "mean", "median", "min", "mode", "product", "quantile",
        "quantile_cont", "quantile_disc", "regr_slope", "skewness", "stddev", "stddev_pop", "stddev_samp",
        "sum", "var_pop", "var_samp", "variance",
        "row_number", "lag", "lead", "rank",
    ]
)  # fmt: skip


class LogQueries:
    """What asks SQL of rows. Every question may take `seconds`."""

    def __init__(self, seconds: float) -> None:
        """Open a database in memory. Raises BadCall without DuckDB."""
        self._seconds = seconds
        self._duckdb = duckdb_library()
        self._connection = self._duckdb.connect(":memory:", config={**LIMITS, "threads": "1"})
        for setting in ("temp_directory = ''", "GLOBAL TimeZone = 'UTC'", "enable_external_access = false",
                        "lock_configuration = true"):  # fmt: skip
            self._connection.execute(f"SET {setting}")

    def columns(self, sql: str) -> tuple[str, ...] | None:
        """Return which columns the SQL names, as far as they can be the view's; None for all.

        Raises SourceFailed for SQL that may not be run.
        """
        nodes = [*_nodes(self._tree(sql))]
        if any(node.get("class") == "STAR" for node in nodes):
            return None
        return tuple(dict.fromkeys(name for node in nodes for name in node.get("column_names", ())))

    def ask(
        self, sql: str, rows: pa.Table, parameters: Mapping[str, object]
    ) -> tuple[float | None, int | None]:
        """Return the one number that the SQL tells of the rows, and the samples where it has a column of that
        name. None for no finite number. Of the parameters those are given that it asks for.

        Raises SourceFailed.
        """
        asked = {node.get("identifier") for node in _nodes(self._tree(sql)) if node["class"] == "PARAMETER"}
        given = {name: value for name, value in parameters.items() if name in asked}
        cursor = self._connection.cursor()  # whose result may be left unfinished
        try:
            cursor.register(VIEW, rows)
            with bounded(cursor, self._seconds):
                cursor.execute(sql, given)
                names = [str(column[0]) for column in cursor.description]
                found = cursor.fetchmany(2)
        except (self._duckdb.Error, MemoryError, ValueError, OverflowError) as error:
            raise SourceFailed(f"the query failed: {told(error)}") from error
        finally:
            cursor.close()
        values = [place for place, name in enumerate(names) if name != _SAMPLES]
        if len(found) != 1 or len(values) != 1:
            raise SourceFailed("the query tells no single number", hint=f"Or one, and its `{_SAMPLES}`.")
        samples = found[0][names.index(_SAMPLES)] if _SAMPLES in names else None
        return _number(found[0][values[0]]), _count(samples)

    def close(self) -> None:
        """Let go of the database in memory."""
        self._connection.close()

    def _tree(self, sql: str) -> dict[str, Any]:
        """Return the tree of one harmless SELECT. Raises SourceFailed for anything else."""
        if len(sql) > LONGEST_QUERY:
            raise SourceFailed(f"a query has {LONGEST_QUERY} characters at most")
        try:
            told_tree = self._connection.execute("SELECT json_serialize_sql($sql)", {"sql": sql}).fetchall()
            document = json.loads(told_tree[0][0])
        except (self._duckdb.Error, ValueError, RecursionError) as error:
            raise SourceFailed(f"the query can't be read: {told(error)}") from error
        statements = document.get("statements", [])
        if document.get("error") or len(statements) != 1:
            reason = told(ValueError(document.get("error_message", "it is one statement")))
            raise SourceFailed(f"the query can't be read: {reason}", hint="A query is one SELECT.")
        tree: dict[str, Any] = statements[0]
        _require_harmless(tree)
        return tree


def _require_harmless(tree: dict[str, Any]) -> None:
    """Raise SourceFailed for a tree with anything that is not known to be harmless."""
    nodes = [*_nodes(tree)]
    tables = {VIEW, *(str(name) for node in nodes for name in node.get("aside", ()))}
    for node in nodes:
        kind = str(node["class"] or node["type"])
        if kind == "TABLE_FUNCTION":
            raise SourceFailed(f"a query reads {VIEW}, and no function's rows")
        if kind not in _NODES:
            raise SourceFailed(f"a query may not use {one_line(kind, 60).lower()}")
        if kind in ("FUNCTION", "WINDOW"):
            _require_known(node)
        if kind == "BASE_TABLE" and (
            node["table_name"] not in tables or node.get("schema_name") or node.get("catalog_name")
        ):
            raise SourceFailed(f"a query reads {VIEW}, and not {one_line(str(node['table_name']), 60)!r}")


def _require_known(node: dict[str, Any]) -> None:
    name = node.get("function_name")
    if name not in _FUNCTIONS or node.get("schema") or node.get("catalog"):
        raise SourceFailed(f"a query may not call {one_line(str(name), 60)}")


def _nodes(value: object, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield every node of a tree: whatever says of which class or type it is, as `class` and `type`; with the
    names that it gives to queries by WITH, as `aside`."""
    if depth > _DEEPEST:
        raise SourceFailed("the query is nested too deeply")
    if isinstance(value, list):
        for item in value:
            yield from _nodes(item, depth + 1)
    elif isinstance(value, dict) and "type_info" not in value:  # which is a type, and holds no query
        kind = value.get("type")
        is_modifier = str(kind).endswith("_MODIFIER") or "null_order" in value
        is_constant = isinstance(kind, dict) and "class" not in value
        if ("class" in value or kind is not None) and not is_modifier and not is_constant:
            aside = [entry.get("key") for entry in value.get("cte_map", {}).get("map", ())]
            aside += [value["cte_name"]] if "cte_name" in value else []
            yield {"class": "", "type": "", **value, "aside": aside}
        for item in value.values():
            yield from _nodes(item, depth + 1)


def _number(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, bool | int | float | Decimal):
        raise SourceFailed("the query tells no number")
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _count(value: object) -> int | None:
    if value is None:
        return None
    number = _number(value)
    if number is None or number < 0:
        raise SourceFailed("the samples of the query are no count")
    return int(number)
