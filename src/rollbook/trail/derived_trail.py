"""Main's history with the events that it calls for, and the signatures that it has to answer for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.git.objects import ObjectReader
from rollbook.signing.verified_signatures import VerifiedSignatures
from rollbook.trail.allowed_signers import given_root, registry_root
from rollbook.trail.derive import Progress, derive
from rollbook.trail.landed_approvals import approval_contradictions, approvals
from rollbook.trail.landings import landed_changes
from rollbook.trail.occasion import Rules
from rollbook.trail.past_stage_tables import StageTables
from rollbook.trail.tag_signers import RecordedEvent, Signers, judge_signers

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rollbook.git.main_history import Landed
    from rollbook.git.repository import Repository
    from rollbook.records.origin import Origin
    from rollbook.trail.allowed_signers import TrustRoot
    from rollbook.trail.contradiction import Contradiction
    from rollbook.trail.event import Event
    from rollbook.trail.landings import LandedChange
    from rollbook.trail.standing_tags import StandingTag


@dataclass(frozen=True, slots=True)
class DerivedTrail:
    """Main's first-parent line to `tip`: each commit's place, each place's date (never before an earlier
    one), what changed in the registry or in those models that are asked about, and the events of that."""

    tip: str
    order: Mapping[str, int]
    moments: Sequence[int]
    changes: Sequence[LandedChange]
    events: Sequence[Event]
    tables: StageTables
    origins: Mapping[str, Origin]

    @property
    def began(self) -> dict[str, int]:
        """The place on main of each model's first event."""
        began: dict[str, int] = {}
        for event in self.events:
            began.setdefault(event.model, self.order[event.landed_in])
        return began


def derived_trail(
    repository: Repository, line: Sequence[Landed], models: Collection[str] | None = None
) -> tuple[DerivedTrail, ObjectReader]:
    """Derive what main's `line` calls for, of every model or of some, and the reader by which more of it is
    found, which the caller closes. Raises GitFailed."""
    paths: tuple[str, ...] = (layout.ROOT,)
    if models is not None:
        paths = (*map(layout.model_directory, sorted(models)), layout.POLICY, layout.ALLOWED_SIGNERS)
    tip = line[-1].commit
    changes = landed_changes(repository, tip, None, paths)
    reader = ObjectReader(repository)
    tables = StageTables(reader)
    trail: dict[str, Progress] = {}
    derived = DerivedTrail(
        tip=tip,
        order={item.commit: place for place, item in enumerate(line)},
        moments=[item.landed_at for item in line],
        changes=changes,
        events=list(derive(repository, changes, trail, tables)),
        tables=tables,
        origins={model: come.origin for model, come in trail.items() if come.origin},
    )
    return derived, reader


def judged_signers(
    repository: Repository,
    trail: DerivedTrail,
    recorded: Sequence[tuple[Event, StandingTag]],
    scope: Collection[str],
    allowed_signers: bytes | None,
) -> Signers:
    """Judge the signatures of tags that say what main says, of those whose names are in `scope`: by
    `allowed_signers`, else by the list on main as it stood then."""
    events = [RecordedEvent(event, tag, trail.order[event.landed_in]) for event, tag in recorded]
    root = given_root(allowed_signers) if allowed_signers is not None else _own_root(repository, trail)
    signatures = VerifiedSignatures(repository)
    signers = judge_signers(repository, events, scope, root, trail.moments, signatures)
    signatures.save()
    return signers


def judged_approvals(repository: Repository, trail: DerivedTrail) -> list[Contradiction]:
    """Return the approvals on main that those who are named did not give."""
    reader = ObjectReader(repository)
    try:
        rules = Rules(reader, trail.changes)
        signed = approvals(trail.changes, trail.events, trail.tables, trail.order, rules)
    finally:
        reader.close()
    if not signed:
        return []
    root = _own_root(repository, trail)
    signatures = VerifiedSignatures(repository)
    faults = list(approval_contradictions(repository, signed, root, trail.order, trail.moments, signatures))
    signatures.save()
    return faults


def _own_root(repository: Repository, trail: DerivedTrail) -> TrustRoot:
    return registry_root(repository, trail.changes, trail.order)
