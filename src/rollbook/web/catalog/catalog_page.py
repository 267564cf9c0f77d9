"""A page of the catalog, not made yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Page:
    """A page: where it stands, as a folder's address below the catalog's home, and what makes its HTML."""

    path: str
    make: Callable[[], str]
