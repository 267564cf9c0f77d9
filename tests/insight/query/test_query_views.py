"""What the views say, on a small registry with a real trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.work_tree import commit, write
from building.world import World, git
from rollbook import Registry
from rollbook.insight.query.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FACTS = """\
metrics: {auc: 0.93}
hyperparameters: {depth: 6, names: [x, y]}
tags: {campaign: weekly}
lineage: {data: [{name: customers, version: "1"}], parents: [fraud@1.0.0]}
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, new_world: World) -> World:
    root = tmp_path_factory.mktemp("told") / "world"
    world = new_world.copy(root)
    facts = root / "facts.yaml"
    facts.write_text(_FACTS)
    world.register("fraud", "1.0.0")
    world.register("fraud", "1.1.0", "--from", str(facts))
    world.promote("fraud@1.0.0", "staging")
    world.promote("fraud@1.0.0", "production")
    return world


@pytest.fixture
def registry(told: World) -> Iterator[Registry]:
    with Registry.open(told.registry) as registry:
        yield registry


def test_a_version_has_the_stage_it_is_in_now(registry: Registry) -> None:
    found = registry.query("SELECT version, stage FROM versions ORDER BY sort_key").rows
    assert found == (("1.0.0", "production"), ("1.1.0", "development"))


def test_a_model_has_its_newest_version(registry: Registry) -> None:
    assert registry.query("SELECT model, versions, latest FROM models").rows == (("fraud", 2, "1.1.0"),)


def test_parameters_are_text_and_numbers(registry: Registry) -> None:
    found = registry.query("SELECT name, value, number FROM params ORDER BY name").rows
    assert found == (("depth", "6", 6.0), ("names", '["x", "y"]', None))


def test_the_lineage_has_a_row_for_each_source(registry: Registry) -> None:
    found = registry.query("SELECT kind, name, source_version FROM lineage WHERE version = '1.1.0'").rows
    assert set(found) >= {("data", "customers", "1"), ("parent", "fraud@1.0.0", None)}


def test_the_events_are_those_of_the_trail_in_the_order_of_main(registry: Registry) -> None:
    found = registry.query("SELECT action, version, to_stage FROM events ORDER BY position, number").rows
    assert found[:3] == (
        ("registered", "1.0.0", "development"),
        ("registered", "1.1.0", "development"),
        ("assigned", "1.0.0", "staging"),
    )
    assert ("assigned", "1.0.0", "production") in found


def test_an_earlier_state_has_its_own_rows_and_no_later_event(told: World) -> None:
    earlier = git(told.registry, "rev-list", "--first-parent", "main").splitlines()[-2]
    with Registry.open(told.registry, rev=earlier) as registry:
        assert registry.query("SELECT version, stage FROM versions").rows == (("1.0.0", "development"),)
        assert registry.query("SELECT action FROM events").rows == (("registered",),)


def test_a_file_that_can_not_be_read_is_a_problem_and_its_facts_are_missing(
    told: World, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    git(tmp_path, "clone", "--quiet", str(told.registry), str(broken))
    write(broken, {"registry/fraud/versions/1.1.0/version.yaml": "model: [\n"})
    commit(broken)
    with Registry.open(broken) as registry:
        result = registry.query("SELECT version, created_at IS NULL FROM versions ORDER BY sort_key")
        assert result.rows == (("1.0.0", 0), ("1.1.0", 1))
        assert result.problems == 1
        (row,) = registry.query("SELECT path, model, version, line FROM problems").rows
    assert row == ("registry/fraud/versions/1.1.0/version.yaml", "fraud", "1.1.0", 2)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_has_the_columns_that_are_documented(registry: Registry, view: object) -> None:
    name, columns = view.name, [column.name for column in view.columns]  # type: ignore[attr-defined]
    assert list(registry.query(f"SELECT * FROM {name}").columns) == columns


def test_the_values_of_a_column_are_of_its_type(registry: Registry) -> None:
    types = {"text": "text", "time": "text", "integer": "integer", "flag": "integer", "real": "real"}
    for view in VIEWS:
        for column in view.columns:
            sql = f"SELECT DISTINCT typeof({column.name}) FROM {view.name}"
            assert {kind for (kind,) in registry.query(sql).rows} <= {types[column.type], "null"}, column


def test_a_result_becomes_a_data_frame(registry: Registry) -> None:
    frame = registry.query("SELECT version, stage FROM versions ORDER BY 1").to_dataframe()
    assert frame.to_dict("list") == {"version": ["1.0.0", "1.1.0"], "stage": ["production", "development"]}


def test_parameters_keep_values_out_of_the_sql(registry: Registry) -> None:
    sql = "SELECT count(*) FROM versions WHERE version = "
    assert registry.query(f"{sql} ?", ["1.0.0"]).rows == ((1,),)
    assert registry.query(f"{sql} :v", {"v": "' OR 1 --"}).rows == ((0,),)
