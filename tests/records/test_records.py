from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from building import texts
from rollbook.errors import InvalidFile, NotFound, Refused
from rollbook.records.manifest import Artifact, Manifest, parse_manifest
from rollbook.records.model import ModelRecord, parse_model
from rollbook.records.policy import Policy, Stage, parse_policy
from rollbook.records.stages import AutomaticMove, Despite, StageEntry, StageTable, parse_stages

SCHEMAS = Path(__file__).parents[2] / "schemas"
MANIFEST = texts.manifest(
    "risk/fraud",
    "1.2.0",
    """\
description: |
  Two
  lines
framework: {name: scikit-learn, version: 1.5.0}
algorithm: logistic-regression
hyperparameters: {C: 0.1, penalty: null}
metrics: {auc: 0.91, n: 3}
features: [age, income]
signature: {inputs: [{name: age, dtype: int64}]}
training: {rows: 1000}
environment: {python: 3.11.7}
lineage: {data: [{name: loans}]}
tags: {team: risk}
card: card.md
extra: {ticket: RISK-1}
""",
)


def test_a_manifest_is_read_field_by_field():
    assert parse_manifest(MANIFEST.encode(), "x") == Manifest(
        model="risk/fraud",
        version="1.2.0",
        created_at="2026-01-01T09:00:00Z",
        created_by="jane@example.com",
        artifact=Artifact("model.onnx", "onnx", 12, "a" * 64),
        description="Two\nlines\n",
        framework={"name": "scikit-learn", "version": "1.5.0"},
        algorithm="logistic-regression",
        hyperparameters={"C": 0.1, "penalty": None},
        metrics={"auc": 0.91, "n": 3},
        features=("age", "income"),
        signature={"inputs": [{"name": "age", "dtype": "int64"}]},
        training={"rows": 1000},
        environment={"python": "3.11.7"},
        lineage={"data": [{"name": "loans"}]},
        tags={"team": "risk"},
        card="card.md",
        extra={"ticket": "RISK-1"},
    )


def test_a_folders_manifest_says_how_many_files_there_are():
    text = MANIFEST.replace("size: 12", "size: 12, files: 4")
    assert parse_manifest(text.encode(), "x").artifact.files == 4


@pytest.mark.parametrize(
    ("record", "schema"), [(Manifest, "version"), (ModelRecord, "model"), (Stage, None), (StageEntry, None)]
)
def test_a_record_mirrors_its_file_name_by_name(record, schema):
    names = {field.name for field in dataclasses.fields(record)}
    if schema:
        properties = json.loads((SCHEMAS / f"{schema}.schema.json").read_text())["properties"]
    elif record is Stage:
        policy = json.loads((SCHEMAS / "policy.schema.json").read_text())
        properties = json.loads(json.dumps(policy))["properties"]["stages"]["items"]
        properties = (
            policy["$defs"]["stage"]["properties"] if "$ref" in properties else properties["properties"]
        )
    else:
        properties = {
            "stage": {},
            **json.loads((SCHEMAS / "stages.schema.json").read_text())["$defs"]["entry"]["properties"],
        }
    assert names == set(properties)


@pytest.mark.parametrize("field", ["model", "version", "created_at", "created_by", "artifact"])
def test_a_manifest_without_a_required_field_is_refused(field):
    text = "\n".join(line for line in MANIFEST.splitlines() if not line.startswith(f"{field}:"))
    with pytest.raises(InvalidFile) as caught:
        parse_manifest(text.encode(), "x/version.yaml")
    assert (caught.value.path, caught.value.key) == ("x/version.yaml", field)


def test_an_unquoted_version_is_told_to_be_quoted():
    with pytest.raises(InvalidFile, match=r"x:2: version: the field must be text") as caught:
        parse_manifest(MANIFEST.replace('"1.2.0"', "1.10").encode(), "x")
    assert "quotes" in caught.value.hint


def test_a_model_is_read_field_by_field():
    text = "name: credit\nowner: jane@example.com\nteam: risk\ntask: t\nuse_case: u\n"
    text += "compliance: high\ntags: {a: b}\n"
    assert parse_model(text.encode(), "x") == ModelRecord(
        "credit", "jane@example.com", "risk", "t", "u", "", {"a": "b"}, "high", {}
    )


def test_a_policy_is_read_field_by_field():
    text = "rollbook: 1\nstages:\n- {name: new, next: [live]}\n"
    text += "- {name: live, exclusive: true, displaced_to: new, description: d}\n"
    text += "naming: {pattern: '{team}-{task}'}\ngates: [{stage: live}]\n"
    assert parse_policy(text.encode(), "x") == Policy(
        (Stage("new", False, ("live",), None, ""), Stage("live", True, (), "new", "d")),
        "{team}-{task}",
        ({"stage": "live"},),
    )


@pytest.fixture
def policy() -> Policy:
    return parse_policy(texts.POLICY.encode(), "registry/policy.yaml")


def test_the_first_stage_is_where_a_version_begins(policy: Policy):
    assert policy.first_stage.name == "development"


def test_a_stage_that_does_not_exist_lists_those_that_do(policy: Policy):
    assert not policy.has_stage("prod")
    with pytest.raises(NotFound, match="there is no stage 'prod'") as caught:
        policy.stage("prod")
    assert "development, staging, production, archived" in caught.value.hint


@pytest.mark.parametrize("name", ["Staging", "STAGING", "stagin", "staging "])
def test_a_stage_that_is_nearly_one_is_suggested(policy: Policy, name: str):
    with pytest.raises(NotFound) as caught:
        policy.stage(name)
    assert caught.value.hint.startswith("Did you mean staging? ")


