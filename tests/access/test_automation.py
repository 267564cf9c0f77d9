"""The role `automation`: evidence of monitoring, the stage changes that it bears out, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from access.conftest import POLICY, ROLES, Team, assemble
from access.test_server_hook import push
from building.world import rollbook

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import Ran, World

MODEL = "credit-approval"
FOLDER = f"registry/{MODEL}/versions"
STAGES = f"registry/{MODEL}/stages.yaml"
MONITORED = """\
monitoring:
  sources: {live: {source: file, path: live.json}}
  checks: [{check: threshold, name: errors, source: live, metric: error_rate, max: 0.1}]
  on_breach: {evidence: land, rollback: land}
"""


def watch(world: World, keys: Path) -> None:
    """1.1.0 is in production in the place of 1.0.0, and Mallory's address is that of the monitor."""
    team = assemble(world, keys)
    team.become("ana")
    world.register(MODEL, "1.1.0")
    world.promote(f"{MODEL}@1.0.0", "production")
    world.promote(f"{MODEL}@1.1.0", "staging")
    world.promote(f"{MODEL}@1.1.0", "production")
    signers = (
        team.read("registry/allowed_signers") + f"mallory@example.com {(keys / 'mallory.pub').read_text()}"
    )
    world.write("registry/allowed_signers", signers)
    roles = ROLES.rstrip() + "\n  automation: [mallory@example.com]\n"
    world.write(POLICY, team.read(POLICY).replace(ROLES, roles))
    world.policy(MONITORED)
    assert rollbook(world.origin, "hooks", "install", "--server").code == 0


@pytest.fixture
def team(started: Template, keys: Path) -> Team:
    return Team(started(watch, keys), keys)


def evidence(team: Team, kind: str = "monitoring", version: str = "1.1.0") -> str:
    """Failed evidence about a version, as text."""
    manifest = yaml.safe_load(team.read(f"{FOLDER}/{version}/version.yaml"))
    from rollbook.names import time_now

    return (
        f"kind: {kind}\nmodel: {MODEL}\nversion: {version}\npassed: false\n"
        f"artifact_sha256: {manifest['artifact']['sha256']}\n"
        f"created_at: {time_now()}\ncreated_by: mallory@example.com\n"
    )


def found(team: Team, name: str = "mallory", number: int = 1) -> None:
    """File failed evidence about 1.1.0 on the branch `work`."""
    team.change(name, "work", f"{FOLDER}/1.1.0/evidence/monitoring-{number}.yaml", evidence(team))


def back(team: Team, name: str = "mallory", **changed: str) -> str:
    """Go back to 1.0.0 on the branch `work`, automatically; `changed` are other words of the entry."""
    table = yaml.safe_load(team.read(STAGES))
    asked = {"requested_by": f"{name}@example.com", "requested_at": "2026-11-21T09:00:00Z"}
    automatic = {"version": "1.1.0", "evidence": "monitoring-1"}
    entry = {"version": "1.0.0", "reason": "errors doubled", **asked, "automatic": automatic, **changed}
    gone = {"version": "1.1.0", "reason": "rolled back", **asked}
    archived = [one for one in table["archived"] if one["version"] != "1.0.0"]
    table |= {
        "production": {key: value for key, value in entry.items() if value},
        "archived": [*archived, gone],
    }
    return team.change(name, "work", STAGES, yaml.safe_dump(table))


def refused(ran: Ran, code: str = "RB501") -> str:
    assert (ran.code, code in ran.out) == (1, True), ran.out
    return ran.out


def test_it_adds_evidence_of_monitoring_and_rolls_back(team: Team) -> None:
    found(team)
    head = back(team)
    assert team.check("work").code == 0, team.check("work").out
    pushed = push(team, f"{head}:refs/heads/main")
    assert pushed.returncode == 0, pushed.stderr


def test_the_trail_tells_that_it_was_automatic_and_on_what(team: Team) -> None:
    found(team)
    back(team)
    ran = team.run("mallory", "land", "work")
    assert ran.code == 0, ran.err
    said = "errors doubled (automatic: monitoring-1 of 1.1.0)"
    assert said in team.run("ana", "history", MODEL).out
    tag = team.world.git("for-each-ref", "--format=%(contents)", f"refs/tags/{MODEL}#production#*")
    assert f"\nReason: {said}\n" in tag
    assert "moved it on monitoring-1 of 1.1.0" in team.run("ana", "show", f"{MODEL}@1.0.0").out
    assert team.run("ana", "audit", "verify").code == 0


