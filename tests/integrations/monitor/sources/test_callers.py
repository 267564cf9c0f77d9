"""Who asks a version: every kind of source tells its callers apart; and how usage is asked of one."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from building.memory import registry_of
from building.texts import POLICY
from rollbook.errors import InvalidFile
from rollbook.integrations.monitor import source_kinds
from rollbook.integrations.monitor.question import Answer, Figure, SourceFailed
from rollbook.integrations.monitor.usage import SECONDS, ask_usage
from rollbook.records.policy import parse_policy
from rollbook.registry.served import Use

from .asking import answer, figure, question

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rollbook.integrations.monitor.question import Question
    from rollbook.records.policy import Policy
    from rollbook.registry.registry import Registry
    from rollbook.registry.served import Usage

    from .conftest import Prometheus

NOW = datetime.now(UTC).replace(microsecond=0)


def callers(told: Answer) -> dict[str, float]:
    return {one.caller: one.value for one in told.figures}


# --- each kind of source -----------------------------------------------------------------------------------


def test_a_document_names_the_caller_in_a_field(tmp_path: Path) -> None:
    path = tmp_path / "figures.json"
    figures = [figure(3, client="billing"), figure(4, client="fraud\x1b[2J\ndesk"), figure(5)]
    path.write_text(json.dumps(figures))
    found = answer("file", question(by="client"), path=str(path))
    assert callers(found) == {"billing": 3, "fraud [2J desk": 4, "": 5}
    assert {one.caller for one in answer("file", question(), path=str(path)).figures} == {""}


def test_a_table_names_the_caller_in_a_column(tmp_path: Path) -> None:
    path = tmp_path / "figures.csv"
    path.write_text("metric,value,version,my client\nerror_rate,3,1.2.0,billing\nerror_rate,4,1.2.0,fraud\n")
    found = answer("file", question(by="my client"), path=str(path))
    assert callers(found) == {"billing": 3, "fraud": 4}


def test_a_log_of_predictions_counts_the_rows_of_each_caller(tmp_path: Path) -> None:
    table = pa.table(
        {
            "time": [NOW - timedelta(minutes=place + 1) for place in range(5)],
            "model": ["credit"] * 5,
            "version": ["1.2.0", "1.2.0", "1.2.0", "1.1.0", "1.2.0"],
            "client": ["billing", "fraud", "billing", "billing", None],
        }
    )
    pq.write_table(table, tmp_path / "log.parquet")
    asked = question("requests", "SELECT count(*) FROM predictions", by="client")
    found = answer("log", asked, path=str(tmp_path / "log.parquet"))
    assert callers(found) == {"billing": 2, "fraud": 1, "": 1}
    assert {one.caller: one.at for one in found.figures}["fraud"] == NOW - timedelta(minutes=2)
    with pytest.raises(SourceFailed, match="no column 'nobody'"):
        answer("log", question("requests", asked.query, by="nobody"), path=str(tmp_path / "log.parquet"))


def test_a_column_of_very_many_callers_tells_none_apart(tmp_path: Path) -> None:
    many = 1_001
    table = pa.table(
        {
            "time": [NOW - timedelta(minutes=1)] * many,
            "model": ["credit"] * many,
            "version": ["1.2.0"] * many,
            "client": [*range(many)],
        }
    )
    pq.write_table(table, tmp_path / "log.parquet")
    asked = question("requests", "SELECT count(*) FROM predictions", by="client")
    with pytest.raises(SourceFailed, match="more than 1000 callers"):
        answer("log", asked, path=str(tmp_path / "log.parquet"))


def test_a_prometheus_names_the_caller_in_a_label(prometheus: Prometheus) -> None:
    asked = question("error_rate", 'error_rate{model="{model}"}', by="instance_name", version="1.1.0")
    assert callers(answer("prometheus", asked, url=prometheus.url)) == {"a": 0.5, "b": 0.5}
    asked = question("error_rate", 'error_rate{model="{model}"}', by="model", version="1.1.0")
    with pytest.raises(SourceFailed, match="2 figures of the version") as caught:
        answer("prometheus", asked, url=prometheus.url)
    assert "sum by (version, model)" in caught.value.hint


# --- what is asked for all versions ------------------------------------------------------------------------


@dataclass
class Told:
    """A source of requests: what it tells of each version (model, version), and what it was asked."""

    figures_of: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    fails: bool = False
    asked: list[Question] = field(default_factory=list)
    name: str = "told"

    def open(self, _settings: object) -> Told:
        return self

    def figures(self, question: Question) -> Answer:
        self.asked.append(question)
        if self.fails:
            raise SourceFailed("nobody is there")
        values = self.figures_of.get((question.model, question.version), [])
        return Answer(
            [
                Figure("requests", value, question.version, NOW - timedelta(days=place), caller=f"c{place}")
                for place, value in enumerate(values)
            ]
        )

    def close(self) -> None:
        """Nothing is open."""


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    told = Told()
    kinds: dict[str, Any] = {**source_kinds.SOURCE_KINDS, "told": told}
    monkeypatch.setattr("rollbook.integrations.monitor.observing.SOURCE_KINDS", kinds)
    return told  # type: ignore[return-value]


def policy(**usage: str) -> Policy:
    block = {"source": "live", "metric": "requests", **usage}
    monitoring = {"sources": {"live": {"source": "told"}}, "usage": block}
    return parse_policy(f"{POLICY}monitoring: {json.dumps(monitoring)}\n".encode(), "registry/policy.yaml")


def registry(stages: Mapping[str, str] | None = None) -> Registry:
    return registry_of({f"m@1.{minor}.0": {} for minor in range(8)} | {"other@1.0.0": {}}, stages)


_ENTRY = "{version: 1.7.0, reason: a, requested_by: j@example.com, requested_at: 2026-01-01T00:00:00Z}"
IN_PRODUCTION = {"m": f"production: {_ENTRY}\n"}
OLD, MIDDLE, SERVING = ("m", "1.0.0"), ("m", "1.1.0"), ("m", "1.7.0")


def asked(
    versions: list[tuple[str, str]], stages: Mapping[str, str] | None = IN_PRODUCTION, **more: Any
) -> Usage:
    return ask_usage(registry(stages), policy(), versions, timedelta(days=90), NOW, **more)


def test_requests_are_use_and_none_are_not(source: Told) -> None:
    source.figures_of = {OLD: [0, 7, 3], MIDDLE: [0]}
    found = asked([OLD, MIDDLE])
    served = found[OLD].served
    assert served is not None
    assert (served.at, served.told_by, served.requests) == (NOW - timedelta(days=1), "live", 10)
    assert [caller.name for caller in served.callers] == ["c1", "c2"]
    assert found[MIDDLE] == Use()


def test_the_longer_of_the_span_and_the_window_is_asked_about(source: Told) -> None:
    asked([OLD])
    ask_usage(registry(), policy(window="52w"), [OLD], timedelta(days=90), NOW)
    starts = [one.window.start for one in source.asked]
    assert (starts[0], starts[-1]) == (NOW - timedelta(days=90), NOW - timedelta(weeks=52))


def test_silence_means_no_use_while_others_of_the_model_are_told_of(source: Told) -> None:
    source.figures_of = {SERVING: [5]}
    assert asked([OLD, MIDDLE]) == {OLD: Use(), MIDDLE: Use()}


def test_silence_of_what_is_in_production_means_that_nobody_can_tell(source: Told) -> None:
    assert asked([OLD])[OLD].unknown == "live tells of no version of the model, not even of 1.7.0"


def test_a_model_that_nothing_serves_of_is_unused_when_the_source_tells_of_another(source: Told) -> None:
    assert asked([OLD], None)[OLD].unknown == "live tells of no version at all"
    source.figures_of = {("other", "1.0.0"): [5]}
    assert asked([OLD, ("other", "1.0.0")], None)[OLD] == Use()


def test_a_source_that_fails_again_and_again_is_asked_no_more(source: Told) -> None:
    source.fails = True
    found = asked([("m", f"1.{minor}.0") for minor in range(8)])
    assert len(source.asked) == 3
    assert {use.unknown for use in found.values()} == {"live: nobody is there"}


def test_no_longer_is_asked_than_there_is_time_for(source: Told) -> None:
    source.figures_of = {OLD: [5]}
    moments = iter([0.0, 0.0, *[SECONDS + 1] * 20])
    found = asked([OLD, MIDDLE], clock=lambda: next(moments))
    assert found[OLD].served is not None
    assert "longer than 60 s" in found[MIDDLE].unknown


def test_a_source_that_the_policy_does_not_name_is_an_error() -> None:
    with pytest.raises(InvalidFile, match="no source 'other'"):
        ask_usage(registry(), policy(source="other"), [OLD], timedelta(days=1), NOW)
