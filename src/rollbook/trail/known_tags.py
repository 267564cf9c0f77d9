"""What the trail's tags say, remembered in the git directory; safe to delete at any time.

Which tags there are, git says each time. What one says is remembered by the id of its object, which stands
for its content. That is for showing the trail: `audit record` and `audit verify` read the tags themselves.

The first line says how many of the others are one chain, in its order from the first tag on, and with which
object it ends: a trail that was found to be one chain to its head is read a line at a time. There, the first
tag of each change that people made tells the change whole.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, islice, zip_longest
from typing import TYPE_CHECKING

from rollbook.cache.memory import TAGS
from rollbook.git.objects import ObjectReader, read_at_once
from rollbook.git.refs import annotated_tags, tag_ids
from rollbook.names import time_text
from rollbook.trail.event import Action, Event
from rollbook.trail.standing_tags import MAX_TAG
from rollbook.trail.tag import RecordedTag, RecordedTrail, recorded_tag
from rollbook.trail.told_changes import change_row, told, told_together

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence
    from typing import BinaryIO

    from rollbook.git.repository import Repository
    from rollbook.trail.told_changes import Told

FEW = 500  # tags that are quicker read anew each time than written once
# A line a tag: lines and fields are told apart by what is split at the speed of C.
_BETWEEN, _WITHIN = "\0", "\x1f"
_CELLS = "\t"
# Places among the fields: what a table shows of a tag, the tag before it, and what tells its change.
_SHOWN, _PREVIOUS, _REQUESTED_AT, _APPROVED, _LANDED_IN, _CHANGE = 1, 5, 9, 10, 11, 15
_UNFINISHED = "\x1e"  # a change to which the tag that comes next may belong
_ACTIONS = {action.value: action for action in Action}


def known_trail(repository: Repository) -> RecordedTrail:
    """Every tag of the repository, of which only those are read that were not read before."""
    cached_tags = _read(repository)
    refs = tag_ids(repository)
    new = _read_anew(repository, cached_tags) if any(oid not in cached_tags for oid in refs.values()) else {}
    if len(new) > max(FEW, len(cached_tags) // 10):
        cached_tags |= {oid: _fields(tag) for oid, tag in new.items() if _is_plain(tag)}
        _write(repository, {oid: cached_tags[oid] for oid in refs.values() if oid in cached_tags})
    tags = {}
    for name, oid in refs.items():
        if oid in cached_tags:
            tags[name] = _tag(name, cached_tags[oid])
        elif oid in new:
            tags[name] = replace(new[oid], name=name)
    return RecordedTrail(tags, frozenset(refs.keys() - tags.keys()))


def chain_to(repository: Repository, head: str) -> Iterator[RecordedTag] | None:
    """Return the tags of the chain that ends with the object `head`, the first one first, read one after the
    other; None where too many of them were not read before."""
    chained = _opened(repository, head)
    if chained is None:
        return None
    lines, later = chained
    return chain((_tag("", line.decode().removesuffix("\n").split(_BETWEEN)) for line in lines), later)


def shown_to(repository: Repository, head: str) -> Iterator[list[str]] | None:
    """Return what a table shows of the tags that `chain_to` gives, as `shown` does."""
    chained = _opened(repository, head)
    if chained is None:
        return None
    lines, later = chained
    cells = (line.decode().split(_BETWEEN, _SHOWN + 1)[_SHOWN].split(_CELLS) for line in lines)
    return chain(cells, map(shown, later))


def changes_to(repository: Repository, head: str) -> Iterator[list[str]] | None:
    """Return what a table shows of the changes that `chain_to`'s tags tell, as `change_row` does."""
    chained = _opened(repository, head)
    return None if chained is None else _change_rows(*chained)


def _change_rows(lines: Iterator[bytes], later: list[RecordedTag]) -> Iterator[list[str]]:
    unfinished: list[Told] = []
    for line in lines:
        text, _, change = line.decode().removesuffix("\n").rpartition(_BETWEEN)
        if change == _UNFINISHED:
            unfinished.append(_told(text.split(_BETWEEN)))
        elif change:
            when, model, _, _, _, _, by, reason = text.split(_BETWEEN, _SHOWN + 1)[_SHOWN].split(_CELLS)
            what, approved, why = change.split(_CELLS)
            yield [when, model, what, by, approved, why or reason]
    yield from map(change_row, told_together(chain(unfinished, map(told, later))))


def _told(fields: Sequence[str]) -> Told:
    when, model, version, action, start, target, by, reason = fields[_SHOWN].split(_CELLS)
    return (
        when, model, version, action, start, target, by, reason,
        fields[_LANDED_IN], fields[_REQUESTED_AT], fields[_APPROVED],
    )  # fmt: skip


def shown(tag: RecordedTag) -> list[str]:
    """Return what a table shows of a tag: when it landed, model, version, action, from, to, by, and why."""
    event = tag.event
    return [
        time_text(tag.recorded_at), event.model, event.version, event.action.value, event.start, event.target,
        event.requested_by, event.reason,
    ]  # fmt: skip


