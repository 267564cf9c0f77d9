"""Building the site: what is made anew, that it equals a site made from scratch, and what is left alone."""

from __future__ import annotations

import json
import re
import shutil
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.texts import model, stages
from building.world import rollbook
from rollbook import Registry
from rollbook.errors import BadCall, NotFound, Refused
from rollbook.trail.record import record
from rollbook.web.catalog.facts import overview
from rollbook.web.catalog.facts.model_health import gates_today
from rollbook.web.catalog.pages.page_paths import data_set_page_path
from rollbook.web.catalog.site import page_inputs, site_build
from rollbook.web.catalog.site.site_build import BuiltSite, build_site
from rollbook.web.catalog.site.site_folder import INPUTS
from trail.histories import POLICY, History, new_history, registration

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import tzinfo
    from pathlib import Path

LINEAGE = (
    "metrics: {auc: 0.9}\nlineage: {parents: [base@1.0.0], data: [{name: applications, version: '1'}]}\n"
)


@pytest.fixture
def history(tmp_path: Path) -> History:
    history = new_history(tmp_path / "registry.git", POLICY)
    history.commit(
        {
            "registry/base/model.yaml": model("base"),
            **registration("base", "1.0.0"),
            "registry/churn/model.yaml": model("churn", "team: growth\n"),
            **registration("churn", "1.0.0", LINEAGE),
            "registry/other/model.yaml": model("other"),
            **registration("other", "1.0.0"),
        }
    )
    record(history.repository)
    return history


class Tomorrow(datetime):
    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Tomorrow:
        return cls.fromtimestamp((datetime.now(UTC) + timedelta(days=1)).timestamp(), tz)


def build(history: History, folder: Path, **options: object) -> BuiltSite:
    with Registry.open(history.repository.directory, rev="main") as registry:
        return build_site(registry, folder, **options)  # type: ignore[arg-type]


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def changed(folder: Path, since: dict[str, bytes]) -> set[str]:
    return {name for name, content in files(folder).items() if since.get(name) != content}


def test_nothing_is_written_where_nothing_changed(history: History, tmp_path: Path) -> None:
    assert build(history, tmp_path / "site").written > 0
    assert build(history, tmp_path / "site").written == 0


def test_a_promotion_changes_the_pages_of_its_model_and_of_what_descends_from_it_alone(
    history: History, tmp_path: Path
) -> None:
    build(history, tmp_path / "site")
    before = files(tmp_path / "site")
    history.commit({"registry/base/stages.yaml": stages(staging=["1.0.0"])})
    record(history.repository)
    build(history, tmp_path / "site")
    pages = {name for name in changed(tmp_path / "site", before) if name.startswith("models/")}
    assert "models/base/1.0.0/index.html" in pages
    assert "models/churn/1.0.0/index.html" in pages
    assert not any(name.startswith("models/other/") for name in pages)


