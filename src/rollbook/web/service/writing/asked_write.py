"""What a writing route is given: who asks, of which registry, upon which commit, and whether to land it."""

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Query, Request

from rollbook.errors import BadCall
from rollbook.git.operation import one_operation
from rollbook.git.write import Identity, acting_for
from rollbook.propose.writing_lock import alone
from rollbook.web.identity.caller import Caller, Denied, Right
from rollbook.web.registries.served_registry import ServedRegistry
from rollbook.web.service.asking import AskedRegistry, AskingCaller
from rollbook.web.service.problems import MainMoved
from rollbook.web.service.writing.write_turns import WriteTurns

_LONGEST_KEY = 200


@dataclass(frozen=True, slots=True)
class AskedWrite:
    """A write that somebody asks for: whether it is to `land` at once, the commit that main must be at
    (empty: any), what the client calls this request, to ask again for the same (empty: nothing), its method
    and path, and where the API of this registry begins."""

    caller: Caller
    served: ServedRegistry
    land: bool
    expected: str
    key: str
    route: str
    prefix: str

    @property
    def author(self) -> Identity:
        """Who the commits are by. Raises Denied for somebody without an address."""
        person = self.caller.person
        if not person.email or not self.caller.is_known:
            raise Denied(
                "a write is somebody's, and it is not known whose this would be",
                hint="Bring a token that stands for a person with an email address.",
                is_unknown=not self.caller.is_known,
            )
        return Identity(self.caller.author_name, person.email)

    def require(self, right: Right, *models: str) -> None:
        """Raise Denied unless the caller has a right on these models; and to land, where that is asked."""
        rights = [right, *([Right.LAND] if self.land else [])]
        for model in models or ("",):
            for one in rights:
                self.caller.require(one, model)

    def require_somewhere(self, right: Right) -> None:
        """Raise Denied unless the caller has a right on one model at least: before a body is read, of which
        nobody knows yet what it is about."""
        if not self.caller.may_anywhere(right):
            self.caller.require(right)

    def require_base(self, base: str) -> None:
        """Raise MainMoved where the write was meant for another commit."""
        if self.expected not in ("", "*", base):
            raise MainMoved(
                f"main is at {base}, and this was meant for {self.expected[:60]}",
                hint="Nothing was changed. Read anew what is there, then ask with its ETag as If-Match.",
            )

    def for_author(self) -> AbstractContextManager[None]:
        """Do what is done inside for the caller."""
        return acting_for(self.author)

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """Do what is done inside for the caller, and alone among all who write by this clone."""
        with self.for_author(), one_operation(), alone(self.served.repository):
            yield

    def fingerprint(self, told: bytes) -> str:
        """Return what an `Idempotency-Key` leaves in the commit: a digest of who asks what by it, and one of
        what is asked; empty without a key."""
        if not self.key:
            return ""
        whose = "\0".join([self.author.email.casefold(), self.route, self.key]).encode()
        return f"{hashlib.sha256(whose).hexdigest()[:40]}-{hashlib.sha256(told).hexdigest()[:40]}"


def asked_write(
    request: Request,
    served: AskedRegistry,
    caller: AskingCaller,
    land: Annotated[
        bool, Query(description="Whether to have it on main at once; takes the right to.")
    ] = False,
    if_match: Annotated[
        str, Header(max_length=100, description="The commit that main must be at, e.g. an ETag.")
    ] = "",
    idempotency_key: Annotated[
        str,
        Header(
            max_length=_LONGEST_KEY,
            description="What you call this request: asked again, it is not done twice. Held for a week.",
        ),
    ] = "",
) -> AskedWrite:
    """Return the write that a request asks for. Raises Denied for a token that is none, NotFound for a
    registry that isn't served."""
    registry = request.path_params.get("registry")
    begin = f"{request.scope.get('root_path', '')}/api/v1"
    return AskedWrite(
        caller=caller,
        served=served,
        land=land,
        expected=_commit(if_match),
        key=idempotency_key,
        route=f"{request.method} {request.url.path} {land}",
        prefix=f"{begin}/registries/{registry}" if registry else begin,
    )


def _commit(if_match: str) -> str:
    """Return the commit that an `If-Match` names (https://www.rfc-editor.org/rfc/rfc9110#name-if-match)."""
    if "," in if_match:
        raise BadCall("If-Match names several commits", hint="Main is at one: name that.")
    return if_match.strip().removeprefix("W/").strip('"')


# For routes that receive files, and take their turn when these have come.
AskedEarly = Annotated[AskedWrite, Depends(asked_write)]


async def write_in_turn(request: Request, asked: AskedEarly) -> AsyncIterator[AskedWrite]:
    """Give the write that a request asks for, once there is room for it among those at work."""
    async with turns(request).turn():
        yield asked


def turns(request: Request) -> WriteTurns:
    """Return who says how many writes are at work."""
    found: WriteTurns = request.app.state.write_turns
    return found


# Before the answer is on its way the turn is over: who reads slowly keeps nobody waiting.
Asked = Annotated[AskedWrite, Depends(write_in_turn, scope="function")]
