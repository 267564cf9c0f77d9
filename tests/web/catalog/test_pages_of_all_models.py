"""Home, the lists, requests and the audit trail: what they tell."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import pytest

from building.once import made_once
from building.texts import model, stages
from rollbook import Registry
from rollbook.trail.record import record
from rollbook.web.catalog.facts.model_summary import model_summaries
from rollbook.web.catalog.facts.overview import Overview, overview
from rollbook.web.catalog.pages import audit_page
from rollbook.web.catalog.pages import home_page as home
from rollbook.web.catalog.pages.page_frame import page_frame
from rollbook.web.catalog.pages.requests_page import requests_page
from rollbook.web.catalog.site.search_index import INDEX, search_entry, search_files
from trail.histories import POLICY, History, new_history, registration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOSTILE = "<script>alert(1)</script>"
GATES = "gates: [{gate: metric-threshold, to: [production], metric: auc, min: 0.8}]\n"


def credit(directory: Path) -> None:
    """1.0.0 is in production and will go, 1.1.0 in staging with a hostile reason; churn has one version."""
    history = new_history(directory / "registry.git", f"{POLICY}{GATES}")
    history.commit(
        {
            "registry/risk/credit/model.yaml": model(
                "risk/credit", "team: risk\ntask: scoring\ntags: {tier: '1'}\n"
            ),
            **registration("risk/credit", "1.0.0", "metrics: {auc: 0.9}\n"),
            **registration("risk/credit", "1.1.0"),
            "registry/risk/credit/versions/1.0.0/card.md": "# Credit\n\nTrained on zebras.\n",
            "registry/churn/model.yaml": model("churn"),
            **registration("churn", "1.0.0"),
        }
    )
    table = stages(staging=["1.0.0"])
    history.commit({"registry/risk/credit/stages.yaml": table})
    entry = "requested_by: eve@example.com, requested_at: 2026-01-02T00:00:00Z"
    history.commit(
        {
            "registry/risk/credit/stages.yaml": f"production: {{version: 1.0.0, reason: good, {entry}, "
            f"sunset: '2026-03-01'}}\nstaging: [{{version: 1.1.0, reason: '{HOSTILE}', {entry}}}]\n"
        }
    )
    record(history.repository)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    made = made_once(tmp_path_factory, "catalog-of-all", credit)
    with Registry.open(made / "registry.git", rev="main") as opened:
        yield opened


@pytest.fixture(scope="module")
def gathered(registry: Registry) -> Overview:
    return overview(registry, today=date(2026, 2, 20))


def pages_of(gathered: Overview) -> dict[str, str]:
    return {page.path: page.make() for page in home.home_pages(gathered)}


def test_home_tells_of_each_model_whose_it_is_and_what_is_in_production_since_when(
    gathered: Overview,
) -> None:
    html = pages_of(gathered)[""]
    row = html[html.index('models/risk/credit/"') :]
    row = row[: row.index("</tr>")]
    for told in (
        "<strong>1.0.0</strong>",
        "2026-01-02",
        "staging",
        "1.1.0",
        "scoring",
        "risk",
        "gate holds today",
    ):
        assert told in row
    assert f"verified at commit {gathered.frame.commit[:12]}" in html


@pytest.mark.parametrize(
    ("day", "state", "words"),
    [
        (date(2026, 1, 10), "waits", "1.0.0 goes on 2026-03-01"),
        (date(2026, 2, 20), "warn", "1.0.0 goes on 2026-03-01"),
        (date(2026, 3, 2), "bad", "1.0.0 was to go on 2026-03-01"),
    ],
)
def test_health_tells_what_goes_the_more_loudly_the_nearer_it_is(
    registry: Registry, day: date, state: str, words: str
) -> None:
    notes = overview(registry, today=day).health["risk/credit"].notes
    assert (state, words) in [(note.state, note.words) for note in notes]
    assert overview(registry, today=day).health["churn"].notes == ()


def test_a_catalog_of_the_past_tells_what_was_due_then_and_judges_no_gate(registry: Registry) -> None:
    past = overview(registry, frame=replace(page_frame(registry), as_of="2026-02-20"))
    notes = past.health["risk/credit"].notes
    assert [(note.state, note.words) for note in notes] == [("warn", "1.0.0 goes on 2026-03-01")]
    assert past.requests is None
    assert "as it stood at <strong>2026-02-20</strong>" in pages_of(past)[""]


def test_lists_by_what_models_have_in_common_are_pages_of_their_own(gathered: Overview) -> None:
    made = pages_of(gathered)
    (risk,) = [path for path in made if path.startswith("by/team/")]
    assert "risk/credit/" in made[risk]
    assert "models/churn/" not in made[risk]
    tagged = next(path for path in made if path.startswith("by/tag/"))
    assert all(f'"../{path}"' in made["by/"] for path in (risk, tagged))


def test_a_long_list_is_cut_into_pages_that_lead_to_each_other(
    gathered: Overview, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "_A_PAGE", 1)
    made = pages_of(gathered)
    assert "models/churn/" in made[""]
    assert "models/risk/" not in made[""]
    assert "models/risk/credit/" in made["page/2/"]
    assert 'rel="next" href="./page/2/"' in made[""]
    assert 'rel="prev" href="../../"' in made["page/2/"]


def test_without_a_model_home_says_how_to_register_one(gathered: Overview) -> None:
    html = pages_of(replace(gathered, models=(), health={}))[""]
    assert "rollbook register" in html
    assert "<table>" not in html


def test_without_a_request_the_page_says_how_to_make_one(gathered: Overview) -> None:
    html = requests_page(gathered)
    assert "No request is open" in html
    assert "rollbook promote" in html


def test_a_request_tells_who_asks_for_what_and_what_it_waits_for(tmp_path: Path) -> None:
    credit(tmp_path)
    history = History(tmp_path / "registry.git")
    main = history.git("rev-parse", "main")
    entry = f"reason: '{HOSTILE}', requested_by: eve@example.com, requested_at: 2026-01-03T00:00:00Z"
    table = f"staging: [{{version: 1.0.0, {entry}}}]\n"
    branch = "rollbook/promote/churn/1.0.0-staging"
    files = {"registry/churn/stages.yaml": table}
    history.put(f"refs/heads/{branch}", files, parents=[main], message=f"Promote {HOSTILE}")
    with Registry.open(history.directory, rev="main") as registry:
        html = requests_page(overview(registry))
    for told in (branch, "jane@example.com", "models/churn/", "&lt;script&gt;"):
        assert told in html
    assert HOSTILE not in html


def test_the_audit_page_tells_each_change_once_with_who_why_and_its_tags(
    registry: Registry, gathered: Overview
) -> None:
    made = {page.path: page.make() for page in audit_page.audit_pages(registry, gathered)}
    html = made["audit/"]
    assert "rollbook audit verify" in html
    assert html.count("<code>risk/credit#production#") == 1
    assert "eve@example.com" in html
    assert HOSTILE not in html
    (by_eve,) = [path for path in made if path.startswith("audit/by/person/eve")]
    assert "risk/credit" in made[by_eve]
    assert "models/churn/" not in made[by_eve]


def test_older_pages_of_the_trail_stay_as_they_are_when_it_grows(
    registry: Registry, gathered: Overview, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_page, "_A_PAGE", 2)
    made = {page.path: page.make() for page in audit_page.audit_pages(registry, gathered)}
    assert {"audit/page/1/", "audit/"} <= set(made)
    oldest = made["audit/page/1/"]
    assert "Older" not in oldest
    assert 'rel="prev" href="../../../audit/page/2/"' in oldest


def test_the_index_holds_each_model_with_its_versions_and_the_words_of_its_card(registry: Registry) -> None:
    files = search_files(search_entry(registry, one) for one in model_summaries(registry))
    shards = json.loads(files[INDEX].decode().removeprefix("rollbookIndex(").removesuffix(");\n"))
    (shard,) = (files[path].decode() for path in shards)
    entries = {
        entry[0]: entry for entry in json.loads(shard.removeprefix("rollbookShard(").removesuffix(");\n"))
    }
    _, detail, words, versions = entries["risk/credit"]
    assert "zebras" in words
    assert "production 1.0.0" in detail
    assert [version[:2] for version in versions] == [["1.1.0", "staging"], ["1.0.0", "production"]]
    assert "auc" in versions[1][2]


def test_a_model_with_a_broken_file_is_listed_and_says_so(tmp_path: Path) -> None:
    history = new_history(tmp_path / "registry.git")
    history.commit({"registry/m/model.yaml": "name: [\n", **registration("m", "1.0.0")})
    with Registry.open(history.directory, rev="main") as registry:
        html = pages_of(overview(registry))[""]
    assert "models/m/" in html
    assert "a file can&#39;t be read" in html
