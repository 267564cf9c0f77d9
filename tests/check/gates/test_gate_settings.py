"""What a policy, or a model, may not say of gates."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rollbook.check.codes import rules
from rollbook.check.gate_judgement import ALL_GATES, GATES
from rollbook.schema.schemas import schema

from ..desk import MODEL, POLICY, model_text, one, policy_text, registry_files

if TYPE_CHECKING:
    from ..desk import Desk

WRONG = [
    ({"gate": "metric-threshold", "to": ["live"], "metric": "auc"}, "gates.0.to.0"),
    ({"gate": "metric-threshold", "to": ["staging"], "from": ["live"], "metric": "auc"}, "gates.0.from.0"),
    (
        {
            "gate": "metric-comparison",
            "to": ["staging"],
            "metric": "auc",
            "with": "live",
            "direction": "lower",
        },
        "gates.0.with",
    ),
    ({"gate": "soak", "to": ["staging"], "stage": "live", "hours": 1}, "gates.0.stage"),
]


@pytest.mark.parametrize(("gate", "key"), WRONG)
def test_a_gate_of_the_policy_that_names_an_unknown_stage_is_found(
    desk: Desk, gate: dict[str, Any], key: str
) -> None:
    found = one(
        desk.check({**registry_files(), POLICY: policy_text(f"gates: {json.dumps([gate])}\n")}), "RB212"
    )
    assert (found.path, found.key) == (POLICY, key)


@pytest.mark.parametrize(("gate", "key"), WRONG)
def test_a_gate_of_a_model_that_names_an_unknown_stage_is_found(
    desk: Desk, gate: dict[str, Any], key: str
) -> None:
    files = {**registry_files(), MODEL: model_text(extra=f"gates: {json.dumps([gate])}\n")}
    found = one(desk.check(files), "RB212")
    assert (found.path, found.key) == (MODEL, key)


def test_a_freeze_that_names_an_unknown_stage_is_found(desk: Desk) -> None:
    freeze = {"from": "2026-12-20", "to": "2027-01-06", "timezone": "UTC", "reason": "r", "stages": ["live"]}
    found = one(
        desk.check({**registry_files(), POLICY: policy_text(f"freezes: {json.dumps([freeze])}\n")}), "RB212"
    )
    assert found.key == "freezes.0.stages.0"


def test_a_misspelt_setting_is_refused_by_the_schema(desk: Desk) -> None:
    gate = {"gate": "metric-threshold", "to": ["staging"], "metric": "auc", "mn": 0.8}
    found = one(
        desk.check({**registry_files(), POLICY: policy_text(f"gates: {json.dumps([gate])}\n")}), "RB102"
    )
    assert "Did you mean `min`?" in found.hint


def test_every_gate_has_a_code_of_its_own_and_a_sentence() -> None:
    assert len({gate.code for gate in ALL_GATES.values()}) == len(ALL_GATES)
    assert all(gate.code in rules() and gate.sentence.endswith(".") for gate in ALL_GATES.values())


def test_the_schemas_know_the_very_gates_that_the_code_knows() -> None:
    known = [
        part["$ref"].removeprefix("#/$defs/gate-") for part in schema("policy")["$defs"]["gate"]["oneOf"]
    ]
    assert known == list(GATES)
    assert schema("model")["$defs"]["gate"] == schema("policy")["$defs"]["gate"]


NEW_GATE = """
from rollbook.check.finding import Rule
from rollbook.check.gates.gate import SettingsSchema, passed, ref, setting

class Weekday:
    name = "weekday"
    sentence = "It is a good day."
    code = "RB499"
    rule = Rule("weekday", "Nothing moves on a bad day.")
    schema = SettingsSchema(
        "It must be a good day.",
        {
            "day": setting("Day", "A good day.", "mon", type="string"),
            "like": setting("Like", "A stage.", "canary", **ref("stage-name")),
        },
        example={"to": ["production"], "day": "mon"},
        required=("day",),
    )

    def verdict(self, settings, promotion):
        return passed("mon", "mon")

GATE = Weekday()
"""
ASKED = """
import json, runpy, sys
from rollbook.check import gates
gates.__path__.append(sys.argv[1])
from rollbook.check.codes import rules
from rollbook.check.gate_judgement import GATES
page = runpy.run_path(sys.argv[2])
branch = json.loads(page["schema_with_gates"]("model"))["$defs"]["gate-weekday"]
stages = GATES["weekday"].schema.stage_settings()
on_page = "## `weekday`" in page["gates_page"]()
print(json.dumps([list(GATES)[-1], rules()["RB499"].title, branch, stages, on_page]))
"""


def test_a_module_among_the_gates_is_all_that_a_new_gate_takes(tmp_path: Path) -> None:
    (tmp_path / "weekday.py").write_text(NEW_GATE)
    generate = Path(__file__).resolve().parents[3] / "docs" / "generate.py"
    command = [sys.executable, "-c", ASKED, str(tmp_path), str(generate)]
    name, title, branch, stages, on_page = json.loads(subprocess.run(command, stdout=-1, check=True).stdout)
    assert (name, title, stages, on_page) == ("weekday", "weekday", ["to", "from", "like"], True)
    assert branch["required"] == ["gate", "to", "day"]
    assert list(branch["properties"]) == ["gate", "to", "from", "rollback", "day", "like"]
    assert branch["properties"]["gate"]["const"] == "weekday"


@pytest.mark.parametrize("name", ["policy", "model"])
def test_the_schemas_say_of_the_gates_what_the_gates_say(name: str) -> None:
    written = runpy.run_path(str(Path(__file__).resolve().parents[3] / "docs" / "generate.py"))
    assert json.loads(written["schema_with_gates"](name)) == schema(name), "run: python docs/generate.py"
