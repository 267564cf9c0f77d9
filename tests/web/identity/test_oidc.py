"""Only what the provider signed, for this service, now, counts. The provider is real, on this machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from building.openid_provider import AUDIENCE, OpenidProvider, openid_provider
from rollbook.access.roles import Person
from rollbook.errors import BadCall, CannotTell
from rollbook.web.identity import oidc_provider
from rollbook.web.identity.caller import READING, Right
from rollbook.web.identity.oidc_provider import OidcProvider
from rollbook.web.identity.oidc_tokens import NoToken, OidcRules, vouched_by

if TYPE_CHECKING:
    from collections.abc import Iterator

_STRANGERS_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def provider() -> Iterator[OpenidProvider]:
    with openid_provider() as provider:
        yield provider


@pytest.fixture
def rules(provider: OpenidProvider) -> OidcRules:
    return OidcRules(OidcProvider(provider.issuer), AUDIENCE)


def test_a_token_of_the_providers_vouches_for_a_person(provider: OpenidProvider, rules: OidcRules) -> None:
    vouched = vouched_by(provider.token(), rules)
    assert vouched.person == Person(email="jane@example.com")
    assert (vouched.name, vouched.credential) == ("Jane Doe", provider.issuer)
    assert (vouched.scopes, vouched.without_roles) == (None, READING)


def test_its_scopes_narrow_it_where_they_speak_of_the_registry(
    provider: OpenidProvider, rules: OidcRules
) -> None:
    assert vouched_by(provider.token(scope="openid email"), rules).scopes is None
    assert vouched_by(provider.token(scope="openid rollbook:catalog"), rules).scopes == {Right.CATALOG}
    assert vouched_by(provider.token(scope="rollbook:all"), rules).scopes == {Right.CATALOG}


NOW = int(time.time())


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another-service"},
        {"aud": ["another-service", "a-third"]},
        {"aud": None},
        {"aud": [AUDIENCE, "another-service"]},
        {"aud": [AUDIENCE, "another-service"], "azp": "another-service"},
        {"iss": "https://login.example.org"},
        {"iss": None},
        {"exp": NOW - 60},
        {"exp": None},
        {"nbf": NOW + 600},
        {"iat": NOW + 600},
        {"email_verified": False},
        {"email_verified": None},
        {"email_verified": "false"},
        {"email": None},
        {"email": ["jane@example.com"]},
        {"email": "jane"},
        {"email": "jane@example.com\nevil"},
        {"email": f"{'j' * 300}@example.com"},
    ],
    ids=" ".join,  # by no time: each of the parallel processes has to call them the same
)
def test_a_token_that_says_other_than_it_must_counts_for_nobody(
    provider: OpenidProvider, rules: OidcRules, claims: dict[str, Any]
) -> None:
    with pytest.raises(NoToken):
        vouched_by(provider.token(**claims), rules)


def test_clocks_may_differ_a_little(provider: OpenidProvider, rules: OidcRules) -> None:
    assert vouched_by(provider.token(exp=int(time.time()) - 5), rules)


def test_a_token_for_several_has_to_be_asked_for_by_a_client_that_may(provider: OpenidProvider) -> None:
    several = [AUDIENCE, "userinfo"]
    named = OidcRules(OidcProvider(provider.issuer), AUDIENCE, clients=("desk",))
    assert vouched_by(provider.token(aud=several, azp="desk"), named)
    assert vouched_by(provider.token(client_id="desk"), named)
    for claims in ({"aud": several, "azp": "game"}, {"azp": "game"}, {"azp": ["desk"]}, {}):
        with pytest.raises(NoToken):
            vouched_by(provider.token(**claims), named)


def test_another_claim_can_say_who_it_is(provider: OpenidProvider) -> None:
    by_name = OidcRules(OidcProvider(provider.issuer), AUDIENCE, claim="preferred_username")
    assert vouched_by(provider.token(preferred_username="jane"), by_name).person == Person(login="jane")
    with pytest.raises(NoToken):
        vouched_by(provider.token(), by_name)


def _encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unsigned(provider: OpenidProvider, **header: Any) -> str:
    return f"{_encoded({'kid': 'first', **header})}.{_encoded(provider.claims())}"


def _by_public_key(provider: OpenidProvider) -> str:
    body = _unsigned(provider, alg="HS256", typ="JWT")
    mac = hmac.new(provider.public_pem(), body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _by_stranger(provider: OpenidProvider, **header: Any) -> str:
    return jwt.encode(provider.claims(), _STRANGERS_KEY, "RS256", headers={"kid": "first", **header})


ATTACKS: dict[str, Any] = {
    "signed by nobody": lambda provider: f"{_unsigned(provider, alg='none')}.",
    "signed by nobody, shouted": lambda provider: f"{_unsigned(provider, alg='NONE')}.",
    "signed with the public key": _by_public_key,
    "signed by a stranger": _by_stranger,
    "a key of its own at jku": lambda provider: _by_stranger(provider, jku=f"{provider.issuer}/own"),
    "a key of its own at x5u": lambda provider: _by_stranger(provider, x5u=f"{provider.issuer}/own"),
    "a key of its own": lambda provider: _by_stranger(
        provider, jwk=json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(_STRANGERS_KEY.public_key()))
    ),
    "a key that is unknown": lambda provider: provider.token(headers={"kid": "../first"}),
    "no key named": lambda provider: jwt.encode(provider.claims(), provider.keys["first"][0], "RS256"),
    "another algorithm of the same key": lambda provider: jwt.encode(
        provider.claims(), provider.keys["first"][0], "RS512", headers={"kid": "first"}
    ),
    "critical and unknown": lambda provider: provider.token(headers={"crit": ["x"], "x": 1}),
    "another kind of token": lambda provider: provider.token(headers={"typ": "logout+jwt"}),
    "huge": lambda provider: provider.token(filler="x" * 20_000),
    "deep": lambda _: f"{'[' * 4000}.{'[' * 4000}.x",
    "a header that is no object": lambda _: f"{_encoded([])}.{_encoded({})}.x",
    "an algorithm that is no text": lambda provider: f"{_unsigned(provider, alg=['RS256'])}.x",
    "claims altered": lambda provider: ".".join(
        [
            provider.token().split(".")[0],
            _encoded(provider.claims(email="ada@example.com")),
            provider.token().split(".")[2],
        ]
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_forged_token_counts_for_nobody(provider: OpenidProvider, rules: OidcRules, attack: str) -> None:
    with pytest.raises(NoToken) as refused:
        vouched_by(ATTACKS[attack](provider), rules)
    assert "eyJ" not in str(refused.value)
    assert "/own" not in provider.asked


def test_keys_are_asked_for_once_and_anew_when_they_rotate(
    provider: OpenidProvider, rules: OidcRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        vouched_by(provider.token(), rules)
    assert provider.asked["/keys"] == 1
    old = provider.token()
    provider.rotate("second")
    monkeypatch.setattr(oidc_provider, "_APART", 0.0)
    assert vouched_by(provider.token(), rules)
    with pytest.raises(NoToken):
        vouched_by(old, rules)


def test_made_up_keys_dont_make_the_service_ask_again_and_again(
    provider: OpenidProvider, rules: OidcRules
) -> None:
    for number in range(20):
        with pytest.raises(NoToken):
            vouched_by(provider.token(headers={"kid": str(number)}), rules)
    assert provider.asked["/keys"] == 1


def test_a_provider_that_is_down_counts_by_what_it_said_and_one_never_heard_by_nothing(
    provider: OpenidProvider, rules: OidcRules, monkeypatch: pytest.MonkeyPatch
) -> None:
    vouched_by(provider.token(), rules)
    monkeypatch.setattr(oidc_provider, "_APART", 0.0)
    monkeypatch.setattr(oidc_provider, "_FRESH", 0.0)
    provider.is_down = True
    assert vouched_by(provider.token(), rules)
    with pytest.raises(CannotTell):
        vouched_by(provider.token(), OidcRules(OidcProvider(provider.issuer), AUDIENCE))
    monkeypatch.setattr(oidc_provider, "_STALE", 0.0)
    with pytest.raises(CannotTell):
        vouched_by(provider.token(), rules)


def test_another_issuers_configuration_is_not_believed(provider: OpenidProvider, rules: OidcRules) -> None:
    provider.told_issuer = "https://login.example.org"
    with pytest.raises(CannotTell):
        vouched_by(provider.token(), rules)


@pytest.mark.parametrize(
    "issuer", ["http://login.example.com", "ftp://localhost", "https://x?y=1", "file:///etc/passwd", "login"]
)
def test_an_issuer_is_an_https_address(issuer: str) -> None:
    with pytest.raises(BadCall):
        OidcProvider(issuer)
