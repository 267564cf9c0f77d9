"""`rollbook model edit`: what is said of a model changes by a proposal, and nothing else in the file does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from building.world import rollbook

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World

PATH = "registry/credit/model.yaml"
HAND_WRITTEN = """\
# the model of the loans desk
name: credit
owner: ann@example.com # on leave in May
tags: {domain: lending} # as the catalogue has it
gates:
  # agreed with the board
  - {gate: metric-threshold, to: [production], metric: auc, min: 0.9}
"""


def described(world: World) -> None:
    """A model whose record a person wrote."""
    world.register("credit", "1.0.0")
    world.write(PATH, HAND_WRITTEN)
    world.commit("Describe it by hand")


@pytest.fixture
def ready(started: Template) -> World:
    return started(described)


def edited(world: World, *options: str) -> str:
    world.run("model", "edit", "credit", *options, "--land")
    return world.git("show", f"main:{PATH}")


def test_comments_and_order_stay_and_a_new_field_stands_where_people_look_for_it(ready: World) -> None:
    options = ("--display-name", "Credit", "--owner", "bo@example.com", "--compliance", "high-risk")
    assert edited(ready, *options) == (
        "# the model of the loans desk\n"
        "name: credit\n"
        "display_name: Credit\n"
        "owner: bo@example.com # on leave in May\n"
        "tags: {domain: lending} # as the catalogue has it\n"
        "compliance: high-risk\n"
        "gates:\n"
        "  # agreed with the board\n"
        "  - {gate: metric-threshold, to: [production], metric: auc, min: 0.9}"
    )


@pytest.mark.parametrize(
    ("option", "value", "field"),
    [
        ("--display-name", "Credit (loans)", "display_name"),
        ("--description", "Scores loans", "description"),
        ("--team", "risk", "team"),
        ("--task", "classification", "task"),
        ("--use-case", "Pre-screening", "use_case"),
        ("--compliance", "eu-ai-act-high-risk", "compliance"),
        ("--data-classification", "confidential", "data_classification"),
    ],
)
def test_each_option_sets_its_field_and_empty_text_takes_it_out(
    ready: World, option: str, value: str, field: str
) -> None:
    edited(ready, option, value)
    assert record(ready)[field] == value
    assert edited(ready, option, "") == HAND_WRITTEN.rstrip()


def record(world: World) -> dict[str, Any]:
    shown = world.run("show", "credit@1.0.0", "--rev", "main", "--json").out
    found: dict[str, Any] = json.loads(shown)["record"]
    return found


def test_tags_are_set_and_taken_out(ready: World) -> None:
    edited(ready, "--tag", "tier=1", "--tag", "region=eu")
    edited(ready, "--remove-tag", "domain", "--tag", "tier=2")
    assert record(ready)["tags"] == {"tier": "2", "region": "eu"}


def test_show_prints_what_the_model_is_called_and_how_its_data_is_classified(ready: World) -> None:
    edited(ready, "--display-name", "Credit (loans)", "--data-classification", "secret")
    out = ready.run("show", "credit@1.0.0", "--rev", "main").out
    assert "display name  Credit (loans)\n" in out
    assert "data class    secret\n" in out
    found = ready.run(
        "query", "SELECT display_name, data_classification FROM models", "--json", "--rev", "main"
    )
    assert '"Credit (loans)"' in found.out


def test_the_proposal_says_what_it_changes_and_leaves_the_checkout(ready: World) -> None:
    told = json.loads(ready.run("model", "edit", "credit", "--team", "risk", "--tag", "a=b", "--json").out)
    assert told["changed"] == ["team", "tags"]
    assert told["branch"].startswith("rollbook/edit/credit/")
    assert "Changed: team, tags" in ready.git("log", "-1", "--format=%B", told["branch"])
    assert ready.read(PATH) == HAND_WRITTEN
    assert ready.git("status", "--porcelain") == ""


def test_two_edits_have_branches_of_their_own(ready: World) -> None:
    branches = {ready.run("model", "edit", "credit", "--team", team).out for team in ("risk", "loans")}
    assert len(branches) == 2


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ((), 2, "nothing to change"),
        (("--owner", ""), 2, "a model has an owner"),
        (("--owner", "ann@example.com"), 1, "says so already"),
        (("--owner", "a\nb"), 2, "owner"),
        (("--task", "Not An Identifier"), 2, "task"),
        (("--description", "\x1b[31mred"), 2, "description"),
        (("--tag", "a b=1"), 2, "tags"),
        (("--tag", "a=1", "--remove-tag", "a"), 2, "both set and removed"),
        (("--remove-tag", "domian"), 1, "domain"),
    ],
)
def test_an_edit_that_makes_no_sense_is_refused_and_leaves_no_branch(
    ready: World, options: tuple[str, ...], code: int, said: str
) -> None:
    ran = rollbook(ready.registry, "model", "edit", "credit", *options)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert ready.git("for-each-ref", "refs/heads/rollbook/edit") == ""


def test_an_unknown_model_is_not_made(ready: World) -> None:
    ran = rollbook(ready.registry, "model", "edit", "credti", "--team", "risk")
    assert ran.code == 1
    assert "credit" in ran.err
    assert ready.git("for-each-ref", "refs/heads/rollbook/edit") == ""


def test_the_same_edit_twice_is_one_proposal(ready: World) -> None:
    ready.run("model", "edit", "credit", "--team", "risk")
    ran = rollbook(ready.registry, "model", "edit", "credit", "--team", "risk")
    assert (ran.code, "exists already" in ran.err) == (1, True)


def test_who_may_not_change_models_lands_no_edit(ready: World) -> None:
    ready.policy("roles: {admin: [root@example.com], approver: [jane@example.com]}\n")
    ran = rollbook(ready.registry, "model", "edit", "credit", "--team", "risk", "--land")
    assert ran.code == 1
    assert "RB501" in ran.err
    assert "team" not in ready.git("show", f"main:{PATH}")


def test_a_new_models_record_is_told_when_its_first_version_is_registered(world: World) -> None:
    options = ["--display-name", "Fraud", "--model-description", "Scores payments", "--description", "first"]
    options += ["--compliance", "pci", "--data-classification", "secret", "--model-tag", "domain=cards"]
    world.register("fraud", "1.0.0", *options)
    found = world.git("show", "main:registry/fraud/model.yaml").split("\n", 1)[1]
    assert found == (
        "name: fraud\ndisplay_name: Fraud\nowner: jane@example.com\ndescription: Scores payments\n"
        "tags:\n  domain: cards\ncompliance: pci\ndata_classification: secret"
    )


def test_what_is_told_of_a_known_model_is_left_out_and_said(ready: World) -> None:
    artifact = str(ready.artifact(b"other"))
    ran = ready.run("register", "credit", artifact, "--team", "risk", "--display-name", "Credit")
    assert "credit is known: left out: display_name, team" in ran.err
    assert "rollbook model edit credit" in ran.err
