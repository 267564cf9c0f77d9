"""What came to a trail that was verified before: judged by the models that were touched since, not all anew.

While every tag that stood then is the very same and main leads on from there, what was verified still is.
A landing alters nothing but its models; a change of who may sign, of the policy or of what a model was taken
over from may alter more, and then nothing is told here.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.layout import Kind
from rollbook.trail.derive import first_stage_at
from rollbook.trail.derived_trail import derived_trail, judged_approvals, judged_signers
from rollbook.trail.landings import landed_changes
from rollbook.trail.reconcile import Main, compare
from rollbook.trail.registration_integrity import record_contradictions
from rollbook.trail.standing_tags import standing
from rollbook.trail.tag_signers import Signers
from rollbook.trail.verified_trail import digest_of_tags

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rollbook.git.main_history import Landed
    from rollbook.git.objects import ObjectReader
    from rollbook.git.repository import Repository
    from rollbook.trail.contradiction import Contradiction
    from rollbook.trail.derived_trail import DerivedTrail
    from rollbook.trail.event import Event
    from rollbook.trail.standing_tags import StandingTags
    from rollbook.trail.verified_trail import VerifiedTrail

# Of more models, git's history is quicker read whole.
_MOST_MODELS = 50
_OF_ALL = (layout.POLICY, layout.ALLOWED_SIGNERS)
# An event that isn't recorded yet; what else is wrong is told by who reads everything.
_NOT_RECORDED = "RB601"


@dataclass(frozen=True, slots=True)
class TrailGrowth:
    """A trail as it stands since: how many events main calls for, those of them that nothing records yet,
    who signed, the last tag with its object's id, and the tags whose signatures were judged now."""

    events: int
    unrecorded: Sequence[Contradiction]
    signers: Signers
    tag: str
    object: str
    added: StandingTags


def grown(
    repository: Repository,
    line: Sequence[Landed],
    tags: Mapping[str, str],
    known: VerifiedTrail,
    allowed_signers: bytes | None,
) -> TrailGrowth | None:
    """Return what became of a trail that was verified: `line` is main's now, `tags` what each tag points at.

    None where a tag that stood then is another one or gone, where one came that records no landing, where
    main leads elsewhere, or where anything is wrong: reading everything tells that.
    """
    if all(landed.commit != known.tip for landed in line):
        return None
    landed = landed_changes(repository, line[-1].commit, known.tip)
    files = [file for change in landed for file in change.files]
    models = {file.place.model for file in files if file.place.model is not None}
    if len(models) > _MOST_MODELS or any(
        file.path in _OF_ALL or file.place.kind is Kind.ORIGIN for file in files
    ):
        return None
    if not models:
        same = digest_of_tags(tags) == known.tags
        return _grown(known, (), (), Signers({}, 0, (), {}), standing(repository, {})) if same else None
    trail, reader = derived_trail(repository, line, models)
    try:
        if _rests_on_others(reader, trail):
            return None
        return _judged(repository, trail, tags, known, allowed_signers)
    finally:
        reader.close()


def _rests_on_others(reader: ObjectReader, trail: DerivedTrail) -> bool:
    """Return whether some events follow from changes of other models too: where a policy came with them, and
    none could be read before, in which stage they start depends on whether anything landed before that."""
    return any(
        change.parent is not None and not first_stage_at(reader, change.parent)
        for change in trail.changes
        if any(file.path == layout.POLICY for file in change.files)
        and any(file.place.model is not None for file in change.files)
    )


def _judged(
    repository: Repository,
    trail: DerivedTrail,
    tags: Mapping[str, str],
    known: VerifiedTrail,
    allowed_signers: bytes | None,
) -> TrailGrowth | None:
    last = trail.order[known.tip]
    events = [event for event in trail.events if trail.order[event.landed_in] > last]
    names = {event.tag for event in events}
    before = {name: oid for name, oid in tags.items() if name not in names}
    if digest_of_tags(before) != known.tags or _are_claimed(trail, last, before):
        return None
    added = standing(repository, {name: tags[name] for name in names if name in tags})
    wrong = compare(events, added, Main(trail.order, {}), after=known.object)
    wrong += record_contradictions(trail.changes, trail.events)
    wrong += judged_approvals(repository, trail)
    if any(item.code != _NOT_RECORDED for item in wrong):
        return None
    recorded = [(event, added.tags[event.tag]) for event in events if event.tag in added.tags]
    if known.signed and not all(tag.signature for _, tag in recorded):
        return None
    signers = judged_signers(repository, trail, recorded, names, allowed_signers)
    if signers.contradictions or signers.unknown:
        return None
    return _grown(known, events, wrong, signers, added)


def _are_claimed(trail: DerivedTrail, last: int, before: Iterable[str]) -> bool:
    """Return whether a tag that stood before is named after a model that began since."""
    began = {model for model, place in trail.began.items() if place > last}
    return any(name.partition("@")[0].partition("#")[0] in began for name in before)


def _grown(
    known: VerifiedTrail,
    events: Sequence[Event],
    unrecorded: Sequence[Contradiction],
    signers: Signers,
    added: StandingTags,
) -> TrailGrowth:
    is_recorded = bool(events) and not unrecorded
    return TrailGrowth(
        events=known.events + len(events),
        unrecorded=unrecorded,
        signers=Signers(
            Counter(known.signed) + Counter(signers.tags), known.unsigned + signers.unsigned, (), {}
        ),
        tag=events[-1].tag if is_recorded else known.tag,
        object=added.tags[events[-1].tag].oid if is_recorded else known.object,
        added=added,
    )
