"""What a change does to aliases is judged, whatever form it takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .desk import MODEL, POLICY, STAGES, codes, entry, model_text, one, only, policy_text, registry_files

if TYPE_CHECKING:
    from collections.abc import Mapping

    from building.bare import File

    from .desk import Desk

FILES = registry_files("1.0.0", "1.1.0")
GUARDED = "gates:\n  - {gate: metric-threshold, to: ['@champion'], metric: auc, min: 0.9}\n"


def aliases(**pointed: str) -> dict[str, File]:
    """The registry with these aliases; each is what stands after its name."""
    return FILES | {STAGES: "aliases:\n" + "".join(f"  {name}: {told}\n" for name, told in pointed.items())}


def removed(version: str, reason: str = "over") -> str:
    return entry(version, reason).replace("version:", "removed:")


def guarded(files: Mapping[str, File], gates: str = GUARDED) -> dict[str, File]:
    return {**files, POLICY: policy_text(gates)}


def test_an_alias_that_nothing_guards_may_be_a_version_alone(desk: Desk) -> None:
    assert desk.check_change(FILES, aliases(champion="1.0.0")) == []
    assert desk.check_change(aliases(champion="1.0.0"), aliases(champion="1.1.0")) == []
    assert desk.check_change(aliases(champion="1.0.0"), FILES) == []


def test_an_alias_on_record_may_be_set_moved_and_removed(desk: Desk) -> None:
    first, second = aliases(champion=entry("1.0.0")), aliases(champion=entry("1.1.0", "better"))
    assert desk.check_change(FILES, first) == []
    assert desk.check_change(first, second) == []
    gone = aliases(champion=removed("1.1.0"))
    assert desk.check_change(second, gone) == []
    assert desk.check_change(gone, FILES) == []
    assert desk.check_change(gone, first) == []


def test_a_version_alone_is_put_on_record(desk: Desk) -> None:
    assert desk.check_change(aliases(champion="1.0.0"), aliases(champion=entry("1.0.0"))) == []


@pytest.mark.parametrize("told", ["1.0.0", "1.1.0"])
def test_an_alias_on_record_does_not_become_a_version_alone(desk: Desk, told: str) -> None:
    found = only(desk.check_change(aliases(champion=entry("1.0.0")), aliases(champion=told)), "RB313")
    assert (found.severity, found.key) == ("error", "aliases.champion")


def test_an_alias_on_record_does_not_go_without_one(desk: Desk) -> None:
    before = aliases(champion=entry("1.0.0"), best="1.0.0")
    only(desk.check_change(before, aliases(best="1.0.0")), "RB313")
    only(desk.check_change(before, FILES), "RB313")


@pytest.mark.parametrize(
    "before", [aliases(champion=entry("1.0.0")), aliases(best="1.0.0"), aliases(champion="1.0.0")]
)
def test_a_removal_that_says_what_did_not_happen_is_found(desk: Desk, before: dict[str, File]) -> None:
    only(desk.check_change(before, aliases(champion=removed("1.1.0"))), "RB313")


def test_an_alias_is_not_moved_with_the_entry_of_the_version_before(desk: Desk) -> None:
    found = desk.check_change(aliases(champion=entry("1.0.0")), aliases(champion=entry("1.1.0")))
    assert only(found, "RB314").key == "aliases.champion"


def test_approvals_do_not_move_with_an_alias(desk: Desk) -> None:
    given = ', approvals: [{by: omar@example.com, at: 2026-01-03T09:00:00Z, signature: "x"}]'
    before = aliases(champion=entry("1.0.0", extra=given))
    only(desk.check_change(before, aliases(champion=entry("1.1.0", "better", given))), "RB314")


@pytest.mark.parametrize("then", [entry("1.0.0", "nicer"), removed("1.0.0", "nicer")])
def test_what_is_on_record_is_not_rewritten(desk: Desk, then: str) -> None:
    before = removed("1.0.0") if "removed" in then else entry("1.0.0")
    found = only(desk.check_change(aliases(champion=before), aliases(champion=then)), "RB308")
    assert found.key == "aliases.champion.reason"


@pytest.mark.parametrize("told", [entry("1.1.0"), "1.1.0"])
def test_a_gate_that_names_an_alias_judges_it_in_any_form(desk: Desk, told: str) -> None:
    found = desk.check_change(guarded(FILES), guarded(aliases(champion=told)))
    assert one(found, "RB401").key == "aliases.champion"
    assert "@champion asks for auc at least 0.9" in one(found, "RB401").message


def test_a_version_alone_is_no_way_to_a_guarded_alias_even_where_the_gates_pass(desk: Desk) -> None:
    lax = GUARDED.replace("metric-threshold", "artifact-format").replace(
        "metric: auc, min: 0.9", "formats: [onnx]"
    )
    assert desk.check_change(guarded(FILES, lax), guarded(aliases(champion=entry("1.0.0")), lax)) == []
    only(desk.check_change(guarded(FILES, lax), guarded(aliases(champion="1.0.0"), lax)), "RB313")


def test_putting_a_version_alone_on_record_is_judged_too(desk: Desk) -> None:
    before, after = aliases(champion="1.0.0"), aliases(champion=entry("1.0.0"))
    only(desk.check_change(guarded(before), guarded(after)), "RB401")


def test_what_stays_is_not_judged_anew(desk: Desk) -> None:
    before = aliases(champion="1.0.0", best=entry("1.0.0"))
    after = aliases(champion="1.0.0", best=entry("1.1.0", "better"))
    assert desk.check_change(guarded(before), guarded(after)) == []


def test_taking_an_alias_away_meets_no_gate(desk: Desk) -> None:
    before, after = aliases(champion=entry("1.0.0")), aliases(champion=removed("1.0.0"))
    assert desk.check_change(guarded(before), guarded(after)) == []


def test_the_gates_of_the_base_count_and_not_those_of_the_change(desk: Desk) -> None:
    found = desk.check_change(guarded(FILES), aliases(champion=entry("1.0.0")))
    assert "RB401" in codes(found)


def test_a_models_own_gate_guards_an_alias(desk: Desk) -> None:
    own = {MODEL: model_text(extra=GUARDED)}
    found = desk.check_change({**FILES, **own}, {**aliases(champion=entry("1.0.0")), **own})
    only(found, "RB401")


def test_a_gate_of_stages_does_not_judge_aliases(desk: Desk) -> None:
    gates = GUARDED.replace("@champion", "production")
    assert desk.check_change(guarded(FILES, gates), guarded(aliases(champion="1.0.0"), gates)) == []


def test_a_gate_judges_by_the_stage_that_the_version_stands_in(desk: Desk) -> None:
    gates = GUARDED.replace("metric: auc", "from: [staging], metric: auc")
    staged = f"staging: [{entry('1.1.0')}]\n"
    before = guarded({**FILES, STAGES: staged}, gates)
    for version, expected in {"1.0.0": [], "1.1.0": ["RB401"]}.items():
        after = guarded({**FILES, STAGES: f"{staged}aliases: {{champion: {entry(version)}}}\n"}, gates)
        assert codes(desk.check_change(before, after)) == expected


FREEZE = "freezes:\n  - {{from: 2020-01-01, to: 2999-01-01, timezone: UTC, reason: always{stages}}}\n"


@pytest.mark.parametrize(("stages", "expected"), [(", stages: ['@champion']", ["RB411"]), ("", [])])
def test_a_freeze_counts_where_it_names_the_alias(desk: Desk, stages: str, expected: list[str]) -> None:
    rules = FREEZE.format(stages=stages)
    after = guarded(aliases(champion=entry("1.0.0")), rules)
    assert codes(desk.check_change(guarded(FILES, rules), after)) == expected


def test_a_challenger_is_compared_with_the_champion(desk: Desk) -> None:
    gates = (
        "gates:\n  - {gate: metric-comparison, to: ['@champion'], metric: auc, with: '@champion', "
        "direction: higher, better: true}\n"
    )
    files = dict(FILES)
    for version, auc in {"1.0.0": 0.8, "1.1.0": 0.7}.items():
        path = f"registry/credit/versions/{version}/version.yaml"
        files[path] = f"{files[path]}metrics: {{auc: {auc}}}\n"
    first = guarded({**files, STAGES: f"aliases: {{champion: {entry('1.0.0')}}}\n"}, gates)
    second = guarded({**files, STAGES: f"aliases: {{champion: {entry('1.1.0', 'better')}}}\n"}, gates)
    assert desk.check_change(guarded(files, gates), first) == []
    assert "1.0.0 has 0.8" in only(desk.check_change(first, second), "RB402").message


@pytest.mark.parametrize(
    "told",
    [
        '{version: "1.0.0"}',
        '{removed: "1.0.0"}',
        entry("1.0.0").replace("version", 'removed: "1.0.0", version'),
        entry("1.0.0", extra=", traffic: 5"),
        entry("1.0.0", extra=", waived: [soak]"),
        "[1.0.0]",
        "null",
        "{}",
        entry("9.0.0"),
        entry("v1.0.0"),
    ],
)
def test_an_alias_that_is_written_otherwise_is_found(desk: Desk, told: str) -> None:
    assert any(finding.severity == "error" for finding in desk.check_change(FILES, aliases(champion=told)))


@pytest.mark.parametrize("name", ["production", "latest"])
def test_an_alias_on_record_is_not_named_like_a_stage(desk: Desk, name: str) -> None:
    found = desk.check(aliases(**{name: entry("1.0.0")}))
    assert [finding for finding in found if finding.severity == "error"]


def test_one_alias_twice_is_no_yaml(desk: Desk) -> None:
    twice = f"aliases:\n  champion: {entry('1.0.0')}\n  champion: 1.1.0\n"
    assert any(finding.severity == "error" for finding in desk.check_change(FILES, FILES | {STAGES: twice}))


def test_the_default_alias_is_no_stage(desk: Desk) -> None:
    assert desk.check({**FILES, POLICY: policy_text("default_alias: champion\n")}) == []
    found = only(desk.check({**FILES, POLICY: policy_text("default_alias: production\n")}), "RB224")
    assert found.key == "default_alias"


def test_a_policy_may_name_an_alias_where_gates_freezes_and_receivers_name_stages(desk: Desk) -> None:
    receiver = json.dumps({"url": "https://example.com", "secret_env": "SECRET", "stages": ["@champion"]})
    rules = GUARDED + FREEZE.format(stages=", stages: ['@champion']") + f"notify: [{receiver}]\n"
    assert desk.check({**FILES, POLICY: policy_text(rules)}) == []


@pytest.mark.parametrize("target", ["@", "@Champion", "@@champion", "@latest", "@champion "])
def test_what_is_no_alias_is_no_target(desk: Desk, target: str) -> None:
    rules = GUARDED.replace("@champion", target)
    assert desk.check({**FILES, POLICY: policy_text(rules)})
