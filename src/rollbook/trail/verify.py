"""Verifying the trail: main's events derived anew, and compared with every tag that stands.

No server is asked. What there is too little for to tell is said apart from what is wrong.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from rollbook.errors import CannotTell, NotFound
from rollbook.git.config import setting
from rollbook.git.main_history import first_parents
from rollbook.git.objects import ObjectReader
from rollbook.git.repository import is_ancestor, resolve_commit
from rollbook.git.shallow import is_shallow
from rollbook.git.substitutes import substitutes
from rollbook.names import parse_moment
from rollbook.registry.main_branch import main_branch, published_commit, remote_name
from rollbook.signing.verified_signatures import VerifiedSignatures
from rollbook.trail.allowed_signers import given_root, registry_root
from rollbook.trail.contradiction import Contradiction, arranged
from rollbook.trail.derive import Progress, derive
from rollbook.trail.head import Head
from rollbook.trail.landed_approvals import approval_contradictions, approvals
from rollbook.trail.landings import landed_changes
from rollbook.trail.occasion import Rules
from rollbook.trail.past_stage_tables import StageTables
from rollbook.trail.reconcile import Main, compare
from rollbook.trail.registration_integrity import record_contradictions
from rollbook.trail.standing_tags import standing
from rollbook.trail.tag_signers import RecordedEvent, Signers, judge_signers
from rollbook.trail.verified_trail import VerifiedTrail, ground_of, remember_verified, was_verified
from rollbook.trail.witness import witness_contradictions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.errors import Severity
    from rollbook.git.main_history import Landed
    from rollbook.git.repository import Repository
    from rollbook.records.origin import Origin
    from rollbook.trail.event import Event
    from rollbook.trail.landings import LandedChange
    from rollbook.trail.standing_tags import StandingTags

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_FETCH_TAGS = "Fetch them: git fetch origin 'refs/tags/*:refs/tags/*'"
_RESULTS: Mapping[str, int] = {"verified": 0, "tampered": 1, "unknown": 3}


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something that can't be told from what there is, and what would help."""

    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of verifying: how many events were compared, up to which commit of main, everything that is
    wrong, everything that can't be told, who signed, and the head, where nothing but warnings is found.
    `pinned` are the names of the tags that models were taken over with, which main pins."""

    main: str
    events: int
    contradictions: tuple[Contradiction, ...]
    doubts: tuple[Doubt, ...]
    signers: Signers
    head: Head | None
    pinned: frozenset[str] = frozenset()

    @property
    def result(self) -> Literal["verified", "tampered", "unknown"]:
        """What came of it, in one word."""
        if any(item.severity == "error" for item in self.contradictions):
            return "tampered"
        return "unknown" if self.doubts else "verified"

    @property
    def exit_code(self) -> int:
        """0 verified, 1 tampered with, 3 can't tell."""
        return _RESULTS[self.result]

    def as_document(self) -> dict[str, Any]:
        """Return the verification as JSON data."""
        return {
            "result": self.result,
            "main": self.main,
            "events": self.events,
            "signed": [{"by": name, "tags": count} for name, count in self.signers.tags.items()],
            "unsigned": self.signers.unsigned,
            "head": asdict(self.head) if self.head else None,
            "findings": [asdict(item) for item in self.contradictions],
            "doubts": [asdict(doubt) for doubt in self.doubts],
        }


@dataclass(frozen=True, slots=True)
class _History:
    """Main's first-parent line to `tip`: each commit's place, each place's date (never before an earlier
    one), what changed, and the events."""

    tip: str
    order: Mapping[str, int]
    moments: Sequence[int]
    changes: Sequence[LandedChange]
    events: Sequence[Event]
    tables: StageTables
    origins: Mapping[str, Origin]


