"""A tag of the trail: the bytes of its object, and reading it back.

The message is a one-line summary, a blank line, and trailers (`git interpret-trailers`), so that git's own
`--format=%(contents:trailers)` reads them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import Refused
from rollbook.git.objects import read_at_once, read_tag_object
from rollbook.git.refs import annotated_tags
from rollbook.names import is_model_name, is_version
from rollbook.trail.event import Action, Event

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rollbook.git.repository import Repository
    from rollbook.git.write import Identity

# Tags come from anywhere: what is no such text can't have been written here.
_OBJECT_ID = re.compile(r"[0-9a-f]{40}")
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_MOST_MODELS = 50  # git compares each ref with each pattern
_ACTIONS = {action.value: action for action in Action}
_TIME = re.compile(r"[0-9]{1,12}")
_APPROVED = "Approved-By: "
# A tag as `tag_object` writes it: read by one look, where a long trail has tens of thousands.
AS_WRITTEN = re.compile(
    r"object ([0-9a-f]{40})\ntype commit\ntag [^\n]+\n"
    r"tagger ([^\n<>]* <[^\n<>]*>) ([0-9]{1,12}) [+-][0-9]{4}\n\n[^\n]+\n\n"
    r"Action: ([a-z-]+)\nEvent: ([1-9][0-9]{0,17})\nModel: ([^\n]+)\nVersion: ([^\n]+)\n"
    r"(?:From: ([^\n]+)\n)?(?:To: ([^\n]+)\n)?(?:Reason: ([^\n]+)\n)?"
    r"(?:Requested-By: ([^\n]+)\n)?(?:Requested-At: ([^\n]+)\n)?((?:Approved-By: [^\n]+\n)*)"
    r"(?:Pull-Request: ([^\n]+)\n)?(?:Origin: ([^\n]+)\n)?Landed-In: ([0-9a-f]{40})\n"
    r"(?:Manifest-Digest: sha256:([0-9a-f]+)\n)?(?:Artifact-Digest: sha256:([0-9a-f]+)\n)?"
    r"(?:Previous-Event: ([0-9a-f]{40})\n)?(-----BEGIN [^\0]*)?"
)


@dataclass(frozen=True, slots=True)
class RecordedTag:
    """An annotated tag of the repository that bears a trail's trailers.

    `oid` is the tag object's id, `commit` what it points at, `recorded_at` the tagger's date (Unix time,
    seconds), `tagger` who made it; `event` is what the trailers say; `previous` the id of the tag object
    before it.
    """

    name: str
    oid: str
    commit: str
    recorded_at: int
    tagger: str
    event: Event
    previous: str
    pull_request: str
    signed: bool


@dataclass(frozen=True, slots=True)
class RecordedTrail:
    """The tags of a repository: those of the trail by name, and the names of all others."""

    tags: Mapping[str, RecordedTag]
    foreign: frozenset[str]

    def with_tags(self, added: Iterable[RecordedTag]) -> RecordedTrail:
        """Return the trail as it would be with these tags as well."""
        return RecordedTrail({**self.tags, **{tag.name: tag for tag in added}}, self.foreign)


def tag_object(event: Event, tagger: Identity, previous: str, pull_request: str = "") -> bytes:
    """Return the bytes of the annotated tag object that records `event`, unsigned.

    `pull_request` is the address of the one that brought it, where a forge has told.
    """
    message = tag_message(event, previous, pull_request)
    return annotated_tag(event.tag, event.commit, tagger, event.recorded_at, message)


def annotated_tag(name: str, target: str, tagger: Identity, seconds: int, message: str) -> bytes:
    """Return the bytes of an annotated tag object on the commit `target`, unsigned: what `git mktag` takes.

    `seconds` is its date (Unix time), told in UTC.
    """
    head = f"object {target}\ntype commit\ntag {name}\n"
    return f"{head}tagger {tagger.name} <{tagger.email}> {seconds} +0000\n\n{message}".encode()


def tag_message(event: Event, previous: str, pull_request: str = "") -> str:
    """Return the message of the tag that `tag_object` makes."""
    return f"{event.summary}\n\n{_trailers(event, previous, pull_request)}"


def _trailers(event: Event, previous: str, pull_request: str) -> str:
    pairs = [
        ("Action", event.action.value),
        ("Event", str(event.number)),
        ("Model", event.model),
        ("Version", event.version),
        ("From", event.start),
        ("To", event.target),
        ("Reason", event.reason),
        ("Requested-By", event.requested_by),
        ("Requested-At", event.requested_at),
        *(("Approved-By", name) for name in event.approved_by),
        ("Pull-Request", pull_request),
        ("Origin", event.origin),
        ("Landed-In", event.landed_in),
        ("Manifest-Digest", f"sha256:{event.manifest_digest}" if event.manifest_digest else ""),
        ("Artifact-Digest", f"sha256:{event.artifact_digest}" if event.artifact_digest else ""),
        ("Previous-Event", previous),
    ]
    return "".join(f"{key}: {value}\n" for key, value in pairs if value)


def recorded_trail(repository: Repository, models: Collection[str] | None = None) -> RecordedTrail:
    """Every tag of the repository, or those that are named after some models, in two git calls."""
    patterns = None
    if models is not None and len(models) <= _MOST_MODELS:
        # A model's name holds nothing that git would take for a pattern.
        patterns = [f"{model}{mark}*" for model in models for mark in "@#"]
    annotated, others = annotated_tags(repository, patterns)
    objects = read_at_once(repository, annotated.values())
    tags, foreign = {}, set(others)
    for (name, oid), data in zip(annotated.items(), objects, strict=True):
        tag = recorded_tag(name, oid, data)
        if tag is None:
            foreign.add(name)
        else:
            tags[name] = tag
    return RecordedTrail(tags, frozenset(foreign))


def is_trail_name(name: str) -> bool:
    """Whether a tag's name is one that the trail uses, or GTO: `model@v1.2.0`, `model#stage#7`."""
    return "@" in name or "#" in name


