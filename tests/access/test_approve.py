"""Approvals without a forge: SSH signatures over a transition, in its entry."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.conftest import Team, assemble
from rollbook.records.stages import parse_stages
from rollbook.signing.approval_signature import TransitionContent, valid_approvers

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World

BRANCH = "rollbook/promote/credit-approval/1.0.0-production"
STAGES = "registry/credit-approval/stages.yaml"


def propose(world: World, keys: Path) -> None:
    """Jane has proposed to put the version into production."""
    team = assemble(world, keys)
    ran = team.run("jane", "promote", "credit-approval@1.0.0", "production", "--reason", "good")
    assert ran.code == 0, ran.err


@pytest.fixture
def proposed(started: Template, keys: Path) -> Team:
    return Team(started(propose, keys), keys)


def approvals(team: Team) -> tuple[dict[str, str], ...]:
    data = team.world.git("show", f"{BRANCH}:{STAGES}").encode()
    entry = parse_stages(data, STAGES).entry_of("1.0.0")
    assert entry is not None
    return entry.approvals  # type: ignore[return-value]


def test_an_approver_signs_the_transition_into_its_entry(proposed: Team) -> None:
    ran = proposed.run("bob", "approve", "credit-approval@1.0.0", "production")
    assert ran.code == 0, ran.err
    (approval,) = approvals(proposed)
    assert approval["by"] == "bob@example.com"
    assert approval["signature"].startswith("-----BEGIN SSH SIGNATURE-----")
    assert proposed.check(BRANCH).code == 0


def test_an_approval_touches_neither_checkout_nor_index(proposed: Team) -> None:
    before = proposed.world.git("status", "--porcelain"), proposed.world.git("rev-parse", "HEAD")
    proposed.run("bob", "approve", "credit-approval@1.0.0", "production")
    assert (proposed.world.git("status", "--porcelain"), proposed.world.git("rev-parse", "HEAD")) == before


def test_the_requester_can_not_approve(proposed: Team) -> None:
    ran = proposed.run("jane", "approve", "credit-approval@1.0.0", "production")
    assert ran.code == 1
    assert "requested this" in ran.err


def test_somebody_without_the_role_can_not_approve(proposed: Team) -> None:
    ran = proposed.run("mallory", "approve", "credit-approval@1.0.0", "production")
    assert ran.code == 1
    assert "is no approver" in ran.err


def test_a_key_that_the_registry_does_not_allow_can_not_approve(proposed: Team) -> None:
    proposed.become("bob")
    proposed.world.git("config", "user.signingKey", str(proposed.keys / "mallory.pub"))
    from building.world import rollbook

    ran = rollbook(proposed.world.registry, "approve", "credit-approval@1.0.0", "production")
    assert ran.code == 1
    assert "has no such key for bob@example.com" in ran.err
    assert approvals(proposed) == ()


def test_nobody_approves_twice(proposed: Team) -> None:
    proposed.run("bob", "approve", "credit-approval@1.0.0", "production")
    ran = proposed.run("bob", "approve", "credit-approval@1.0.0", "production")
    assert ran.code == 1
    assert "approved this already" in ran.err


def test_without_a_proposal_there_is_nothing_to_approve(team: Team) -> None:
    ran = team.run("bob", "approve", "credit-approval@1.0.0", "production")
    assert ran.code == 1
    assert "no request is open" in ran.err


def test_a_branch_that_has_landed_is_not_approved(team: Team) -> None:
    team.world.git("branch", BRANCH, "main")
    ran = team.run("bob", "approve", "credit-approval@1.0.0", "production")
    assert ran.code == 1
    assert "no request is open" in ran.err
    assert team.world.git("rev-parse", BRANCH) == team.world.git("rev-parse", "main")


def test_the_open_request_on_the_remote_is_approved_where_a_landed_branch_stands_here(proposed: Team) -> None:
    world = proposed.world
    world.git("push", "--quiet", "origin", BRANCH)
    world.git("fetch", "--quiet")
    world.git("branch", "--quiet", "--force", BRANCH, "main")
    ran = proposed.run("bob", "approve", "credit-approval@1.0.0", "production")
    assert ran.code == 0, ran.err
    assert world.git("rev-parse", f"{BRANCH}~1") == world.git("rev-parse", f"origin/{BRANCH}")


CONTENT = TransitionContent(
    "credit-approval",
    "1.0.0",
    "staging",
    "production",
    "good",
    "jane@example.com",
    "2026-11-21T09:00:00Z",
    None,
    "a" * 64,
)


@given(
    field=st.sampled_from(
        [
            "model",
            "version",
            "start",
            "target",
            "reason",
            "requested_by",
            "manifest_digest",
            "automatic",
            "despite",
            "note",
        ]
    ),
    text=st.text(min_size=1, max_size=20),
)
def test_every_field_of_a_transition_changes_what_is_signed(field: str, text: str) -> None:
    from dataclasses import replace

    other = replace(CONTENT, **{field: text})
    assert (other.canonical() == CONTENT.canonical()) == (other == CONTENT)


def test_an_approval_of_another_content_does_not_hold(proposed: Team) -> None:
    from dataclasses import replace

    from rollbook.signing.approval_signature import NAMESPACE
    from rollbook.signing.ssh_keygen import ssh_sign

    signature = ssh_sign(CONTENT.canonical(), str(proposed.keys / "bob"), NAMESPACE).decode()
    approval = {"by": "bob@example.com", "at": "2026-11-21T09:00:00Z", "signature": signature}
    allowed = proposed.read("registry/allowed_signers").encode()
    assert valid_approvers(CONTENT, (approval,), allowed) == ["bob@example.com"]
    assert valid_approvers(replace(CONTENT, reason="better"), (approval,), allowed) == []


def test_a_signature_made_for_git_is_no_approval(proposed: Team) -> None:
    from rollbook.signing.ssh_keygen import ssh_sign

    signature = ssh_sign(CONTENT.canonical(), str(proposed.keys / "bob"), "git").decode()
    approval = {"by": "bob@example.com", "at": "2026-11-21T09:00:00Z", "signature": signature}
    assert valid_approvers(CONTENT, (approval,), proposed.read("registry/allowed_signers").encode()) == []


def test_a_key_counts_only_while_it_is_valid(proposed: Team) -> None:
    from rollbook.signing.approval_signature import NAMESPACE
    from rollbook.signing.ssh_keygen import ssh_sign

    signature = ssh_sign(CONTENT.canonical(), str(proposed.keys / "bob"), NAMESPACE).decode()
    approval = {"by": "bob@example.com", "at": "2026-11-21T09:00:00Z", "signature": signature}
    key = (proposed.keys / "bob.pub").read_text()
    allowed = f'bob@example.com valid-before="20260101Z" {key}'.encode()
    assert valid_approvers(CONTENT, (approval,), allowed, datetime(2025, 6, 1, tzinfo=UTC)) == [
        "bob@example.com"
    ]
    assert valid_approvers(CONTENT, (approval,), allowed, datetime(2026, 6, 1, tzinfo=UTC)) == []


def test_a_note_is_signed_kept_and_on_record(proposed: Team) -> None:
    note = "Looked at the fairness report: fine"
    ran = proposed.run("bob", "approve", "credit-approval@1.0.0", "production", "--note", f" {note} ")
    assert ran.code == 0, ran.err
    assert f"  note: {note}\n" in ran.err
    (approval,) = approvals(proposed)
    assert approval["note"] == note
    assert proposed.run("bob", "land", BRANCH).code == 0
    told = proposed.world.git(
        "for-each-ref", "--format=%(contents)", "refs/tags/credit-approval#production#*"
    )
    assert f"\nReason: good (bob@example.com approves: {note})\n" in told
    assert "\nApproved-By: bob@example.com\n" in told
    assert note in proposed.run("bob", "history", "credit-approval").out
    shown = proposed.run("bob", "show", "credit-approval@1.0.0", "--rev", "main").out
    assert f"bob@example.com: {note}" in shown
    report = proposed.run("bob", "history", "--report", "2026-01-01..2099-12-31").out
    assert "Looked at the fairness report" in report  # the colon behind it is written as a reference
    verified = proposed.run("bob", "audit", "verify", "--json")
    assert "RB612" not in verified.out


def test_a_note_that_was_changed_or_taken_out_is_no_approval(team: Team) -> None:
    team.become("ana")
    team.world.policy("gates:\n  - {gate: approvals, to: [production], count: 1}\n")
    team.run("jane", "promote", "credit-approval@1.0.0", "production", "--reason", "good")
    team.run("bob", "approve", "credit-approval@1.0.0", "production", "--note", "fine")
    assert team.check(BRANCH).code == 0
    data = team.world.git("show", f"{BRANCH}:{STAGES}")
    for name, other in (
        ("changed", "note: fine by all"),
        ("listed", "note: [fine]"),
        ("emptied", 'note: ""'),
    ):
        assert data.count("note: fine") == 1
        team.change("jane", name, STAGES, data.replace("note: fine", other) + "\n", start=BRANCH)
        found = team.check(name)
        assert (found.code, "RB410" in found.out) == (1, True), name


def test_an_approval_without_a_note_signs_what_it_signed_before() -> None:
    assert CONTENT.noted_in({"by": "bob@example.com"}) == CONTENT
    assert CONTENT.noted_in({"note": ""}).canonical() == CONTENT.canonical()
    assert b"note" not in CONTENT.canonical()
    assert CONTENT.noted_in({"note": "fine"}).canonical() != CONTENT.canonical()
    assert CONTENT.noted_in({"note": 7}).canonical() != CONTENT.canonical()


@pytest.mark.parametrize(
    ("note", "said"),
    [("x" * 2001, "2,001 characters"), ("a\x1b[31mred", "can't be shown"), ("a\rb", "can't be")],
)
def test_a_note_that_no_file_holds_is_refused_before_anything_is_signed(
    proposed: Team, note: str, said: str
) -> None:
    ran = proposed.run("bob", "approve", "credit-approval@1.0.0", "production", "--note", note)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert approvals(proposed) == ()


def test_blanks_are_no_note(proposed: Team) -> None:
    assert proposed.run("bob", "approve", "credit-approval@1.0.0", "production", "--note", "  ").code == 0
    (approval,) = approvals(proposed)
    assert "note" not in approval
