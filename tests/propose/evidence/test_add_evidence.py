"""Adding evidence, from the command line to main."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from building.world import World, git, rollbook
from rollbook import Registry
from rollbook.errors import BadCall, Conflict, NotFound
from rollbook.git.repository import discover
from rollbook.propose.new_evidence import Examination, add_evidence
from rollbook.records.evidence import KINDS
from rollbook.schema.schemas import schema, violations

REF = "credit-approval@1.0.0"
FOLDER = "registry/credit-approval/versions/1.0.0/evidence"


def added(world: World, kind: str, *options: str, status: str = "passed") -> dict[str, Any]:
    """Add evidence, land it, and return the file's content."""
    ran = world.run("evidence", "add", REF, kind, "--status", status, *options, "--land", "--json")
    text = world.git("show", f"main:{json.loads(ran.out)['path']}")
    content: dict[str, Any] = yaml.safe_load(text)
    return content


def test_evidence_says_what_was_examined_by_whom_and_how_it_went(ready: World):
    found = added(ready, "fairness", "--summary", "Rates differ by 3 points.", status="failed")
    manifest = yaml.safe_load(ready.git("show", "main:registry/credit-approval/versions/1.0.0/version.yaml"))
    assert found["artifact_sha256"] == manifest["artifact"]["sha256"]
    assert (found["kind"], found["model"], found["version"]) == ("fairness", "credit-approval", "1.0.0")
    assert (found["passed"], found["created_by"]) == (False, "jane@example.com")
    assert found["summary"] == "Rates differ by 3 points."


def test_every_option_reaches_the_file(ready: World):
    found = added(
        ready,
        "evaluation",
        *("--metric", "auc=0.93", "--tool", "sklearn==1.5", "--data", "holdout@2026-10"),
        *("--uri", "https://reports.example.com/1"),
    )
    assert found["metrics"] == {"auc": 0.93}
    assert found["tool"] == {"name": "sklearn", "version": "1.5"}
    assert found["data"] == {"name": "holdout", "version": "2026-10"}
    assert found["uri"] == "https://reports.example.com/1"


def test_the_numbers_of_a_report_become_metrics_and_the_rest_is_left_out(ready: World):
    report = ready.root / "report.json"
    report.write_text('{"auc": 0.9, "groups": {"age": {"gap": 2, "name": "young"}}, "ok": true, "rows": [1]}')
    found = added(ready, "evaluation", "--file", str(report), "--metric", "auc=0.91")
    assert found["metrics"] == {"auc": 0.91, "groups.age.gap": 2}


def test_a_report_may_be_yaml(ready: World):
    report = ready.root / "report.yaml"
    report.write_text("latency: {p99: 12.5}\n")
    assert added(ready, "load-test", "--file", str(report))["metrics"] == {"latency.p99": 12.5}


def test_a_number_in_a_report_that_is_not_finite_is_refused(ready: World):
    report = ready.root / "report.yaml"
    report.write_text("auc: .nan\n")
    ran = rollbook(
        ready.registry, "evidence", "add", REF, "evaluation", "--status", "passed", "--file", report
    )
    assert ran.code == 2
    assert "auc: a metric is a finite number" in ran.err


def test_the_numbers_of_a_kind_follow_each_other(ready: World):
    for _ in range(2):
        added(ready, "fairness")
    added(ready, "evaluation")
    names = ready.git("ls-tree", "--name-only", f"main:{FOLDER}").split()
    assert names == ["evaluation-1.yaml", "fairness-1.yaml", "fairness-2.yaml"]


def test_the_tenth_is_followed_by_the_eleventh(ready: World):
    added(ready, "fairness")
    text = ready.git("show", f"main:{FOLDER}/fairness-1.yaml")
    path = ready.registry / FOLDER / "fairness-10.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")
    ready.git("add", ".")
    ready.git("commit", "--quiet", "-m", "Ten")
    ran = ready.run("evidence", "add", REF, "fairness", "--status", "passed", "--json")
    assert json.loads(ran.out)["number"] == 11


def test_a_second_proposal_of_the_same_number_conflicts_at_once(ready: World):
    ready.run("evidence", "add", REF, "fairness", "--status", "passed")
    with pytest.raises(Conflict, match="-fairness-1 exists already"):
        add_evidence(discover(ready.registry), REF, Examination("fairness", passed=True))


