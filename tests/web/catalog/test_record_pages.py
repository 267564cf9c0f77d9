"""The pages of models, versions, comparisons and data sets: what a reader learns from them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from building.memory import registry_of
from building.once import made_once
from rollbook import Registry
from rollbook.errors import BadCall, NotFound
from rollbook.web.catalog.facts.catalog_facts import CatalogFacts, catalog_facts
from rollbook.web.catalog.pages.compare_page import compare_page, version_choices
from rollbook.web.catalog.pages.data_set_page import data_set_page, data_sets_page
from rollbook.web.catalog.pages.model_page import model_page
from rollbook.web.catalog.pages.page_paths import data_set_page_path
from rollbook.web.catalog.pages.record_pages import data_set_pages, pages_of_model
from rollbook.web.catalog.pages.version_page import version_page
from web.catalog.lending import NAME, lending
from web.catalog.reading_pages import ReadPage, read_page

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CatalogFacts]:
    made = made_once(tmp_path_factory, "lending", lending)
    with Registry.open(made / "registry.git") as registry:
        yield catalog_facts(registry)


def version(facts: CatalogFacts, number: str = "1.1.0") -> ReadPage:
    return read_page(version_page(facts, NAME, number))


def test_the_board_says_who_holds_which_stage_since_when_and_why(facts: CatalogFacts) -> None:
    page = read_page(model_page(facts, NAME))
    assert page.links["../../../models/risk/credit/1.1.0/"] == "1.1.0"
    assert "since 2026-01-02, asked for by eve@example.com AUC +0.04" in page.text
    assert "staging No version" in page.text
    assert ["@champion", "1.1.0", "2026-01-02", "eve@example.com", "best"] in page.rows


def test_a_version_that_is_not_there_is_named_and_leads_nowhere(facts: CatalogFacts) -> None:
    page = read_page(model_page(facts, NAME))
    assert "9.9.9" in page.text
    assert not any("9.9.9" in address for address in page.links)


def test_versions_are_listed_with_the_metric_that_a_gate_names_first(facts: CatalogFacts) -> None:
    page = read_page(model_page(facts, NAME))
    heads = next(row for row in page.rows if row[0] == "Version")
    assert heads == ["Version", "Stage", "Created", "auc ↑", "loss ↓", "By"]
    rows = {row[0]: row[3] for row in page.rows if len(row) == len(heads)}
    assert (rows["2.0.0-rc.1"], rows["1.1.0"], rows["1.0.0"]) == ("0.7", "0.9", "0.86")


def test_a_chart_tells_in_words_what_it_shows(facts: CatalogFacts) -> None:
    text = read_page(model_page(facts, NAME)).text
    assert "auc of 3 versions: 0.86 in 1.0.0, 0.7 in 2.0.0-rc.1, the best 0.9 in 1.1.0." in text
    assert "Promoted to production: 1.0.0, 1.1.0." in text


def test_the_timeline_tells_what_was_asked_for_as_one_thing(facts: CatalogFacts) -> None:
    text = read_page(model_page(facts, NAME)).text
    assert "1.1.0 put into production, 1.1.0 given @champion, 1.0.0 displaced to archived" in text
    assert "Asked for by eve@example.com." in text


def test_a_version_tells_its_facts_figures_and_inputs(facts: CatalogFacts) -> None:
    page = version(facts)
    assert ["auc", "0.9", "higher ↑"] in page.rows
    assert ["loss", "0.4", "lower ↓"] in page.rows
    assert ["optimizer.lr", "0.001"] in page.rows
    assert ["income", "float32", "-1", "yes"] in page.rows
    assert "Parity holds." in page.text
    assert "For consumer credit." in page.text


def test_a_version_is_judged_for_each_next_stage(facts: CatalogFacts) -> None:
    page = version(facts, "2.0.0-rc.1")
    assert "To staging" in page.text
    text = version(facts, "1.1.0").text
    assert "To archived" in text


def test_of_an_archived_version_the_page_says_how_to_ask_about_gates(facts: CatalogFacts) -> None:
    assert "rollbook gates risk/credit@1.0.0 STAGE" in version(facts, "1.0.0").text


def test_a_lineage_leads_back_to_data_and_parents_and_forward(facts: CatalogFacts) -> None:
    page = version(facts)
    places = [address.removeprefix("../../../../") for address in page.links]
    assert data_set_page_path("applications") in places
    assert data_set_page_path("raw/crm") in places
    assert {"models/risk/credit/1.0.0/", "models/churn/0.1.0/"} <= {*places}
    assert "Data set raw/crm led to data set applications@2026-10." in page.text
    assert "deployed to eu-west/prod (running)" in page.text


def test_every_link_inside_of_the_catalog_leads_to_a_page(facts: CatalogFacts) -> None:
    made = [*data_set_pages(facts), *pages_of_model(facts, NAME), *pages_of_model(facts, "churn")]
    known = {page.path for page in made if page.path.endswith("/") or not page.path}
    elsewhere = {"", "requests/", "audit/", "search/"}
    for page in made:
        if page.path.endswith(".json"):
            continue
        root = "../" * page.path.count("/")
        for address in read_page(page.make()).links:
            if address.startswith(root):
                assert address.removeprefix(root).partition("#")[0] in known | elsewhere, (page.path, address)


def test_a_file_that_cannot_be_read_is_told_of_on_its_page_and_nowhere_else(facts: CatalogFacts) -> None:
    pages = {page.path: page for page in pages_of_model(facts, "churn")}
    broken = read_page(pages["models/churn/0.2.0/"].make())
    assert "A file of this page can't be read" in broken.text
    assert "registry/churn/versions/0.2.0/version.yaml" in broken.text
    listed = read_page(pages["models/churn/"].make())
    assert "registry/churn/versions/0.2.0/version.yaml" in listed.text
    assert "0.1.0" in listed.text


def test_stages_that_cannot_be_read_leave_a_page_that_says_so() -> None:
    registry = registry_of({"m@1.0.0": {}}, {"m": "production: 7\n"})
    (page,) = pages_of_model(catalog_facts(registry), "m")
    assert "registry/m/stages.yaml" in read_page(page.make()).text


def test_versions_are_compared_as_the_command_compares_them(facts: CatalogFacts) -> None:
    page = read_page(compare_page(facts, NAME))
    assert ["Version", "1.1.0 baseline", "2.0.0-rc.1"] in page.rows
    assert ["auc ↑ higher is better", "0.9 best", "0.7 -0.2"] in page.rows


def test_any_two_to_six_versions_can_be_named(facts: CatalogFacts) -> None:
    page = read_page(compare_page(facts, NAME, ["1.0.0", "2.0.0-rc.1"]))
    assert ["Stage", "archived", "development"] in page.rows
    with pytest.raises(BadCall):
        compare_page(facts, NAME, ["1.0.0"])
    with pytest.raises(BadCall):
        compare_page(facts, NAME, [f"1.0.{patch}" for patch in range(7)])
    with pytest.raises(NotFound):
        compare_page(facts, NAME, ["1.0.0", "7.0.0"])


def test_the_file_for_choosing_versions_has_what_is_compared(facts: CatalogFacts) -> None:
    told = json.loads(version_choices(facts, NAME))
    assert [one["version"] for one in told["versions"]] == ["2.0.0-rc.1", "1.1.0", "1.0.0"]
    assert told["versions"][1]["metrics"] == {"loss": 0.4, "auc": 0.9}


def test_a_data_set_names_all_that_saw_it_what_is_in_production_first(facts: CatalogFacts) -> None:
    page = read_page(data_set_page(facts, "raw/crm"))
    seen = [row[:2] for row in page.rows if row[0].startswith(("risk/", "churn@"))]
    assert seen[0] == ["risk/credit@1.1.0", "production"]
    assert ["churn@0.1.0", "development"] in seen
    by_way = next(row for row in page.rows if row[0] == "churn@0.1.0")
    assert by_way[3] == "risk/credit@1.1.0"
    index = read_page(data_sets_page(facts))
    assert ["raw/crm", "risk/credit@1.1.0", "4"] in index.rows
