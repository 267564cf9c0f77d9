"""`rollbook gates`, and what waiting gates mean for promote, check and land."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from building.world import World, rollbook
from rollbook.access.roles import Person
from rollbook.check.gate_markdown import as_markdown
from rollbook.check.promotion_report import proposed_gate_reports
from rollbook.text import inert_code

if TYPE_CHECKING:
    from building.once import Template
    from building.world import Ran

GATES = """
gates:
  - {gate: metric-threshold, to: [staging], metric: auc, min: 0.8}
  - {gate: approvals, to: [staging], count: 1}
"""


def with_gates(world: World) -> None:
    world.register("credit", "1.0.0", "--metric", "auc=0.9")
    world.register("fraud", "1.0.0", "--metric", "auc=0.7")
    world.policy(GATES)


@pytest.fixture
def gated(started: Template) -> World:
    return started(with_gates)


def gates(world: World, *arguments: str) -> Ran:
    return rollbook(world.registry, "gates", *arguments)


def as_json(ran: Ran) -> dict[str, Any]:
    (promotion,) = json.loads(ran.out)["promotions"]
    assert isinstance(promotion, dict)
    return promotion


def test_each_gate_is_told_with_figure_and_threshold(gated: World) -> None:
    ran = gates(gated, "fraud@1.0.0", "staging")
    assert ran.code == 1
    rows = [line.split("\t")[:4] for line in ran.out.splitlines()]
    assert rows[0] == ["gate", "state", "found", "asked for"]
    assert rows[1][:3] == ["transition", "passed", "development to staging"]
    assert rows[2] == ["metric-threshold", "failed", "auc = 0.7", "auc at least 0.8"]
    assert rows[3][:3] == ["approvals", "waiting", "0 of 1"]


def test_json_tells_the_state_of_all_and_of_each(gated: World) -> None:
    found = as_json(gates(gated, "credit@1.0.0", "staging", "--json"))
    assert (found["model"], found["version"], found["from"], found["to"]) == (
        "credit", "1.0.0", "development", "staging",
    )  # fmt: skip
    assert found["state"] == "waiting"
    assert [gate["state"] for gate in found["gates"]] == ["passed", "passed", "waiting"]
    assert as_json(gates(gated, "fraud@1.0.0", "staging", "--json"))["state"] == "failed"


def test_nothing_that_fails_or_waits_exits_with_0(gated: World) -> None:
    ran = gates(gated, "credit@1.0.0", "archived", "--json")
    assert ran.code == 0
    assert json.loads(ran.out)["met"] is True


def test_an_illegal_transition_fails_first(gated: World) -> None:
    ran = gates(gated, "credit@1.0.0", "production", "--json")
    assert ran.code == 1
    first = as_json(ran)["gates"][0]
    assert (first["gate"], first["state"], first["code"]) == ("transition", "failed", "RB303")
    assert "no transition from development to production" in first["figure"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("credit@1.0.0", "no-such-stage"), 1),
        (("credit@9.0.0", "staging"), 1),
        (("credit@1.0.0",), 2),
        ((), 2),
        (("--base", "main"), 2),
        (("credit@1.0.0", "staging", "--base", "main", "--head", "main"), 2),
        (("credit@1.0.0", "staging", "--json", "--markdown"), 2),
    ],
)
def test_a_wrong_call_or_name_is_told(gated: World, arguments: tuple[str, ...], code: int) -> None:
    ran = gates(gated, *arguments)
    assert (ran.code, ran.out) == (code, "")


BRANCH = "rollbook/promote/credit/1.0.0-staging"


def test_what_waits_can_be_proposed_but_does_not_land(gated: World) -> None:
    proposed = rollbook(gated.registry, "promote", "credit@1.0.0", "staging", "--reason", "r")
    assert (proposed.code, proposed.out.strip()) == (0, BRANCH)
    checked = rollbook(gated.registry, "check", "--base", "main", "--head", BRANCH, "--json")
    assert checked.code == 1
    (finding,) = json.loads(checked.out)["findings"]
    assert (finding["code"], finding["severity"], finding["waiting"]) == ("RB410", "error", True)
    assert "waits for approvals: 0 of 1" in finding["message"]
    landed = rollbook(gated.registry, "land", BRANCH)
    assert landed.code == 1
    assert "RB410" in landed.err


def test_what_fails_can_not_be_proposed(gated: World) -> None:
    proposed = rollbook(gated.registry, "promote", "fraud@1.0.0", "staging", "--reason", "r")
    assert proposed.code == 1
    assert "fails metric-threshold: auc = 0.7" in proposed.err
    assert gated.git("for-each-ref", "refs/heads/rollbook/promote") == ""


def test_what_waits_does_not_hold_up_a_commit(gated: World) -> None:
    gated.run("promote", "credit@1.0.0", "staging", "--reason", "r")
    gated.git("restore", "--source", BRANCH, "--staged", "--worktree", "registry")
    ran = rollbook(gated.registry, "check", "--staged")
    assert ran.code == 0
    assert "RB410" in ran.out
    assert "warning" in ran.out


def test_the_gates_of_a_pull_request_are_judged_as_proposed(gated: World) -> None:
    gated.run("promote", "credit@1.0.0", "staging", "--reason", "r")
    found = as_json(gates(gated, "--base", "main", "--head", BRANCH, "--json"))
    assert (found["model"], found["state"]) == ("credit", "waiting")
    nothing = gates(gated, "--base", "main", "--head", "main", "--json")
    assert (nothing.code, json.loads(nothing.out)) == (0, {"met": True, "promotions": []})


def test_reviews_of_a_pull_request_count(gated: World) -> None:
    from rollbook.git.repository import discover

    gated.run("promote", "credit@1.0.0", "staging", "--reason", "r")
    repository = discover(gated.registry)
    (report,) = proposed_gate_reports(
        repository, "main", BRANCH, reviews=(Person(email="omar@example.com", login="omar"),)
    )
    assert report.met
    (own,) = proposed_gate_reports(repository, "main", BRANCH, reviews=(Person(email="jane@example.com"),))
    assert not own.met


def test_a_markdown_table_has_a_row_for_each_gate(gated: World) -> None:
    ran = gates(gated, "fraud@1.0.0", "staging", "--markdown")
    assert ran.code == 1
    lines = ran.out.splitlines()
    assert lines[0].startswith("#### ")
    assert [line.count("|") for line in lines[2:]] == [6] * 5
    assert "| ❌ failed | <code>auc = 0.7</code> |" in ran.out
    assert "⏳ waiting" in ran.out


HOSTILE = [
    "a | b",
    "`code` ``` more",
    "<img src=x onerror=alert(1)>",
    "</code><script>",
    "@octocat @org/team",
    "[click](http://evil.example)",
    "![x](http://evil.example/pixel.png)",
    "http://evil.example www.evil.example",
    "*bold* _it_ ~~no~~",
    "fixes #1 GH-1",
    "line\nbreak\r\n| row",
    "&lt;b&gt; &#124;",
    "\\| \\",
    "\x1b[31m\u202e",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_others_does_nothing_in_markdown(text: str) -> None:
    import html
    import re

    from rollbook.text import printable

    written = inert_code(text)
    body = written.removeprefix("<code>").removesuffix("</code>")
    bare = re.sub(r"&#[0-9]+;", "", body)
    assert not re.search(r"[|`<>@\[\]!*_~#&\\:/\n\r\x00-\x1f]|www\.", bare)
    assert html.unescape(body) == printable(text)


def test_no_promotion_says_so_in_markdown() -> None:
    assert as_markdown([]) == "No version changes its stage.\n"


def test_an_admin_promotes_during_a_freeze_and_the_reason_stays_on_record(world: World) -> None:
    world.register("credit", "1.0.0")
    freeze = "{from: 2000-01-01, to: 2999-12-31, timezone: UTC, reason: always}"
    world.policy(f"roles: {{admin: [jane@example.com]}}\nfreezes: [{freeze}]\n")
    refused = rollbook(world.registry, "promote", "credit@1.0.0", "staging", "--reason", "r", "--land")
    assert refused.code == 1
    assert "RB411" in refused.err
    world.git("branch", "--quiet", "-D", BRANCH)
    world.promote("credit@1.0.0", "staging", "--override", "the scores are wrong")
    stages = world.git("show", "HEAD:registry/credit/stages.yaml")
    assert "reason: the scores are wrong" in stages
