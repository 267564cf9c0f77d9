"""A real Prometheus is asked; and what only pretends to be one."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rollbook.errors import InvalidFile
from rollbook.integrations.monitor.outcome import Window
from rollbook.integrations.monitor.question import SourceFailed
from rollbook.integrations.monitor.sources.prometheus_source import filled

from .asking import HOUR, answer, opened, question, values

if TYPE_CHECKING:
    from rollbook.integrations.monitor.question import Answer

    from .conftest import Answering, Prometheus

BY_VERSION = 'avg by (version) (error_rate{model="{model}"})'


def told(prometheus: Prometheus, query: str, samples_query: str = "", **settings: object) -> Answer:
    asked = question("error_rate", query, samples_query=samples_query)
    return answer("prometheus", asked, url=prometheus.url, **settings)


def test_the_figure_of_the_version_is_told_and_others_are_left_out(prometheus: Prometheus) -> None:
    found = told(prometheus, BY_VERSION)
    assert (values(found), found.others) == ([0.25], ("1.1.0",))
    assert found.asked == 'avg by (version) (error_rate{model="credit"})'


def test_figures_of_another_model_are_left_out(prometheus: Prometheus) -> None:
    found = told(prometheus, 'error_rate{version="1.2.0"}')
    assert values(found) == [0.25]


def test_a_result_without_the_versions_label_is_no_figure(prometheus: Prometheus) -> None:
    with pytest.raises(SourceFailed, match="no label 'version'") as caught:
        told(prometheus, "avg(error_rate)")
    assert "Aggregate by (version)" in caught.value.hint


def test_several_figures_of_the_version_are_none(prometheus: Prometheus) -> None:
    asked = replace(question(query='error_rate{model="credit"}'), version="1.1.0")
    with pytest.raises(SourceFailed, match="2 figures of the version") as caught:
        answer("prometheus", asked, url=prometheus.url)
    assert "sum by (version)" in caught.value.hint


def test_samples_are_asked_by_a_query_of_their_own(prometheus: Prometheus) -> None:
    found = told(prometheus, BY_VERSION, 'sum by (version) (requests{version="{version}"})')
    assert [figure.samples for figure in found.figures] == [1000]


def test_samples_that_nobody_tells_are_none(prometheus: Prometheus) -> None:
    found = told(prometheus, BY_VERSION, "requests > 5000")
    assert [figure.samples for figure in found.figures] == [0]


@pytest.mark.parametrize("query", ["odd", "odd * 0 + Inf", "error_rate > 3", "nothing_of_the_name"])
def test_what_is_no_finite_number_is_no_figure(prometheus: Prometheus, query: str) -> None:
    assert values(told(prometheus, query)) == []


def test_a_metric_that_is_gone_is_no_figure(prometheus: Prometheus) -> None:
    assert values(told(prometheus, "past_errors")) == []


@pytest.mark.parametrize("query", ["1", "error_rate[5m]", '"text"'])
def test_another_shape_says_nothing_of_a_version(prometheus: Prometheus, query: str) -> None:
    with pytest.raises(SourceFailed, match="which says nothing of a version"):
        told(prometheus, query)


def test_what_is_wrong_with_a_query_is_told(prometheus: Prometheus) -> None:
    with pytest.raises(SourceFailed, match=r"Prometheus says: .*parse error"):
        told(prometheus, "sum by (")


def test_another_label_may_name_the_version(prometheus: Prometheus) -> None:
    query = 'label_replace(error_rate{model="credit"}, "build", "v$1", "version", "(.*)")'
    assert values(told(prometheus, query, version_label="build")) == [0.25]


def test_the_past_is_told_at_each_step(prometheus: Prometheus) -> None:
    window = Window(prometheus.past, prometheus.past + HOUR)
    asked = question(query="past_errors", window=window)
    with opened("prometheus", url=prometheus.url) as source:
        found = source.series(asked, timedelta(minutes=20))
    assert values(found) == [0, 20, 40, 60]
    assert found.figures[1].at == prometheus.past + timedelta(minutes=20)


def test_a_series_looks_back_over_the_span_and_not_over_the_whole_period(prometheus: Prometheus) -> None:
    window = Window(prometheus.past, prometheus.past + HOUR)
    query = "max_over_time(past_errors[{window}s]) - min_over_time(past_errors[{window}s])"
    asked = question(query=query, window=window, looks_back=timedelta(minutes=10))
    with opened("prometheus", url=prometheus.url) as source:
        found = source.series(asked, timedelta(minutes=30))
    assert values(found)[1:] == [10, 10]


def test_too_many_steps_are_refused(prometheus: Prometheus) -> None:
    with opened("prometheus", url=prometheus.url) as source, pytest.raises(SourceFailed, match="steps"):
        source.series(question(query="past_errors"), timedelta(milliseconds=1))


def test_what_is_filled_in_stays_within_its_quotes() -> None:
    asked = replace(question(), model='a"} or vector(1) #', version="1'\\\n`")
    query = filled("x{model=\"{model}\", version='{version}'}", asked)
    assert query == 'x{model="a\\"} or vector(1) #", version=\'1\\u0027\\\\\\n\\u0060\'}'


def test_a_url_whose_host_is_filled_in_is_refused() -> None:
    with pytest.raises(InvalidFile, match="nothing is filled in a host"):
        answer("prometheus", url="https://{model}.example.com")


def test_a_token_is_sent(server: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_TOKEN", "secret")
    server.says({"status": "success", "data": {"resultType": "vector", "result": []}})
    assert values(answer("prometheus", url=server.url, token_env="METRICS_TOKEN")) == []
    assert server.got[0][1]["authorization"] == "Bearer secret"


def vector(value: object, at: object, version: object = "1.2.0") -> bytes:
    series = {"metric": {"version": version}, "value": [at, value]}
    return json.dumps({"status": "success", "data": {"resultType": "vector", "result": [series]}}).encode()


@pytest.mark.parametrize("seconds", [7200, -7200], ids=["of the future", "of before the window"])
def test_a_figure_out_of_the_window_is_no_answer(server: Answering, seconds: int) -> None:
    asked = question()
    server.body = vector("0.5", asked.window.end.timestamp() + seconds)
    assert values(answer("prometheus", asked, url=server.url)) == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"status":"success"}',
        b'{"status":"success","data":{"resultType":"vector","result":3}}',
        b'{"status":"success","data":{"resultType":"vector","result":[3]}}',
        vector(0.5, 1), vector("x", 1), vector("1", "now"), vector("1", 1e300), vector("1", True),
    ],
)  # fmt: skip
def test_what_prometheus_does_not_say_is_no_answer(server: Answering, body: bytes) -> None:
    server.body = body
    with pytest.raises(SourceFailed):
        answer("prometheus", url=server.url)


def test_one_that_is_down_is_told_by_its_host() -> None:
    with pytest.raises(SourceFailed, match=r"no answer from 127\.0\.0\.1:9"):
        answer("prometheus", url="http://127.0.0.1:9")


def test_one_that_is_slow_is_not_waited_for(server: Answering) -> None:
    server.waits = 30
    with pytest.raises(SourceFailed, match="no answer"):
        answer("prometheus", url=server.url, time_limit=0.2)
