"""Back-filling a version under another's name lets nobody approve what they did themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from access.conftest import Team

REF = "credit-approval@1.1.0"
GATES = "gates:\n  - {gate: approvals, to: [production], count: 1}\n"


def back_filled(team: Team, name: str, created_by: str) -> None:
    """Somebody back-fills a version as made by somebody else, and brings it to staging."""
    artifact = str(team.world.artifact(b"back-filled"))
    options = ("--version", "1.1.0", "--created-at", "2024-03-01", "--created-by", created_by, "--land")
    for call in (
        ("register", "credit-approval", artifact, *options),
        ("promote", REF, "staging", "--reason", "try", "--land"),
    ):
        ran = team.run(name, *call)
        assert ran.code == 0, ran.err


def test_who_back_filled_it_under_another_name_and_asks_for_it_can_not_approve(team: Team) -> None:
    team.become("ana")
    team.world.policy(GATES)
    back_filled(team, "ana", "bob@example.com")
    assert team.run("ana", "promote", REF, "production", "--reason", "good").code == 0
    ran = team.run("ana", "approve", REF, "production")
    assert (ran.code, "requested this" in ran.err) == (1, True)


def test_who_is_named_as_maker_may_approve_what_others_ask_for(team: Team) -> None:
    team.become("ana")
    team.world.policy(GATES)
    back_filled(team, "jane", "bob@example.com")
    branch = team.run("jane", "promote", REF, "production", "--reason", "good").out.strip()
    assert team.check(branch).code == 1
    assert team.run("bob", "approve", REF, "production").code == 0
    assert team.check(branch).code == 0


def test_who_back_filled_it_and_lets_it_be_asked_for_in_anothers_name_does_not_count(team: Team) -> None:
    team.become("ana")
    team.world.policy(GATES)
    back_filled(team, "ana", "jane@example.com")
    branch = team.run("ana", "promote", REF, "production", "--reason", "good").out.strip()
    # Another asks, as the entry says; the commit is still hers.
    stages = "registry/credit-approval/stages.yaml"
    text = team.world.git("show", f"{branch}:{stages}").replace(
        "requested_by: ana@example.com", "requested_by: jane@example.com"
    )
    team.change("ana", "sly", stages, f"{text}\n")
    ran = team.run("ana", "approve", REF, "production", "--branch", "sly")
    assert ran.code == 0, ran.err
    found = team.check("sly")
    assert found.code == 1
    assert "ana@example.com (is an author of the change)" in found.out + found.err
