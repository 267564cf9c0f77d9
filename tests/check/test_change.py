"""Rules between two trees: write-once, transitions, versions, and the policy of the base."""

from __future__ import annotations

import pytest

from .desk import (
    MODEL,
    POLICY,
    STAGES,
    V1,
    Desk,
    codes,
    entry,
    evidence_text,
    manifest_text,
    model_files,
    model_text,
    one,
    only,
    pointer_text,
    policy_text,
    registry_files,
    version_files,
)

MANIFEST = f"{V1}/version.yaml"
POINTER = f"{V1}/model.onnx.dvc"


def test_a_change_of_nothing_has_no_findings(desk: Desk) -> None:
    assert desk.check_change(registry_files(), registry_files()) == []


def test_an_edited_manifest_is_found(desk: Desk) -> None:
    edited = manifest_text(extra="metrics: {auc: 0.99}\n")
    assert (
        only(desk.check_change(registry_files(), registry_files() | {MANIFEST: edited}), "RB301").path
        == MANIFEST
    )


def test_an_edited_pointer_is_found(desk: Desk) -> None:
    edited = pointer_text().replace("b" * 32, "c" * 32)
    assert (
        only(desk.check_change(registry_files(), registry_files() | {POINTER: edited}), "RB301").path
        == POINTER
    )


def test_edited_evidence_is_found(desk: Desk) -> None:
    path = f"{V1}/evidence/evaluation-1.yaml"
    before = registry_files() | {path: evidence_text().replace("passed: true", "passed: false")}
    assert only(desk.check_change(before, before | {path: evidence_text()}), "RB301").path == path


def test_a_mode_change_of_a_manifest_is_found(desk: Desk) -> None:
    found = desk.check_change(
        registry_files(), registry_files() | {MANIFEST: ("100755", manifest_text().encode())}
    )
    assert "100755" in one(found, "RB301").message


def test_a_manifest_that_becomes_a_link_is_found(desk: Desk) -> None:
    found = desk.check_change(
        registry_files(), registry_files() | {MANIFEST: ("120000", b"../1.1.0/version.yaml")}
    )
    assert {"RB301", "RB105"} <= set(codes(found))


def test_a_manifest_that_becomes_a_directory_is_found(desk: Desk) -> None:
    after = registry_files()
    after[f"{MANIFEST}/x"] = after.pop(MANIFEST)
    assert one(desk.check_change(registry_files(), after), "RB302").path == MANIFEST


def test_a_renamed_version_is_found_with_where_it_went(desk: Desk) -> None:
    before = registry_files()
    after = {path.replace("1.0.0", "1.0.1"): content for path, content in before.items()}
    found = one(desk.check_change(before, after), "RB302")
    assert "1.0.1/version.yaml" in found.message


def test_a_removed_version_is_one_finding(desk: Desk) -> None:
    found = only(desk.check_change(registry_files("1.0.0", "1.1.0"), registry_files("1.1.0")), "RB302")
    assert found.path == MANIFEST


def test_a_removed_model_is_a_finding_for_each_version(desk: Desk) -> None:
    before = registry_files() | model_files("1.0.0", "2.0.0", model="debit")
    assert codes(desk.check_change(before, registry_files())) == ["RB302", "RB302"]


def test_a_removed_pointer_is_found(desk: Desk) -> None:
    after = registry_files()
    del after[POINTER]
    assert "RB302" in codes(desk.check_change(registry_files(), after))


def test_requirements_added_after_the_registration_are_found(desk: Desk) -> None:
    path = f"{V1}/requirements.txt"
    assert (
        only(desk.check_change(registry_files(), registry_files() | {path: "numpy==1.0\n"}), "RB301").path
        == path
    )


def test_evidence_card_and_notes_may_be_added_later(desk: Desk) -> None:
    added = {
        f"{V1}/evidence/evaluation-1.yaml": evidence_text(),
        f"{V1}/card.md": "# Card\n",
        f"{V1}/notes.yaml": "description: good\n",
    }
    assert desk.check_change(registry_files(), registry_files() | added) == []


def test_a_case_twin_of_a_manifest_is_found(desk: Desk) -> None:
    found = desk.check_change(registry_files(), registry_files() | {f"{V1}/VERSION.yaml": manifest_text()})
    assert {"RB104", "RB202"} == set(codes(found))


def test_a_new_version_is_fine(desk: Desk) -> None:
    assert desk.check_change(registry_files(), registry_files("1.0.0", "1.1.0")) == []


