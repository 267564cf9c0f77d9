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


GRANTS = """  models:
    risk/*:
      approver: [joe@example.com, "SHA256:abc"]
      data-scientist: [kim@example.com]
    risk/fraud:
      approver: [lea@example.com, joe@example.com]
    "*/fraud":
      approver: [max@example.com]
    churn:
      data-scientist: [nia@example.com]
"""


def owned(team: Team, grants: str) -> list[tuple[str, str]]:
    """The lines of the file that the roles with these grants make."""
    policy = team.world.registry / "registry/policy.yaml"
    policy.write_text(policy.read_text() + grants)
    assert team.run("ana", "codeowners").code == 0
    lines = (line.split(maxsplit=1) for line in team.read(PATH).splitlines()[1:])
    return [(path, owners) for path, owners in lines]


def test_a_role_for_some_models_owns_their_files_with_those_who_have_it_for_all(team: Team) -> None:
    lines = dict(owned(team, GRANTS))
    assert (
        lines["/registry/risk/*/*"]
        == lines["/registry/risk/*/versions/"]
        == "jane@example.com kim@example.com"
    )
    assert lines["/registry/churn/*"] == "jane@example.com nia@example.com"
    assert lines["/registry/risk/*/stages.yaml"] == "bob@example.com joe@example.com"
    assert lines["/registry/risk/*/versions/*/removed.yaml"] == "bob@example.com joe@example.com"
    names = ("bob", "joe", "lea", "max")
    assert sorted(lines["/registry/risk/fraud/stages.yaml"].split()) == [
        f"{name}@example.com" for name in names
    ]


def test_the_narrower_pattern_comes_later_and_the_admins_files_last(team: Team) -> None:
    paths = [path for path, _ in owned(team, GRANTS)]
    order = [
        "/registry/",
        "/registry/risk/*/*",
        "/registry/**/stages.yaml",
        "/registry/risk/*/stages.yaml",
        "/registry/risk/fraud/stages.yaml",
        "/registry/**/origin.yaml",
        "/registry/policy.yaml",
    ]
    assert sorted(order, key=paths.index) == order
    assert paths.index("/registry/*/fraud/stages.yaml") < paths.index("/registry/risk/fraud/stages.yaml")


def test_nobody_is_asked_who_has_the_role_for_other_models_only(team: Team) -> None:
    for path, owners in owned(team, GRANTS):
        if "kim@" in owners:
            assert path.startswith("/registry/risk/")
        if "max@" in owners:
            assert "fraud" in path


def test_check_finds_that_the_roles_for_some_models_have_moved_on(team: Team) -> None:
    owned(team, GRANTS)
    assert "RB503" not in team.run("ana", "check").out
    policy = team.world.registry / "registry/policy.yaml"
    policy.write_text(policy.read_text().replace("kim@", "kit@"))
    assert "RB503" in team.run("ana", "check").out
