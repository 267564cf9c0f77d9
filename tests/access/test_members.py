"""Whom a policy's member means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollbook.access.roles import Person, alike, member_name

FINGERPRINT = "0C8E" * 10


@pytest.mark.parametrize(
    ("member", "person"),
    [
        ("ana@example.com", Person("ANA@Example.com")),
        ("@Ana", Person(login="ana")),
        ("@acme/risk", Person(login="ana", teams=("acme/Risk",))),
        ("SHA256:abc", Person(key="SHA256:abc")),
        (f"openpgp:{FINGERPRINT.lower()}", Person(key=f"openpgp:{FINGERPRINT}")),
        (f"ana@example.com=openpgp:{FINGERPRINT}", Person("ana@example.com")),
    ],
)
def test_a_member_means_a_person(member: str, person: Person) -> None:
    assert person.is_member(member)


@pytest.mark.parametrize(
    ("member", "person"),
    [
        ("mark@example.com", Person("mar\u212a@example.com")),  # the sign for kelvin, which folds to a k
        ("ss@example.com", Person("ß@example.com")),
        ("", Person()),
        ("@", Person()),
        ("SHA256:abc", Person("SHA256:abc")),
        ("SHA256:abc", Person(key="SHA256:ABC")),
        (f"openpgp:{FINGERPRINT}", Person(f"openpgp:{FINGERPRINT}")),
        (f"ana@example.com=openpgp:{FINGERPRINT}", Person(key=f"openpgp:{FINGERPRINT}")),
        (f"ana@example.com=openpgp:{FINGERPRINT}", Person(f"ana@example.com=openpgp:{FINGERPRINT}")),
        ("ana@example.comopenpgp:x", Person("ana@example.com")),
    ],
)
def test_a_member_means_nobody_else(member: str, person: Person) -> None:
    assert not person.is_member(member)


@given(st.emails(), st.emails())
def test_who_is_a_member_is_alike_too(one: str, other: str) -> None:
    for address in (one, one.upper(), one.lower()):
        assert Person(address).is_member(one) <= (alike(address) == alike(one))
    if Person(other).is_member(one):
        assert alike(other) == alike(one)


@given(st.emails().filter(lambda address: "=openpgp:" not in address))
def test_an_address_with_a_key_is_taken_apart(address: str) -> None:
    member = member_name(f"{address}=openpgp:{FINGERPRINT}")
    assert (member.name, member.key) == (address, f"openpgp:{FINGERPRINT}")