STEPS = {
    "register": {"registry/churn/versions/1.1.0/version.yaml": registration("churn", "1.1.0", LINEAGE)},
    "promote": {"registry/base/stages.yaml": stages(staging=["1.0.0"])},
    "back": {"registry/base/stages.yaml": stages(archived=["1.0.0"])},
    "card": {"registry/other/versions/1.0.0/card.md": "# Other\n\nWith zebras.\n"},
    "gone": dict.fromkeys(registration("other", "1.0.0")) | {"registry/other/model.yaml": None},
    "policy": {"registry/policy.yaml": POLICY + "registry: Ours\n"},
    "elsewhere": {"README.md": "Another file\n"},
}


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=4, unique=True))
def test_a_site_brought_up_to_date_equals_one_made_from_scratch(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("histories")
    history = new_history(folder / "registry.git", POLICY)
    history.commit(
        {
            "registry/base/model.yaml": model("base"),
            **registration("base", "1.0.0"),
            "registry/churn/model.yaml": model("churn"),
            **registration("churn", "1.0.0", LINEAGE),
            "registry/other/model.yaml": model("other"),
            **registration("other", "1.0.0"),
        }
    )
    record(history.repository)
    build(history, folder / "site")
    for step in steps:
        change = STEPS[step]
        history.commit(change[next(iter(change))] if step == "register" else change)
        if step != "gone":
            record(history.repository)
    build(history, folder / "site")
    build(history, folder / "new")
    assert files(folder / "site") == files(folder / "new")


GATED = f"""{POLICY}
gates:
  - {{gate: deprecation, to: [production], days: 30}}
  - {{gate: metric-threshold, to: [production], metric: auc, min: 0.5}}
"""
IN_PRODUCTION = (
    "production: {version: 1.0.0, reason: r, requested_by: eve@example.com,"
    " requested_at: 2026-01-02T00:00:00Z, migration: Ask for the same features.,"
    " replacement: %s, sunset: 2099-01-01}\n"
)


def served_and_built(folder: Path) -> History:
    """Two models in production, one of which is to be replaced by a version that a third does not have."""
    history = new_history(folder / "registry.git", GATED)
    for name in ("base", "churn", "other"):
        history.commit({f"registry/{name}/model.yaml": model(name), **registration(name, "1.0.0", LINEAGE)})
    for name, replacement in (("churn", "other@2.0.0"), ("base", "other@1.0.0")):
        history.commit({f"registry/{name}/stages.yaml": IN_PRODUCTION % replacement})
    record(history.repository)
    build(history, folder / "site")
    return history


@pytest.mark.parametrize(
    ("change", "healthy"),
    [
        ({"README.md": "Another file\n"}, 1),
        (registration("other", "2.0.0"), 2),  # the replacement comes: another model's file
        (dict.fromkeys(registration("other", "1.0.0")), 0),
        ({"registry/policy.yaml": GATED.replace("0.5", "0.95")}, 0),
        ({"registry/policy.yaml": GATED.replace("deprecation, to: [prod", "deprecation, to: [stag")}, 2),
        ({"registry/base/versions/1.0.0/version.yaml": "metrics: {"}, 0),
    ],
)
def test_health_that_was_brought_up_to_date_is_what_gates_say_of_all_models(
    tmp_path: Path, change: dict[str, str | None], healthy: int
) -> None:
    history = served_and_built(tmp_path)
    history.commit(change)
    record(history.repository)
    build(history, tmp_path / "site")
    build(history, tmp_path / "new")
    assert files(tmp_path / "site") == files(tmp_path / "new")
    assert len(re.findall("holds? today", (tmp_path / "site/index.html").read_text())) == healthy


def test_only_models_that_changed_are_judged_by_gates_that_read_a_models_own_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = served_and_built(tmp_path)
    history.commit(
        {"registry/policy.yaml": GATED.replace("deprecation, to: [prod", "deprecation, to: [stag")}
    )
    build(history, tmp_path / "site")
    asked: list[list[str]] = []

    def noting(registry: Registry, models: Collection[str]) -> object:
        asked.append([*models])
        return gates_today(registry, models)

    monkeypatch.setattr(overview, "gates_today", noting)
    history.commit({"registry/base/versions/1.0.0/card.md": "# Base\n"})
    build(history, tmp_path / "site")
    assert asked == [["base"]]


def test_health_is_judged_anew_the_next_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    history = served_and_built(tmp_path)
    asked: list[list[str]] = []

    def noting(registry: Registry, models: Collection[str]) -> object:
        asked.append([*models])
        return gates_today(registry, models)

    monkeypatch.setattr(overview, "gates_today", noting)
    with monkeypatch.context() as patched:
        patched.setattr(page_inputs, "datetime", Tomorrow)
        build(history, tmp_path / "site")
    assert asked == [["base", "churn"]]


def test_a_model_whose_stages_cannot_be_read_is_told_of_and_the_others_stand(
    history: History, tmp_path: Path
) -> None:
    build(history, tmp_path / "site")
    history.commit({"registry/churn/stages.yaml": "stages: ["})
    build(history, tmp_path / "site")
    assert "registry/churn/stages.yaml" in (tmp_path / "site/models/churn/index.html").read_text()
    home = (tmp_path / "site/index.html").read_text()
    assert home.count("a file can&#39;t be read") == 1
    assert "models/base/" in home
    assert "1.0.0" in (tmp_path / "site/models/base/index.html").read_text()
    build(history, tmp_path / "new")
    assert files(tmp_path / "site") == files(tmp_path / "new")


def test_a_page_that_was_lost_or_cut_short_is_made_again(history: History, tmp_path: Path) -> None:
    build(history, tmp_path / "site")
    whole = files(tmp_path / "site")
    (tmp_path / "site/models/churn/index.html").unlink()
    (tmp_path / "site/models/base/1.0.0/index.html").write_text("<p>")
    build(history, tmp_path / "site")
    assert files(tmp_path / "site") == whole


def test_a_page_that_a_link_replaced_is_made_again(history: History, tmp_path: Path) -> None:
    build(history, tmp_path / "site")
    whole = files(tmp_path / "site")
    page = tmp_path / "site/models/churn/index.html"
    (tmp_path / "elsewhere.html").write_bytes(page.read_bytes())
    page.unlink()
    page.symlink_to(tmp_path / "elsewhere.html")
    build(history, tmp_path / "site")
    assert not page.is_symlink()
    assert files(tmp_path / "site") == whole


def test_a_page_that_somebody_else_put_there_goes_with_the_next_whole_build(
    history: History, tmp_path: Path
) -> None:
    build(history, tmp_path / "site")
    whole = files(tmp_path / "site")
    (tmp_path / "site/models/stray.html").write_text("not of this site")
    build(history, tmp_path / "site", whole=True)
    assert files(tmp_path / "site") == whole


@pytest.mark.parametrize(
    "name",
    [
        "../kept.txt",
        "models/../../kept.txt",
        "kept.txt",
        "models/a\0b",
        "models/./churn/index.html",
        "models//churn/index.html",
        "models/\ud800",
    ],
)
def test_notes_that_somebody_altered_lead_to_no_file_outside_of_the_site(
    history: History, tmp_path: Path, name: str
) -> None:
    build(history, tmp_path / "site")
    whole = files(tmp_path / "site")
    for folder in (tmp_path, tmp_path / "site"):
        (folder / "kept.txt").write_text("not of this site")
    notes = tmp_path / "site" / INPUTS
    told = json.loads(notes.read_bytes())
    told["others"][name] = ["", 16]
    notes.write_text(json.dumps(told))
    build(history, tmp_path / "site")
    assert (tmp_path / "kept.txt").exists()
    assert files(tmp_path / "site") == {**whole, "kept.txt": b"not of this site"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("judged_at", "--all"),
        ("judged_at", 7),
        ("others", ["index.html"]),
        ("others", {"index.html": 5}),
        ("others", {"index.html": None}),
        ("models", {"churn": ["", 5, {}, [], None]}),
        ("models", {"churn": []}),
        ("models", None),
        ("models", {"churn": ["", [[1, 2]], {}, [], None]}),
        ("shared", None),
        ("format", [3]),
    ],
)
def test_notes_of_another_form_count_as_none(
    history: History, tmp_path: Path, key: str, value: object
) -> None:
    build(history, tmp_path / "site")
    whole = files(tmp_path / "site")
    notes = tmp_path / "site" / INPUTS
    notes.write_text(json.dumps({**json.loads(notes.read_bytes()), key: value}))
    build(history, tmp_path / "site")
    assert files(tmp_path / "site") == whole


