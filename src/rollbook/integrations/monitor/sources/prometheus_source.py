"""Figures of a Prometheus: PromQL, whose result says of which version each figure is.

The API: https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from rollbook.check.gates.gate import SettingsSchema, ref, setting
from rollbook.errors import BadCall
from rollbook.git.address import host_of
from rollbook.integrations.monitor.question import Answer, Figure, SourceFailed, fill
from rollbook.integrations.monitor.sources.figure_documents import MOST_FIGURES, caller_of, within
from rollbook.integrations.monitor.sources.http_source import body_of
from rollbook.integrations.monitor.sources.source_settings import (
    TIME_LIMIT,
    TOKEN_ENV,
    URL,
    authorisation,
    seconds_of,
    source_fields,
    url_of,
)
from rollbook.names import normalise_version
from rollbook.text import one_line, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pyarrow as pa

    from rollbook.integrations.monitor.question import Question
    from rollbook.records.monitoring import SourceSettings

_MOST_POINTS = 11_000  # of a series that Prometheus tells at once
_MOST_SERIES = 1_000


class PrometheusSource:
    """`live: {source: prometheus, url: "https://prometheus.example.com"}`"""

    name = "prometheus"
    schema = SettingsSchema(
        "A Prometheus server, asked in PromQL by a check's `query`. The result must say by a label of which "
        "version it is; figures of other versions don't count.",
        {
            "url": setting(
                "URL",
                "Where it is: https, or http on this machine, without user and password.",
                "https://prometheus.example.com",
                **URL,
            ),
            "token_env": TOKEN_ENV,
            "version_label": setting(
                "Version's label", "Which label names the version; `version` unless set.", "version",
                **ref("line"),
            ),
            "model_label": setting(
                "Model's label",
                "Which label names the model, where a result has it; `model` unless set.",
                "model",
                **ref("line"),
            ),
            "time_limit": TIME_LIMIT,
        },
        example={"url": "https://prometheus.example.com"},
        required=("url",),
    )  # fmt: skip

    def open(self, settings: SourceSettings) -> OpenPrometheus:
        """Open the source."""
        fields = source_fields(settings)
        labels = (
            fields.optional_text("version_label") or "version",
            fields.optional_text("model_label") or "model",
        )
        url, seconds = url_of(fields).rstrip("/"), seconds_of(fields)
        return OpenPrometheus(url, authorisation(fields), seconds, *labels)


class OpenPrometheus:
    """A Prometheus that is asked."""

    def __init__(
        self, url: str, headers: Mapping[str, str], seconds: float, version_label: str, model_label: str
    ) -> None:
        self._url = url
        self._headers = headers
        self._seconds = seconds
        self._version_label = version_label
        self._model_label = model_label

    def figures(self, question: Question) -> Answer:
        """Return the one figure of the version at the end of the window."""
        at = {"time": _seconds(question.window.end)}
        return self._answer(question, "query", "vector", at)

    def series(self, question: Question, step: timedelta) -> Answer:
        """Return the figure at each step of the window."""
        window = question.window
        if step < timedelta(milliseconds=1) or (window.end - window.start) / step > _MOST_POINTS - 1:
            raise SourceFailed(f"more than {_MOST_POINTS:,} steps", hint="Take a longer step.")
        span = {
            "start": _seconds(window.start),
            "end": _seconds(window.end),
            "step": f"{step.total_seconds():.3f}",
        }
        return replace(self._answer(question, "query_range", "matrix", span), is_stepped=True)

    def rows(self, question: Question, columns: Sequence[str]) -> pa.Table:
        """Refuse: Prometheus has figures."""
        raise SourceFailed(
            f"{host_of(self._url)} tells figures, no rows", hint="Take a source of the kind `log`."
        )

    def close(self) -> None:
        """Do nothing: no connection stays open."""

    def _answer(self, question: Question, kind: str, shape: str, times: Mapping[str, str]) -> Answer:
        asked = filled(question.query or question.metric, question)
        points, others = self._points(asked, question, kind, shape, times)
        counts: Mapping[tuple[str, datetime], float] = {}
        if question.samples_query:
            counts, _ = self._points(filled(question.samples_query, question), question, kind, shape, times)
        figures = []
        for (caller, moment), value in points.items():
            at = within(question, moment)
            if at is not None and math.isfinite(value):
                samples = _count(counts.get((caller, moment))) if question.samples_query else None
                figures.append(Figure(question.metric, value, question.version, at, samples, caller))
        return Answer(sorted(figures, key=lambda figure: figure.at), asked, tuple(sorted(others)))

    def _points(
        self, asked: str, question: Question, kind: str, shape: str, times: Mapping[str, str]
    ) -> tuple[dict[tuple[str, datetime], float], set[str]]:
        """Return what a query tells of the version by its callers and moments, and of which other versions it
        tells. The caller is empty where the question tells none apart."""
        limit = {"timeout": f"{self._seconds:g}", **times}
        url = f"{self._url}/api/v1/{kind}?{urlencode({'query': asked, **limit})}"
        # What is wrong with a query is told with 400 and 422.
        body = body_of(url, self._headers, self._seconds, accepted=(200, 400, 422, 503))
        own: dict[str, list[dict[str, Any]]] = {}
        others: set[str] = set()
        try:
            for series in _result(body, shape):
                labels = series["metric"]
                version = self._version_of(labels, question)
                if version == question.version:
                    caller = caller_of(labels.get(question.by)) if question.by else ""
                    own.setdefault(caller, []).append(series)
                elif version:
                    others.add(version)
            for several in own.values():
                if len(several) > 1:
                    labels = f"{self._version_label}, {question.by}" if question.by else self._version_label
                    hint = f"Aggregate: sum by ({labels}) (...)."
                    raise SourceFailed(f"{len(several)} figures of the version {question.version}", hint=hint)
            return {
                (caller, moment): value
                for caller, (series,) in own.items()
                for moment, value in _pairs(series, shape)
            }, others
        except (KeyError, TypeError, ValueError, OverflowError, AttributeError, IndexError) as error:
            message = f"{host_of(self._url)} answers what Prometheus doesn't: {printable(str(error))[:200]}"
            raise SourceFailed(message) from error

    def _version_of(self, labels: Mapping[str, object], question: Question) -> str:
        """Return of which version a series is; empty for another model's. Raises SourceFailed where it says
        none: then it is a figure of all of them."""
        if self._version_label not in labels:
            message = f"the result has no label {self._version_label!r}: it may be of any version"
            hint = f"Aggregate by ({self._version_label}), or set `version_label` of the source."
            raise SourceFailed(message, hint=hint)
        if labels.get(self._model_label, question.model) != question.model:
            return ""
        text = str(labels[self._version_label])
        try:
            return normalise_version(text)
        except BadCall:
            return one_line(text, 80)


def filled(query: str, question: Question) -> str:
    """Return PromQL with the model, the version and the window's seconds in it: as what stands in quotes has
    them (https://prometheus.io/docs/prometheus/latest/querying/basics/#string-literals)."""
    values = {"model": question.model, "version": question.version}
    escaped = {
        name: json.dumps(value)[1:-1].replace("'", r"\u0027").replace("`", r"\u0060")
        for name, value in values.items()
    }
    return fill(query, {**escaped, "window": str(int(question.span.total_seconds()))})


def _result(body: bytes, shape: str) -> list[dict[str, Any]]:
    """Return the series of an answer. Raises SourceFailed for an error, or another shape."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise SourceFailed("Prometheus answers no JSON") from error
    if document["status"] != "success":
        reason = one_line(str(document.get("error", "")), 300)
        raise SourceFailed(f"Prometheus says: {printable(reason)}")
    data = document["data"]
    if data["resultType"] != shape:
        raise SourceFailed(
            f"the query tells a {one_line(str(data['resultType']), 40)}, which says nothing of a version",
            hint="Ask for an instant vector with the version's label.",
        )
    result: list[dict[str, Any]] = data["result"]
    if not isinstance(result, list) or len(result) > _MOST_SERIES:
        raise SourceFailed(f"the query tells more than {_MOST_SERIES:,} series", hint="Aggregate by version.")
    return result


def _pairs(series: Mapping[str, Any], shape: str) -> Iterator[tuple[datetime, float]]:
    """Yield the moments and the values of a series."""
    pairs = [series["value"]] if shape == "vector" else series["values"]
    if len(pairs) > MOST_FIGURES:
        raise ValueError("too many values")
    for moment, value in pairs:
        if isinstance(moment, bool) or not isinstance(moment, int | float) or not isinstance(value, str):
            raise TypeError("no time and value")
        yield datetime.fromtimestamp(moment, UTC), float(value)


def _count(value: float | None) -> int:
    """Return how many observations there were; none where nothing finite says so."""
    if value is None or not math.isfinite(value):
        return 0
    if value < 0:
        raise SourceFailed("the samples are no count")
    return int(value)


def _seconds(moment: datetime) -> str:
    return f"{moment.timestamp():.3f}"


SOURCE = PrometheusSource()
