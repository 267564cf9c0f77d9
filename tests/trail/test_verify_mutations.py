"""Whatever single thing is done to a trail's tags, verifying finds it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from building.texts import stages
from building.world import git
from rollbook.trail.derive import derive
from rollbook.trail.head import Head, head
from rollbook.trail.landings import landed_changes
from rollbook.trail.reconcile import Main, compare
from rollbook.trail.record import record
from rollbook.trail.standing_tags import sorted_out
from rollbook.trail.witness import witness_contradictions

from .histories import new_history, registration
from .verifying import (
    CHAIN,
    STAGES,
    landed_history,
    object_id,
    public,
    put,
    sign_with,
    ssh_key,
    tag_bytes,
    verified,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.trail.event import Event

    from .histories import History

EXAMPLES = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True)
class Trail:
    """A recorded trail in memory: the events, the tags' bytes by name, main, and the head."""

    events: list[Event]
    tags: Mapping[str, bytes]
    main: Main
    head: Head

    def wrong(self, tags: Mapping[str, bytes], *, witness: bool) -> list[str]:
        standing = sorted_out((name, object_id(data), data) for name, data in tags.items())
        found = compare(self.events, standing, self.main)
        if witness:
            found += witness_contradictions(self.head, self.events, standing, self.main.order)
        return [item.code for item in found]


@cache
def trail() -> Trail:
    with tempfile.TemporaryDirectory() as directory:
        history = new_history(Path(directory) / "registry.git")
        history.commit({**registration("credit", "1.0.0"), **registration("credit", "1.1.0")})
        history.commit({STAGES: stages(staging=["1.0.0", "1.1.0"])})
        history.commit(
            {STAGES: stages(production=["1.0.0"], staging=["1.1.0"]), **registration("risk/fraud", "0.1.0")}
        )
        history.commit({STAGES: stages(production=["1.1.0"], archived=["1.0.0"])})
        record(history.repository)
        repository = history.repository
        events = list(derive(repository, landed_changes(repository, "main"), {}))
        commits = git(history.directory, "rev-list", "--reverse", "main").split()
        order = {commit: place for place, commit in enumerate(commits)}
        began: dict[str, int] = {}
        for event in events:
            began.setdefault(event.model, order[event.landed_in])
        tags = {event.tag: tag_bytes(history, event.tag) for event in events}
        return Trail(events, tags, Main(order, began), head(repository))


def test_the_trail_as_recorded_has_nothing_wrong() -> None:
    assert trail().wrong(trail().tags, witness=True) == []


NAMES = st.deferred(lambda: st.sampled_from([event.tag for event in trail().events]))


@EXAMPLES
@given(NAMES, st.data())
def test_any_changed_byte_is_found(name: str, data: st.DataObject) -> None:
    old = trail().tags[name]
    index = data.draw(st.integers(0, len(old) - 1))
    kind = data.draw(st.sampled_from(["replace", "insert", "delete", "append"]))
    byte = bytes([data.draw(st.integers(0, 255))])
    new = {
        "replace": old[:index] + byte + old[index + 1 :],
        "insert": old[:index] + byte + old[index:],
        "delete": old[:index] + old[index + 1 :],
        "append": old + byte,
    }[kind]
    assume(new != old)
    tags = {**trail().tags, name: new}
    assert trail().wrong(tags, witness=True)
    start = old.index(b"tagger ")
    in_tagger = start <= index <= old.index(b"> ", start)
    if name != trail().head.tag or not in_tagger:
        # Who wrote the last tag is what only a signature or a witness can tell.
        assert trail().wrong(tags, witness=False)


@EXAMPLES
@given(NAMES, st.integers(0, 10), st.integers(-(10**9), 10**9))
def test_another_commit_or_date_is_found(name: str, place: int, seconds: int) -> None:
    (event,) = (event for event in trail().events if event.tag == name)
    commits = [*trail().main.order, "0" * 40]
    commit = commits[place % len(commits)]
    recorded_at = max(event.recorded_at + seconds, 0)
    assume((commit, recorded_at) != (event.commit, event.recorded_at))
    data = trail().tags[name].replace(event.commit.encode(), commit.encode(), 1)
    data = data.replace(b"> %d +0000" % event.recorded_at, b"> %d +0000" % recorded_at)
    assert trail().wrong({**trail().tags, name: data}, witness=False)


@EXAMPLES
@given(
    NAMES,
    st.from_regex(r"[a-z/]{1,8}(@v[0-9]\.[0-9]\.[0-9]!?|#[a-z]{1,9}!?#[0-9]{1,2})", fullmatch=True),
    st.booleans(),
)
def test_a_tag_under_another_name_is_found(name: str, other: str, is_copied: bool) -> None:
    assume(other not in trail().tags)
    tags = {**trail().tags, other: trail().tags[name]}
    if not is_copied:
        del tags[name]
    assert trail().wrong(tags, witness=False)


@EXAMPLES
@given(NAMES, NAMES)
def test_two_tags_that_changed_places_are_found(name: str, other: str) -> None:
    assume(name != other)
    tags = {**trail().tags, name: trail().tags[other], other: trail().tags[name]}
    assert trail().wrong(tags, witness=False)


@EXAMPLES
@given(NAMES, st.sampled_from(["staging", "production", "x"]), st.integers(1, 99), st.booleans())
def test_an_extra_tag_is_found(name: str, stage: str, number: int, is_ours: bool) -> None:
    extra = f"credit#{stage}#{number}"
    assume(extra not in trail().tags)
    data = trail().tags[name].replace(name.encode(), extra.encode())
    if not is_ours:
        data = data.partition(b"\n\n")[0] + b"\n\nby hand\n"
    assert trail().wrong({**trail().tags, extra: data}, witness=False)


@given(NAMES)
def test_a_deleted_tag_is_found(name: str) -> None:
    tags = {other: data for other, data in trail().tags.items() if other != name}
    assert trail().wrong(tags, witness=False)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> tuple[History, bytes]:
    folder = tmp_path_factory.mktemp("signed")
    key = ssh_key(folder)
    history = landed_history(folder / "registry.git")
    sign_with(history, key)
    record(history.repository)
    return history, f"ci@example.com {public(key)}\n".encode()


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 1, exclude_max=True), st.integers(1, 255), st.sampled_from(CHAIN))
def test_any_changed_byte_of_a_signed_tag_is_found_without_a_witness(
    signed: tuple[History, bytes], place: float, difference: int, name: str
) -> None:
    history, allowed = signed
    old = tag_bytes(history, name)
    index = int(place * len(old))
    new = old[:index] + bytes([old[index] ^ difference]) + old[index + 1 :]
    put(history, name, new)
    try:
        # A signature that can no longer be read, or names another key, tells of nobody: then nobody can tell.
        assert verified(history, allowed_signers=allowed).result in {"tampered", "unknown"}
    finally:
        put(history, name, old)
