"""The gate on approvals: signed by real keys that the base allows, and never the author's own."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rollbook.access.roles import Person
from rollbook.errors import CannotTell
from rollbook.signing.sshsig import fingerprint
from rollbook.trail.occasion import occasion_at

from ..desk import POLICY, STAGES, codes, entry, manifest_text, one, policy_text, registry_files
from .bench import NEW, OCCASION, ROLES, known, said, state

if TYPE_CHECKING:
    from rollbook.check.gates.gate import Verdict
    from rollbook.signing.approval_signature import Occasion

    from ..desk import Desk, File
    from .bench import Keys

GATE = {"gate": "approvals", "count": 1, "role": "approver"}
TWO = {**GATE, "count": 2}
SIGNERS = "registry/allowed_signers"


def judged(desk: Desk, keys: Keys, line: str, gate: dict[str, Any] | None = None, **given: Any) -> Verdict:
    allowed = given.pop("allowed", keys.allowed("omar", "lena", "jane", "ana"))
    files = {STAGES: f"production: {line}\n", **given.pop("files", {})}
    circumstances = known(allowed_signers=allowed.encode(), **given)
    return said(desk, gate or GATE, files, policy=ROLES, known=circumstances)


def test_enough_approvals_pass(desk: Desk, keys: Keys) -> None:
    verdict = judged(desk, keys, keys.approved("omar", "lena"), TWO)
    assert (state(verdict), verdict.figure) == ("passed", "2 of 2 (omar@example.com, lena@example.com)")


def test_too_few_wait_with_the_count_and_who_it_is(desk: Desk, keys: Keys) -> None:
    verdict = judged(desk, keys, keys.approved("omar"), TWO)
    assert (state(verdict), verdict.figure) == ("waiting", "1 of 2 (omar@example.com)")
    assert verdict.threshold == "2 approvals by approvers other than the authors"
    assert "rollbook approve credit@1.1.0 production" in verdict.hint


def test_where_nothing_is_proposed_yet_the_gate_waits(desk: Desk) -> None:
    assert said(desk, GATE, policy=ROLES).figure == "0 of 1"


def test_the_requester_does_not_count(desk: Desk, keys: Keys) -> None:
    verdict = judged(desk, keys, keys.approved("jane"), {"gate": "approvals", "count": 1})
    assert state(verdict) == "waiting"
    assert "jane@example.com (asked for it)" in verdict.hint


def test_an_author_of_the_change_does_not_count_whoever_is_named_as_requester(desk: Desk, keys: Keys) -> None:
    verdict = judged(desk, keys, keys.approved("omar"), authors=frozenset(["Omar@example.com"]))
    assert state(verdict) == "waiting"
    assert "is an author of the change" in verdict.hint


def test_somebody_without_the_role_does_not_count(desk: Desk, keys: Keys) -> None:
    verdict = judged(desk, keys, keys.approved("ana"))
    assert state(verdict) == "waiting"
    assert "is no approver" in verdict.hint


def test_without_a_role_admins_and_approvers_count(desk: Desk, keys: Keys) -> None:
    gate = {"gate": "approvals", "count": 2}
    assert state(judged(desk, keys, keys.approved("ana", "omar"), gate)) == "passed"


def test_the_same_approval_twice_counts_once(desk: Desk, keys: Keys) -> None:
    assert judged(desk, keys, keys.approved("omar", "omar"), TWO).figure == "1 of 2 (omar@example.com)"


def test_one_key_under_two_names_counts_once(desk: Desk, keys: Keys) -> None:
    allowed = f"*@example.com {keys.public('omar')}\n"
    own, other = keys.approval("omar"), keys.approval("omar", by="lena@example.com")
    line = entry("1.1.0", extra=f", approvals: [{own}, {other}]")
    assert judged(desk, keys, line, TWO, allowed=allowed).figure == "1 of 2 (omar@example.com)"


@pytest.mark.parametrize(
    "changed",
    [
        {"reason": "another reason"},
        {"extra": ", traffic: 50"},
        {"extra": ', override: {reason: "now"}'},
    ],
)
def test_an_approval_of_other_content_is_worth_nothing(
    desk: Desk, keys: Keys, changed: dict[str, str]
) -> None:
    approval = keys.approval("omar")
    line = entry("1.1.0", **{**changed, "extra": f"{changed.get('extra', '')}, approvals: [{approval}]"})
    verdict = judged(desk, keys, line)
    assert state(verdict) == "waiting"
    assert "signed something else" in verdict.hint


@pytest.mark.parametrize("moved", [{"version": "1.0.0"}, {"target": "canary"}, {"start": "canary"}])
def test_an_approval_of_another_move_is_worth_nothing(desk: Desk, keys: Keys, moved: dict[str, str]) -> None:
    line = entry("1.1.0", extra=f", approvals: [{keys.approval('omar', **moved)}]")
    assert state(judged(desk, keys, line)) == "waiting"


def test_an_approval_of_another_manifest_is_worth_nothing(desk: Desk, keys: Keys) -> None:
    files: dict[str, File] = {f"{NEW}/version.yaml": manifest_text("credit", "1.1.0", "description: other\n")}
    assert state(judged(desk, keys, keys.approved("omar"), files=files)) == "waiting"


def test_a_key_that_is_not_allowed_is_worth_nothing(desk: Desk, keys: Keys) -> None:
    assert state(judged(desk, keys, keys.approved("omar"), allowed=keys.allowed("lena"))) == "waiting"


def test_an_expired_key_is_worth_nothing(desk: Desk, keys: Keys) -> None:
    expired = keys.allowed("omar", options='valid-before="20200101"')
    assert state(judged(desk, keys, keys.approved("omar"), allowed=expired)) == "waiting"
    valid = keys.allowed("omar", options='valid-after="20200101"')
    assert state(judged(desk, keys, keys.approved("omar"), allowed=valid)) == "passed"


def test_a_signature_for_another_purpose_is_worth_nothing(desk: Desk, keys: Keys) -> None:
    git_only = keys.allowed("omar", options='namespaces="git"')
    assert state(judged(desk, keys, keys.approved("omar"), allowed=git_only)) == "waiting"


@pytest.mark.parametrize("signature", ["", "nonsense", "-----BEGIN SSH SIGNATURE-----\nAAAA\n"])
def test_a_broken_signature_is_worth_nothing(desk: Desk, keys: Keys, signature: str) -> None:
    broken = f'{{by: omar@example.com, at: 2026-01-03T09:00:00Z, signature: "{signature}x"}}'.replace(
        "\n", "\\n"
    )
    assert state(judged(desk, keys, entry("1.1.0", extra=f", approvals: [{broken}]"))) == "waiting"


def test_reviews_on_a_forge_count_as_approvals(desk: Desk, keys: Keys) -> None:
    reviews = (Person(email="omar@example.com", login="omar"), Person(email="lena@example.com"))
    assert state(judged(desk, keys, entry("1.1.0"), TWO, reviews=reviews)) == "passed"


def test_somebody_who_signs_and_reviews_may_be_one_person(desk: Desk, keys: Keys) -> None:
    roles = ROLES.replace("lena@example.com", '"@omar"')
    circumstances = known(allowed_signers=keys.allowed("omar").encode(), reviews=(Person(login="omar"),))
    files = {STAGES: f"production: {keys.approved('omar')}\n"}
    verdict = said(desk, TWO, files, policy=roles, known=circumstances)
    assert verdict.figure.startswith("1 of 2")


def test_whoever_asked_by_the_address_that_a_forge_keeps_does_not_count(desk: Desk, keys: Keys) -> None:
    line = entry("1.1.0").replace("jane@example.com", "583231+Omar@users.noreply.github.com")
    gate = {"gate": "approvals", "count": 1}
    roles = "roles: {approver: ['@omar', '@lena']}\n"
    for login, expected in (("omar", "waiting"), ("lena", "passed")):
        circumstances = known(reviews=(Person(login=login),))
        files = {STAGES: f"production: {line}\n"}
        assert state(said(desk, gate, files, policy=roles, known=circumstances)) == expected


def test_the_author_s_review_does_not_count(desk: Desk, keys: Keys) -> None:
    roles = ROLES.replace("lena@example.com", '"@omar"')
    files = {STAGES: f"production: {entry('1.1.0')}\n"}
    circumstances = known(authors=frozenset(["@omar"]), reviews=(Person(login="Omar"),))
    assert state(said(desk, GATE, files, policy=roles, known=circumstances)) == "waiting"


@pytest.mark.parametrize(
    "other",
    [{"registry": "acme/other"}, {"policy_digest": "e" * 64}, {"number": 4}, {"landed_in": "e" * 40}],
)
def test_an_approval_of_another_occasion_is_worth_nothing(
    desk: Desk, keys: Keys, other: dict[str, Any]
) -> None:
    verdict = judged(desk, keys, keys.approved("omar", occasion=replace(OCCASION, **other)))
    assert state(verdict) == "waiting"
    assert "on another occasion" in verdict.hint


def test_an_approval_in_the_format_without_an_occasion_must_be_given_anew(desk: Desk, keys: Keys) -> None:
    verdict = judged(desk, keys, keys.approved("omar", occasion=None))
    assert state(verdict) == "waiting"
    assert "approve anew" in verdict.hint


def test_where_the_occasion_can_not_be_told_no_signed_approval_counts(desk: Desk, keys: Keys) -> None:
    def tell(_model: str) -> Occasion:
        raise CannotTell("this clone is shallow")

    for occasion in (tell, None):
        verdict = judged(desk, keys, keys.approved("omar"), occasion=occasion)
        assert state(verdict) == "waiting"
    assert "this clone is shallow" in judged(desk, keys, keys.approved("omar"), occasion=tell).hint


@pytest.mark.parametrize("hand", ["OMAR@example.com", "\uff4fmar@example.com", "key"])
def test_whoever_had_a_hand_in_the_change_does_not_count(desk: Desk, keys: Keys, hand: str) -> None:
    if hand == "key":
        hand = fingerprint(base64.b64decode(keys.public("omar").split()[1]))
    circumstances = known(allowed_signers=keys.allowed("omar").encode(), hands=frozenset([hand]))
    files = {STAGES: f"production: {keys.approved('omar')}\n"}
    verdict = said(desk, GATE, files, policy=ROLES, known=circumstances)
    assert (state(verdict), "is an author of the change" in verdict.hint) == ("waiting", True)


# --- in whole changes ---------------------------------------------------------------------------------


def before(
    keys: Keys, gate: str = "count: 1", stages: str = f"staging:\n  - {entry('1.1.0')}\n"
) -> dict[str, File]:
    gates = f"gates:\n  - {{gate: approvals, to: [production], {gate}}}\n"
    files = registry_files("1.0.0", "1.1.0")
    return {
        **files,
        POLICY: policy_text(ROLES + gates),
        SIGNERS: keys.allowed("omar", "jane", "lena"),
        STAGES: stages,
    }


def occasion(desk: Desk, base: dict[str, File]) -> Occasion:
    """The occasion of what lands on a commit of these files."""
    return occasion_at(desk.repository, desk.commit(base), "credit")


def merged(desk: Desk, base: dict[str, File], *steps: tuple[dict[str, File], str]) -> list[str]:
    """The codes of what is wrong with merging a branch with these commits, each with its author."""
    root = tip = desk.commit(base)
    for files, author in steps:
        tip = desk.commit(files, tip, author)
    return codes(desk.check_merge(root, tip)[0])


def test_a_proposal_and_then_its_approval_land(desk: Desk, keys: Keys) -> None:
    files = before(keys)
    proposed = {**files, STAGES: f"production: {entry('1.1.0')}\n"}
    approved = {**files, STAGES: f"production: {keys.approved('omar', occasion=occasion(desk, files))}\n"}
    assert merged(desk, files, (proposed, "jane@example.com"), (approved, "omar@example.com")) == []
    assert merged(desk, files, (proposed, "jane@example.com")) == ["RB410"]


def test_an_approver_who_also_edits_the_proposal_does_not_count(desk: Desk, keys: Keys) -> None:
    files = before(keys)
    proposed = {**files, STAGES: f"production: {entry('1.1.0', 'other')}\n"}
    approved = {**files, STAGES: f"production: {keys.approved('omar', occasion=occasion(desk, files))}\n"}
    assert merged(desk, files, (proposed, "jane@example.com"), (approved, "omar@example.com")) == ["RB410"]


def test_self_approval_under_another_s_name_does_not_count(desk: Desk, keys: Keys) -> None:
    files = before(keys)
    line = keys.approved("omar", occasion=occasion(desk, files)).replace(
        "requested_by: jane@", "requested_by: lena@"
    )
    assert merged(desk, files, ({**files, STAGES: f"production: {line}\n"}, "omar@example.com")) == ["RB410"]


def test_an_approval_is_stale_once_the_entry_changed(desk: Desk, keys: Keys) -> None:
    files = before(keys)
    approved = keys.approved("omar", occasion=occasion(desk, files))
    changed = approved.replace('reason: "because"', 'reason: "something else"')
    steps = [(f"production: {line}\n", author) for line, author in (
        (entry("1.1.0"), "jane@example.com"), (approved, "omar@example.com"), (changed, "jane@example.com"),
    )]  # fmt: skip
    assert merged(desk, files, *(({**files, STAGES: text}, author) for text, author in steps)) == ["RB410"]


def test_keys_that_come_with_the_change_are_not_allowed(desk: Desk, keys: Keys) -> None:
    files = {**before(keys), SIGNERS: keys.allowed("jane")}
    line = keys.approved("omar", occasion=occasion(desk, files))
    after = {**files, SIGNERS: keys.allowed("omar"), STAGES: f"production: {line}\n"}
    assert one(desk.check_change(files, after), "RB410").waiting


def test_fewer_approvals_asked_for_in_the_same_change_are_not_enough(desk: Desk, keys: Keys) -> None:
    files = before(keys, "count: 2")
    line = keys.approved("omar", occasion=occasion(desk, files))
    after = {**before(keys, "count: 1"), STAGES: f"production: {line}\n"}
    found = one(desk.check_change(files, after), "RB410")
    assert "waits for approvals: 1 of 2" in found.message


def back(desk: Desk, keys: Keys, *steps: str) -> list[str]:
    """The codes of what is wrong with bringing the archived 1.0.0 to production, with one approval of two."""
    files = before(keys, "count: 2, rollback_count: 1")
    tip = None
    for stages in steps:
        tip = desk.commit({**files, STAGES: stages}, tip)
    assert tip
    line = entry("1.0.0")
    now = occasion_at(desk.repository, tip, "credit")
    approval = keys.approval("omar", "1.0.0", start="archived", line=line, occasion=now)
    entered = f"production: {entry('1.0.0', extra=f', approvals: [{approval}]')}\n"
    head = desk.commit({**files, STAGES: entered}, tip)
    return codes(desk.check_merge(tip, head)[0])


ARCHIVED = f"archived:\n  - {entry('1.0.0')}\n"


def test_a_version_that_comes_back_needs_fewer_approvals(desk: Desk, keys: Keys) -> None:
    assert back(desk, keys, "", f"production: {entry('1.0.0')}\n", ARCHIVED) == []


def test_a_version_that_was_never_there_does_not_come_back(desk: Desk, keys: Keys) -> None:
    assert back(desk, keys, "", ARCHIVED) == ["RB410"]
