"""Addresses that answer with figures, and servers that misbehave."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from rollbook.errors import InvalidFile
from rollbook.integrations.monitor.question import SourceFailed

from .asking import ago, answer, figure, opened, question, values

if TYPE_CHECKING:
    from .conftest import Answering


def test_what_is_answered_counts_and_is_of_the_moment(server: Answering) -> None:
    server.says({"figures": [figure(0.25), figure(0.5, "1.1.0")]})
    asked = question()
    found = answer("http", asked, url=server.url)
    assert (values(found), found.others, found.figures[0].at) == ([0.25], ("1.1.0",), asked.window.end)


def test_the_model_and_the_version_are_filled_in_percent_encoded(server: Answering) -> None:
    asked = replace(question(), model="risk/../credit?x")
    answer("http", asked, url=f"{server.url}/of/{{model}}/{{version}}?v={{version}}")
    assert server.got[0][0] == "/of/risk%2F..%2Fcredit%3Fx/1.2.0?v=1.2.0"


def test_what_may_be_a_secret_of_the_address_is_not_shown(server: Answering) -> None:
    assert answer("http", url=f"{server.url}/figures?key=secret").asked == f"GET {server.url}/figures"


def test_a_token_of_the_environment_is_sent(server: Answering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("METRICS_TOKEN", "secret\n")
    answer("http", url=server.url, token_env="METRICS_TOKEN")
    assert server.got[0][1]["authorization"] == "Bearer secret"


def test_nothing_is_asked_without_the_token_that_is_named(server: Answering) -> None:
    with pytest.raises(SourceFailed, match="METRICS_TOKEN holds no token"):
        answer("http", url=server.url, token_env="METRICS_TOKEN")
    assert server.got == []


def test_a_redirect_is_not_followed(server: Answering) -> None:
    server.status, server.headers = 302, {"Location": f"{server.url}/elsewhere"}
    with pytest.raises(SourceFailed, match="redirects, which is not followed"):
        answer("http", url=server.url)
    assert len(server.got) == 1


@pytest.mark.parametrize("status", [204, 401, 404, 500])
def test_another_status_is_no_answer(server: Answering, status: int) -> None:
    server.status = status
    with pytest.raises(SourceFailed, match=f"status {status}"):
        answer("http", url=server.url)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com", "file:///etc/passwd", "https://user:pw@example.com", "ftp://example.com",
        "https://{version}.example.com", "https://[", "text",
    ],
)  # fmt: skip
def test_an_address_that_is_not_safe_is_refused(url: str) -> None:
    with pytest.raises(InvalidFile):
        answer("http", url=url)


def test_one_that_is_down_is_told_by_its_host() -> None:
    with pytest.raises(SourceFailed, match=r"no answer from 127\.0\.0\.1:9"):
        answer("http", url="http://127.0.0.1:9/secret")


def test_one_that_is_slow_is_not_waited_for(server: Answering) -> None:
    server.waits = 30
    with pytest.raises(SourceFailed, match="no answer"):
        answer("http", url=server.url, time_limit=0.2)


def test_an_answer_that_is_too_long_is_none(server: Answering) -> None:
    server.body = b"[" + b" " * (1 << 24) + b"]"
    with pytest.raises(SourceFailed, match="more than"):
        answer("http", url=server.url)


def test_one_that_changes_its_shape_is_told(server: Answering) -> None:
    server.says({"error_rate": 0.5})
    with pytest.raises(SourceFailed, match="no list of figures"):
        answer("http", url=server.url)


def test_a_series_has_what_says_its_time(server: Answering) -> None:
    server.says([figure(0.1, at=ago(minutes=3)), figure(0.9)])
    with opened("http", url=server.url) as source:
        assert values(source.series(question(), timedelta(minutes=1))) == [0.1]


def test_it_has_no_rows(server: Answering) -> None:
    with opened("http", url=server.url) as source, pytest.raises(SourceFailed, match="no rows"):
        source.rows(question(), [])
