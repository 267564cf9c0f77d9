from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from building.memory import registry_of
from rollbook.errors import BadCall, NotFound
from rollbook.insight.compare.comparison import best, compare, default_versions
from rollbook.insight.compare.comparison_table import as_markdown, as_rows
from rollbook.insight.compare.metric import finite, is_lower_better

if TYPE_CHECKING:
    from rollbook import Model

STAGES = """\
production: {version: 1.1.0}
staging: [{version: 1.2.0}]
archived: [{version: 1.0.0}]
aliases: {champion: 1.1.0}
"""


def _model(metrics: dict[str, dict[str, float]], stages: str = "", **facts: object) -> Model:
    registry = registry_of(
        {f"m@{version}": {"metrics": given, **facts} for version, given in metrics.items()},
        {"m": stages} if stages else {},
    )
    return registry.model("m")


MODEL = _model(
    {
        "1.0.0": {"auc": 0.90, "log_loss": 0.5},
        "1.1.0": {"auc": 0.91, "log_loss": 0.3},
        "1.2.0": {"auc": 0.93},
        "1.3.0": {"auc": 0.92, "log_loss": 0.4},
        "2.0.0-rc.1": {"auc": 0.99},
    },
    STAGES,
)


def test_by_default_production_the_stages_before_it_and_the_newest_release_are_compared() -> None:
    assert [item.version for item in compare(MODEL).versions] == ["1.1.0", "1.2.0", "1.3.0"]


def test_without_any_stage_the_newest_is_compared_alone() -> None:
    assert default_versions(_model({"1.0.0": {}, "1.1.0": {}})) == ["1.1.0"]


def test_versions_come_in_the_order_given_and_once() -> None:
    wanted = ["latest", "m@production", "champion", "v1.0.0", "1_0_0"]
    assert [item.version for item in compare(MODEL, wanted).versions] == ["1.3.0", "1.1.0", "1.0.0"]


def test_a_version_of_another_model_is_refused() -> None:
    with pytest.raises(BadCall, match=r"'other@1\.0\.0' is no version of m"):
        compare(MODEL, ["other@1.0.0"])


def test_an_unknown_version_is_not_found() -> None:
    with pytest.raises(NotFound, match=r"m has no version 9\.0\.0"):
        compare(MODEL, ["9.0.0"])


def test_the_highest_value_is_marked_as_best() -> None:
    marked = [item.version for item in compare(MODEL).versions if item.metrics["auc"].best]
    assert marked == ["1.2.0"]


def test_the_lowest_loss_is_marked_as_best() -> None:
    compared = compare(MODEL)
    assert compared.lower_is_better == ("log_loss",)
    assert [item.version for item in compared.versions if item.metrics["log_loss"].best] == ["1.1.0"]


def test_the_direction_of_a_metric_can_be_told() -> None:
    compared = compare(MODEL, lower_is_better=["auc"], higher_is_better=["log_loss"])
    assert compared.lower_is_better == ("auc",)


def test_a_metric_with_two_directions_is_refused() -> None:
    with pytest.raises(BadCall, match="can't be better both"):
        compare(MODEL, lower_is_better=["auc"], higher_is_better=["auc"])


def test_a_change_is_against_production() -> None:
    changes = {item.version: item.metrics["auc"].change for item in compare(MODEL).versions}
    assert changes["1.1.0"] is None
    assert changes["1.2.0"] == pytest.approx(0.02)


def test_a_change_is_against_production_even_when_it_is_not_shown() -> None:
    (compared,) = compare(MODEL, ["1.0.0"]).versions
    assert compared.metrics["auc"].change == pytest.approx(-0.01)


def test_a_metric_that_a_version_does_not_give_is_none() -> None:
    figure = compare(MODEL).versions[1].metrics["log_loss"]
    assert (figure.value, figure.best, figure.change) == (None, False, None)


def test_only_the_metrics_asked_for_are_compared() -> None:
    assert MODEL.compare(metrics=["log_loss"]).metrics == ["log_loss"]


def test_a_metric_that_no_version_gives_is_not_found() -> None:
    with pytest.raises(NotFound, match="gives the metric 'acu'") as caught:
        compare(MODEL, metrics=["acu"])
    assert "auc" in caught.value.hint


def test_a_model_without_versions_has_nothing_to_compare() -> None:
    registry = registry_of({}, {"m": "aliases: {}\n"})
    with pytest.raises(NotFound, match="m has no versions yet"):
        compare(registry.model("m"))


