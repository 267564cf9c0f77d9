"""Who sends a request: by a token of this service's, by an OpenID provider's, or nobody in particular."""

from __future__ import annotations

import threading
from enum import StrEnum
from typing import TYPE_CHECKING

from rollbook.access.roles import Person
from rollbook.errors import BadCall
from rollbook.web.identity.caller import INVALID_TOKEN, READING, Caller, Denied, Right
from rollbook.web.identity.oidc_tokens import NoToken, is_jwt, vouched_by
from rollbook.web.identity.role_rights import Vouched, caller_under, with_implied
from rollbook.web.identity.token_text import parse_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from rollbook.web.identity.oidc_tokens import OidcRules
    from rollbook.web.identity.token_file import TokenFile
    from rollbook.web.registries.served_registry import ServedRegistry

_MOST_KEPT = 1024
_SCHEME = "bearer"
_IN_ADDRESS = ("access_token", "token", "authorization")


class Anonymous(StrEnum):
    """What somebody may who brings nothing."""

    NONE = "none"
    CATALOG = "catalog"
    READ = "read"

    @property
    def rights(self) -> frozenset[Right]:
        """Return it as rights."""
        by_level = {Anonymous.NONE: frozenset[Right](), Anonymous.CATALOG: frozenset([Right.CATALOG])}
        return by_level.get(self, READING)

    @property
    def words(self) -> str:
        """Return it in words, for whoever starts the service."""
        may = {Anonymous.NONE: "nothing", Anonymous.CATALOG: "see which models there are"}
        return f"Who brings no token may {may.get(self, 'read and fetch everything')}."


class Identification:
    """Tells who sends a request, and what they may do with one registry as its main is now; many threads may
    ask."""

    def __init__(
        self, *, tokens: TokenFile | None = None, oidc: OidcRules | None = None, anonymous: Anonymous
    ) -> None:
        self._tokens = tokens
        self._oidc = oidc
        self.anonymous = anonymous
        self._nobody = Caller(Person(), anonymous.rights, is_known=False)
        self._lock = threading.Lock()
        self._kept: dict[tuple[str, str, Vouched], Caller] = {}

    def __call__(self, request: Request, served: ServedRegistry) -> Caller:
        """Return who sends a request.

        Raises Denied for a token that doesn't count, BadCall for one where none belongs, CannotTell where it
        can't be found out.
        """
        text = _brought(request)
        if text is None:
            return self._nobody
        vouched = self._vouched(text, served.name)
        standing = served.now()
        key = (served.name, standing.commit, vouched)
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        caller = caller_under(standing.registry.policy, vouched, self.anonymous.rights)
        with self._lock:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[key] = caller
        return caller

    def _vouched(self, text: str, registry: str) -> Vouched:
        """Return whom a token vouches for with a registry. Raises as `__call__` does."""
        if is_jwt(text) and self._oidc is not None:
            try:
                return vouched_by(text, self._oidc)
            except NoToken as error:
                raise _no_token(str(error)) from error
        token = parse_token(text)
        if token is None:
            raise _no_token("it is no token of this service's, or not all of one")
        kept = self._tokens.known(token) if self._tokens is not None else None
        if kept is None:
            raise _no_token("it is not known here")
        if kept.state != "active":
            raise _no_token(f"it is {kept.state}")
        if kept.registries and registry not in kept.registries:
            raise Denied("the token is for other registries than this", hint="Bring one that is for it.")
        person = kept.subject
        return Vouched(
            Person(login=person[1:]) if person.startswith("@") else Person(email=person),
            credential=kept.id,
            name=kept.name,
            scopes=with_implied(kept.scopes),
            models=kept.models or None,
        )


def _brought(request: Request) -> str | None:
    """Return the token that a request brings; None for none. Raises BadCall for one in the address, which
    logs and histories keep (RFC 6750, 2.3), for several, or for another scheme's."""
    for name, value in request.query_params.multi_items():
        if name.lower() in _IN_ADDRESS or parse_token(value) is not None:
            raise BadCall(
                "a token doesn't belong in an address",
                hint="Send it as a header, Authorization: Bearer ..., and revoke this one: logs have it now.",
            )
    stated: Sequence[str] = request.headers.getlist("authorization")
    if not stated:
        return None
    scheme, _, text = stated[0].partition(" ")
    if len(stated) > 1 or scheme.lower() != _SCHEME or not text.strip():
        raise _no_token("Authorization must be one `Bearer` and a token")
    return text.strip()


def _no_token(why: str) -> Denied:
    return Denied(
        f"the token doesn't count: {why}",
        hint="Ask who runs the service for one: rollbook token create --for ADDRESS",
        is_unknown=True,
        code=INVALID_TOKEN,
    )
