"""Several registries read as one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from building.texts import POLICY, model, registry_files, versions
from building.work_tree import new_repository
from building.world import Ran, rollbook
from rollbook.errors import BadCall, NotFound, Refused
from rollbook.registry.federation import Federation

if TYPE_CHECKING:
    from pathlib import Path

RISK_STAGES = (
    "production: {version: 1.1.0, reason: x, requested_by: j@x.com, requested_at: 2026-11-21T09:00:00Z}\n"
)
SEARCH = {
    "registry/policy.yaml": POLICY,
    "registry/ranking/model.yaml": model("ranking"),
    "registry/ranking/stages.yaml": RISK_STAGES,
    **versions("ranking", "1.0.0", "1.1.0"),
}


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Registries in the folders risk and search; `clash` has a model that risk has too; `plain` is none."""
    top = tmp_path_factory.mktemp("federation")
    new_repository(top / "risk", registry_files())
    new_repository(top / "search", SEARCH)
    new_repository(top / "clash", {"registry/policy.yaml": POLICY, **versions("credit-approval", "9.0.0")})
    new_repository(top / "plain", {"x": "y"})
    return top


def over(top: Path, *arguments: str, names: tuple[str, ...] = ("risk", "search")) -> Ran:
    return rollbook(top, *arguments, *(word for name in names for word in ("--repo", name)))


def test_a_reference_is_looked_up_in_each(top: Path):
    for reference, version in (("credit-approval@production", "1.1.0"), ("ranking@production", "1.1.0")):
        assert over(top, "resolve", reference, "--field", "version").out == f"{version}\n"


def test_the_answer_is_that_of_the_registry_that_has_the_model(top: Path):
    for command in ("resolve", "show"):
        alone = rollbook(top, "-C", "search", command, "ranking@1.0.0", "--json")
        assert (over(top, command, "ranking@1.0.0", "--json"), alone.code) == (alone, 0)


def test_a_model_in_a_namespace_is_found(top: Path):
    assert over(top, "resolve", "risk/fraud@latest").code == 0


def test_urls_and_paths_go_together(top: Path):
    ran = over(
        top, "resolve", "ranking@latest", "--field", "version", names=("risk", (top / "search").as_uri())
    )
    assert ran.out == "1.1.0\n"


def test_a_model_in_two_registries_is_an_error_that_names_both(top: Path):
    for reference in ("credit-approval@production", "credit-approval@9.0.0"):
        ran = over(top, "resolve", reference, names=("risk", "clash", "search"))
        assert (ran.code, ran.out) == (1, "")
        assert "'credit-approval' is a model of several registries: risk and clash" in ran.err


def test_a_registry_that_is_named_twice_counts_once(top: Path):
    assert over(top, "resolve", "ranking@latest", names=("search", "search")).code == 0


def test_a_model_in_none_suggests_the_nearest_of_all(top: Path):
    ran = over(top, "resolve", "rankin@latest")
    assert (ran.code, ran.out) == (1, "")
    assert "none of the registries has a model 'rankin'" in ran.err
    assert "Did you mean ranking?" in ran.err


def test_a_repository_that_is_no_registry_is_an_error_when_the_model_is_nowhere(top: Path):
    assert "there is no registry" in over(top, "resolve", "nothing@latest", names=("search", "plain")).err


def test_a_repository_that_is_not_there_is_an_error_even_if_another_has_the_model(top: Path):
    ran = over(top, "resolve", "ranking@latest", names=("search", "file:///nowhere"))
    assert (ran.code, ran.out) == (1, "")


def test_a_list_has_the_models_of_all_and_where_they_are(top: Path):
    lines = [line.split() for line in over(top, "list").out.splitlines()]
    assert lines[0][:3] == ["registry", "model", "latest"]
    assert [line[:2] for line in lines[1:]] == [
        ["risk", "credit-approval"],
        ["search", "ranking"],
        ["risk", "risk/fraud"],
    ]


def test_a_list_as_json_has_the_items_of_each_with_its_address(top: Path):
    alone = {name: json.loads(rollbook(top, "-C", name, "list", "--json").out) for name in ("risk", "search")}
    listed = json.loads(over(top, "list", "--json").out)
    for name, items in alone.items():
        assert [item for item in listed if item["registry"] == name] == [
            {"registry": name, **item} for item in items
        ]


def test_both_of_two_models_with_one_name_are_listed(top: Path):
    listed = json.loads(over(top, "list", "--json", names=("risk", "clash")).out)
    assert [item["registry"] for item in listed if item["model"] == "credit-approval"] == ["risk", "clash"]


def test_the_versions_of_a_model_are_listed_from_where_it_is(top: Path):
    alone = rollbook(top, "-C", "search", "list", "ranking", "--json")
    assert over(top, "list", "ranking", "--json") == alone


def test_one_address_lists_that_registry_as_it_is(top: Path):
    assert over(top, "list", names=("search",)) == rollbook(top, "-C", "search", "list")


def test_an_index_and_several_registries_do_not_go_together(top: Path):
    assert over(top, "resolve", "ranking@latest", "--index", "x").code == 2


def test_a_date_counts_in_each(top: Path):
    assert over(top, "resolve", "ranking@latest", "--at", "2001-01-01").code == 1
    assert over(top, "resolve", "ranking@latest", "--at", "2100-01-01").code == 0


def test_a_credential_in_an_address_is_not_shown(top: Path):
    with Federation.open([str(top / "risk"), "https://user:s3cret@127.0.0.1:1/x"]) as federation:
        assert [member.address for member in federation.members] == [
            str(top / "risk"),
            "https://127.0.0.1:1/x",
        ]


def test_the_python_api_answers_the_same(top: Path):
    with Federation.open([str(top / "risk"), str(top / "search")]) as federation:
        assert [model.name for model in federation.models()] == ["credit-approval", "ranking", "risk/fraud"]
        assert str(federation.version("ranking@production")) == "ranking@1.1.0"
        with pytest.raises(NotFound):
            federation.model("nothing")
        with pytest.raises(BadCall):
            federation.model("../x")
    with Federation.open([str(top / "risk"), str(top / "clash")]) as federation, pytest.raises(Refused):
        federation.model("credit-approval")
