"""What goes out of use: deprecated once it is displaced, its sunset extended; and what serves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from access.conftest import Team, assemble
from building.world import World, rollbook

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import Ran

MODEL = "credit-approval"
OLD, NEW = f"{MODEL}@1.0.0", f"{MODEL}@1.1.0"
STAGES = f"registry/{MODEL}/stages.yaml"
GATE = "gates:\n  - {gate: deprecation, to: [deprecated]%s}\n"


def day(ahead: int) -> str:
    return f"{datetime.now(UTC) + timedelta(days=ahead):%Y-%m-%d}"


def _ready(world: World) -> None:
    """Version 1.0.0 is in production, 1.1.0 in staging."""
    world.register(MODEL, "1.0.0")
    world.promote(OLD, "staging")
    world.promote(OLD, "production")
    world.register(MODEL, "1.1.0")
    world.promote(NEW, "staging")


@pytest.fixture
def ready(started: Template) -> World:
    return started(_ready)


def to_production(world: World, *options: str) -> Ran:
    return rollbook(world.registry, "promote", NEW, "production", "--reason", "better", *options)


def deprecate(world: World, *options: str, reference: str = OLD) -> Ran:
    return rollbook(world.registry, "deprecate", reference, "--reason", "late", *options)


def entry(world: World, version: str = "1.0.0") -> dict[str, Any]:
    """The line of a version in main's stages.yaml, with its stage."""
    table = yaml.safe_load(world.git("show", f"main:{STAGES}"))
    for stage, held in table.items():
        for item in held if isinstance(held, list) else [held]:
            if item["version"] == version:
                return {"stage": stage, **item}
    raise AssertionError(version)


def displace_to_deprecated(world: World, settings: str = "") -> None:
    """Have the policy send what production displaces to `deprecated`, which a gate guards."""
    text = world.read("registry/policy.yaml").replace("displaced_to: archived", "displaced_to: deprecated")
    world.write("registry/policy.yaml", text + GATE % settings)
    world.commit()


# --- what production has just displaced


def test_what_was_displaced_is_deprecated_with_the_default_policy(ready: World) -> None:
    assert to_production(ready, "--land").code == 0
    assert entry(ready)["stage"] == "archived"
    facts = ("--replacement", NEW, "--sunset", day(120), "--migration", "Same inputs.")
    ran = deprecate(ready, *facts, "--land")
    assert ran.code == 0, ran.err
    line = entry(ready)
    assert (line["stage"], line["replacement"], line["sunset"]) == ("deprecated", NEW, day(120))
    ready.run("audit", "verify")


def test_promote_says_where_the_displaced_goes_and_until_when(ready: World) -> None:
    options = ("--displaced", "deprecated", "--sunset", day(120), "--migration", "Same inputs.")
    ran = to_production(ready, *options, "--land")
    assert ran.code == 0, ran.err
    line = entry(ready)
    facts = [line[name] for name in ("stage", "replacement", "sunset", "migration")]
    assert facts == ["deprecated", "1.1.0", day(120), "Same inputs."]


def test_a_sunset_alone_names_the_new_version_as_the_replacement(ready: World) -> None:
    assert to_production(ready, "--sunset", day(120), "--land").code == 0
    line = entry(ready)
    assert (line["stage"], line["replacement"], line["sunset"]) == ("archived", "1.1.0", day(120))


def test_the_displaced_goes_a_legal_way_only(ready: World) -> None:
    ran = to_production(ready, "--displaced", "canary")
    assert ran.code == 1
    assert "no transition from production to canary" in ran.err
    assert ready.git("for-each-ref", f"refs/heads/rollbook/promote/{MODEL}/1.1.0-production") == ""


@pytest.mark.parametrize("option", ["--displaced=archived", "--sunset=2099-01-01", "--migration=x"])
def test_nothing_is_said_of_a_displaced_version_where_none_is(ready: World, option: str) -> None:
    ran = rollbook(ready.registry, "promote", NEW, "canary", "--reason", "x", option)
    assert ran.code == 2
    assert "1.1.0 displaces no version from canary" in ran.err


def test_no_way_leads_around_the_gate_by_displacing(ready: World) -> None:
    displace_to_deprecated(ready)
    ran = to_production(ready)
    assert ran.code == 1
    assert "RB412" in ran.err
    assert "no sunset is set; no migration note" in ran.err


def test_a_displaced_version_that_satisfies_the_gate_makes_room(ready: World) -> None:
    displace_to_deprecated(ready)
    ran = to_production(ready, "--sunset", day(120), "--migration", "Same inputs.", "--land")
    assert ran.code == 0, ran.err
    assert entry(ready)["stage"] == "deprecated"


