"""Checking what an index says of a model against the audit trail, and the trail's head against what is held.

The index brings the tags' objects, byte for byte. Their ids are computed anew and each must name the one
before it, up to the head; so whoever knows the head knows that nothing in the chain is missing, added or
changed. What the model's events add up to must then be what the model's document says.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.errors import CannotTell, Conflict, NotFound, Refused
from rollbook.names import alias_of
from rollbook.signing.verdict import Judgement, Signed
from rollbook.trail.event import Action
from rollbook.transfer.static_index.document_json import parse_root
from rollbook.transfer.static_index.index_layout import EVENTS_PER_FILE, ROOT, trail_file
from rollbook.transfer.static_index.index_trail import parse_trail

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rollbook.registry.registry import Model
    from rollbook.trail.head import Head
    from rollbook.trail.standing_tags import StandingTag
    from rollbook.transfer.static_index.documents import RootDocument
    from rollbook.transfer.static_index.index_snapshot import IndexSnapshot
    from rollbook.transfer.static_index.index_source import IndexSource

_LARGEST_TRAIL = 100_000_000
_AGAIN = "The index may be being brought up to date: try again. If that stays, do not use it."
_DISTRUST = "Do not use what it says. Compare it with a clone: rollbook audit verify."


@dataclass(frozen=True, slots=True)
class Claims:
    """What is said of a model: each version's manifest and artifact digest, the stage that each version is in
    that isn't at the first one, and the version that each alias points to."""

    model: str
    digests: Mapping[str, tuple[str, str]]
    stages: Mapping[str, str]
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VerifiedModel:
    """The head that an answer was found to follow from, and what vouched for the head: a witness that it
    extends, and who signed it (empty where nobody was asked about). `aliases` are those of the model that
    the trail has on record."""

    tag: str
    object: str
    events: int
    extends_witness: bool
    signed_by: str
    aliases: frozenset[str] = frozenset()


def verify(
    source: IndexSource, claims: Claims, *, witness: Head | None = None, allowed_signers: bytes | None = None
) -> VerifiedModel:
    """Check what an index says of a model, by its trail.

    `witness` is a head that was published earlier, `allowed_signers` who may sign the trail. Raises Refused
    for what contradicts the trail, Conflict for an index that is being brought up to date, CannotTell where
    nothing is recorded.
    """
    root = source.read(ROOT, parse_root, fresh=True)
    if not root.events:
        raise CannotTell("the index has no trail to verify by", hint="Nothing of the registry is recorded.")
    try:
        chain = _chain(source, root, settled=True)
    except Refused:  # what was kept may be of a main that was rewritten since
        chain = _chain(source, root, settled=False)
    if witness is not None:
        _require_extended(chain, witness)
    signed_by = _signer(chain[-1], allowed_signers) if allowed_signers is not None else ""
    recorded = _replayed(claims.model, chain)
    _require_agreement(claims, recorded)
    # The trail may have grown after the root was read.
    head = chain[-1]
    return VerifiedModel(
        head.inner, head.oid, len(chain), witness is not None, signed_by, frozenset(recorded.aliases)
    )


def claims_of(snapshot: IndexSnapshot, model: Model) -> Claims:
    """Return what an index says of a model that the trail says too."""
    digests = {version: snapshot.digests(model.name, version) for version in model.version_names}
    first = model.registry.policy.first_stage.name
    stages = {version: model.version(version).stage for version in digests}
    moved = {version: stage for version, stage in stages.items() if stage != first}
    return Claims(model.name, digests, moved, dict(model.stages.aliases))


