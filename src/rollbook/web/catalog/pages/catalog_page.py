"""A page of the catalog, not made yet."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Page:
    """A page: where it stands, as a folder's address below the catalog's home, and what makes its HTML; or
    another file, whose address has no slash at its end.

    `inputs`, where it is given, returns a digest of all that the page depends on besides what the pages of a
    site share: while that stays the same, so does the page.
    """

    path: str
    make: Callable[[], str]
    inputs: Callable[[], str] | None = None

    @property
    def file(self) -> str:
        """Where the file stands that a host finds at that address."""
        return self.path if self.path and not self.path.endswith("/") else f"{self.path}index.html"


def digest(*parts: object) -> str:
    """Return the SHA-256 of some values, each by what its `repr` tells."""
    return hashlib.sha256("\n".join(map(repr, parts)).encode(errors="surrogatepass")).hexdigest()