def test_a_first_registry_is_judged_by_its_own_policy(desk: Desk) -> None:
    files = registry_files() | {STAGES: f"staging:\n  - {entry('1.0.0')}\n"}
    assert desk.check_change({"README.md": "x"}, files) == []
    files[STAGES] = f"production: {entry('1.0.0')}\n"
    only(desk.check_change({"README.md": "x"}, files), "RB303")


def test_what_a_change_does_not_touch_is_not_judged(desk: Desk) -> None:
    broken = model_files("1.0.0", model="debit") | {"registry/debit/model.yaml": "x", "registry/stray": "x"}
    before = registry_files() | broken
    assert desk.check_change(before, before | {MODEL: model_text(extra="team: risk\n")}) == []


def test_a_change_of_the_policy_judges_everything(desk: Desk) -> None:
    files = registry_files() | {STAGES: f"staging:\n  - {entry('1.0.0')}\n"}
    policy = policy_text().replace("name: staging", "name: testing").replace("[staging, ", "[testing, ")
    policy = policy.replace("displaced_to: staging", "displaced_to: testing")
    assert only(desk.check_change(files, files | {POLICY: policy}), "RB206").path == STAGES


def stages(**holders: str) -> str:
    exclusive = ("production", "canary")
    return "".join(
        f"{stage}: {entry(version)}\n" if stage in exclusive else f"{stage}:\n  - {entry(version)}\n"
        for stage, version in holders.items()
    )


def move(desk: Desk, before: str, after: str) -> list[str]:
    files = registry_files("1.0.0", "1.1.0")
    old = files | ({STAGES: before} if before else {})
    new = files | ({STAGES: after} if after else {})
    return [f"{found.code} {found.message}" for found in desk.check_change(old, new)]


def test_a_legal_transition_is_fine(desk: Desk) -> None:
    assert move(desk, "", stages(staging="1.0.0")) == []


def test_a_jump_over_a_stage_is_refused_with_the_legal_ways(desk: Desk) -> None:
    files = registry_files()
    found = only(desk.check_change(files, files | {STAGES: stages(production="1.0.0")}), "RB303")
    assert "development to production" in found.message
    assert "staging" in found.hint
    assert (found.path, found.line, found.key) == (STAGES, 1, "production")


def test_the_displaced_version_goes_where_the_policy_says(desk: Desk) -> None:
    before = stages(production="1.0.0", staging="1.1.0")
    assert move(desk, before, stages(production="1.1.0", archived="1.0.0")) == []


def test_the_displaced_version_claims_no_gate_that_was_waived(desk: Desk) -> None:
    before = stages(production="1.0.0", staging="1.1.0")
    claims = entry("1.0.0", extra=", waived: [soak]")
    (found,) = move(desk, before, f"{stages(production='1.1.0')}archived:\n  - {claims}\n")
    assert found.startswith("RB312")


def test_a_version_that_nothing_displaces_takes_a_legal_way(desk: Desk) -> None:
    (found,) = move(desk, stages(production="1.0.0"), stages(archived="1.0.0"))
    assert found.startswith("RB303")


def test_a_version_that_drops_out_of_production_is_found(desk: Desk) -> None:
    before = stages(production="1.0.0", staging="1.1.0")
    (found,) = move(desk, before, stages(production="1.1.0"))
    assert found.startswith("RB303")
    assert "production to development" in found


def test_removed_stages_put_nothing_back_silently(desk: Desk) -> None:
    (found,) = move(desk, stages(production="1.0.0"), "")
    assert found.startswith("RB303")


def test_a_rollback_is_legal(desk: Desk) -> None:
    before = stages(production="1.1.0", archived="1.0.0")
    assert move(desk, before, stages(production="1.0.0", archived="1.1.0")) == []


@pytest.mark.parametrize("change", ['reason="better"', "requested_by: eve@example.com"])
def test_a_rewritten_entry_is_found(desk: Desk, change: str) -> None:
    before = stages(staging="1.0.0")
    after = before.replace("because", "other") if "reason" in change else before.replace("jane", "eve")
    (found,) = move(desk, before, after)
    assert found.startswith("RB308")


APPROVAL = "{by: bob@example.com, at: 2026-01-02T10:00:00Z, signature: abc}"


