"""The report on production: one page that needs nothing else."""

from __future__ import annotations

import json
import re
import sys
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from building.past_production import GOOD, figures, monitoring, past_registry
from building.texts import POLICY
from building.work_tree import commit, write
from building.world import git, rollbook
from rollbook import Registry
from rollbook.errors import BadCall

if TYPE_CHECKING:
    from pathlib import Path

SINCE, UNTIL = "2026-03-01T00:00:00Z", "2026-03-08T00:00:00Z"
AFTER = "2026-03-06T03:00:00Z"
HOSTILE = "<img src=//x onerror=alert(1)>"
_VOID = {"meta", "br", "img", "link", "input"}


class Page(HTMLParser):
    """What a page is made of. Fails on a tag that isn't closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    return past_registry(tmp_path)


def report(registry: Path, model: str | None = None) -> str:
    with Registry.open(registry) as opened:
        return opened.monitor.report(model, since=SINCE, until=UNTIL)


def test_the_page_is_whole_and_loads_nothing(registry: Path) -> None:
    page = Page(report(registry))
    assert not {"script", "img", "link", "iframe", "object", "image", "foreignobject"} & set(page.tags)
    targets = [value for name, value in page.attributes if name in ("href", "src", "xlink:href")]
    assert targets
    assert all(target.startswith("#") for target in targets)
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes
    assert len(page.ids) == len(set(page.ids))
    assert {target.removeprefix("#") for target in targets} <= set(page.ids)


def test_each_check_is_drawn_with_its_bound_its_breach_and_what_moved(registry: Path) -> None:
    text = report(registry)
    svg = text[text.index("<svg") : text.index("</svg>")]
    assert svg.count("stroke-dasharray") >= 2  # the bound, and the mark of what came back
    assert "fill: var(--breach)" in svg
    assert "stroke: var(--v0)" in svg
    assert "stroke: var(--v1)" in svg
    assert ">1.1.0</text>" in svg
    assert ">back: 1.0.0</text>" in svg
    assert "fill: #" not in svg
    assert "stroke: #" not in svg


def test_what_a_figure_is_held_against_is_drawn_and_how_far_from_it_it_may_be(registry: Path) -> None:
    rules = monitoring(registry.parent / "live.json", "to: previous").replace("threshold", "relative")
    counts = []
    for bound in ("max_rise: 0.03", "max_rise: 0.03, max_drop_percent: 50"):
        write(registry, {"registry/policy.yaml": POLICY + rules.replace("previous", f"previous, {bound}")})
        commit(registry, date=AFTER)
        counts.append(report(registry).count("stroke: var(--breach)"))
    assert counts[1] == 2 * counts[0] > 0


def test_the_picture_is_sound_xml(registry: Path) -> None:
    text = report(registry)
    svg = text[text.index("<svg") : text.index("</svg>") + len("</svg>")]
    names = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    assert ET.fromstring(svg.replace("<svg ", f"<svg {names} ", 1)).tag.endswith("svg")


def test_unknown_is_hatched(registry: Path) -> None:
    live = registry.parent / "live.json"
    live.write_text(json.dumps(figures(lambda _, at: None if at.day == 4 else GOOD)))
    assert "<pattern" in report(registry)


def test_the_episodes_say_what_was_done_and_lead_to_their_check(registry: Path) -> None:
    text = report(registry)
    assert re.search("<td[^>]*>2026-03-05T07:00:00Z</td><td[^>]*>2026-03-05T19:00:00Z", text)
    assert '<a href="#check-1" rel="noreferrer">errors</a>' in text
    assert "evidence would be proposed" in text


def test_evidence_of_the_time_is_named_and_linked_where_the_forge_shows_it(registry: Path) -> None:
    path = "registry/credit/versions/1.1.0/evidence/monitoring-1.yaml"
    evidence = (
        'kind: monitoring\nmodel: credit\nversion: "1.1.0"\npassed: false\n'
        f"artifact_sha256: {'a' * 64}\ncreated_at: 2026-03-05T07:00:05Z\ncreated_by: bot@example.com\n"
    )
    write(registry, {path: evidence, path.replace("-1", "-2"): evidence.replace("03-05T", "03-01T")})
    commit(registry, date=AFTER)
    assert "<td>monitoring-1</td>" in report(registry)
    git(registry, "remote", "add", "origin", "https://github.com/acme/models.git")
    head = git(registry, "rev-parse", "HEAD")
    assert f'href="https://github.com/acme/models/blob/{head}/{path}"' in report(registry)


def test_hostile_names_are_shown_not_obeyed(registry: Path) -> None:
    rules = monitoring(registry.parent / "live.json")
    rules = rules.replace("name: errors", f'name: "{HOSTILE}"').replace(
        "source: live", f'source: "{HOSTILE}"'
    )
    write(registry, {"registry/policy.yaml": POLICY + rules.replace("    live:", f'    "{HOSTILE}":')})
    commit(registry, date=AFTER)
    page = Page(report(registry))
    assert "img" not in page.tags
    assert HOSTILE in "".join(page.text)


def test_the_same_period_gives_the_same_page(registry: Path) -> None:
    assert report(registry) == report(registry)


def test_where_nothing_is_monitored_the_page_says_so(registry: Path) -> None:
    write(registry, {"registry/policy.yaml": POLICY})
    commit(registry, date=AFTER)
    assert "Nothing was monitored then." in "".join(Page(report(registry)).text)


def test_without_matplotlib_the_extra_is_named(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(BadCall, match="matplotlib is not installed") as raised:
        report(registry)
    assert "rollbook[monitor]" in raised.value.hint


def test_the_command_writes_the_page_and_nothing_else(registry: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    options = ("--from", SINCE, "--to", UNTIL, "--step", "2h")
    ran = rollbook(registry, "monitor", "report", "credit", "-o", str(page), *options)
    assert (ran.code, ran.out) == (0, "")
    assert page.read_text().startswith("<!doctype html>")
    assert git(registry, "status", "--porcelain") == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["live.json", "registry", "report.html"]


def test_a_page_that_can_not_be_made_leaves_the_old_one(registry: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("old")
    assert rollbook(registry, "monitor", "report", "nobody", "-o", str(page)).code != 0
    assert page.read_text() == "old"