def test_two_clones_that_take_one_number_conflict_and_the_second_is_told(ready: World):
    other = ready.root / "other"
    git(ready.root, "clone", "--quiet", str(ready.origin), str(other))
    for clone, status in ((ready.registry, "passed"), (other, "failed")):
        ran = rollbook(clone, "evidence", "add", REF, "fairness", "--status", status)
        assert ran.code == 0, ran.err
    branch = "rollbook/evidence/credit-approval/1.0.0-fairness-1"
    ready.run("land", branch)
    ran = rollbook(other, "land", branch)
    assert ran.code == 1
    assert "fairness-1.yaml" in ran.err
    assert git(other, "show", f"origin/main:{FOLDER}/fairness-1.yaml").count("passed: true") == 1


def test_evidence_that_landed_is_never_edited(ready: World):
    added(ready, "fairness", status="failed")
    path = f"{FOLDER}/fairness-1.yaml"
    text = ready.git("show", f"main:{path}")
    ready.git("checkout", "--quiet", "-B", "forge", "main")
    (ready.registry / path).write_text(text.replace("passed: false", "passed: true") + "\n")
    ready.git("commit", "--quiet", "-a", "-m", "Forge")
    ran = rollbook(ready.registry, "check", "--base", "main", "--head", "forge")
    assert ran.code == 1
    assert "RB301" in ran.out
    assert path in ran.out


def test_the_checkout_and_the_staged_files_stay_as_they_are(ready: World):
    (ready.registry / "staged.txt").write_text("mine")
    ready.git("add", "staged.txt")
    ready.run("evidence", "add", REF, "fairness", "--status", "passed")
    assert ready.git("status", "--porcelain") == "A  staged.txt"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--summary", "red \x1b[31m"), "summary"),
        (("--uri", "two words"), "uri"),
        (("--metric", "a\nb=1"), "metrics"),
        (("--data", "@3"), "--data"),
        (("--tool", "==3"), "--tool"),
    ],
)
def test_what_the_schema_does_not_allow_is_refused_by_its_name(ready: World, options, said):
    ran = rollbook(ready.registry, "evidence", "add", REF, "fairness", "--status", "passed", *options)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "\x1b" not in ran.err


def test_an_unknown_kind_suggests_the_nearest(ready: World):
    with pytest.raises(BadCall) as caught:
        add_evidence(discover(ready.registry), REF, Examination("fairnes", passed=True))
    assert "fairness" in caught.value.hint


def test_an_unknown_version_is_refused(ready: World):
    with pytest.raises(NotFound):
        add_evidence(discover(ready.registry), "credit-approval@9.0.0", Examination("fairness", passed=True))


def test_the_status_has_to_be_given(ready: World):
    ran = rollbook(ready.registry, "evidence", "add", REF, "fairness")
    assert ran.code == 2
    assert "--status" in ran.err


def test_a_version_gives_its_evidence_by_kind_and_number(ready: World):
    for kind in ("smoke-test", "fairness", "fairness"):
        added(ready, kind)
    with Registry.open(ready.registry, rev="main") as registry:
        found = registry.version(REF).evidence()
    assert [each.name for each in found] == ["fairness-1", "fairness-2", "smoke-test-1"]
    assert found[0].moment.utcoffset() is not None


def test_a_version_without_evidence_has_none(ready: World):
    with Registry.open(ready.registry, rev="main") as registry:
        assert registry.version(REF).evidence() == ()


def test_show_lists_the_evidence(ready: World):
    added(ready, "fairness", "--metric", "gap=0.04", "--summary", "Too wide.", status="failed")
    out = ready.run("show", REF, "--rev", "main").out
    (line,) = [line for line in out.splitlines() if "fairness-1" in line]
    assert "failed on" in line
    assert line.endswith("by jane@example.com; Too wide.; gap=0.04")
    (found,) = json.loads(ready.run("show", REF, "--rev", "main", "--json").out)["evidence"]
    assert (found["name"], found["passed"]) == ("fairness-1", False)


def test_the_kinds_are_those_of_the_schema():
    assert list(KINDS) == schema("evidence")["properties"]["kind"]["enum"]


def test_what_is_written_follows_the_schema(ready: World):
    added(ready, "fairness", "--metric", "gap=0.04", "--tool", "fairlearn", "--data", "holdout")
    text = ready.git("show", f"main:{FOLDER}/fairness-1.yaml")
    assert text.startswith("# yaml-language-server: $schema=")
    assert violations("evidence", yaml.load(text, yaml.BaseLoader) | {"passed": True, "metrics": {}}) == []
