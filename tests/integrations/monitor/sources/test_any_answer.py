"""Whatever a source answers: figures of that very version within the window, or SourceFailed."""

from __future__ import annotations

import json
import math
import tempfile
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from building.examples import examples
from rollbook.integrations.monitor.question import SourceFailed
from rollbook.integrations.monitor.sources import http_source, prometheus_source

from .asking import opened, question

if TYPE_CHECKING:
    import pytest

    from rollbook.integrations.monitor.question import Source

TIMES = st.one_of(
    st.integers(-(10**6), 10**6).map(lambda s: (datetime.now(UTC) + timedelta(seconds=s)).isoformat()),
    st.datetimes(timezones=st.sampled_from([None, UTC])).map(str),
    st.text(max_size=20),
)
ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=10), st.just([]), st.just({}),
    st.sampled_from(["1.2.0", "v1.2.0", "1.1.0", "error_rate", "credit", 10**400, "NaN", "+Inf", "0.5"]),
)  # fmt: skip
FIGURES = st.fixed_dictionaries(
    {"metric": st.one_of(st.just("error_rate"), ODD), "value": st.one_of(st.floats(), ODD)},
    optional={
        "version": st.one_of(st.just("1.2.0"), ODD),
        "at": st.one_of(TIMES, ODD),
        "samples": st.one_of(st.integers(), ODD),
        "model": ODD,
    },
)
JSON = st.recursive(ODD, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=5), inner))
DOCUMENTS = st.one_of(st.lists(FIGURES), st.fixed_dictionaries({"figures": st.lists(FIGURES)}), JSON)
SERIES = st.fixed_dictionaries(
    {
        "metric": st.dictionaries(st.sampled_from(["version", "model", "job"]), ODD) | ODD,
        "value": st.tuples(st.one_of(st.floats(), st.just(datetime.now(UTC).timestamp()), ODD), ODD) | ODD,
    },
    optional={"values": st.lists(st.tuples(ODD, ODD)) | ODD},
)
PROMETHEUS = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["success", "error"]) | ODD,
        "data": st.fixed_dictionaries(
            {"resultType": st.sampled_from(["vector", "matrix"]) | ODD, "result": st.lists(SERIES) | ODD}
        )
        | ODD,
    }
)
CELLS = st.sampled_from(
    ["error_rate", "0.5", "1.2.0", "", "nan", '"', ",", "\n", "\0", "2026-01-01", "é", "'"]
)
TABLES = st.lists(CELLS, max_size=30).map(
    lambda cells: ("metric,value,version,samples,at\n" + ",".join(cells)).encode()
)


def bytes_of(documents: st.SearchStrategy[object]) -> st.SearchStrategy[bytes]:
    return st.one_of(documents.map(lambda document: json.dumps(document).encode()), st.binary(max_size=200))


def require_sound(source: Source) -> None:
    asked = question()
    try:
        told = [*source.figures(asked).figures, *source.series(asked, timedelta(minutes=1)).figures]
    except SourceFailed:
        return
    for figure in told:
        assert (figure.metric, figure.version) == ("error_rate", "1.2.0")
        assert asked.window.start <= figure.at <= asked.window.end
        assert math.isfinite(figure.value)
        assert figure.samples is None or figure.samples >= 0


@given(bytes_of(DOCUMENTS))
@example(b'[{"metric": "error_rate", "value": 0.5, "version": "1.2.0", "at": "0001-01-01T00:00+23:59"}]')
def test_a_documents_figures_are_sound(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "live.json").write_bytes(data)
        with opened("file", path=f"{folder}/live.json") as source:
            require_sound(source)


@settings(max_examples=25)
@given(st.one_of(TABLES, st.binary(max_size=200)))
def test_a_tables_figures_are_sound(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "live.csv").write_bytes(data)
        with opened("file", path=f"{folder}/live.csv") as source:
            require_sound(source)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bytes_of(DOCUMENTS))
def test_an_addresss_figures_are_sound(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(http_source, "body_of", lambda *_, **__: data)
    with opened("http", url="https://metrics.example.com") as source:
        require_sound(source)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bytes_of(PROMETHEUS))
def test_figures_of_what_says_it_is_prometheus_are_sound(
    monkeypatch: pytest.MonkeyPatch, data: bytes
) -> None:
    monkeypatch.setattr(prometheus_source, "body_of", lambda *_, **__: data)
    with opened("prometheus", url="https://metrics.example.com") as source:
        require_sound(source)


@settings(max_examples=examples(8), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_whatever_sql_is_asked(tmp_path_factory: pytest.TempPathFactory, query: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    if not path.exists():
        moment = datetime.now(UTC) - timedelta(minutes=1)
        path.write_text(f"model,version,time,error_rate\ncredit,1.2.0,{moment.isoformat()},0.5\n")
    asked = question(query=query)
    with opened("log", path=str(path)) as source, suppress(SourceFailed):
        assert all(figure.version == "1.2.0" for figure in source.figures(asked).figures)
