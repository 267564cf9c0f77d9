"""Tokens that an OpenID provider signed, and whom they vouch for.

Rules: https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation, RFC 7519, RFC 8725, RFC 9068.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.access.roles import Person
from rollbook.errors import BadCall
from rollbook.text import one_line
from rollbook.web.identity.caller import READING, Right
from rollbook.web.identity.role_rights import Vouched, with_implied

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.web.identity.oidc_provider import OidcProvider

EMAIL = "email"
# Signatures by a private key alone: `none` is no signature, and HS256 lets whoever knows the public key sign.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_KEY_TYPES = ("RSA", "EC", "OKP")
_TYPES = (None, "jwt", "at+jwt", "application/at+jwt")
_LEEWAY = 30  # seconds that clocks may differ
_LONGEST = 1 << 14  # characters of a token
_LONGEST_CLAIM = 254
_SCOPE = "rollbook:"  # scopes of the provider's that narrow what its token may here


class NoToken(Exception):
    """What was brought is no token of the provider's that counts; it says why, and quotes nothing."""


@dataclass(frozen=True, slots=True)
class OidcRules:
    """A provider, whom its tokens have to be for (`audience`), the claim that says who it is, and the clients
    that may have asked for them (empty: any that asked for one audience alone)."""

    provider: OidcProvider
    audience: str
    claim: str = EMAIL
    clients: tuple[str, ...] = ()


def require_reader() -> None:
    """Raise BadCall where the library that reads such tokens is not installed."""
    try:
        import jwt  # noqa: F401
    except ImportError as error:
        raise BadCall("PyJWT is not installed", hint="pip install 'rollbook[api]'") from error


def is_jwt(text: str) -> bool:
    """Return whether text has the form of a signed JSON Web Token."""
    return text.count(".") == 2


def vouched_by(text: str, rules: OidcRules) -> Vouched:
    """Return whom a token vouches for.

    Raises NoToken for one that doesn't count, CannotTell where the provider doesn't tell its keys.
    """
    claims = _verified(text, rules)
    _require_client(claims, rules)
    value = claims.get(rules.claim)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_CLAIM or not value.isprintable():
        raise NoToken(f"it has no {rules.claim}")
    if rules.claim == EMAIL and claims.get("email_verified") not in (True, "true"):
        raise NoToken("its email address is not verified")
    is_address = "@" in value.strip("@") and not any(letter in value for letter in " <>")
    if rules.claim == EMAIL and not is_address:
        raise NoToken("its email is no address")
    name = claims.get("name")
    return Vouched(
        person=Person(email=value) if is_address else Person(login=value),
        credential=rules.provider.issuer,
        name=one_line(name, 100) if isinstance(name, str) else "",
        scopes=_scopes(claims.get("scope")),
        without_roles=READING,  # whoever has an account there: to let some of them write takes roles
    )


def _verified(text: str, rules: OidcRules) -> Mapping[str, Any]:
    import jwt

    if len(text) > _LONGEST:
        raise NoToken("it is too long")
    try:
        header = jwt.get_unverified_header(text)
        kind = header.get("typ")
        if header.get("alg") not in _ALGORITHMS:
            raise NoToken("it is signed by no algorithm that counts")
        if "crit" in header or (kind.lower() if isinstance(kind, str) else kind) not in _TYPES:
            raise NoToken("it is a token of another kind")
        # By its id alone, from the provider alone: `jku`, `x5u`, `jwk` and `x5c` are the token's own word.
        key = rules.provider.key(str(header.get("kid", "")))
        if key is None or key.get("kty") not in _KEY_TYPES:
            raise NoToken("it is signed by no key that the provider publishes")
        if key.get("alg", header["alg"]) != header["alg"]:
            raise NoToken("it is signed by another algorithm than its key's")
        claims: Mapping[str, Any] = jwt.decode(
            text,
            jwt.PyJWK(dict(key), algorithm=header["alg"]).key,
            algorithms=[header["alg"]],
            audience=rules.audience,
            issuer=rules.provider.issuer,
            leeway=_LEEWAY,
            options={"require": ["exp", "iss", "aud"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise NoToken(_why(error)) from error
    return claims


def _why(error: Exception) -> str:
    """Return what is wrong with a token, in words of this program's: the library's may quote it."""
    kinds = {
        "ExpiredSignatureError": "it has expired",
        "ImmatureSignatureError": "it doesn't count yet",
        "InvalidAudienceError": "it is for somebody else",
        "InvalidIssuerError": "it is another issuer's",
        "InvalidSignatureError": "its signature doesn't hold",
        "MissingRequiredClaimError": "it says too little",
    }
    return kinds.get(type(error).__name__, "it is no token")


def _require_client(claims: Mapping[str, Any], rules: OidcRules) -> None:
    """Raise NoToken where the token was asked for by a client that may not bring it here."""
    audience, client = claims["aud"], claims.get("azp", claims.get("client_id"))
    allowed = (*rules.clients, *((rules.audience,) if not rules.clients else ()))
    is_shared = isinstance(audience, list) and len(audience) > 1
    if (is_shared or rules.clients) and client not in allowed:
        raise NoToken("it was made for another client")


def _scopes(stated: object) -> frozenset[Right] | None:
    """Return the rights that a token's own scopes narrow it to; None where they say nothing of any."""
    words = stated.split() if isinstance(stated, str) else ()
    named = [word.removeprefix(_SCOPE) for word in words if word.startswith(_SCOPE)]
    if not named:
        return None
    return with_implied(Right(word) for word in named if word in {*Right})