_ODD = st.sampled_from(
    [None, True, -1, 1e999, 10**400, "", "\ud800", "../x", [], [[]], [["a", 1]], {}, {"": None}, {"a": []}]
)


def places(told: object, path: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
    """Where each value in JSON data is."""
    inside = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    return [path, *(place for key, value in inside for place in places(value, (*path, key)))]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_stands_in_the_notes_a_build_comes_to_an_end(
    history: History, tmp_path: Path, data: st.DataObject
) -> None:
    site = tmp_path / "site"
    build(history, site)
    told = json.loads((site / INPUTS).read_bytes())
    *way, last = data.draw(st.sampled_from(places(told)[1:]))
    inside = told
    for key in way:
        inside = inside[key]
    inside[last] = data.draw(_ODD)
    (site / INPUTS).write_text(json.dumps(told))
    outside = {path for path in tmp_path.iterdir() if path != site}
    build(history, site)
    assert {path for path in tmp_path.iterdir() if path != site} == outside
    build(history, site, whole=True)
    build(history, tmp_path / "new")
    assert files(site) == files(tmp_path / "new")
    shutil.rmtree(tmp_path / "new")


@pytest.mark.parametrize("content", [b"[" * 100_000, b"7", b"\xff", b"1" * 5_000])
def test_notes_that_are_no_notes_lead_to_a_build_of_everything(
    history: History, tmp_path: Path, content: bytes
) -> None:
    build(history, tmp_path / "site")
    whole = files(tmp_path / "site")
    (tmp_path / "site" / INPUTS).write_bytes(content)
    build(history, tmp_path / "site")
    assert files(tmp_path / "site") == whole


def test_a_folder_in_the_place_of_the_notes_is_refused(history: History, tmp_path: Path) -> None:
    build(history, tmp_path / "site")
    (tmp_path / "site" / INPUTS).unlink()
    (tmp_path / "site" / INPUTS).mkdir()
    with pytest.raises(Refused, match="is a folder"):
        build(history, tmp_path / "site")


def test_nothing_is_written_where_a_link_leads_out_of_the_site(history: History, tmp_path: Path) -> None:
    build(history, tmp_path / "site")
    shutil.move(tmp_path / "site/models/churn", tmp_path / "elsewhere")
    (tmp_path / "site/models/churn").symlink_to(tmp_path / "elsewhere")
    before = files(tmp_path / "elsewhere")
    history.commit(registration("churn", "1.1.0"))
    with pytest.raises(Refused, match="symbolic link"):
        build(history, tmp_path / "site")
    assert files(tmp_path / "elsewhere") == before


@pytest.mark.parametrize("as_of", [(), ("2026-03-01",)])
def test_a_link_in_the_place_of_a_past_catalog_leads_nowhere(
    history: History, tmp_path: Path, as_of: tuple[str, ...]
) -> None:
    build(history, tmp_path / "site", as_of=("2026-03-01",))
    shutil.move(tmp_path / "site/as-of/2026-03-01", tmp_path / "elsewhere")
    (tmp_path / "site/as-of/2026-03-01").symlink_to(tmp_path / "elsewhere")
    before = files(tmp_path / "elsewhere")
    if as_of:
        with pytest.raises(Refused, match="symbolic link"):
            build(history, tmp_path / "site", as_of=as_of)
    else:
        build(history, tmp_path / "site")
    assert files(tmp_path / "elsewhere") == before


def test_a_mark_that_is_a_link_is_not_followed(history: History, tmp_path: Path) -> None:
    build(history, tmp_path / "site")
    (tmp_path / "site/.rollbook-unfinished").symlink_to(tmp_path / "made")
    with pytest.raises(Refused, match="symbolic link"):
        build(history, tmp_path / "site")
    assert not (tmp_path / "made").exists()


def test_nothing_is_removed_where_a_link_leads_out_of_the_site(history: History, tmp_path: Path) -> None:
    build(history, tmp_path / "site")
    shutil.move(tmp_path / "site/models/churn", tmp_path / "elsewhere")
    (tmp_path / "site/models/churn").symlink_to(tmp_path / "elsewhere")
    history.commit({f"registry/churn/{name}": None for name in ("model.yaml", "versions/1.0.0/version.yaml")})
    build(history, tmp_path / "site")
    assert (tmp_path / "elsewhere/1.0.0/index.html").exists()


def test_after_a_build_that_was_cut_off_everything_is_made_anew(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(history, tmp_path / "site")
    whole = files(tmp_path / "site")

    def fail(*_: object) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr(site_build, "search_files", fail)
        with pytest.raises(OSError):  # noqa: PT011 - that very one
            build(history, tmp_path / "site", whole=True)
    page = tmp_path / "site/models/churn/index.html"
    page.write_bytes(page.read_bytes().replace(b"churn", b"nruhc"))  # as long as it was
    build(history, tmp_path / "site")
    assert files(tmp_path / "site") == whole


def test_several_processes_write_what_one_writes(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(history, tmp_path / "one")
    monkeypatch.setattr(site_build, "_WORTHWHILE", 1)
    monkeypatch.setattr(site_build, "processors", lambda: 2)
    build(history, tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")


@pytest.mark.parametrize("python", [sys.executable, "", "/bin/false"])
def test_a_long_trail_is_verified_by_another_process_or_else_by_this_one(
    history: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    build(history, tmp_path / "one")
    monkeypatch.setattr(site_build, "_LONG_TRAIL", 1)
    monkeypatch.setattr(sys, "executable", python)
    build(history, tmp_path / "two")
    assert "Trail verified" in (tmp_path / "two/index.html").read_text()
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_a_data_set_is_told_of_anew_where_a_version_that_saw_it_changed_and_no_other(
    history: History, tmp_path: Path
) -> None:
    seen = "metrics: {auc: 0.9}\nlineage: {data: [{name: ratings, version: '1'}]}\n"
    history.commit(registration("other", "1.1.0", seen))
    build(history, tmp_path / "site")
    before = files(tmp_path / "site")
    history.commit({"registry/churn/stages.yaml": stages(staging=["1.0.0"])})
    build(history, tmp_path / "site")
    pages = changed(tmp_path / "site", before)
    ratings = f"{data_set_page_path('ratings')}index.html"
    assert f"{data_set_page_path('applications')}index.html" in pages
    assert ratings in before
    assert ratings not in pages


def test_a_folder_that_holds_something_else_is_refused_and_left_as_it_is(
    history: History, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/thesis.tex").write_text("years of work")
    with pytest.raises(Refused, match=r"holds thesis\.tex and no site"):
        build(history, tmp_path / "home")
    assert files(tmp_path / "home") == {"thesis.tex": b"years of work"}


def test_a_link_in_the_folder_is_not_followed(history: History, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "site/models").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="symbolic link"):
        build(history, tmp_path / "site")
    assert files(tmp_path / "elsewhere") == {}


def test_the_catalog_of_a_past_date_stands_beside_todays_and_says_so(
    history: History, tmp_path: Path
) -> None:
    day = 86_400
    history.commit({**registration("churn", "2.0.0")}, at=history.clock + 60 * day)
    build(history, tmp_path / "site", as_of=["2026-01-20"])
    assert (tmp_path / "site/models/churn/2.0.0/index.html").exists()
    past = tmp_path / "site/as-of/2026-01-20"
    assert not (past / "models/churn/2.0.0/index.html").exists()
    text = (past / "models/churn/index.html").read_text()
    assert "as it stood at <strong>2026-01-20</strong>" in text
    assert 'href="../../../../"' in text
    assert 'href="./as-of/2026-01-20/"' in (tmp_path / "site/index.html").read_text()
    build(history, tmp_path / "site")
    assert not past.exists()


@pytest.mark.parametrize(
    ("date", "error"), [("../../etc", BadCall), ("soon", BadCall), ("1999-01-01", NotFound)]
)
def test_a_date_that_is_none_or_too_early_is_refused_before_anything_is_written(
    history: History, tmp_path: Path, date: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        build(history, tmp_path / "site", as_of=[date])
    assert not (tmp_path / "site").exists()


def test_the_command_says_what_it_built(history: History, tmp_path: Path) -> None:
    command = ("site", "build", str(tmp_path / "site"), "--title", "Our models", "--rev", "main", "--json")
    told = json.loads(rollbook(history.repository.directory, *command).out)
    assert (told["written"] > told["pages"] > 10, told["removed"]) == (True, 0)
    assert "Our models" in (tmp_path / "site/index.html").read_text()
