"""The check of data: the schema first, then what the reference has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given

from building.world import rollbook
from rollbook.integrations.monitor.drift.column_faults import type_fault
from rollbook.integrations.monitor.outcome import State
from rollbook.records.signature import Column

from . import logged
from .logged import rows, served
from .test_column_drift import KINDS

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World
    from rollbook.integrations.monitor.outcome import Outcome


@pytest.fixture
def watched(started: Template) -> World:
    """churn@1.0.0 in production, with a reference of a thousand rows."""
    return started(_begin)


def _begin(world: World) -> None:
    served(world, rows())


def asked(world: World, live: dict[str, Any], **check: Any) -> Outcome:
    return logged.asked(world, live, check="data", **check)


def test_rows_as_the_version_was_made_for_are_ok(watched: World) -> None:
    outcome = asked(watched, rows(200, seed=2))
    assert (outcome.state, outcome.message) == (State.OK, "the live rows are as expected")
    assert (outcome.samples, outcome.findings, outcome.figures) == (200, (), {})


def test_a_missing_column_is_a_breach(watched: World) -> None:
    live = rows(seed=2)
    del live["plan"]
    outcome = asked(watched, live)
    assert outcome.state is State.BREACH
    assert outcome.findings == ("`plan` is missing",)
    assert outcome.figures == {"plan schema": 1.0}


def test_a_column_of_another_type_is_a_breach_and_nothing_else_is_said_of_it(watched: World) -> None:
    outcome = asked(watched, rows(seed=2, age=["old"] * 1000))
    assert outcome.state is State.BREACH
    assert outcome.findings == ("`age` holds string values; float is asked",)


def test_new_categories_are_named(watched: World) -> None:
    plans = ["gold"] * 30 + ["free"] * 970
    outcome = asked(watched, rows(seed=2, plan=plans))
    assert outcome.state is State.WARNING
    assert outcome.findings == ("`plan`: 30 of 1,000 values are new, such as `gold`",)
    assert outcome.value == outcome.figures["plan categories"] == 0.03


def test_more_missing_values_than_the_reference_has_are_a_warning(watched: World) -> None:
    live = rows(seed=2)
    live["age"] = pa.array([None, float("nan")] * 100 + [*live["age"][200:]])
    outcome = asked(watched, live)
    assert outcome.state is State.WARNING
    assert outcome.findings == ("`age`: 20.00% are missing, 0.00% in the reference",)


def test_as_many_missing_values_as_the_reference_has_are_none(world: World) -> None:
    ages = pa.array([None] * 500 + [40.0] * 500)
    served(world, rows(age=ages))
    assert asked(world, rows(seed=2, age=ages)).state is State.OK


def test_a_column_without_any_value_is_all_missing(watched: World) -> None:
    outcome = asked(watched, rows(seed=2, age=pa.nulls(1000)))
    assert outcome.findings == ("`age`: 100.00% are missing, 0.00% in the reference",)


def test_values_out_of_the_range_are_counted_and_infinite_ones_are(watched: World) -> None:
    live = rows(seed=2)
    live["age"] = np.concatenate([[500.0, -500.0, np.inf], [40.0] * 17, live["age"][20:]])
    outcome = asked(watched, live, out_of_range=0.002)
    assert outcome.state is State.WARNING
    assert outcome.findings[0].startswith("`age`: 3 of 1,000 values are out of ")
    assert outcome.findings[0].endswith("the least is -500, the greatest 500")
    assert asked(watched, live, out_of_range=0.002, reach=100).state is State.OK
    assert asked(watched, live).state is State.OK


def test_the_policy_says_what_is_a_breach_and_what_is_not_looked_at(watched: World) -> None:
    live = rows(seed=2, plan=["gold"] * 1000)
    assert asked(watched, live, breach=["categories"]).state is State.BREACH
    assert asked(watched, live, warning=["nulls"]).state is State.OK


def test_a_fault_is_over_only_well_below_its_share(watched: World) -> None:
    live = rows(seed=2, plan=["gold"] * 30 + ["free"] * 970)
    outcome = asked(watched, live, new_categories=0.031)
    assert (outcome.state, outcome.held) == (State.OK, State.WARNING)


def test_free_text_has_no_new_categories(world: World) -> None:
    served(world, rows(1500, plan=[f"text {number}" for number in range(1500)]))
    assert asked(world, rows(seed=2, plan=[f"other {number}" for number in range(1000)])).state is State.OK


def test_without_a_reference_the_schema_alone_is_told(world: World) -> None:
    served(world)
    outcome = asked(world, rows())
    assert outcome.state is State.UNKNOWN
    assert "no reference sample. Give one: rollbook evidence add" in outcome.findings[0]
    assert asked(world, rows(), warning=[]).state is State.OK
    assert asked(world, {"age": [1.0]}).state is State.BREACH


def test_no_live_rows_tell_nothing(watched: World) -> None:
    outcome = asked(watched, {name: pa.array(values)[:0] for name, values in rows().items()})
    assert outcome.state is State.UNKNOWN


def test_a_version_s_names_can_not_write_to_a_terminal(watched: World) -> None:
    outcome = asked(watched, rows(seed=2, plan=["\x1b[2Jgold"] * 1000))
    assert "\x1b" not in "".join(outcome.findings)


def test_the_policy_s_schema_knows_the_check(watched: World) -> None:
    asked(watched, rows(seed=2), breach=["schema", "nulls"], warning=[], nulls=0.1, reach=0)
    watched.run("check", "--all")
    asked(watched, rows(seed=2), breach=["guess"])
    assert rollbook(watched.registry, "check", "--all").code == 1


@pytest.mark.parametrize(
    ("dtype", "values", "is_right"),
    [
        ("float32", [1, 2], True),
        ("int64", [1.0, None, 2.0], True),
        ("int64", [1.5], False),
        ("string", [1], False),
        ("string", pa.array(["a"]).dictionary_encode(), True),
        ("bool", [1], False),
        ("float64", pa.array([1], pa.decimal128(5, 2)), True),
        ("datetime", ["2026-11-20"], True),
        ("int64", pa.array([1], pa.timestamp("s")), False),
        ("a framework's own", [1], True),
    ],
)
def test_which_types_are_right(dtype: str, values: Any, is_right: bool) -> None:
    column = pa.chunked_array([values if isinstance(values, pa.Array) else pa.array(values)])
    assert (type_fault("x", column, Column("x", dtype, None), None) is None) == is_right


@given(KINDS, KINDS)
def test_whatever_is_in_a_column_it_is_judged(then: pa.Array, now: pa.Array) -> None:
    from rollbook.integrations.monitor.drift.data_judgement import _unlike_reference, data_settings
    from rollbook.records.fields import Fields

    settings = data_settings(Fields({}, "registry/policy.yaml"))
    one, other = pa.chunked_array([then]), pa.chunked_array([now])
    for fault in _unlike_reference("x", one, other, settings):
        assert 0 <= fault.share <= 1
        settings.judge(fault)
