"""Whether the signed approvals in stages.yaml, as they landed, are approvals of those very transitions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rollbook.layout import Kind
from rollbook.signing.approval_signature import NAMESPACE, transition_content
from rollbook.signing.signature import judge
from rollbook.signing.verdict import Judgement, Signed
from rollbook.trail.contradiction import Contradiction
from rollbook.trail.event import Action
from rollbook.trail.occasion import last_before

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.git.repository import Repository
    from rollbook.records.stages import StageEntry
    from rollbook.signing.approval_signature import TransitionContent
    from rollbook.signing.verdict import SignatureVerdict
    from rollbook.signing.verified_signatures import VerifiedSignatures
    from rollbook.trail.allowed_signers import TrustRoot
    from rollbook.trail.event import Event
    from rollbook.trail.landings import LandedChange
    from rollbook.trail.occasion import Rules
    from rollbook.trail.past_stage_tables import StageTables

_MOST = 100  # approvals of one transition that are looked at


@dataclass(frozen=True, slots=True)
class Approval:
    """A signed approval, by whom it says it is, and the event it was given for; `landed_in` is the commit
    that brought or changed it. `contents` are the bytes that it may have signed."""

    event: Event
    landed_in: str
    by: str
    contents: tuple[bytes, ...]
    signature: str

    def digest(self, content: bytes) -> str:
        parts = [content, self.by.encode(), self.signature.encode()]
        return hashlib.sha256(b"\0".join(parts)).hexdigest()


def approvals(
    changes: Sequence[LandedChange],
    events: Sequence[Event],
    tables: StageTables,
    order: Mapping[str, int],
    rules: Rules,
) -> list[Approval]:
    """Return the signed approvals that main's history holds, each once, in its order."""
    previous = last_before(events)
    arrivals: dict[tuple[str, str, str], list[Event]] = {}
    for event in events:
        if event.action in (Action.ASSIGNED, Action.ALIAS_SET):
            arrivals.setdefault((event.model, event.version, event.target), []).append(event)
    by_digest: dict[str, Approval] = {}
    before: dict[str, frozenset[int]] = {}
    for change in changes:
        for file in change.files:
            model = file.place.model
            if file.place.kind is not Kind.STAGES or model is None:
                continue
            if file.removed:  # what comes back later came anew
                before.pop(model, None)
                continue
            table = tables.table(file.new_oid, file.path)
            entries = (*table.entries, *table.alias_entries.values()) if table else ()
            signed = [entry for entry in entries if entry.approvals]
            # Entries that did not change are the same objects, for as long as the tables are kept.
            seen, before[model] = before.get(model, frozenset()), frozenset(map(id, signed))
            for entry in signed:
                if id(entry) in seen:
                    continue
                candidates = arrivals.get((model, entry.version, entry.stage), ())
                landed = (
                    event for event in reversed(candidates) if order[event.landed_in] <= order[change.commit]
                )
                arrival = next(landed, None)
                if arrival is not None:
                    contents = _contents(arrival, previous[model, arrival.landed_in], entry, rules)
                    for approval in _given(arrival, change.commit, entry, contents):
                        by_digest.setdefault(approval.digest(approval.contents[-1]), approval)
    return list(by_digest.values())


def _contents(
    event: Event, previous: Event | None, entry: StageEntry, rules: Rules
) -> tuple[TransitionContent, ...]:
    """Return what an approval of the event's transition signs, but for its note: on this occasion; also,
    where the policy did not name the registry yet, the transition alone, as approvals did before.
    """
    occasion = rules.occasion(previous, event.landed_in)
    content = transition_content(event.model, event.start, entry, event.manifest_digest, occasion)
    if rules.names_registry(event.landed_in):
        return (content,)
    return replace(content, occasion=None), content


def _given(
    event: Event, commit: str, entry: StageEntry, contents: tuple[TransitionContent, ...]
) -> Iterator[Approval]:
    for approval in entry.approvals[:_MOST]:
        by, signature = approval.get("by"), approval.get("signature")
        if isinstance(by, str) and isinstance(signature, str) and by.isprintable() and signature.isascii():
            signed = tuple(content.noted_in(approval).canonical() for content in contents)
            yield Approval(event, commit, by, signed, signature.strip() + "\n")


def approval_contradictions(
    repository: Repository,
    given: Sequence[Approval],
    root: TrustRoot,
    order: Mapping[str, int],
    moments: Sequence[int],
    known: VerifiedSignatures,
) -> Iterator[Contradiction]:
    """Yield the approvals that do not hold by the keys which main allowed before they landed.

    `moments` are main's dates (Unix time, seconds) by place.
    """
    verdicts: dict[int, SignatureVerdict] = {}
    for turn in range(2):
        places = [place for place, approval in enumerate(given) if turn < len(approval.contents)]
        remaining = [place for place in places if place not in verdicts or not _is_good(verdicts[place])]
        signed = [
            _signed(given[place], turn, root, order[given[place].landed_in], moments) for place in remaining
        ]
        verdicts |= dict(zip(remaining, judge(repository, signed, known), strict=True)) if signed else {}
    for place, approval in enumerate(given):
        verdict = verdicts[place]
        if _is_good(verdict):
            continue
        event = approval.event
        message = f"{approval.by} did not sign the approval of {event.summary} that stands in stages.yaml"
        if verdict.judgement is Judgement.UNKNOWN:
            message = f"the approval of {event.summary} by {approval.by} can't be verified: {verdict.why}"
        yield Contradiction(
            "RB612",
            event.tag,
            approval.landed_in,
            message,
            "Ask them. An approval holds for one transition, reason and manifest, on one occasion, only.",
            event.model,
            "warning" if verdict.judgement is Judgement.UNKNOWN else "error",
        )


def _is_good(verdict: SignatureVerdict) -> bool:
    return verdict.judgement is Judgement.GOOD


def _signed(approval: Approval, turn: int, root: TrustRoot, place: int, moments: Sequence[int]) -> Signed:
    content = root.at(place - 1)
    return Signed(
        oid=approval.digest(approval.contents[turn]),
        payload=approval.contents[turn],
        signature=approval.signature,
        at=moments[place],
        roots=(content,) if content.strip() else (),
        only_ssh=True,
        namespace=NAMESPACE,
        principal=approval.by,
    )
