"""Figures at an address: JSON, asked by HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rollbook.artifact.http import Unreachable, send
from rollbook.check.gates.gate import SettingsSchema, setting
from rollbook.errors import BadCall
from rollbook.git.address import host_of
from rollbook.integrations.monitor.question import SourceFailed, fill
from rollbook.integrations.monitor.sources.document_source import DocumentSource
from rollbook.integrations.monitor.sources.figure_documents import (
    LONGEST,
    figures_in,
    parsed,
)
from rollbook.integrations.monitor.sources.source_settings import (
    TIME_LIMIT,
    TOKEN_ENV,
    URL,
    authorisation,
    seconds_of,
    source_fields,
    url_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rollbook.integrations.monitor.question import Answer, Question
    from rollbook.records.monitoring import SourceSettings


class HttpSource:
    """`live: {source: http, url: "https://metrics.example.com/figures/{version}"}`"""

    name = "http"
    schema = SettingsSchema(
        "An address that answers a GET request with figures as JSON.",
        {
            "url": setting(
                "URL",
                "What is asked: https, or http on this machine, without user and password; {model} and "
                "{version} are filled in, percent-encoded. Redirects are not followed.",
                "https://metrics.example.com/figures/{version}",
                **URL,
            ),
            "token_env": TOKEN_ENV,
            "time_limit": TIME_LIMIT,
        },
        example={"url": "https://metrics.example.com/figures/{version}"},
        required=("url",),
    )

    def open(self, settings: SourceSettings) -> OpenHttp:
        """Open the source."""
        fields = source_fields(settings)
        url, seconds = url_of(fields), seconds_of(fields)
        return OpenHttp(url, authorisation(fields), seconds)


class OpenHttp(DocumentSource):
    """An address that is asked for figures."""

    def __init__(self, url: str, headers: Mapping[str, str], seconds: float) -> None:
        self._url = url
        self._headers = headers
        self._seconds = seconds

    @property
    def _told(self) -> str:
        return f"{host_of(self._url)} answers figures"

    def _asked(self, question: Question, undated: datetime | None) -> Answer:
        values = {"model": quote(question.model, safe=""), "version": quote(question.version, safe="")}
        body = body_of(fill(self._url, values), self._headers, self._seconds)
        name = host_of(self._url)
        return figures_in(parsed(body, name), question, f"GET {fill(self._path, values)}", undated)

    @property
    def _path(self) -> str:
        """What of the address may be shown: its query may be a secret."""
        return self._url.partition("?")[0]


def body_of(
    url: str, headers: Mapping[str, str], seconds: float, *, accepted: Sequence[int] = (200,)
) -> bytes:
    """Return what an address answers. Raises SourceFailed for another status, a redirect among them."""
    named: dict[str, Any] = {"headers": {"Accept": "application/json", **headers}, "longest": LONGEST}
    try:
        response = send("GET", url, timeout=seconds, within=seconds, **named)
    except (Unreachable, BadCall) as error:
        raise SourceFailed(str(error)) from error
    if 300 <= response.status < 400:
        raise SourceFailed(f"{host_of(url)} redirects, which is not followed", hint="Name where it leads.")
    if response.status not in accepted:
        raise SourceFailed(f"{host_of(url)} answers with the status {response.status}")
    return response.body


SOURCE = HttpSource()