def test_other_gates_do_not_hold_up_what_only_makes_room(ready: World) -> None:
    ready.policy("gates:\n  - {gate: required-tags, tags: {quality: high}, to: [archived]}\n")
    assert to_production(ready, "--land").code == 0


def test_the_report_of_a_request_has_the_gate_of_the_displaced(ready: World) -> None:
    displace_to_deprecated(ready)
    branch = f"rollbook/promote/{MODEL}/1.1.0-production"
    assert to_production(ready, "--draft").code == 0
    ran = rollbook(ready.registry, "gates", "--base", "main", "--head", branch, "--json")
    reports = {report["version"]: report for report in json.loads(ran.out)["promotions"]}
    assert (reports["1.0.0"]["to"], reports["1.0.0"]["state"]) == ("deprecated", "failed")


def test_a_rollback_says_where_the_displaced_goes(ready: World) -> None:
    to_production(ready, "--land")
    ready.run("rollback", MODEL, "--displaced", "deprecated", "--reason", "errors", "--land")
    assert (entry(ready, "1.1.0")["stage"], entry(ready, "1.1.0")["replacement"]) == ("deprecated", "1.0.0")


# --- an extended sunset


@pytest.fixture
def retired(ready: World) -> World:
    """1.0.0 is deprecated, by a gate that asks for 90 days."""
    ready.policy(GATE % "")
    options = ("--displaced", "deprecated", "--sunset", day(95), "--migration", "Same inputs.")
    ran = to_production(ready, *options, "--land")
    assert ran.code == 0, ran.err
    return ready


def test_a_later_sunset_is_an_event_of_its_own(retired: World) -> None:
    ran = deprecate(retired, "--sunset", day(125), "--land")
    assert ran.code == 0, ran.err
    line = entry(retired)
    assert (line["sunset"], line["revision"], line["reason"]) == (day(125), 1, "late")
    assert (line["replacement"], line["migration"]) == ("1.1.0", "Same inputs.")
    last = json.loads(retired.run("history", MODEL, "--json").out)[-1]
    assert last["reason"] == f"late (sunset {day(95)} -> {day(125)})"
    retired.run("audit", "verify")


def test_a_sunset_is_extended_again_from_where_it_is(retired: World) -> None:
    deprecate(retired, "--sunset", day(125), "--land")
    assert deprecate(retired, "--sunset", day(140), "--land").code == 0
    assert entry(retired)["revision"] == 2


def test_a_proposed_extension_waits_on_its_branch(retired: World) -> None:
    ran = deprecate(retired, "--sunset", day(125), "--json")
    told = json.loads(ran.out)
    (move,) = told["moves"]
    assert (move["from"], move["to"]) == ("deprecated", "deprecated")
    assert told["changed"] == f"sunset {day(95)} -> {day(125)}"
    assert f"{OLD}: changes in deprecated" in retired.run("requests").out
    assert entry(retired)["sunset"] == day(95)


def test_an_earlier_sunset_needs_the_notice_of_the_gate(retired: World) -> None:
    ran = deprecate(retired, "--sunset", day(30))
    assert ran.code == 1
    assert f"the sunset {day(30)} is 30 days ahead" in ran.err
    assert deprecate(retired, "--sunset", day(92)).code == 0


@pytest.mark.parametrize("sunset", ["2027-02-30", "20270301", "soon", "2027-03-01\n"])
def test_a_sunset_is_a_day_of_the_calendar(retired: World, sunset: str) -> None:
    ran = deprecate(retired, "--sunset", sunset)
    assert ran.code == 2
    assert "is no day" in ran.err
    ran = rollbook(retired.registry, "rollback", MODEL, "--reason", "x", "--sunset", sunset)
    assert ran.code == 2


def test_nothing_new_is_no_change(retired: World) -> None:
    ran = deprecate(retired, "--sunset", day(95))
    assert ran.code == 1
    assert f"{OLD} is in deprecated already" in ran.err


def test_a_sunset_is_not_edited_by_hand(retired: World) -> None:
    branch = Team(retired, retired.root)
    branch.world.git("checkout", "-q", "-b", "by-hand")
    retired.write(STAGES, retired.read(STAGES).replace(day(95), day(125)))
    retired.git("commit", "-qam", "extend")
    ran = branch.check("by-hand")
    assert ran.code == 1
    assert "RB308" in ran.out


def test_a_deprecated_version_stands_when_its_sunset_comes_nearer(ready: World) -> None:
    options = ("--displaced", "deprecated", "--sunset", day(20), "--migration", "Same inputs.")
    assert to_production(ready, *options, "--land").code == 0
    ready.policy(GATE % "")
    assert ready.run("gates", OLD, "deprecated").out.count("passed") == 1