def test_an_approval_may_be_added(desk: Desk) -> None:
    before = f"staging:\n  - {entry('1.0.0')}\n"
    after = f"staging:\n  - {entry('1.0.0', extra=f', approvals: [{APPROVAL}]')}\n"
    assert move(desk, before, after) == []


def test_an_approval_may_not_be_taken_away(desk: Desk) -> None:
    before = f"staging:\n  - {entry('1.0.0', extra=f', approvals: [{APPROVAL}]')}\n"
    (found,) = move(desk, before, f"staging:\n  - {entry('1.0.0')}\n")
    assert found.startswith("RB308")


CANARY = f"canary: {entry('1.0.0', extra=', traffic: 10')}\n"
FIFTY = CANARY.replace("because", "it holds").replace("10}", "50, revision: 1}")


def test_traffic_changes_with_a_revision(desk: Desk) -> None:
    assert move(desk, CANARY, FIFTY) == []


def test_traffic_that_changes_without_a_revision_is_found(desk: Desk) -> None:
    (found,) = move(desk, CANARY, CANARY.replace("10}", "50}"))
    assert found.startswith("RB308 traffic of 1.0.0 was rewritten")


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (FIFTY.replace("revision: 1", "revision: 2"), "its revision is 2 where 1 follows"),
        (FIFTY.replace("traffic: 50", "traffic: 10"), "neither its traffic nor its sunset"),
        (FIFTY.replace("2026-01-02", "2025-01-02"), "was asked for before what it changes"),
    ],
)
def test_a_revision_follows_and_changes_something(desk: Desk, after: str, says: str) -> None:
    (found,) = move(desk, CANARY, after)
    assert found.startswith("RB316")
    assert says in found


def test_a_revision_is_not_taken_back(desk: Desk) -> None:
    (found,) = move(desk, FIFTY, CANARY)
    assert "its revision is 0 where 2 follows" in found


def test_a_revision_keeps_no_approval_of_what_was_said_before(desk: Desk) -> None:
    approved = CANARY.replace("10}", f"10, approvals: [{APPROVAL}]}}")
    (found,) = move(desk, approved, FIFTY.replace("1}", f"1, approvals: [{APPROVAL}]}}"))
    assert found.startswith("RB316")
    assert "approvals that were given for what it said before" in found


def test_a_version_that_comes_has_no_revision(desk: Desk) -> None:
    (found,) = move(desk, stages(staging="1.0.0"), FIFTY)
    assert found.startswith("RB316 1.0.0 came to canary")


def test_the_first_stage_has_no_revisions(desk: Desk) -> None:
    first = f"development:\n  - {entry('1.0.0')}\n"
    (found,) = move(desk, first, f"development:\n  - {entry('1.0.0', extra=', traffic: 5, revision: 1')}\n")
    assert "nothing is on record of that stage" in found


def test_the_shares_of_a_stage_are_no_more_than_the_whole(desk: Desk) -> None:
    before = f"staging:\n  - {entry('1.0.0', extra=', traffic: 60')}\n"
    assert move(desk, before, f"{before}  - {entry('1.1.0', extra=', traffic: 40')}\n") == []
    (found,) = move(desk, before, f"{before}  - {entry('1.1.0', extra=', traffic: 41')}\n")
    assert found == "RB317 the shares of the traffic in staging add up to 101 % with 1.1.0"


def test_shares_that_were_too_much_may_become_less(desk: Desk) -> None:
    both = "staging:\n  - {}\n  - {}\n"
    before = both.format(entry("1.0.0", extra=", traffic: 90"), entry("1.1.0", extra=", traffic: 90"))
    after = both.format(
        entry("1.0.0", extra=", traffic: 80, revision: 1"), entry("1.1.0", extra=", traffic: 90")
    )
    assert move(desk, before, after) == []


def test_the_only_version_in_production_leaves_with_a_warning(desk: Desk) -> None:
    files = registry_files("1.0.0", "1.1.0")
    before, after = files | {STAGES: stages(production="1.0.0")}, files | {STAGES: stages(deprecated="1.0.0")}
    found = only(desk.check_change(before, after), "RB318")
    assert (found.severity, found.path, found.key) == ("warning", STAGES, "deprecated.0")
    assert "credit has nothing in production any more" in found.message


def test_a_version_that_another_replaces_in_production_leaves_without(desk: Desk) -> None:
    before = stages(production="1.0.0", staging="1.1.0")
    assert move(desk, before, stages(production="1.1.0", archived="1.0.0")) == []


