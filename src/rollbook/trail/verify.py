"""Verifying the trail: main's events derived anew, and compared with every tag that stands.

No server is asked. What there is too little for to tell is said apart from what is wrong.
"""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import CannotTell, NotFound
from rollbook.git.config import setting
from rollbook.git.main_history import first_parents
from rollbook.git.refs import tag_ids
from rollbook.git.repository import is_ancestor, resolve_commit
from rollbook.git.shallow import is_shallow
from rollbook.git.substitutes import substitutes
from rollbook.names import is_version, parse_moment
from rollbook.registry.main_branch import main_branch, published_commit, remote_name
from rollbook.registry.model_folders import model_names
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.trail.contradiction import Contradiction, arranged
from rollbook.trail.derived_trail import derived_trail, judged_approvals, judged_signers
from rollbook.trail.head import Head
from rollbook.trail.reconcile import Main, compare
from rollbook.trail.registration_integrity import record_contradictions
from rollbook.trail.standing_tags import standing
from rollbook.trail.tag import is_trail_name
from rollbook.trail.trail_growth import grown
from rollbook.trail.verification import Doubt, Verification
from rollbook.trail.verified_trail import (
    VerifiedTrail,
    are_whole,
    digest_of_tags,
    remember_verified,
    verified_before,
)
from rollbook.trail.witness import witness_contradictions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.errors import Severity
    from rollbook.git.main_history import Landed
    from rollbook.git.repository import Repository
    from rollbook.trail.derived_trail import DerivedTrail
    from rollbook.trail.event import Event
    from rollbook.trail.standing_tags import StandingTags

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_FETCH_TAGS = "Fetch them: git fetch origin 'refs/tags/*:refs/tags/*'"
_SOME = 100  # manifests that are looked for
# About tags that are wrong in themselves enough is said: their signatures are not judged.
_WRONG_IN_THEMSELVES = ("RB603", "RB604", "RB606")


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
    same, but for what was verified before (`verified_trail`): then only what came since is judged.
    `allowed_signers` replaces the registry's own list; `witness` is a head that was published earlier.
    Raises CannotTell where there are no tags or not the whole history, NotFound for an unknown model or a
    `since` that is not on main.
    """
    if is_shallow(repository):
        raise CannotTell(
            "this clone is shallow: main's history is not here", hint="Run `git fetch --unshallow --tags`."
        )
    line = first_parents(repository, published_commit(repository))
    # What stands in for objects is looked for each time: it comes and goes without a trace in the trail.
    is_whole = since is None and model is None and witness is None and not any(substitutes(repository))
    refs = tag_ids(repository)
    if is_whole and (verification := _grown(repository, line, refs, allowed_signers)):
        return verification
    if not any(map(is_trail_name, refs)) and _holds_versions(repository, line[-1].commit):
        _require_tags(standing(repository, refs))  # before all of main is read
    with ThreadPoolExecutor(1) as pool:  # git walks main while the tags are read
        reading = pool.submit(standing, repository)
        history, reader = derived_trail(repository, line)
    try:
        tags = reading.result()
        verification = _verify(repository, history, tags, since, model, allowed_signers, witness)
    finally:
        reader.close()
    if is_whole:
        _remember(repository, verification, tags, tags.objects, allowed_signers)
    return verification


def _grown(
    repository: Repository, line: Sequence[Landed], refs: Mapping[str, str], allowed_signers: bytes | None
) -> Verification | None:
    """Return what comes of verifying where all but what landed since was verified before, and nothing is
    wrong but that it may not be recorded yet; None elsewhere."""
    known = verified_before(repository, allowed_signers)
    if known is None:
        return None
    with ThreadPoolExecutor(1) as pool:  # git walks main while the tags are read
        reading = pool.submit(are_whole, repository, refs.values())
        growth = grown(repository, line, refs, known, allowed_signers)
    if growth is None or not reading.result():
        return None
    tip = line[-1].commit
    contradictions, doubts = _sorted_out(repository, tip, [*growth.unrecorded])
    head = None if growth.unrecorded else Head(growth.tag, growth.object, growth.events, tip)
    verification = Verification(
        tip, growth.events, tuple(contradictions), tuple(doubts), growth.signers, head
    )
    _remember(repository, verification, growth.added, refs, allowed_signers)
    return verification


def _remember(
    repository: Repository,
    found: Verification,
    judged: StandingTags,
    refs: Mapping[str, str],
    allowed_signers: bytes | None,
) -> None:
    """Remember a trail of which nothing is to be said: `judged` are the tags that were judged for that."""
    if found.head is None or found.contradictions:
        return
    signers, head = found.signers, found.head
    trail = VerifiedTrail(
        found.main, digest_of_tags(refs), found.events, dict(signers.tags), signers.unsigned, head.tag,
        head.object,
    )  # fmt: skip
    if trail != verified_before(repository, allowed_signers):
        remember_verified(repository, trail, judged, allowed_signers)


def _verify(
    repository: Repository,
    history: DerivedTrail,
    tags: StandingTags,
    since: str | None,
    model: str | None,
    allowed_signers: bytes | None,
    witness: Head | None,
) -> Verification:
    start = _start(repository, since, history)
    if history.events:
        _require_tags(tags, history.events)
    if model is not None and all(event.model != model for event in history.events):
        raise NotFound(f"main's history holds no event of a model {model[:80]!r}")
    in_scope = [
        event
        for event in history.events
        if (model is None or event.model == model) and history.order[event.landed_in] >= start
    ]
    contradictions = compare(history.events, tags, Main(history.order, history.began, history.origins))
    wrong = {item.tag for item in contradictions if item.code in _WRONG_IN_THEMSELVES}
    recorded = [
        (event, tags.tags[event.tag])
        for event in history.events
        if event.tag in tags.tags and event.tag not in wrong
    ]
    scope = {event.tag for event in in_scope}
    signers = judged_signers(repository, history, recorded, scope, allowed_signers)
    contradictions += [*signers.contradictions, *record_contradictions(history.changes, history.events)]
    contradictions += judged_approvals(repository, history)
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


def _start(repository: Repository, since: str | None, history: DerivedTrail) -> int:
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


def _holds_versions(repository: Repository, tip: str) -> bool:
    """Return whether main calls for events, as far as some versions that stand there tell."""
    snapshot = commit_snapshot(repository, tip)
    models = model_names(snapshot)
    listed = snapshot.children([layout.versions_directory(model) for model in models])
    versions = ((model, name) for model, names in zip(models, listed, strict=True) for name in names)
    manifests = (layout.manifest_path(*version) for version in versions if is_version(version[1]))
    some = [*islice(manifests, _SOME)]
    return bool(some) and any(mode.startswith("100") for mode in snapshot.modes_at(some).values())


def _require_tags(tags: StandingTags, events: Sequence[Event] = ()) -> None:
    tag_names = tags.tags.keys() | tags.broken | tags.foreign.keys()
    if not tags.tags and not any(event.tag in tag_names for event in events):
        raise CannotTell(
            "main's history holds events, and there is no tag of the trail here",
            hint=f"{_FETCH_TAGS} If nothing was ever recorded: rollbook audit record.",
        )


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
