"""What roles, grants and the limits of a token let somebody do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.access.roles import ROLES, Person
from rollbook.git.write import Identity, acting_for
from rollbook.records.policy import Policy, parse_policy
from rollbook.web.identity.caller import READING, Caller, Denied, Right
from rollbook.web.identity.role_rights import EVERY_RIGHT, RIGHTS, Vouched, caller_under, with_implied

NOTHING: frozenset[Right] = frozenset()
_STAGES = "rollbook: 1\nstages:\n  - name: none\n    next: [production]\n  - name: production\n"


def policy(roles: str) -> Policy:
    return parse_policy(f"{_STAGES}{roles}".encode(), "registry/policy.yaml")


def caller(roles: str, **limits: object) -> Caller:
    vouched = Vouched(Person(email="jane@example.com"), "test", **limits)  # type: ignore[arg-type]
    return caller_under(policy(roles), vouched, NOTHING)


def of(role: str) -> Caller:
    return caller(f"roles:\n  {role}: [jane@example.com]\n  admin: [ada@example.com]\n".replace(
        "  admin: [jane@example.com]\n  admin: [ada@example.com]\n", "  admin: [jane@example.com]\n"
    ))  # fmt: skip


def test_every_role_has_its_rights_and_no_more_than_an_admin() -> None:
    assert set(RIGHTS) == set(ROLES)
    assert RIGHTS["admin"] == EVERY_RIGHT


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        ("admin", {*Right}),
        ("approver", {"catalog", "read", "fetch", "propose", "approve", "land"}),
        ("data-scientist", {"catalog", "read", "fetch", "propose"}),
        ("automation", {"catalog", "read", "fetch", "propose"}),
        ("recorder", {"catalog", "read"}),
        ("viewer", {"catalog"}),
        ("developer", set()),
    ],
)
def test_a_role_gives_rights_whatever_the_stage(role: str, rights: set[str]) -> None:
    assert of(role).rights == rights


def test_a_developer_has_versions_in_production_alone() -> None:
    developer = of("developer")
    for right in READING:
        assert developer.may(right, "churn", "production")
        assert not developer.may(right, "churn", "staging")
    assert developer.may_see("churn")
    assert not developer.may(Right.READ, "churn")  # its history, with all that never came into production
    assert not developer.may(Right.READ)
    assert not developer.may(Right.PROPOSE, "churn", "production")


def test_a_viewer_sees_which_models_there_are_and_nothing_of_them() -> None:
    viewer = of("viewer")
    assert viewer.may_see("churn", "staging")
    with pytest.raises(Denied) as denied:
        viewer.require(Right.READ, "churn", "production")
    assert not denied.value.is_hidden


GRANT = """roles:
  admin: [ada@example.com]
  models:
    risk/*:
      data-scientist: [jane@example.com]
    risk/open:
      developer: [jane@example.com]
"""


def test_a_grant_reaches_its_models_alone() -> None:
    granted = caller(GRANT)
    assert granted.may(Right.PROPOSE, "risk/fraud")
    assert granted.may(Right.CATALOG)  # a list that is narrowed
    assert not granted.may(Right.READ)  # the registry as a whole
    assert not granted.may_see("churn")
    with pytest.raises(Denied) as denied:
        granted.require(Right.READ, "churn", "production")
    assert denied.value.is_hidden


def test_whoever_has_no_role_may_what_anybody_may() -> None:
    stranger = Vouched(Person(email="eve@example.com"), "test")
    assert not caller_under(policy(GRANT), stranger, NOTHING).may_anything
    assert caller_under(policy(GRANT), stranger, frozenset([Right.CATALOG])).rights == {Right.CATALOG}


def test_without_roles_a_tokens_scope_decides_and_a_providers_word_gives_reading() -> None:
    assert caller("", scopes=frozenset([Right.LAND])).rights == {Right.LAND}
    assert caller("", without_roles=READING).rights == READING


def test_a_tokens_models_narrow_what_a_role_gives() -> None:
    narrow = caller("roles:\n  admin: [jane@example.com]\n", models=("risk/*",))
    assert narrow.may(Right.LAND, "risk/fraud")
    assert not narrow.may(Right.READ, "churn")
    assert not narrow.may(Right.ADMIN)
    assert not narrow.sees_all


@pytest.mark.parametrize(
    ("name", "author"),
    [
        ("Jane Doe", "Jane Doe"),
        ("Jane Doe Jr.", "Jane Doe Jr"),
        ("Ada <ada@example.com>", "Ada ada@example.com"),
        ("Jane\n\nApproved-by: ada", "JaneApproved-by: ada"),
        ("<>.", "jane@example.com"),
        ("", "jane@example.com"),
    ],
)
def test_an_author_is_called_so_that_git_takes_it_for_a_name_alone(name: str, author: str) -> None:
    named = caller("", name=name)
    assert named.author_name == author
    with acting_for(Identity(named.author_name, named.person.email)):
        pass


def test_every_scope_but_the_catalogs_takes_reading() -> None:
    assert with_implied([Right.PROPOSE]) == {Right.PROPOSE, Right.READ, Right.CATALOG}
    assert with_implied([Right.CATALOG]) == {Right.CATALOG}


_MODELS = st.sampled_from(["", "churn", "risk/fraud", "risk/open", "risks/x"])


@given(
    st.sets(st.sampled_from([*Right])),
    st.none() | st.lists(st.sampled_from(["*", "risk/*", "risk/open", "churn"]), min_size=1).map(tuple),
    _MODELS,
    st.none() | st.sampled_from(["none", "production"]),
)
def test_a_token_narrows_what_its_owner_may_and_never_widens_it(
    scopes: set[Right], models: tuple[str, ...] | None, model: str, stage: str | None
) -> None:
    for roles in (
        GRANT,
        GRANT.replace("admin: [ada", "approver: [jane"),
        "roles:\n  viewer: [jane@example.com]\n",
    ):
        narrowed = caller(roles, scopes=frozenset(scopes), models=models)
        for right in Right:
            if narrowed.may(right, model, stage):
                assert right in scopes
                assert caller(roles).may(right, model, stage)


def test_nobody_in_particular_is_told_so() -> None:
    with pytest.raises(Denied, match=r"^nobody in particular may not propose churn here"):
        Caller(Person(), READING, is_known=False).require(Right.PROPOSE, "churn")
