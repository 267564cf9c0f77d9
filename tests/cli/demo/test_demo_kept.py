"""Holding against each other what several commands of the demo have said."""

from __future__ import annotations

import pytest

from rollbook.check.gate_judgement import ALL_GATES
from rollbook.cli.demo.kept import same_finding, verdict_table
from rollbook.errors import RollbookError

FINDING = "registry/m/stages.yaml:7: RB401 production: m@1.0.0 fails metric-threshold: auc = 0.7"


def test_a_finding_is_the_same_with_and_without_what_git_puts_before_it() -> None:
    outputs = {"CI": f"{FINDING}\n    Do better.\n", "server": f"remote: {FINDING}   \nremote: 1 error\n"}
    assert same_finding("RB401", outputs) == {"CI": FINDING, "server": FINDING}


def test_a_place_without_the_finding_fails_the_demo() -> None:
    with pytest.raises(RollbookError, match="no finding RB401 from: server"):
        same_finding("RB401", {"CI": FINDING, "server": "remote: RB303"})


def test_a_place_with_another_figure_fails_the_demo() -> None:
    with pytest.raises(RollbookError, match="different findings RB401"):
        same_finding("RB401", {"CI": FINDING, "land": FINDING.replace("0.7", "0.8")})


def gates(state: str, *names: str) -> str:
    rows = (f"{name}\t{state}\tfound\tasked for\t" for name in names)
    return "\n".join(("gate\tstate\tfound", *rows))


def test_the_table_says_whom_each_gate_let_pass_and_kept_out() -> None:
    table = verdict_table({"good": gates("passed", *ALL_GATES), "bad": gates("failed", *ALL_GATES)})
    assert table == ["gate\tlet pass\tkept out", *(f"{gate}\tgood\tbad (failed)" for gate in ALL_GATES)]


def test_what_waits_is_kept_out() -> None:
    table = verdict_table({"good": gates("passed", *ALL_GATES), "slow": gates("waiting", *ALL_GATES)})
    assert table[1].endswith("\tslow (waiting)")


@pytest.mark.parametrize("state", ["passed", "failed"])
def test_a_kind_of_gate_with_one_verdict_only_fails_the_demo(state: str) -> None:
    others = [gate for gate in ALL_GATES if gate != "soak"]
    outputs = {"a": gates("passed", *others), "b": gates("failed", *others), "c": gates(state, "soak")}
    with pytest.raises(RollbookError, match="soak"):
        verdict_table(outputs)