def verify(
    repository: Repository,
    *,
    since: str | None = None,
    model: str | None = None,
    allowed_signers: bytes | None = None,
    witness: Head | None = None,
) -> Verification:
    """Compare the tags with main, and main with itself.

    `since` (a commit of main, or a date) and `model` narrow what is reported; the whole trail is read all the
    same, unless it was verified before and nothing has moved since (`verified_trail`). `allowed_signers`
    replaces the registry's own list; `witness` is a head that was published earlier.
    Raises CannotTell where there are no tags or not the whole history, NotFound for an unknown model or a
    `since` that is not on main.
    """
    if is_shallow(repository):
        raise CannotTell(
            "this clone is shallow: main's history is not here", hint="Run `git fetch --unshallow --tags`."
        )
    line = first_parents(repository, published_commit(repository))
    tip = line[-1].commit
    # What stands in for objects is looked for each time: it comes and goes without a trace in the trail.
    is_whole = since is None and model is None and witness is None and not any(substitutes(repository))
    if is_whole:
        remembered = was_verified(repository, line, allowed_signers)
        if remembered is not None:
            return _known_verification(tip, remembered)
    with ThreadPoolExecutor(1) as pool:  # git walks main while the tags are read
        reading = pool.submit(standing, repository)
        history, reader = _read_history(repository, tip, line)
    try:
        tags = reading.result()
        verification = _verify(repository, history, tags, since, model, allowed_signers, witness)
    finally:
        reader.close()
    if is_whole and verification.head is not None:
        ground = ground_of(repository, line, tags.objects, allowed_signers)
        signers, head = verification.signers, verification.head
        verified = VerifiedTrail(
            verification.events, dict(signers.tags), signers.unsigned, head.tag, head.object
        )
        remember_verified(repository, ground, tags, verified)
    return verification


def _known_verification(tip: str, known: VerifiedTrail) -> Verification:
    head = Head(known.tag, known.object, known.events, tip)
    return Verification(tip, known.events, (), (), Signers(known.signed, known.unsigned, (), {}), head)


def _verify(
    repository: Repository,
    history: _History,
    tags: StandingTags,
    since: str | None,
    model: str | None,
    allowed_signers: bytes | None,
    witness: Head | None,
) -> Verification:
    start = _start(repository, since, history)
    _require_tags(tags, history.events)
    if model is not None and all(event.model != model for event in history.events):
        raise NotFound(f"main's history holds no event of a model {model[:80]!r}")
    in_scope = [
        event
        for event in history.events
        if (model is None or event.model == model) and history.order[event.landed_in] >= start
    ]
    contradictions = compare(history.events, tags, Main(history.order, _began(history), history.origins))
    signers = _signers(repository, history, tags, contradictions, in_scope, allowed_signers)
    contradictions += [*signers.contradictions, *record_contradictions(history.changes, history.events)]
    contradictions += _approvals(repository, history)
    contradictions = [
        item
        for item in contradictions
        if model in (None, item.model) and history.order.get(item.commit, len(history.order)) >= start
    ]
    contradictions += _replacements(repository)
    if witness is not None:
        contradictions += witness_contradictions(witness, history.events, tags, history.order)
    contradictions, doubts = _sorted_out(repository, history.tip, arranged(contradictions, history.order))
    doubts += [
        Doubt(f"signatures can't be verified ({count} tags): {why}", "Name a list: --allowed-signers FILE.")
        for why, count in signers.unknown.items()
    ]
    head = None
    if not any(item.severity == "error" for item in contradictions) and not doubts and history.events:
        last = history.events[-1].tag
        head = Head(last, tags.tags[last].oid, len(history.events), history.tip)
    pinned = frozenset(tag.tag for origin in history.origins.values() for tag in origin.tags)
    return Verification(
        history.tip, len(in_scope), tuple(contradictions), tuple(doubts), signers, head, pinned
    )


def _read_history(
    repository: Repository, tip: str, landed: Sequence[Landed]
) -> tuple[_History, ObjectReader]:
    changes = landed_changes(repository, tip)
    reader = ObjectReader(repository)
    tables = StageTables(reader)
    trail: dict[str, Progress] = {}
    history = _History(
        tip=tip,
        order={item.commit: place for place, item in enumerate(landed)},
        moments=[item.landed_at for item in landed],
        changes=changes,
        events=list(derive(repository, changes, trail, tables)),
        tables=tables,
        origins={model: come.origin for model, come in trail.items() if come.origin},
    )
    return history, reader


