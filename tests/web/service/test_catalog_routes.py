"""The catalog's pages under the service: those of the site, live, for whoever may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from building.texts import model, stages
from rollbook import Registry
from rollbook.access.roles import Person
from rollbook.git.repository import discover
from rollbook.trail.record import record
from rollbook.web.catalog.catalog_assets import every_asset
from rollbook.web.catalog.site.site_build import build_site
from rollbook.web.identity.caller import Caller, Right, anybody
from rollbook.web.registries.served_registries import ServedRegistries
from rollbook.web.registries.served_registry import ServedRegistry
from rollbook.web.service import heavy_work
from rollbook.web.service.app import create_app
from trail.histories import POLICY, History, new_history, registration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import Any

VIEWER = Caller(Person(email="vi@example.com"), frozenset([Right.CATALOG]))
ON_CHURN = Caller(Person(email="jo@example.com"), frozenset(), {"churn": frozenset([Right.CATALOG])})


@pytest.fixture
def history(tmp_path: Path) -> History:
    history = new_history(tmp_path / "registry.git", f"{POLICY}registry: Ours\n")
    history.commit({"registry/churn/model.yaml": model("churn"), **registration("churn", "1.0.0")})
    history.commit(registration("churn", "1.1.0"), at=history.clock + 60 * 86_400)
    record(history.repository)
    return history


def served(history: History, name: str = "ours", identify: Callable[..., Any] = anybody) -> TestClient:
    repository = discover(history.repository.directory)
    registries = ServedRegistries([ServedRegistry(name, repository)])
    return TestClient(create_app(registries, identify=identify), follow_redirects=False)


@pytest.fixture
def client(history: History) -> Iterator[TestClient]:
    with served(history) as client:
        yield client


def test_a_page_is_that_of_the_site(history: History, client: TestClient, tmp_path: Path) -> None:
    with Registry.open(history.repository.directory, rev="main") as registry:
        build_site(registry, tmp_path / "site")
    for path in ("models/churn/", "models/churn/1.0.0/", "by/", "data/"):
        built = (tmp_path / "site" / path / "index.html").read_text()
        assert client.get(f"/{path}").text == built


def test_a_model_whose_stages_cannot_be_read_is_told_of_and_the_others_stand(
    history: History, client: TestClient
) -> None:
    broken = {"registry/base/model.yaml": model("base"), "registry/base/stages.yaml": "stages: ["}
    history.commit({**registration("base", "1.0.0"), **broken})
    home, page = client.get("/"), client.get("/models/base/")
    assert (home.status_code, "models/churn/" in home.text) == (200, True)
    assert (page.status_code, "registry/base/stages.yaml" in page.text) == (200, True)
    index = client.get("/search/index.js").text
    shard = client.get("/search/" + index.partition('"search/')[2].partition('"')[0]).text
    assert ('"base"' in shard, '"churn"' in shard) == (True, True)


def test_a_page_is_confirmed_by_its_tag_and_new_as_soon_as_main_is(
    history: History, client: TestClient
) -> None:
    first = client.get("/models/churn/")
    again = client.get("/models/churn/", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    history.commit({"registry/churn/stages.yaml": stages(staging=["1.1.0"])})
    changed = client.get("/models/churn/", headers={"If-None-Match": first.headers["ETag"]})
    assert (changed.status_code, "for staging" in changed.text) == (200, True)


def test_every_answer_says_what_a_browser_may_do(client: TestClient) -> None:
    style = next(path for path in every_asset() if path.endswith(".css"))
    for path in ("/", "/nowhere/", "/requests/", f"/{style}", "/search/index.js", "/as-of/2026-01-20/"):
        headers = client.get(path).headers
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in client.get(f"/{style}").headers["Cache-Control"]


def test_an_address_without_a_page_is_told_in_the_catalogs_own_words(client: TestClient) -> None:
    missing = client.get("/models/<script>/1.0.0/")
    assert (missing.status_code, "There is no such page" in missing.text) == (404, True)
    assert "<script>/" not in missing.text
    assert client.get("/api/v1/nowhere").headers["Content-Type"] == "application/problem+json"


def test_a_page_without_its_slash_leads_to_the_one_with_it(client: TestClient) -> None:
    assert client.get("/models/churn").headers["Location"] == "churn/"
    chosen = client.get("/models/churn/compare?versions=1.0.0&versions=1.1.0").headers["Location"]
    assert chosen == "compare/?versions=1.0.0&versions=1.1.0"
    assert client.get("/registries/ours").headers["Location"] == "ours/"
    assert client.get("/as-of/2026-01-20").headers["Location"] == "2026-01-20/"
    assert client.get("/models").headers["Location"] == "./"
    assert client.get("/models/").headers["Location"] == "../"
    for nothing in ("/favicon.ico", "/docs", "//elsewhere.example/x"):
        assert client.get(nothing).status_code == 404


@pytest.mark.parametrize("base", ["", "/registries/ours", "/as-of/2026-12-31"])
@pytest.mark.parametrize("name", ["v1.1.0/", "1.1.0", "latest/", "@latest"])
def test_a_version_is_found_by_its_other_names(client: TestClient, base: str, name: str) -> None:
    answer = client.get(f"{base}/models/churn/{name}", follow_redirects=True)
    assert (answer.status_code, answer.url.path) == (200, f"{base}/models/churn/1.1.0/")


def test_what_no_page_can_show_is_told_on_a_page(client: TestClient) -> None:
    for path in ("/as-of/1999-01-01/", "/models/churn/compare/?versions=1.0.0"):
        answer = client.get(path)
        assert answer.headers["Content-Type"].startswith("text/html")
    assert "2 to 6 versions" in answer.text


def test_any_day_of_the_past_is_shown_with_a_way_back(client: TestClient) -> None:
    assert client.get("/models/churn/", params={"at": "2026-01-20"}).headers["Location"] == (
        "../../as-of/2026-01-20/models/churn/"
    )
    past = client.get("/as-of/2026-01-20/models/churn/")
    assert ("2026-01-20</strong>" in past.text, "1.1.0" in past.text) == (True, False)
    assert client.get("/as-of/yesterday/").status_code == 400
    assert client.get("/as-of/1999-01-01/").status_code == 404


def test_versions_are_compared_without_a_script(client: TestClient) -> None:
    chosen = client.get("/models/churn/compare/", params={"versions": ["1.1.0", "1.0.0"]})
    assert chosen.text.index(">1.1.0</a>") < chosen.text.index(">1.0.0</a>")
    assert client.get("/models/churn/compare/", params={"versions": "1.0.0"}).status_code == 400


def test_what_is_proposed_is_shown_while_main_stands_still(history: History, client: TestClient) -> None:
    client.app.state.pages.requests_last = 0  # type: ignore[attr-defined]
    before = client.get("/requests/").text
    tip = history.git("rev-parse", "main")
    new = history.commit({"registry/churn/stages.yaml": stages(staging=["1.1.0"])}, message="Ask for it")
    history.git("update-ref", "refs/heads/rollbook/promote/churn/1.1.0-staging", new)
    history.git("update-ref", "refs/heads/main", tip)
    after = client.get("/requests/").text
    assert (before != after, "1.1.0" in after) == (True, True)


def test_what_is_proposed_is_not_judged_anew_for_each_reader(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged = []
    requests = Registry.requests
    monkeypatch.setattr(
        Registry, "requests", lambda *asked, **how: judged.append(1) or requests(*asked, **how)
    )
    client.app.state.pages.requests_last = 3600  # type: ignore[attr-defined]
    client.get("/requests/")
    first = len(judged)
    assert [client.get("/requests/").status_code for _ in range(3)] == [200] * 3
    assert len(judged) == first


def test_readers_of_the_past_and_of_comparisons_wait_their_turn_and_no_others(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heavy_work, "_PATIENCE", 0.01)
    with heavy_work.heavy(), heavy_work.heavy():
        for path in ("/as-of/2026-01-20/", "/models/churn/compare/?versions=1.0.0&versions=1.1.0"):
            assert client.get(path).status_code == 503
        assert client.get("/models/churn/").status_code == 200
    assert client.get("/as-of/2026-01-20/").status_code == 200


def test_a_registry_is_reached_by_its_name_too(client: TestClient) -> None:
    assert client.get("/registries/ours/models/churn/").text == client.get("/models/churn/").text
    assert client.get("/registries/theirs/").status_code == 404


@pytest.mark.parametrize(("caller", "status"), [(VIEWER, 200), (ON_CHURN, 403)])
def test_pages_are_for_those_who_may_see_all_that_they_lead_to(
    history: History, caller: Caller, status: int
) -> None:
    with served(history, identify=lambda *_: caller) as client:
        paths = ("/", "/models/churn/1.0.0/", "/search/index.js", "/as-of/2026-01-20/", "/requests/")
        assert {client.get(path).status_code for path in paths} == {status}