def read_tag(repository: Repository, name: str, oid: str) -> RecordedTag:
    """Return the tag object `oid`, which is to be named `name`.

    Raises Refused when it is no annotated tag of the trail, or names itself otherwise: a signature counts
    for the name inside the object only.
    """
    data = read_tag_object(repository, oid)
    tag = recorded_tag(name, oid, data) if data is not None else None
    if data is None or tag is None:
        raise Refused(
            f"the tag {name!r} is no event of the audit trail", hint="Tags are written by `rollbook`."
        )
    inner = _head(data.decode(errors="replace")).get("tag", "")
    if inner != name:
        raise Refused(f"the tag {name!r} calls itself {inner!r} inside")
    return tag


def recorded_tag(name: str, oid: str, data: bytes) -> RecordedTag | None:
    """Return the annotated tag with these bytes, under the ref `name`; None when it is no event of a
    trail.
    """
    text = data.decode(errors="replace")
    written = AS_WRITTEN.fullmatch(text)
    if written is None:
        return _recorded(name, oid, text)
    (
        commit, tagger, seconds, action, number, model, version, start, target, reason, by, at, approved,
        pull_request, origin, landed_in, manifest, artifact, previous, signature,
    ) = written.groups("")  # fmt: skip
    if action not in _ACTIONS or not is_model_name(model) or not is_version(version):
        return None
    return RecordedTag(
        name=name,
        oid=oid,
        commit=commit,
        recorded_at=int(seconds),
        tagger=tagger,
        event=Event(
            _ACTIONS[action], int(number), model, version, start, target, reason, by, at,
            tuple(line.removeprefix(_APPROVED) for line in approved.split("\n")[:-1]), landed_in, commit,
            int(seconds), manifest, artifact, origin,
        ),
        previous=previous,
        pull_request=pull_request,
        signed=bool(signature),
    )  # fmt: skip


def _recorded(name: str, oid: str, text: str) -> RecordedTag | None:
    """Return the same of a tag that isn't written the way it is written here."""
    facts = _head(text)
    contents = text.partition("\n\n")[2]
    pairs = [line.partition(": ") for line in _trailer_lines(contents)]
    # The first of a name counts; a dictionary keeps the last that it is given.
    first = {key: value for key, colon, value in reversed(pairs) if colon}
    approved = tuple(value for key, colon, value in pairs if colon and key == "Approved-By")
    *_, seconds, _ = ["", *facts.get("tagger", "").split(" ")]
    event = _event(first, approved, facts.get("object", ""), int(seconds) if _TIME.fullmatch(seconds) else 0)
    if event is None:
        return None
    return RecordedTag(
        name=name,
        oid=oid,
        commit=event.commit,
        recorded_at=event.recorded_at,
        tagger=facts.get("tagger", "").rsplit(" ", 2)[0],
        event=event,
        previous=first.get("Previous-Event", ""),
        pull_request=first.get("Pull-Request", ""),
        signed="\n-----BEGIN " in contents,
    )


def _head(text: str) -> dict[str, str]:
    return dict(line.partition(" ")[::2] for line in text.partition("\n\n")[0].split("\n"))


def parse_trailers(contents: str) -> Mapping[str, list[str]]:
    """Return the trailers of a tag's message: its last paragraph before any signature."""
    trailers: dict[str, list[str]] = {}
    for line in _trailer_lines(contents):
        key, colon, value = line.partition(": ")
        if colon:
            trailers.setdefault(key, []).append(value)
    return trailers


def _trailer_lines(contents: str) -> list[str]:
    message = contents.split("\n-----BEGIN ", 1)[0].rstrip("\n")
    return message.rpartition("\n\n")[2].split("\n")


def _event(
    trailers: Mapping[str, str], approved: tuple[str, ...], commit: str, recorded_at: int
) -> Event | None:
    told = trailers.get
    action = _ACTIONS.get(told("Action", ""))
    model, version, number = told("Model", ""), told("Version", ""), told("Event", "")
    if action is None or not _NUMBER.fullmatch(number) or not is_model_name(model) or not is_version(version):
        return None
    landed_in, previous = told("Landed-In", ""), told("Previous-Event", "")
    if not _OBJECT_ID.fullmatch(landed_in) or (previous and not _OBJECT_ID.fullmatch(previous)):
        return None
    return Event(
        action=action,
        number=int(number),
        model=model,
        version=version,
        start=told("From", ""),
        target=told("To", ""),
        reason=told("Reason", ""),
        requested_by=told("Requested-By", ""),
        requested_at=told("Requested-At", ""),
        approved_by=approved,
        landed_in=landed_in,
        commit=commit,
        recorded_at=recorded_at,
        manifest_digest=told("Manifest-Digest", "").removeprefix("sha256:"),
        artifact_digest=told("Artifact-Digest", "").removeprefix("sha256:"),
        origin=told("Origin", ""),
    )
