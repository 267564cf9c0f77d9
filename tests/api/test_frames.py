"""Versions, history, comparisons and queries as data frames, by each library and by Arrow's interchange."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import duckdb
import pandas
import polars
import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook import BadCall, Registry
from rollbook.insight.query.sql import Result
from rollbook.insight.tabular import TypedColumn, kind_of

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World

NAME = "churn"


def _versions(world: World) -> None:
    """Two versions that differ in metrics and hyperparameters; the first in staging, with an alias."""
    world.register(NAME, "1.0.0", "--metric", "auc=0.9", "--param", "depth=3", "--param", "loss=log")
    world.register(NAME, "1.10.0", "--metric", "auc=0.95", "--metric", "f1=1", "--param", "depth=4")
    world.promote(f"{NAME}@1.0.0", "staging")
    world.run("alias", f"{NAME}@1.0.0", "champion", "--reason", "best", "--land")


@pytest.fixture
def registry(template: Template) -> Registry:
    return Registry.open(template(_versions).registry)


def test_a_model_is_a_table_with_a_row_for_each_version(registry: Registry):
    frame = registry.model(NAME).to_pandas().set_index("version")
    assert frame.index.tolist() == ["1.0.0", "1.10.0"]
    assert frame["stage"].tolist() == ["staging", "development"]
    assert [list(aliases) for aliases in frame["aliases"]] == [["champion"], []]
    assert frame.loc["1.10.0", ["metrics.auc", "metrics.f1", "hyperparameters.depth"]].tolist() == [
        0.95,
        1,
        4,
    ]
    assert pandas.isna(frame.loc["1.10.0", "hyperparameters.loss"])


def test_columns_have_the_types_of_what_they_hold(registry: Registry):
    schema = registry.model(NAME).to_arrow().schema
    assert schema.field("created_at").type == pyarrow.timestamp("us", tz="UTC")
    assert schema.field("size").type == pyarrow.int64()
    assert schema.field("metrics.auc").type == pyarrow.float64()
    assert schema.field("aliases").type == pyarrow.list_(pyarrow.string())
    assert schema.field("removed_at").type == pyarrow.timestamp("us", tz="UTC")


def test_history_is_a_table_with_a_row_for_each_event_oldest_first(registry: Registry):
    frame = registry.history(NAME).to_pandas()
    assert frame["action"].tolist() == ["registered", "registered", "assigned", "alias-set"]
    assert frame["to"].tolist()[2:] == ["staging", "@champion"]
    assert frame["landed_at"].is_monotonic_increasing
    assert str(frame["landed_at"].dt.tz) == "UTC"


def test_a_comparison_is_a_table_with_a_row_for_each_version(registry: Registry):
    frame = registry.compare(NAME, ["1.0.0", "1.10.0"]).to_pandas()
    assert frame["metrics.auc"].tolist() == [0.9, 0.95]
    assert str(frame["created_at"].dt.tz) == "UTC"


def test_a_query_is_a_table_in_the_types_of_the_views(registry: Registry):
    result = registry.query("SELECT version, created_at, size / 2.0 AS half, 'x' AS passed FROM versions")
    schema = result.to_arrow().schema
    assert [str(field.type) for field in schema] == ["string", "timestamp[us, tz=UTC]", "double", "string"]


def test_every_library_takes_them_as_they_are(registry: Registry):
    history = registry.history(NAME)
    assert polars.DataFrame(history).equals(history.to_polars())
    assert pandas.DataFrame.from_arrow(history).shape == history.to_pandas().shape
    counted = duckdb.sql("SELECT action, count(*) FROM history GROUP BY action ORDER BY action").fetchall()
    assert counted == [("alias-set", 1), ("assigned", 1), ("registered", 2)]


def test_a_table_without_rows_has_its_columns(registry: Registry):
    assert registry.history(NAME, since="2090-01-01").to_polars().schema["landed_at"] == polars.Datetime(
        "us", "UTC"
    )
    assert registry.query("SELECT version, size FROM versions WHERE 0").to_pandas().columns.tolist() == [
        "version",
        "size",
    ]


def test_two_columns_of_one_name_are_a_bad_call(registry: Registry):
    with pytest.raises(BadCall, match="the same name"):
        registry.query("SELECT version, version FROM versions").to_arrow()


@pytest.mark.parametrize("missing", ["pandas", "polars", "pyarrow"])
def test_a_library_that_is_missing_is_named_with_what_installs_it(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, missing: str
):
    monkeypatch.setitem(sys.modules, missing, None)
    history = registry.history(NAME)
    with pytest.raises(BadCall, match=f"{missing} is not installed") as refused:
        {"pandas": history.to_pandas, "polars": history.to_polars, "pyarrow": history.to_arrow}[missing]()
    assert "pip install" in refused.value.hint


CELLS = st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats() | st.text() | st.binary(max_size=8)


@given(
    st.lists(CELLS, max_size=6),
    st.sampled_from(["created_at", "size", "passed", "version", "value", "other"]),
)
def test_whatever_a_query_gives_under_whatever_name_is_a_table(
    cells: list[str | int | float | bytes | None], name: str
):
    table = Result((name,), tuple((cell,) for cell in cells)).to_arrow()
    assert table.column_names == [name]
    assert [cell is None for cell in table.column(0).to_pylist()] == [cell is None for cell in cells]


def test_a_name_that_views_give_several_types_has_none():
    assert (kind_of("size"), kind_of("no such column")) == ("integer", "")
    assert TypedColumn("size", kind_of("size"), []).kind == "integer"