def test_loosening_the_policy_in_the_same_change_does_not_help(desk: Desk) -> None:
    loose = policy_text().replace("[staging, archived]", "[staging, production, archived]")
    after = registry_files() | {POLICY: loose, STAGES: stages(production="1.0.0")}
    only(desk.check_change(registry_files(), after), "RB303")


def test_making_a_stage_shared_in_the_same_change_does_not_help(desk: Desk) -> None:
    before = registry_files("1.0.0", "1.1.0") | {STAGES: stages(production="1.0.0", staging="1.1.0")}
    loose = policy_text().replace(
        "production, exclusive: true, next: [deprecated], displaced_to: archived", "production"
    )
    both = f"production:\n  - {entry('1.0.0')}\n  - {entry('1.1.0')}\n"
    found = only(desk.check_change(before, before | {POLICY: loose, STAGES: both}), "RB204")
    assert "base" in found.message


def test_removing_the_policy_in_the_same_change_does_not_help(desk: Desk) -> None:
    after = registry_files() | {STAGES: stages(production="1.0.0")}
    del after[POLICY]
    assert codes(desk.check_change(registry_files(), after)) == ["RB303", "RB103"]


def test_a_newer_policy_of_the_base_is_refused(desk: Desk) -> None:
    before = registry_files() | {POLICY: policy_text().replace("rollbook: 1", "rollbook: 2")}
    after = registry_files() | {STAGES: stages(staging="1.0.0")}
    assert codes(desk.check_change(before, after)) == ["RB303", "RB108"]


def test_a_broken_policy_of_the_base_lets_no_stage_change_pass(desk: Desk) -> None:
    before = registry_files() | {POLICY: "stages: ["}
    assert desk.check_change(before, registry_files()) == []
    after = registry_files() | {STAGES: stages(staging="1.0.0")}
    only(desk.check_change(before, after), "RB303")


def test_broken_stages_of_the_base_let_no_stage_change_pass(desk: Desk) -> None:
    before = registry_files() | {STAGES: "staging: ["}
    only(desk.check_change(before, registry_files() | {STAGES: stages(staging="1.0.0")}), "RB303")


def add(desk: Desk, existing: list[str], *added: str) -> list[str]:
    found = desk.check_change(registry_files(*existing), registry_files(*existing, *added))
    return [f"{finding.code} {finding.severity}" for finding in found]


@pytest.mark.parametrize(
    ("existing", "version"),
    [
        (["1.0.0"], "1.0.1"),
        (["1.0.0", "2.0.0"], "1.0.1"),
        (["1.0.0", "2.0.0"], "2.1.0-rc.1"),
        (["1.0.0", "2.0.0-rc.1"], "1.1.0"),
        (["1.0.0", "2.0.0-rc.1"], "2.0.0"),
    ],
)
def test_a_version_that_goes_up_or_patches_a_line_is_fine(
    desk: Desk, existing: list[str], version: str
) -> None:
    assert add(desk, existing, version) == []


@pytest.mark.parametrize(
    ("existing", "version"),
    [
        (["1.0.0", "2.0.0"], "1.1.0"),
        (["1.0.0"], "0.9.0"),
        (["1.0.0", "1.0.2", "2.0.0"], "1.0.1"),
        (["1.0.0", "2.0.0"], "2.0.0-rc.1"),
        (["2.0.0-rc.2"], "2.0.0-rc.1"),
    ],
)
def test_a_version_that_goes_down_is_found(desk: Desk, existing: list[str], version: str) -> None:
    assert add(desk, existing, version) == ["RB304 error"]


def test_two_versions_of_a_model_at_once_are_a_warning(desk: Desk) -> None:
    assert add(desk, ["1.0.0"], "1.1.0", "1.2.0") == ["RB306 warning"]


def test_versions_of_two_models_at_once_are_fine(desk: Desk) -> None:
    before = registry_files() | model_files("1.0.0", model="debit")
    after = before | version_files("1.1.0") | version_files("1.1.0", "debit")
    assert desk.check_change(before, after) == []


def test_a_stray_file_cannot_hide_a_model_from_the_check(desk: Desk) -> None:
    after = registry_files() | {MANIFEST: manifest_text(extra="tags: {a: b}\n")}
    after["registry/credit/versions/model.yaml"] = "x"
    after["registry/credit/versions/1.0.0/versions/2/model.yaml"] = "x"
    assert {"RB301", "RB104"} == set(codes(desk.check_change(registry_files(), after)))
