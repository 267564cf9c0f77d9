"""The compliance report: complete, and harmless whatever others wrote."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

from building.texts import stages
from building.world import git, rollbook
from rollbook.trail.record import record
from trail.histories import START, History, new_history, registration

if TYPE_CHECKING:
    from pathlib import Path

STAGES = "registry/credit/stages.yaml"
POLICY = """\
rollbook: 1
stages:
  - {name: development, next: [staging]}
  - {name: staging, next: [production]}
  - {name: production, exclusive: true, next: []}
gates:
  - {gate: metric-threshold, to: [staging], metric: auc, min: 0.9}
"""
HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> [click](javascript:alert(1)) "
    "![x](https://evil.example/x) "
    "| cell | @octocat https://evil.example `code` **bold** &amp; </td></tr></table> <!-- # heading"
)
PERIOD = "2026-01-01..2026-01-31"


def report(history: History, *options: str, period: str = PERIOD) -> str:
    ran = rollbook(history.directory, "history", "--report", period, *options)
    assert ran.code == 0, ran.err
    return ran.out


@pytest.fixture
def recorded(tmp_path: Path) -> History:
    """Two versions; one in staging with hostile words, though its metric is missing."""
    history = new_history(tmp_path / "registry.git", POLICY)
    history.commit(registration("credit", "1.0.0"), at=START + 3600)
    entry = f"staging: {{version: 1.0.0, reason: '{HOSTILE}', requested_by: '<b>eve</b>', requested_at: x}}\n"
    history.commit({STAGES: entry}, at=START + 86_400)
    history.commit(registration("credit", "1.1.0"), at=START + 40 * 86_400)
    record(history.repository)
    return history


def test_the_report_covers_its_period_and_nothing_else(recorded: History) -> None:
    text = report(recorded)
    assert text.startswith("# Compliance report 2026-01-01T00:00:00Z to 2026-01-31T23:59:59Z\n")
    assert "2 events." in text
    assert "1 versions at the period's end" in text
    assert git(recorded.directory, "rev-parse", "main~1") in text
    assert "3 events." not in report(recorded, period="2026-02-01..2026-12-31")


def test_the_verification_is_told(recorded: History) -> None:
    assert "Verified: every tag" in report(recorded)
    git(recorded.directory, "update-ref", "-d", "refs/tags/credit@v1.0.0")
    text = report(recorded)
    assert "Tampered with" in text
    assert "RB601" in text


def test_a_trail_that_cannot_be_verified_is_said_to_be_unverified(recorded: History, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", "--no-tags", str(recorded.directory), "clone.git")
    for name in git(tmp_path / "clone.git", "tag").splitlines():
        git(tmp_path / "clone.git", "tag", "-d", name)
    text = report(History(tmp_path / "clone.git"))
    assert "could not be verified" in text


def test_a_gate_that_does_not_pass_is_an_exception(recorded: History) -> None:
    text = report(recorded)
    exceptions = text[text.index("## Exceptions") :]
    assert "metric&#45;threshold" in exceptions or "metric-threshold" in exceptions
    assert "failed" in exceptions


def test_a_freeze_that_was_set_aside_is_an_exception(tmp_path: Path) -> None:
    history = new_history(tmp_path / "registry.git", POLICY.partition("gates:")[0])
    history.commit(registration("credit", "1.0.0"))
    entry = (
        "staging: {version: 1.0.0, reason: r, requested_by: eve, requested_at: x, "
        "override: {reason: a fire to put out, by: ana}}\n"
    )
    history.commit({STAGES: entry})
    record(history.repository)
    text = report(history)
    assert "a fire to put out" in text[text.index("## Exceptions") :]


def test_what_the_monitor_moved_and_what_was_done_despite_it_are_exceptions(tmp_path: Path) -> None:
    history = new_history(tmp_path / "registry.git", POLICY.partition("gates:")[0])
    history.commit(registration("credit", "1.0.0"))
    said = "version: 1.0.0, reason: r, requested_by: eve, requested_at: x"
    automatic = "automatic: {version: 1.1.0, evidence: monitoring-3}"
    history.commit({STAGES: f"staging: {{{said}, {automatic}}}\n"})
    despite = "despite: {evidence: [monitoring-4], reason: wrong labels}"
    history.commit({STAGES: f"production: {{{said}, {despite}}}\n"})
    record(history.repository)
    exceptions = report(history).partition("## Exceptions")[2].replace("&#45;", "-").replace("&#58;", ":")
    assert "the monitor moved it by itself: monitoring-3 of 1.1.0" in exceptions
    assert "evidence was set aside: monitoring-4: wrong labels" in exceptions


def test_without_exceptions_the_report_says_so(tmp_path: Path) -> None:
    history = new_history(tmp_path / "registry.git")
    history.commit(registration("credit", "1.0.0"))
    history.commit({STAGES: stages(staging=["1.0.0"])})
    record(history.repository)
    assert "None: no freeze was set aside" in report(history)


class Tags(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[tuple[str, str | None], ...]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        self.found.append((f"comment {data}", ()))


def elements(page: str) -> Tags:
    tags = Tags()
    tags.feed(page)
    return tags


def test_hostile_words_are_text_in_html(recorded: History) -> None:
    page = elements(report(recorded, "--format", "html"))
    assert {name for name, _ in page.found} <= {
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "div",
        "thead",
        "tbody",
        "h1",
        "h2",
        "p",
        "dl",
        "dt",
        "dd",
        "table",
        "tr",
        "th",
        "td",
    }
    assert HOSTILE in page.text
    own = {
        ("class", "scroll"),
        ("class", "whole"),
        ("class", "prose"),
        ("class", "digest"),
        ("tabindex", "0"),
        ("scope", "col"),
    }
    assert {pair for name, pairs in page.found if name not in ("meta", "html") for pair in pairs} <= own


def test_hostile_words_are_text_in_markdown(recorded: History) -> None:
    text = report(recorded)
    rendered = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable("table").render(text)
    page = elements(rendered)
    assert {name for name, _ in page.found} <= {
        "h1",
        "h2",
        "p",
        "ul",
        "li",
        "code",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert HOSTILE in page.text
    widths = {line.count(" | ") for line in text.splitlines() if line.startswith("| <code>2026")}
    assert widths == {11}


def test_both_forms_hold_the_same_facts(recorded: History) -> None:
    rendered = MarkdownIt("commonmark").enable("table").render(report(recorded))
    words = [
        re.sub(r"\s+", "", elements(page).text) for page in (rendered, report(recorded, "--format", "html"))
    ]
    for fact in ("credit@v1.0.0", "credit#staging#2", "jane@example.com", "a" * 64):
        assert all(fact in text for text in words)


@pytest.mark.parametrize("period", ["2026", "2026-01-01", "x..y", "2026-02-01..2026-01-01", ".."])
def test_what_is_no_period_is_a_wrong_call(recorded: History, period: str) -> None:
    assert rollbook(recorded.directory, "history", "--report", period).code == 2


def test_a_period_before_main_began_is_not_found(recorded: History) -> None:
    assert rollbook(recorded.directory, "history", "--report", "2020-01-01..2020-12-31").code == 1


def test_a_report_takes_no_other_filter(recorded: History) -> None:
    assert rollbook(recorded.directory, "history", "--report", PERIOD, "--stage", "staging").code == 2
    assert rollbook(recorded.directory, "history", "--report", PERIOD, "--format", "csv").code == 2


def test_a_report_of_one_model_leaves_the_others_out(recorded: History) -> None:
    recorded.commit(registration("fraud", "1.0.0"), at=START + 41 * 86_400)
    record(recorded.repository)
    text = report(recorded, period="2026-01-01..2026-12-31")
    assert "fraud" in text
    ran = rollbook(recorded.directory, "history", "credit", "--report", "2026-01-01..2026-12-31")
    assert "<code>fraud</code>" in text
    assert "<code>fraud</code>" not in ran.out