def _approved(world: World, keys: Path) -> None:
    team = assemble(world, keys)
    team.world.policy("gates:\n  - {gate: approvals, to: [canary], count: 1}\n")
    assert team.run("jane", "promote", OLD, "canary", "--traffic", "10", "--reason", "try").code == 0
    assert team.run("bob", "approve", OLD, "canary").code == 0
    landed = team.run("jane", "land", f"rollbook/promote/{MODEL}/1.0.0-canary")
    assert landed.code == 0, landed.err


def test_approvals_are_asked_for_again_and_hold_for_the_change_alone(started: Template, keys: Path) -> None:
    team = Team(started(_approved, keys), keys)
    branch = f"rollbook/promote/{MODEL}/1.0.0-canary"
    ran = team.run("jane", "promote", OLD, "canary", "--traffic", "60", "--reason", "no errors")
    assert ran.code == 0, ran.err
    assert "waits for approvals" in team.check(branch).out
    assert team.run("bob", "approve", OLD, "canary").code == 0
    ran = team.run("jane", "land", branch)
    assert ran.code == 0, ran.err
    (approval,) = entry(team.world)["approvals"]
    assert approval["by"] == "bob@example.com"
    assert team.run("ana", "audit", "verify").code == 0
    assert team.run("ana", "gates", "--all").code == 0


def test_a_change_in_place_meets_the_gates_by_which_it_came(ready: World) -> None:
    ready.promote(NEW, "canary", "--traffic", "10")
    ready.policy(
        "gates:\n  - {gate: required-tags, tags: {load: tested}, from: [staging], to: [canary]}\n"
        "  - {gate: required-tags, tags: {never: asked}, from: [production], to: [canary]}\n"
    )
    ran = rollbook(ready.registry, "promote", NEW, "canary", "--traffic", "50", "--reason", "x")
    assert ran.code == 1
    assert "no tag load" in ran.err
    assert "never" not in ran.err


def test_the_soak_of_before_counts_for_a_change_in_place(ready: World) -> None:
    ready.promote(NEW, "canary", "--traffic", "10")
    ready.policy("gates:\n  - {gate: soak, to: [canary], hours: 1}\n")
    ran = rollbook(ready.registry, "promote", NEW, "canary", "--traffic", "50", "--reason", "x")
    assert ran.code == 1
    assert "fails soak: 0.0 h in staging" in ran.err


# --- production


@pytest.mark.parametrize("words", [("deprecate",), ("archive",)])
def test_leaving_production_empty_is_warned_of(ready: World, words: tuple[str, ...]) -> None:
    ran = rollbook(ready.registry, *words, OLD, "--reason", "old")
    assert ran.code == 0
    assert f"warning: {MODEL} has nothing in production any more: 1.0.0 leaves it" in ran.err


def test_programs_are_warned_of_an_empty_production_too(ready: World) -> None:
    told = json.loads(ready.run("archive", OLD, "--reason", "old", "--json").out)
    assert told["warnings"] == [f"{MODEL} has nothing in production any more: 1.0.0 leaves it"]


def test_a_replaced_version_leaves_production_without_a_warning(ready: World) -> None:
    ran = to_production(ready, "--json")
    assert json.loads(ran.out)["warnings"] == []


def test_a_share_is_changed_in_place_only_by_another_one(ready: World) -> None:
    ready.promote(NEW, "canary", "--traffic", "10")
    ran = rollbook(ready.registry, "promote", NEW, "canary", "--traffic", "10", "--reason", "x")
    assert (ran.code, "is in canary already" in ran.err) == (1, True)
    ran = rollbook(ready.registry, "promote", NEW, "canary", "--reason", "x")
    assert (ran.code, "is in canary already" in ran.err) == (1, True)


def test_the_shares_of_a_shared_stage_are_no_more_than_the_whole(ready: World) -> None:
    text = ready.read("registry/policy.yaml").replace(
        "exclusive: true\n    displaced_to: staging", "exclusive: false"
    )
    ready.write("registry/policy.yaml", text)
    ready.commit()
    ready.register(MODEL, "1.2.0")
    ready.promote(f"{MODEL}@1.2.0", "staging")
    ready.promote(NEW, "canary", "--traffic", "60")
    ran = rollbook(ready.registry, "promote", f"{MODEL}@1.2.0", "canary", "--traffic", "50", "--reason", "x")
    assert ran.code == 1
    assert "RB317" in ran.err
    ready.promote(f"{MODEL}@1.2.0", "canary", "--traffic", "40")
    assert {entry(ready, "1.1.0")["stage"], entry(ready, "1.2.0")["stage"]} == {"canary"}
    ran = rollbook(ready.registry, "promote", NEW, "canary", "--traffic", "61", "--reason", "x")
    assert "add up to 101 %" in ran.err