def _start(repository: Repository, since: str | None, history: _History) -> int:
    """Return the place on main from which on things are reported."""
    if since is None:
        return 0
    if _DATE.match(since):
        seconds = parse_moment(since, begins=True).timestamp()
        return next((place for place, at in enumerate(history.moments) if at >= seconds), len(history.order))
    commit = resolve_commit(repository, since)
    if commit not in history.order:
        raise NotFound(f"{since[:120]!r} is not a commit of main", hint="Name one of its first-parent line.")
    return history.order[commit] + 1


def _require_tags(tags: StandingTags, events: Sequence[Event]) -> None:
    tag_names = tags.tags.keys() | tags.broken | tags.foreign.keys()
    if events and not tags.tags and not any(event.tag in tag_names for event in events):
        raise CannotTell(
            f"main's history holds {len(events)} events, and there is no tag of the trail here",
            hint=f"{_FETCH_TAGS} If nothing was ever recorded: rollbook audit record.",
        )


def _began(history: _History) -> dict[str, int]:
    began: dict[str, int] = {}
    for event in history.events:
        began.setdefault(event.model, history.order[event.landed_in])
    return began


def _signers(
    repository: Repository,
    history: _History,
    tags: StandingTags,
    found: Sequence[Contradiction],
    in_scope: Sequence[Event],
    allowed_signers: bytes | None,
) -> Signers:
    """Judge the signatures of those tags that say what main says; about the others enough is said."""
    wrong = {item.tag for item in found if item.code in ("RB603", "RB604", "RB606")}
    recorded = [
        RecordedEvent(event, tags.tags[event.tag], history.order[event.landed_in])
        for event in history.events
        if event.tag in tags.tags and event.tag not in wrong
    ]
    if allowed_signers is not None:
        root = given_root(allowed_signers)
    else:
        root = registry_root(repository, history.changes, history.order)
    signatures = VerifiedSignatures(repository)
    scope = {event.tag for event in in_scope}
    signers = judge_signers(repository, recorded, scope, root, history.moments, signatures)
    signatures.save()
    return signers


def _approvals(repository: Repository, history: _History) -> list[Contradiction]:
    reader = ObjectReader(repository)
    try:
        rules = Rules(reader, history.changes)
        signed_approvals = approvals(history.changes, history.events, history.tables, history.order, rules)
    finally:
        reader.close()
    if not signed_approvals:
        return []
    root = registry_root(repository, history.changes, history.order)
    signatures = VerifiedSignatures(repository)
    contradictions = approval_contradictions(
        repository, signed_approvals, root, history.order, history.moments, signatures
    )
    wrong = list(contradictions)
    signatures.save()
    return wrong


def _replacements(repository: Repository) -> Iterator[Contradiction]:
    """Yield what lets git show others something else than was verified here, where nothing of it is
    believed.
    """
    for substitute in substitutes(repository):
        severity: Severity = "warning" if substitute.is_borrowed else "error"
        message = f"{substitute.place}: {substitute.deed}; what was verified is what the ids stand for"
        yield Contradiction("RB616", "", "", message, substitute.remedy, severity=severity)


def _sorted_out(
    repository: Repository, tip: str, found: list[Contradiction]
) -> tuple[list[Contradiction], list[Doubt]]:
    """Return what is wrong, and what only looks so because this clone lacks something."""
    doubts: list[Doubt] = []
    behind = [
        item
        for item in found
        if item.code == "RB613" and item.commit and is_ancestor(repository, tip, item.commit)
    ]
    if behind:
        message = f"main is behind its tags here: {behind[0].tag} and others record commits that come later"
        doubts.append(Doubt(message, f"Run `git fetch`, and bring {main_branch(repository)} up to date."))
    lacking = [item for item in found if item.code == "RB601"] if _fetches_no_tags(repository) else []
    if lacking:
        message = f"{len(lacking)} tags are not here, and this clone was told not to fetch tags"
        doubts.append(Doubt(message, _FETCH_TAGS))
    set_aside = {*behind, *lacking}
    return [item for item in found if item not in set_aside], doubts


def _fetches_no_tags(repository: Repository) -> bool:
    return setting(repository, f"remote.{remote_name(repository)}.tagOpt") == "--no-tags"