def test_only_hyperparameters_that_differ_are_named() -> None:
    registry = registry_of(
        {
            "m@1.0.0": {"hyperparameters": {"depth": 3, "seed": 7, "nan": math.nan, "flag": True}},
            "m@1.1.0": {"hyperparameters": {"depth": 4, "seed": 7, "nan": math.nan, "flag": 1}},
        }
    )
    found = compare(registry.model("m"), ["1.0.0", "1.1.0"]).hyperparameters
    assert [(item.name, item.values) for item in found] == [("depth", (3, 4)), ("flag", (True, 1))]


def test_a_table_and_its_markdown_are_cut_to_what_a_comment_holds() -> None:
    many = {f"p{place}": "x" * 500 for place in range(300)}
    registry = registry_of({"m@1.0.0": {"hyperparameters": many}, "m@1.1.0": {}})
    compared = compare(registry.model("m"), ["1.0.0", "1.1.0"])
    assert max(len(cell) for row in as_rows(compared)[1] for cell in row) == 100
    text = as_markdown(compared)
    assert len(text) < 20_000
    assert text.endswith("243 more rows are left out.\n")


def test_data_and_code_are_named_where_they_differ() -> None:
    code = {"commit": "a" * 40}
    registry = registry_of(
        {
            "m@1.0.0": {"lineage": {"data": [{"name": "d", "version": "1"}], "code": code}},
            "m@1.1.0": {"lineage": {"data": [{"name": "d", "version": "2"}], "code": code}},
        }
    )
    compared = compare(registry.model("m"), ["1.0.0", "1.1.0"])
    assert compared.data is not None
    assert compared.data.values == (("d@1",), ("d@2",))
    assert compared.code is None


def test_the_best_of_equal_versions_is_the_newest() -> None:
    model = _model({"1.0.0": {"auc": 0.9}, "1.9.0": {"auc": 0.9}, "1.10.0": {"auc": 0.9}})
    assert best(model, "auc").version.version == "1.10.0"


def test_the_best_of_one_stage_is_sought_there_only() -> None:
    assert best(MODEL, "auc", stage="archived").version.version == "1.0.0"


def test_a_stage_that_the_policy_lacks_is_not_found() -> None:
    with pytest.raises(NotFound, match="there is no stage 'moon'"):
        best(MODEL, "auc", stage="moon")


def test_the_best_names_the_versions_without_the_metric() -> None:
    found = best(MODEL, "log_loss")
    assert (found.version.version, found.value) == ("1.1.0", 0.3)
    assert found.without == ("1.2.0", "2.0.0-rc.1")


def test_the_best_goes_by_the_direction_told() -> None:
    assert best(MODEL, "auc", lower_is_better=True).version.version == "1.0.0"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_finite_number_never_wins(value: float) -> None:
    model = _model({"1.0.0": {"auc": 0.1}, "1.1.0": {"auc": value}})
    for lower in (False, True):
        found = best(model, "auc", lower_is_better=lower)
        assert (found.version.version, found.without) == ("1.0.0", ("1.1.0",))
    figures = [item.metrics["auc"] for item in compare(model, ["1.0.0", "1.1.0"]).versions]
    assert [(figure.value, figure.best) for figure in figures] == [(0.1, True), (None, False)]


def test_a_whole_number_that_no_float_can_hold_counts_as_not_measured() -> None:
    assert finite(10**400) is None


def test_a_model_whose_versions_are_all_nan_has_no_best() -> None:
    with pytest.raises(NotFound, match="no version of m gives the metric 'auc'"):
        best(_model({"1.0.0": {"auc": math.nan}}), "auc")


@pytest.mark.parametrize(
    ("metric", "lower"),
    [("auc", False), ("val.Log-Loss", True), ("rmse", True), ("p95_latency_ms", True), ("f1", False),
     ("lossless", False), ("error rate", True), ("mean/absolute_error@10", True)],
)  # fmt: skip
def test_a_metrics_name_tells_its_direction_by_whole_words(metric: str, lower: bool) -> None:
    assert is_lower_better(metric) is lower


@given(
    values=st.lists(
        st.one_of(st.floats(), st.integers(-(10**15), 10**15), st.none()), min_size=1, max_size=6
    ),
    lower=st.booleans(),
)
def test_the_best_is_never_beaten(values: list[float | None], lower: bool) -> None:
    measured = {f"1.{place}.0": {} if value is None else {"x": value} for place, value in enumerate(values)}
    usable = [value for value in values if value is not None and math.isfinite(value)]
    model = _model(measured)
    if not usable:
        with pytest.raises(NotFound):
            best(model, "x", lower_is_better=lower)
        return
    found = best(model, "x", lower_is_better=lower)
    assert all(found.value <= value if lower else found.value >= value for value in usable)
    ways = {"lower_is_better" if lower else "higher_is_better": ["x"]}
    marked = compare(model, list(measured), ["x"], **ways)
    assert {item.metrics["x"].value for item in marked.versions if item.metrics["x"].best} == {found.value}
