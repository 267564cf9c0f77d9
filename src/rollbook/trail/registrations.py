"""In which order a model's versions were registered, as main's history has it: their numbers, from 1.

A version keeps its number for good: what landed later never comes before what landed earlier.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.git.main_history import is_first_parent
from rollbook.layout import Kind
from rollbook.names import precedence
from rollbook.trail.landings import landed_changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.git.repository import Repository
    from rollbook.trail.landings import LandedChange


@dataclass(frozen=True, slots=True)
class Registered:
    """A version that landed: its number among its model's, from 1, the commit of main that brought it, and
    when (Unix time, seconds)."""

    version: str
    number: int
    landed_in: str
    at: int


@dataclass(frozen=True, slots=True)
class Registrations:
    """Every model's versions in the order in which they were registered, up to the commit `tip` of main."""

    tip: str
    by_model: Mapping[str, tuple[Registered, ...]] = field(default_factory=dict)

    def of(self, model: str) -> tuple[Registered, ...]:
        """Return the versions of a model, in order; none of one that isn't there."""
        return self.by_model.get(model, ())


def registrations(repository: Repository, tip: str, known: Registrations | None = None) -> Registrations:
    """Return the registrations up to `tip`, a commit of main.

    Of `known`, only what landed since is read; where main was rewritten, all is.
    """
    if known is not None and known.tip == tip:
        return known
    since = known if known is not None and is_first_parent(repository, known.tip, tip) else None
    changes = landed_changes(repository, tip, since.tip if since else None)
    by_model = dict(since.by_model) if since else {}
    for model, added in _added(changes).items():
        before = by_model.get(model, ())
        names = {one.version for one in before}
        new = [one for one in added if one.version not in names]
        numbered = (
            Registered(one.version, number, one.landed_in, one.at)
            for number, one in enumerate(new, len(before) + 1)
        )
        by_model[model] = (*before, *numbered)
    return Registrations(tip, by_model)


def _added(changes: Iterable[LandedChange]) -> dict[str, list[Registered]]:
    """Return the versions that changes bring, by model: in main's order, those of one commit by version."""
    added: dict[str, dict[str, Registered]] = {}
    for change in changes:
        brought = [file.place for file in change.files if file.added and file.place.kind is Kind.MANIFEST]
        for place in sorted(brought, key=lambda place: precedence(place.version or "")):
            assert place.model is not None
            assert place.version is not None
            one = Registered(place.version, 0, change.commit, change.committed_at)
            added.setdefault(place.model, {}).setdefault(place.version, one)
    return {model: [*versions.values()] for model, versions in added.items()}
