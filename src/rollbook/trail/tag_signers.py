"""Who signed the tags, and whether they were allowed to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.signing.signature import judge
from rollbook.signing.verdict import Judgement, Signed
from rollbook.trail.contradiction import Contradiction

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rollbook.git.repository import Repository
    from rollbook.signing.verified_signatures import VerifiedSignatures
    from rollbook.trail.allowed_signers import TrustRoot
    from rollbook.trail.event import Event
    from rollbook.trail.standing_tags import StandingTag

_CODES = {Judgement.BROKEN: "RB609", Judgement.NOT_ALLOWED: "RB610"}
_REPLACED = "Somebody replaced the tag: compare it with another clone's, and ask who holds the signing key."


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event, the tag that records it, and the place on main where it landed."""

    event: Event
    tag: StandingTag
    place: int


@dataclass(frozen=True, slots=True)
class Signers:
    """How many tags bear a good signature, by who made it; how many bear none; what is wrong; and why
    signatures could not be judged, with how many tags each reason concerns."""

    tags: Mapping[str, int]
    unsigned: int
    contradictions: Sequence[Contradiction]
    unknown: Mapping[str, int]


def judge_signers(
    repository: Repository,
    recorded: Sequence[RecordedEvent],
    scope: Collection[str],
    root: TrustRoot,
    moments: Sequence[int],
    known: VerifiedSignatures,
) -> Signers:
    """Judge the signatures of the tags whose names are in `scope`.

    Unsigned tags before the first signed one are vouched for by it, through the chain. After it, an unsigned
    tag is wrong; so is a trail without any signature where a trust root was given. `moments` are main's dates
    by place.
    """
    wrong = list(_unsigned(recorded, scope, root))
    signed = [item for item in recorded if item.tag.signature and item.tag.name in scope]
    questions = [
        Signed(
            oid=item.tag.oid,
            payload=item.tag.payload,
            signature=item.tag.signature,
            at=moments[item.place],
            roots=root.from_then_on(item.place),
            only_ssh=root.is_given,
        )
        for item in signed
    ]
    tags, unknown = Counter[str](), Counter[str]()
    for item, verdict in zip(signed, judge(repository, questions, known), strict=True):
        if verdict.judgement is Judgement.GOOD:
            tags[verdict.principal] += 1
        elif verdict.judgement is Judgement.UNKNOWN:
            unknown[verdict.why] += 1
        else:
            prefix = "" if verdict.judgement is Judgement.BROKEN else "it was signed "
            wrong.append(_about(item, _CODES[verdict.judgement], prefix + verdict.why, _REPLACED))
    unsigned = sum(not item.tag.signature for item in recorded if item.tag.name in scope)
    return Signers(tags, unsigned, wrong, unknown)


def _unsigned(
    recorded: Sequence[RecordedEvent], scope: Collection[str], root: TrustRoot
) -> list[Contradiction]:
    first = next((index for index, item in enumerate(recorded) if item.tag.signature), None)
    if first is None:
        if not root.is_given or not recorded:
            return []
        message = "neither it nor any tag before it is signed, and a list of allowed signers was given"
        return [_about(recorded[-1], "RB607", message, "Sign the trail, or verify it without the list.")]
    name = recorded[first].tag.name
    return [
        _about(item, "RB607", f"it is not signed, and tags are since {name}", _REPLACED)
        for item in recorded[first:]
        if not item.tag.signature and item.tag.name in scope
    ]


def _about(item: RecordedEvent, code: str, message: str, hint: str) -> Contradiction:
    return Contradiction(code, item.tag.name, item.event.landed_in, message, hint, item.event.model)
