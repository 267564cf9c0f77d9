"""`.github/CODEOWNERS` from the policy's roles, and its drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from access.conftest import Team

PATH = ".github/CODEOWNERS"


def test_codeowners_gives_each_file_to_the_role_that_governs_it(team: Team) -> None:
    assert team.run("ana", "codeowners").code == 0
    lines = [line.split() for line in team.read(PATH).splitlines()[1:]]
    assert ["/registry/", "jane@example.com"] in lines
    assert ["/registry/**/stages.yaml", "bob@example.com"] in lines
    assert ["/registry/policy.yaml", "ana@example.com"] in lines


def test_writing_it_twice_changes_nothing(team: Team) -> None:
    team.run("ana", "codeowners")
    before = team.read(PATH)
    assert "says what the policy says" in team.run("ana", "codeowners").err
    assert team.read(PATH) == before


def test_a_file_that_somebody_else_wrote_is_not_overwritten(team: Team) -> None:
    (team.world.registry / PATH).write_text("* @acme/everyone\n")
    assert team.run("ana", "codeowners").code == 1
    assert team.read(PATH) == "* @acme/everyone\n"


def test_check_finds_that_the_roles_have_moved_on(team: Team) -> None:
    team.run("ana", "codeowners")
    assert team.run("ana", "check").code == 0
    policy = team.world.registry / "registry/policy.yaml"
    policy.write_text(policy.read_text().replace("bob@", "bea@"))
    ran = team.run("ana", "check")
    assert (ran.code, "RB503" in ran.out) == (1, True)
    assert team.run("ana", "codeowners", "--check").code == 1


def test_signing_keys_own_nothing_on_a_forge(team: Team) -> None:
    policy = team.world.registry / "registry/policy.yaml"
    policy.write_text(policy.read_text().replace("bob@example.com", "'SHA256:abc', '@bob'"))
    team.run("ana", "codeowners")
    assert "SHA256" not in team.read(PATH)
    assert "@bob" in team.read(PATH)


def test_of_an_address_with_its_key_the_address_owns(team: Team) -> None:
    policy = team.world.registry / "registry/policy.yaml"
    policy.write_text(
        policy.read_text().replace("bob@example.com", f"'bob@example.com=openpgp:{'0C8E' * 10}'")
    )
    team.run("ana", "codeowners")
    assert " bob@example.com\n" in team.read(PATH)