def test_nothing_is_suggested_for_what_is_like_no_stage(policy: Policy):
    with pytest.raises(NotFound) as caught:
        policy.stage("x" * 100_000)
    assert caught.value.hint.startswith("The policy's stages are: ")


def test_a_legal_transition_passes(policy: Policy):
    policy.require_transition("m@1.0.0", "staging", "production")


def test_an_illegal_transition_is_refused_with_the_legal_ones(policy: Policy):
    with pytest.raises(Refused, match="no transition from development to production") as caught:
        policy.require_transition("m@1.0.0", "development", "production")
    assert "staging, archived" in caught.value.hint


def test_a_transition_to_the_same_stage_is_refused(policy: Policy):
    with pytest.raises(Refused, match=r"m@1.0.0 is in staging already"):
        policy.require_transition("m@1.0.0", "staging", "staging")


def test_a_newer_format_is_refused_with_what_to_do():
    with pytest.raises(
        InvalidFile, match="the registry has format 2; this tool knows formats up to 1"
    ) as caught:
        parse_policy(b"rollbook: 2\nstages: anything\n", "x")
    assert "pip install --upgrade rollbook" in caught.value.hint


@pytest.mark.parametrize(
    "text", ["stages: [{name: a}]", "rollbook: '1'\nstages: [{name: a}]", "rollbook: true", "rollbook: 1.0"]
)
def test_a_policy_without_a_format_is_refused(text):
    with pytest.raises(InvalidFile) as caught:
        parse_policy(text.encode(), "x")
    assert caught.value.key == "rollbook"


@pytest.mark.parametrize("text", ["rollbook: 1", "rollbook: 1\nstages: []"])
def test_a_policy_without_stages_is_refused(text):
    with pytest.raises(InvalidFile, match="at least one stage"):
        parse_policy(text.encode(), "x")


def test_stages_are_read_in_the_order_of_the_file():
    table = parse_stages(texts.STAGES.encode(), "x")
    assert [(entry.stage, entry.version) for entry in table.entries] == [
        ("production", "1.1.0"),
        ("staging", "1.2.0"),
        ("staging", "1.10.0"),
        ("archived", "1.0.0"),
    ]
    assert table.aliases == {"champion": "1.1.0", "best": "1.1.0", "staging": "1.0.0"}


def test_a_stages_entry_is_read_field_by_field():
    facts = "version: 1.2.0, reason: r, requested_by: j, requested_at: t, traffic: 10, approvals: [{by: joe}]"
    text = f"canary: {{{facts}}}"
    table = parse_stages(text.encode(), "x")
    assert table.entries == (StageEntry("canary", "1.2.0", "r", "j", "t", 10, ({"by": "joe"},)),)


def test_what_the_monitor_did_and_what_was_done_despite_it_stand_in_the_recorded_reason():
    text = """\
production:
  version: 1.2.0
  reason: errors doubled
  automatic: {version: 1.3.0, evidence: monitoring-3}
  despite: {evidence: [monitoring-1, monitoring-2], reason: the labels were wrong}
  waived: [soak]
"""
    (entry,) = parse_stages(text.encode(), "x").entries
    assert entry.automatic == AutomaticMove("1.3.0", "monitoring-3")
    assert entry.despite == Despite(("monitoring-1", "monitoring-2"), "the labels were wrong")
    assert entry.recorded_reason == (
        "errors doubled (automatic: monitoring-3 of 1.3.0)"
        " (despite monitoring-1, monitoring-2: the labels were wrong) (waived: soak)"
    )


def test_a_stages_holders_and_a_versions_entry_are_found():
    table = parse_stages(texts.STAGES.encode(), "x")
    assert [entry.version for entry in table.holders("staging")] == ["1.2.0", "1.10.0"]
    assert table.holders("nothing") == ()
    assert table.entry_of("1.0.0").stage == "archived"
    assert table.entry_of("9.9.9") is None


@pytest.mark.parametrize("text", ["", "# comment\n", "aliases: {}\nextra: {a: 1}\n", "staging: []\n"])
def test_stages_may_be_empty(text):
    assert parse_stages(text.encode(), "x") == StageTable()


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ("[1]", "", None),
        ("a: 1\n\nproduction: 1.1.0\n", "a", 1),
        ("staging:\n- {version: 1.0.0}\n- text\n", "staging.1", 3),
        ("staging:\n- {reason: r}\n", "staging.0.version", 2),
        ("production:\n  version: 1.10\n", "production.version", 2),
        ("production:\n  version: 1.1.0\n  traffic: ten\n", "production.traffic", 3),
        ("production:\n  version: 1.1.0\n  automatic: x\n", "production.automatic", 3),
        (
            "production:\n  version: 1.1.0\n  despite: {reason: r, evidence: [1]}\n",
            "production.despite.evidence",
            3,
        ),
        ("aliases:\n  best: 1.10\n", "aliases.best", 2),
        ("aliases: [1]\n", "aliases", 1),
        ("production:\n", "production", 1),
        ("production: {version: 1.0.0}\nproduction: {version: 1.1.0}\n", "production", 2),
    ],
)
def test_broken_stages_are_named_with_line_and_key(text, key, line):
    with pytest.raises(InvalidFile) as caught:
        parse_stages(text.encode(), "registry/m/stages.yaml")
    assert (caught.value.path, caught.value.key, caught.value.line) == ("registry/m/stages.yaml", key, line)
