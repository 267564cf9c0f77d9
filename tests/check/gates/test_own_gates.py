"""A model's own gates: they are added to the policy's, and so can only ask for more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rollbook.check.gate_context import Ground
from rollbook.check.gate_judgement import GATES, judge
from rollbook.check.gates.gate import Promotion
from rollbook.check.registry_files import ModelFiles
from rollbook.records.manifest import parse_manifest
from rollbook.records.policy import parse_policy
from rollbook.records.stages import StageTable
from rollbook.registry.change import Transition

from ..desk import (
    MODEL,
    POLICY,
    STAGES,
    V1,
    codes,
    entry,
    manifest_text,
    model_text,
    one,
    policy_text,
    registry_files,
)

if TYPE_CHECKING:
    from ..desk import Desk, File

AUC = "gates:\n  - {gate: metric-threshold, to: [staging], metric: auc, min: 0.8}\n"
STAGING = f"staging:\n  - {entry('1.0.0')}\n"


def files(own: str = "", policy: str = "", auc: float = 0.7) -> dict[str, File]:
    return {
        **registry_files(),
        POLICY: policy_text(policy),
        MODEL: model_text(extra=own),
        f"{V1}/version.yaml": manifest_text(extra=f"metrics: {{auc: {auc}}}\n"),
    }


def test_a_model_s_own_gate_is_judged(desk: Desk) -> None:
    before = files(AUC)
    found = one(desk.check_change(before, {**before, STAGES: STAGING}), "RB401")
    assert "auc = 0.7; staging asks for auc at least 0.8" in found.message
    assert desk.check_change(files(AUC, auc=0.9), {**files(AUC, auc=0.9), STAGES: STAGING}) == []


def test_a_model_s_own_gate_taken_out_in_the_same_change_still_judges(desk: Desk) -> None:
    before = files(AUC)
    assert codes(desk.check_change(before, {**files(), STAGES: STAGING})) == ["RB401"]
    loosened = files(AUC.replace("0.8", "0.1"))
    assert codes(desk.check_change(before, {**loosened, STAGES: STAGING})) == ["RB401"]


def test_a_new_model_is_judged_by_the_gates_that_it_brings(desk: Desk) -> None:
    after = {**files(AUC), STAGES: STAGING}
    assert codes(desk.check_change({POLICY: policy_text()}, after)) == ["RB401"]


def test_a_model_s_looser_gate_does_not_replace_the_policy_s(desk: Desk) -> None:
    before = files(AUC.replace("0.8", "0.1"), AUC)
    assert codes(desk.check_change(before, {**before, STAGES: STAGING})) == ["RB401"]


def test_own_gates_that_can_not_be_read_let_nothing_pass(desk: Desk) -> None:
    broken = {**files(), MODEL: "name: credit\nowner: jane@example.com\ngates: no\n"}
    found = desk.check_change(broken, {**files(), STAGES: STAGING})
    assert one(found, "RB400").path == MODEL


def test_an_own_gate_of_an_unknown_name_is_refused_by_the_schema(desk: Desk) -> None:
    found = one(desk.check({**files("gates: [{gate: no-gate, to: [staging]}]\n")}), "RB102")
    assert found.path == MODEL
    assert found.key == "gates.0.gate"


NAMES = st.sampled_from([*GATES, "no-such-gate"])
KEYS = "to from metric min max required count kind fields unsafe hours gate stage tags with direction days "
KEYS += (
    "max_age_days evidence tolerance deny allow max_size role sections pinned verify settings run time_limit"
)
STAGES_OF_GATES = st.lists(st.sampled_from(["staging", "production"]), max_size=2)
VALUES = st.one_of(
    st.none(), st.booleans(), st.floats(), st.integers(), st.text(max_size=5), st.just("auc"), STAGES_OF_GATES
)
SETTINGS = st.dictionaries(st.sampled_from(KEYS.split()), VALUES)
GATE = st.builds(lambda name, given: {"gate": name, **given}, NAMES, SETTINGS)


@settings(max_examples=150, deadline=None)
@given(policy=st.lists(GATE, max_size=3), own=st.lists(GATE, max_size=3), auc=st.floats())
def test_own_gates_never_make_a_failing_promotion_pass(
    policy: list[dict[str, Any]], own: list[dict[str, Any]], auc: float
) -> None:
    text = manifest_text().encode()
    manifest = parse_manifest(text + f"metrics: {{auc: {yaml_number(auc)}}}\n".encode(), "version.yaml")
    rules = parse_policy(policy_text().encode(), POLICY)
    rules = type(rules)(rules.stages, gates=tuple(policy))
    promotion = Promotion("credit", "1.0.0", "development", "staging", manifest, policy=rules)
    alone, both = judge(rules, promotion), judge(rules, promotion, own)
    assert both[: len(alone)] == alone
    if not all(judged.verdict.passed for judged in alone):
        assert not all(judged.verdict.passed for judged in both)


def yaml_number(value: float) -> str:
    return {"nan": ".nan", "inf": ".inf", "-inf": "-.inf"}.get(repr(value), json.dumps(value))


def test_gates_are_judged_only_on_their_way(desk: Desk) -> None:
    rules = parse_policy(
        policy_text(
            "gates: [{gate: metric-threshold, to: [production], from: [canary], metric: auc}]\n"
        ).encode(),
        POLICY,
    )
    ground = Ground(rules, (), StageTable(), frozenset(), frozenset())
    model = ModelFiles("credit")
    assert ground.judge(model, Transition("1.0.0", "staging", "production", None)) == []
    assert len(ground.judge(model, Transition("1.0.0", "canary", "production", None))) == 1


def test_a_version_that_makes_room_meets_no_gates(desk: Desk) -> None:
    gates = "gates: [{gate: approvals, to: [archived], count: 1}]\n"
    base: dict[str, File] = {**registry_files("1.0.0", "1.1.0"), POLICY: policy_text(gates)}
    standing = f"production: {entry('1.0.0')}\nstaging:\n  - {entry('1.1.0')}\n"
    after = f"production: {entry('1.1.0')}\narchived:\n  - {entry('1.0.0')}\n"
    assert desk.check_change({**base, STAGES: standing}, {**base, STAGES: after}) == []
    alone = f"staging:\n  - {entry('1.1.0')}\narchived:\n  - {entry('1.0.0')}\n"
    moved = {**base, STAGES: standing.replace("production: ", "staging:\n  - ").replace("\nstaging:\n", "\n")}
    assert codes(desk.check_change(moved, {**base, STAGES: alone})) == ["RB410"]
