"""Who may edit dvc.yaml once the policy has the models' entries in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from access.conftest import Team

ENTRIES = "artifacts:\n  credit-approval:\n    path: registry/credit-approval/versions/1.0.0/model.bin\n"


@pytest.fixture
def team_with_entries(team: Team) -> Team:
    team.world.write("dvc.yaml", ENTRIES)
    team.world.policy("dvc_artifacts: true\n")
    return team


def test_a_data_scientist_registers_although_that_edits_dvc_yaml(team_with_entries: Team) -> None:
    artifact = team_with_entries.world.artifact(b"new")
    ran = team_with_entries.run("jane", "register", "credit-approval", str(artifact), "--land")
    assert ran.code == 0, ran.err
    assert "versions/1.1.0/model.bin" in team_with_entries.read("dvc.yaml")


@pytest.mark.parametrize("name", ["bob", "mallory"])
def test_who_may_not_register_may_not_edit_it(team_with_entries: Team, name: str) -> None:
    team_with_entries.change(name, "edit", "dvc.yaml", ENTRIES + "plots: []\n")
    ran = team_with_entries.check("edit")
    assert ran.code == 1
    assert "RB501" in ran.out


def test_without_entries_in_it_the_file_is_everybodys(team: Team) -> None:
    team.change("mallory", "edit", "dvc.yaml", "plots: []\n")
    assert team.check("edit").code == 0


def test_code_owners_give_it_to_those_who_register(team_with_entries: Team) -> None:
    team_with_entries.run("ana", "codeowners")
    lines = [line.split() for line in team_with_entries.read(".github/CODEOWNERS").splitlines()[1:]]
    assert ["/dvc.yaml", "jane@example.com"] in lines
