"""Signatures that were verified before, remembered in the git directory; safe to delete at any time.

Only success is remembered, under everything that it follows from: the tag object's id, the digest of the
trust root, and the moment it was judged for. Who can write there can also replace git's own configuration,
and so is trusted.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rollbook.cache.memory import VERIFIED

if TYPE_CHECKING:
    from rollbook.git.repository import Repository

_MOST = 500_000


class VerifiedSignatures:
    """The principals of the signatures that were verified, by what the verification followed from."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._known: dict[str, str] = json.loads(VERIFIED.read(repository) or b"{}")
        self._added = False

    def principal(self, oid: str, root: str, moment: int) -> str | None:
        """Return who made a signature that was verified before; None when it was not."""
        return self._known.get(_key(oid, root, moment))

    def add(self, oid: str, root: str, moment: int, principal: str) -> None:
        """Remember who made a signature."""
        self._known[_key(oid, root, moment)] = principal
        self._added = True

    def save(self) -> None:
        """Write what was added. That it can't be written costs time only, and is no error."""
        if self._added:
            VERIFIED.write(self._repository, json.dumps(dict(list(self._known.items())[-_MOST:])).encode())
            self._added = False


def _key(oid: str, root: str, moment: int) -> str:
    return f"{oid} {moment} {root}"