def _chain(source: IndexSource, root: RootDocument, *, settled: bool) -> list[StandingTag]:
    """Return the whole trail, its ids and links checked, up to the head that the index names. `settled` reads
    the parts that are full without asking, where they were read before.
    """
    if root.events > _LARGEST_TRAIL:
        raise Refused(f"the index claims a trail of {root.events:,} events")
    chain: list[StandingTag] = []
    previous = ""
    full = root.events // EVENTS_PER_FILE
    for number in range(-(-root.events // EVENTS_PER_FILE)):
        try:
            part = source.read(trail_file(number), parse_trail, fresh=True, settled=settled and number < full)
        except NotFound as error:
            raise Refused(f"a part of the trail is missing: {error}", hint=_DISTRUST) from error
        for tag in part:
            if tag.previous != previous:
                raise Refused(
                    f"the trail is broken: {tag.inner} does not follow the tag before it", hint=_DISTRUST
                )
            previous = tag.oid
        chain += part
    # A part may have grown after the root was read; the head is among what it has now.
    if len(chain) < root.events or chain[root.events - 1].oid != root.head_object:
        raise Refused("the trail does not lead to the head that the index names", hint=_DISTRUST)
    return chain


def _require_extended(chain: Sequence[StandingTag], witness: Head) -> None:
    if witness.events > len(chain):
        raise Refused(
            f"the index is older than the witness: {len(chain)} events, and the witness saw {witness.events}",
            hint="Whoever serves it may hold back what happened since.",
        )
    if witness.events and chain[witness.events - 1].oid != witness.object:
        raise Refused(
            f"the trail does not extend the witness: number {witness.events} is another tag", hint=_DISTRUST
        )


def _signer(head: StandingTag, allowed_signers: bytes) -> str:
    """Who signed the head, which vouches for all before it. Raises Refused when nobody did who may.

    Judged for the present moment: when a tag was made says only the tag itself, so a key that has expired
    since may have signed it yesterday.
    """
    from rollbook.signing.signature import judge

    roots = (allowed_signers,) if allowed_signers.strip() else ()
    question = Signed(head.oid, head.payload, head.signature, int(time.time()), roots, only_ssh=True)
    (verdict,) = judge(None, [question])
    if verdict.judgement is not Judgement.GOOD:
        raise Refused(
            f"the head {head.inner} is not signed by anybody on the list of allowed signers", hint=_DISTRUST
        )
    return verdict.principal


def _require_agreement(claims: Claims, recorded: Claims) -> None:
    for version, digests in claims.digests.items():
        told = recorded.digests.get(version)
        if told is None:
            raise Conflict(
                f"the trail does not record {claims.model}@{version}",
                hint="It may not be recorded yet, or the index is being brought up to date: try again.",
            )
        if told != digests:
            raise Refused(
                f"the index says other digests of {claims.model}@{version} than the trail", hint=_DISTRUST
            )
    for version in claims.digests:
        told_stage, stage = recorded.stages.get(version), claims.stages.get(version)
        if told_stage != stage:
            raise Conflict(
                f"by the trail {claims.model}@{version} is in {told_stage or 'the first stage'}, and by the "
                f"index in {stage or 'the first stage'}",
                hint=_AGAIN,
            )
    for alias, told_version in recorded.aliases.items():
        version = claims.aliases.get(alias, "")
        if told_version != version:
            raise Conflict(
                f"by the trail {claims.model}@{alias} is {told_version}, and by the index "
                f"{version or 'nothing'}",
                hint=_AGAIN,
            )
    hidden = recorded.digests.keys() - claims.digests.keys()
    if hidden:
        raise Refused(
            f"the index leaves out {claims.model}@{min(hidden)}, which the trail records", hint=_DISTRUST
        )


def _replayed(model: str, chain: Iterable[StandingTag]) -> Claims:
    """Return what a model's events add up to."""
    digests: dict[str, tuple[str, str]] = {}
    stages: dict[str, str] = {}
    aliases: dict[str, str] = {}
    mark = f"\nModel: {model}\n"
    for tag in chain:
        if mark not in tag.message or tag.trailer("Model") != model:
            continue
        version, action = tag.trailer("Version"), tag.trailer("Action")
        if action == Action.REGISTERED.value:
            digests[version] = (
                tag.trailer("Manifest-Digest").removeprefix("sha256:"),
                tag.trailer("Artifact-Digest").removeprefix("sha256:"),
            )
        elif action == Action.ASSIGNED.value:
            stages[version] = tag.trailer("To")
        elif action == Action.UNASSIGNED.value:
            stages.pop(version, None)
        elif action == Action.ALIAS_SET.value:
            aliases[alias_of(tag.trailer("To"))] = version
        elif action == Action.ALIAS_REMOVED.value:
            aliases.pop(alias_of(tag.trailer("From")), None)
    return Claims(model, digests, stages, aliases)