def _opened(repository: Repository, head: str) -> tuple[Iterator[bytes], list[RecordedTag]] | None:
    """Yield the remembered lines of the chain's tags, read one after the other, and the tags after them; None
    where too many of them were not read before.
    """
    file = TAGS.opened(repository)
    if file is None:
        return None
    count, _, end = file.readline().decode().strip().partition(" ")
    later = _between(repository, end, head)
    if later is not None:
        return _lines(file, int(count)), later
    file.close()
    return None


def _lines(file: BinaryIO, count: int) -> Iterator[bytes]:
    with file:
        yield from islice(file, count)


def _between(repository: Repository, end: str, head: str) -> list[RecordedTag] | None:
    """Return the tags of the chain after the object `end`; None where a few don't lead back to that."""
    later: list[RecordedTag] = []
    reader = ObjectReader(repository)
    try:
        while head != end:
            tag_object = reader.read(head, MAX_TAG) if head and len(later) < FEW else None
            tag = (
                recorded_tag("", head, tag_object.data)
                if tag_object and tag_object.data is not None
                else None
            )
            if tag is None:
                return None
            later.append(replace(tag, name=tag.event.tag))
            head = tag.previous
    finally:
        reader.close()
    return later[::-1]


def _write(repository: Repository, known: dict[str, list[str]]) -> None:
    """Remember the fields of tags, those of one chain first."""
    after = {fields[_PREVIOUS]: oid for oid, fields in known.items()}
    in_order, end = list[str](), ""
    while end in after:
        end = after.pop(end)
        in_order.append(end)
    others = known.keys() - set(in_order)
    changes = _changes([_told(known[oid]) for oid in in_order])
    lines = (
        _BETWEEN.join([*known[oid][:_CHANGE], change])
        for oid, change in zip_longest([*in_order, *others], changes, fillvalue="")
    )
    TAGS.write(repository, "\n".join([f"{len(in_order)} {end}", *lines]).encode(errors="replace"))


def _changes(events: Iterable[Told]) -> Iterator[str]:
    """Yield what is remembered of the change that each event belongs to: for the first of each what it tells,
    and why where its own reason is another."""
    before: list[Told] = []
    for together in told_together(events):
        if before:
            _, _, what, _, approved, why = change_row(before)
            yield _CELLS.join([what, approved, "" if why == before[0][7] else why])
            yield from [""] * (len(before) - 1)
        before = together
    yield from [_UNFINISHED] * len(before)


def _read_anew(repository: Repository, known: Collection[str]) -> dict[str, RecordedTag]:
    """Return the trail's tags whose objects are not among the `known`, by the ids of these."""
    annotated, _ = annotated_tags(repository)
    refs = {name: oid for name, oid in annotated.items() if oid not in known}
    objects = read_at_once(repository, refs.values())
    tags = (recorded_tag(name, oid, data) for (name, oid), data in zip(refs.items(), objects, strict=True))
    return {tag.oid: tag for tag in tags if tag is not None}


def _fields(tag: RecordedTag) -> list[str]:
    """Return what a tag says, after the id of its object."""
    event = tag.event
    return [
        tag.oid, _CELLS.join(shown(tag)), tag.commit, str(tag.recorded_at), tag.tagger, tag.previous,
        tag.pull_request, "signed" if tag.signed else "", str(event.number), event.requested_at,
        "".join(f"{name}{_WITHIN}" for name in event.approved_by), event.landed_in,
        event.manifest_digest, event.artifact_digest, event.origin,
    ]  # fmt: skip


def _tag(name: str, fields: list[str]) -> RecordedTag:
    """Return the tag with these fields; without a name it has the one that it calls itself."""
    (
        oid, cells, commit, recorded_at, tagger, previous, pull_request, signed, number, at, approved,
        landed_in, manifest, artifact, origin,
    ) = fields[:_CHANGE]  # fmt: skip
    _, model, version, action, start, target, by, reason = cells.split(_CELLS)
    event = Event(
        _ACTIONS[action], int(number), model, version, start, target, reason, by, at,
        tuple(approved.split(_WITHIN)[:-1]), landed_in, commit, int(recorded_at), manifest, artifact, origin,
    )  # fmt: skip
    return RecordedTag(
        name or event.tag, oid, commit, event.recorded_at, tagger, event, previous, pull_request,
        signed == "signed",
    )  # fmt: skip


def _read(repository: Repository) -> dict[str, list[str]]:
    """Return the fields that are remembered, by the ids of objects."""
    _, *lines = (TAGS.read(repository) or b"").decode().split("\n")
    return {line[:40]: line.split(_BETWEEN) for line in lines}


def _is_plain(tag: RecordedTag) -> bool:
    """Whether nothing in it would be taken for what stands between lines, fields, cells and names."""
    fields = _fields(tag)
    text = "".join([*shown(tag), *fields[:_SHOWN], *fields[_SHOWN + 1 :]])
    within = "".join(tag.event.approved_by)
    return not any(mark in text for mark in ("\n", _BETWEEN, _CELLS)) and _WITHIN not in within
