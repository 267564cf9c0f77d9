"""What is asked of one model or version is answered as MLflow's SQL store answers it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.utils.models import get_model_name_and_version
from twin_stores import Twins, model_facts, outcome, version_facts

from rollbook.git.process import start_git

if TYPE_CHECKING:
    from pathlib import Path

CHURN = "Churn Model"


def _filled(folder: Path) -> Twins:
    twins = Twins(folder)
    twins.model(CHURN, {"team": "risk"}, "who leaves")
    for number in range(1, 6):
        twins.version(CHURN, source=f"runs:/{number}/model", description=f"the {number}.")
    twins.move(CHURN, 2, "Production")
    twins.move(CHURN, 1, "Production")
    twins.move(CHURN, 3, "Archived")
    twins.alias(CHURN, "champion", 2)
    twins.note(CHURN, 4, "noted")
    twins.model("empty")
    return twins


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Twins:
    return _filled(tmp_path_factory.mktemp("twins"))


def _latest(store: Any, name: str, stages: list[str] | None) -> list[dict[str, Any]]:
    return [version_facts(one) for one in store.get_latest_versions(name, stages)]


@pytest.mark.parametrize(
    "name", [CHURN, "empty", "churn-model", "nobody", "", "a/b/c", "models:/x", "../x", "x" * 10_000]
)
def test_a_model_is_told_as_in_sql(twins: Twins, name: str) -> None:
    ours = outcome(lambda: model_facts(twins.ours.get_registered_model(name)))
    assert ours == outcome(lambda: model_facts(twins.sql.get_registered_model(name)))


@pytest.mark.parametrize("name", [None, "a\0b", "!!!", "\ud800", "con", "../../etc/passwd", "registry"])
def test_a_name_that_no_model_can_have_is_a_clean_error(twins: Twins, name: Any) -> None:
    code = outcome(lambda: twins.ours.get_registered_model(name))
    assert code in ("INVALID_PARAMETER_VALUE", "RESOURCE_DOES_NOT_EXIST")


@pytest.mark.parametrize("version", [1, "1", "4", 5, 6, 0, -1, "x", "1.5", " 2", "9" * 5_000])
def test_a_version_is_told_as_in_sql(twins: Twins, version: Any) -> None:
    ours = outcome(lambda: version_facts(twins.ours.get_model_version(CHURN, version)))
    assert ours == outcome(lambda: version_facts(twins.sql.get_model_version(CHURN, version)))


@pytest.mark.parametrize(
    ("version", "code"), [(None, "INVALID_PARAMETER"), (10**30, "RESOURCE_DOES_NOT_EXIST")]
)
def test_what_sql_fails_at_is_a_clean_error(twins: Twins, version: Any, code: str) -> None:
    assert outcome(lambda: twins.ours.get_model_version(CHURN, version)).startswith(code)


def test_a_version_is_also_known_by_its_own_name_which_a_tag_tells(twins: Twins) -> None:
    told = twins.ours.get_model_version(CHURN, "1.2.0")
    assert (told.version, told.tags["rollbook.version"]) == (3, "1.2.0")


@pytest.mark.parametrize(
    "stages",
    [None, [], ["None"], ["production", "ARCHIVED"], ["Staging"], ["Production", "Production"], ["x"]],
)
def test_the_latest_versions_are_those_of_sql(twins: Twins, stages: list[str] | None) -> None:
    ours = outcome(lambda: _latest(twins.ours, CHURN, stages))
    assert ours == outcome(lambda: _latest(twins.sql, CHURN, stages))


@pytest.mark.parametrize("alias", ["champion", "nothing", "", "a b", "x" * 300])
def test_an_alias_is_followed_as_in_sql(twins: Twins, alias: str) -> None:
    ours = outcome(lambda: version_facts(twins.ours.get_model_version_by_alias(CHURN, alias)))
    assert ours == outcome(lambda: version_facts(twins.sql.get_model_version_by_alias(CHURN, alias)))


def test_the_latest_version_is_the_one_of_the_highest_number(twins: Twins) -> None:
    # Older MLflows follow this alias to any stage's latest.
    assert twins.ours.get_model_version_by_alias(CHURN, "LATEST").version == 5


def test_a_model_without_versions_has_no_latest_one(twins: Twins) -> None:
    assert twins.ours.get_latest_versions("empty") == []
    ours = outcome(lambda: twins.ours.get_model_version_by_alias("empty", "latest"))
    assert ours == "RESOURCE_DOES_NOT_EXIST"


@pytest.mark.parametrize(
    ("suffix", "number"),
    [
        ("/3", 3), ("/1.2.0", 3), ("/v1.2.0", 3), ("/Production", 2), ("/pRODUCTION", 2), ("/none", 5),
        ("/champion", 2), ("@champion", 2), ("/latest", 5),
    ],
)  # fmt: skip
def test_every_way_to_name_a_version_stands_for_it(twins: Twins, suffix: str, number: int) -> None:
    name, version = get_model_name_and_version(twins.ours, f"models:/{CHURN}{suffix}")
    assert (name, int(version)) == (CHURN, number)


@pytest.mark.parametrize(
    ("suffix", "says"), [("/Staging", "No versions"), ("/nothing", "Invalid Model Version stage: nothing")]
)
def test_an_address_that_stands_for_nothing_is_refused(twins: Twins, suffix: str, says: str) -> None:
    with pytest.raises(MlflowException, match=says):
        get_model_name_and_version(twins.ours, f"models:/{CHURN}{suffix}")


def test_a_custom_stage_passes_through(tmp_path: Path) -> None:
    twins = _filled(tmp_path)
    entry = "{version: 1.3.0, reason: x, requested_by: a@b.example, requested_at: 2026-01-02T09:00:00Z}"
    twins._land({"registry/churn-model/stages.yaml": f"canary:\n  - {entry}\n"})
    assert [one.current_stage for one in twins.ours.get_latest_versions(CHURN)] == ["None", "canary"]
    assert get_model_name_and_version(twins.ours, f"models:/{CHURN}/canary") == (CHURN, "4")


def test_what_lands_is_seen_by_the_next_call(tmp_path: Path) -> None:
    twins = _filled(tmp_path)
    for number in range(6, 9):
        twins.version(CHURN, source="file:/next")
        assert twins.ours.get_model_version(CHURN, number).version == number
        twins.move(CHURN, number, "Staging")
        assert _latest(twins.ours, CHURN, None) == _latest(twins.sql, CHURN, None)
    twins.note(CHURN, 8, "noted later")
    assert twins.ours.get_model_version(CHURN, 8).description == "noted later"


def test_what_is_deleted_is_gone_and_numbers_stay(tmp_path: Path) -> None:
    twins = _filled(tmp_path)
    twins.delete_version(CHURN, 5)
    twins.version(CHURN, source="file:/sixth")
    for store in (twins.ours, twins.sql):
        assert outcome(lambda: store.get_model_version(CHURN, 5)) == "RESOURCE_DOES_NOT_EXIST"  # noqa: B023
        assert [one.version for one in store.get_latest_versions(CHURN, ["None"])] == [6]
        assert [one.version for one in store.search_model_versions(f"name='{CHURN}'")] == [6, 4, 3, 1, 2]
    twins.delete_model(CHURN)
    for store in (twins.ours, twins.sql):
        assert outcome(lambda: store.get_registered_model(CHURN)) == "RESOURCE_DOES_NOT_EXIST"  # noqa: B023
        assert [one.name for one in store.search_registered_models()] == ["empty"]
        assert list(store.search_model_versions()) == []


def test_a_version_whose_artifact_was_removed_is_still_told(tmp_path: Path) -> None:
    twins = _filled(tmp_path)
    removal = (
        "model: churn-model\nversion: 1.0.0\nremoved_at: 2026-02-01T00:00:00Z\nremoved_by: a@b.example\n"
        "reason: old\nstage: archived\n"
        f"artifact: {{path: model, format: mlflow, size: 1, sha256: {'a' * 64}, md5: x}}\n"
    )
    twins._land({"registry/churn-model/versions/1.0.0/removed.yaml": removal})
    assert twins.ours.get_model_version(CHURN, 1).status_message == "its artifact was removed"
    assert len(twins.ours.search_model_versions(f"name='{CHURN}'")) == 5
    with pytest.raises(MlflowException, match="was removed"):
        twins.ours.get_model_version_download_uri(CHURN, 1)


def test_warm_answers_start_no_git(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask() -> None:
        twins.ours.get_model_version_by_alias(CHURN, "champion")
        twins.ours.get_latest_versions(CHURN, ["Production"])
        twins.ours.search_model_versions(f"name='{CHURN}'")
        twins.ours.search_registered_models()

    def started(*_: object, **__: object) -> None:
        raise AssertionError("git was started")

    ask()
    ask()
    monkeypatch.setattr("rollbook.git.process.start_git", started)
    monkeypatch.setattr("rollbook.git.objects.start_git", started)
    ask()
    assert start_git is not started


def test_only_what_changed_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twins = _filled(tmp_path)
    twins.model("other")
    twins.version("other", source="file:/1")
    twins.ours.search_model_versions()
    read: list[str] = []
    from rollbook.integrations.mlflow.reading import kept_facts

    parse = kept_facts.version_facts

    def watched(model: str, version: str, *contents: Any) -> Any:
        read.append(f"{model}@{version}")
        return parse(model, version, *contents)

    monkeypatch.setattr(kept_facts, "version_facts", watched)
    twins.note(CHURN, 2, "noted")
    twins.ours.search_model_versions()
    assert read == ["churn-model@1.1.0"]


def test_threads_may_ask_at_once_while_main_moves(tmp_path: Path) -> None:
    twins = _filled(tmp_path)

    def ask(number: int) -> tuple[int, str]:
        found = twins.ours.search_model_versions(f"name='{CHURN}'", max_results=100)
        return len(found), twins.ours.get_model_version(CHURN, number % 5 + 1).source

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask, number) for number in range(80)]
        for _ in range(5):
            twins.version(CHURN, source="file:/more")
        told = [one.result() for one in asked]
    assert [source for _, source in told] == [f"runs:/{number % 5 + 1}/model" for number in range(80)]
    assert all(5 <= count <= 10 for count, _ in told)
    assert len(twins.ours.search_model_versions(f"name='{CHURN}'")) == 10
