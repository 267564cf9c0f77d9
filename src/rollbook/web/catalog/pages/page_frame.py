"""What every page says around its content: which registry it is, and as of which commit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import __version__
from rollbook.errors import RollbookError

if TYPE_CHECKING:
    from rollbook.api.public_registry import Registry


@dataclass(frozen=True, slots=True)
class PageFrame:
    """The registry's name, the commit that pages tell of (empty where they depend on less than all of it),
    the date that a catalog of the past was asked for (empty for what main holds now), and Rollbook's version.

    `now` leads from the home of a catalog of the past to that of today's, where they stand together; `dates`
    are those of the catalogs of the past that stand below this one.
    """

    registry_name: str
    commit: str
    as_of: str = ""
    version: str = __version__
    now: str = ""
    dates: tuple[str, ...] = ()


def page_frame(registry: Registry, as_of: str = "") -> PageFrame:
    """Return what stands around the pages of a registry: the name that its policy gives it, else that of the
    folder it stands in."""
    name = _given_name(registry)
    if not name and registry.has_repository:
        name = registry.repository.directory.name.removesuffix(".git")
    return PageFrame(name or "Model registry", registry.snapshot.commit or "", as_of)


def _given_name(registry: Registry) -> str:
    try:
        return registry.policy.registry
    except RollbookError:
        return ""