@pytest.mark.parametrize(
    "path",
    [
        f"{FOLDER}/1.1.0/evidence/evaluation-1.yaml",
        f"{FOLDER}/1.1.0/evidence/deployment-1.yaml",
        f"{FOLDER}/1.1.0/notes.yaml",
        f"{FOLDER}/1.1.0/card.md",
        f"registry/{MODEL}/model.yaml",
        f"{FOLDER}/1.2.0/version.yaml",
        POLICY,
        "registry/allowed_signers",
        ".github/workflows/x.yml",
    ],
)
def test_it_changes_no_other_file(team: Team, path: str) -> None:
    team.change("mallory", "work", path, evidence(team, "evaluation"))
    said = refused(team.check("work"))
    assert f"{path}: error RB501" in said or (path in said and "who is automation" in said)


def test_it_makes_no_other_move(team: Team) -> None:
    found(team)
    back(team, automatic="")
    assert "Automation writes only entries that say `automatic`" in refused(team.check("work"))


def test_what_it_says_has_to_be_true(team: Team) -> None:
    back(team)
    refused(team.check("work"), "RB319")
    assert push(team, "work:refs/heads/main").returncode != 0


@pytest.mark.parametrize("word", ["override", "approvals", "despite", "sunset"])
def test_it_sets_nothing_aside_and_approves_nothing(team: Team, word: str) -> None:
    found(team)
    said = {
        "override": {"reason": "r"},
        "approvals": [{"by": "bob@example.com", "at": "2026-11-21T10:00:00Z", "signature": "x"}],
        "despite": {"evidence": ["monitoring-1"], "reason": "r"},
        "sunset": "2027-01-01",
    }
    back(team, **{word: said[word]})  # type: ignore[arg-type]
    refused(team.check("work"))


def test_a_later_commit_may_not_take_the_word_back(team: Team) -> None:
    found(team)
    back(team)
    back(team, automatic="")
    refused(team.check("work"))


def test_nor_may_it_touch_aliases_beside(team: Team) -> None:
    found(team)
    back(team)
    place = team.world.root / "tree-work" / STAGES
    team.change("mallory", "work", STAGES, f"{place.read_text()}aliases: {{champion: 1.0.0}}\n")
    refused(team.check("work"))


def test_nor_take_versions_out_that_nothing_displaces(team: Team) -> None:
    table = yaml.safe_load(team.read(STAGES))
    del table["archived"]
    team.change("mallory", "work", STAGES, yaml.safe_dump(table))
    refused(team.check("work"))


def test_whoever_may_change_stages_may_write_it_too(team: Team) -> None:
    found(team, "jane")
    back(team, "jane")
    assert team.check("work").code == 0


def test_a_stage_that_is_kept_for_roles_has_to_name_it(team: Team) -> None:
    keep(team, "approver")
    found(team)
    back(team)
    assert "who is automation, may not move into production" in refused(team.check("work"), "RB505")


def test_and_is_warned_of_where_the_policy_lets_the_monitor_act(team: Team) -> None:
    keep(team, "approver")
    said = rollbook(team.world.registry, "check", "--all").out
    assert "warning RB508" in said or "RB508" in said
    assert rollbook(team.world.registry, "check", "--all").code == 0


def test_named_there_it_may(team: Team) -> None:
    keep(team, "approver, automation")
    found(team)
    back(team)
    assert team.check("work").code == 0
    assert "RB508" not in rollbook(team.world.registry, "check", "--all").out


def keep(team: Team, roles: str) -> None:
    """Ana keeps production for roles."""
    team.become("ana")
    kept = team.read(POLICY).replace("  - name: production\n", f"  - name: production\n    by: [{roles}]\n")
    team.world.write(POLICY, kept)
    team.world.commit("Keep production")


def test_its_word_is_no_approval(team: Team) -> None:
    team.become("ana")
    gate = "gates:\n  - {gate: approvals, to: [production], count: 1, role: automation}\n"
    team.change("ana", "gates", POLICY, team.read(POLICY) + gate)
    refused(team.check("gates"), "RB102")


def test_it_is_told_what_it_may(team: Team) -> None:
    assert "all\tautomation\tmonitor" in team.run("mallory", "whoami").out
    review = team.run("ana", "access", "--json").out
    assert '"monitor": true' in review


def test_it_may_be_given_for_some_models(team: Team) -> None:
    team.become("ana")
    granted = "\n  models:\n    other*: {automation: [mallory@example.com]}\n"
    policy = team.read(POLICY).replace("\n  automation: [mallory@example.com]\n", granted)
    team.world.write(POLICY, policy)
    team.world.commit("For others alone")
    found(team)
    assert "who is automation of other models only" in refused(team.check("work"))
