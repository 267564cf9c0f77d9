"""The tags of the trail, as git itself sees them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from building.texts import stages
from building.world import git
from rollbook.git.write import Identity
from rollbook.text import one_line
from rollbook.trail.event import Action, Event
from rollbook.trail.record import record
from rollbook.trail.tag import parse_trailers, recorded_trail, tag_object

from .histories import registration

if TYPE_CHECKING:
    from .histories import History


@pytest.fixture
def recorded(history: History) -> History:
    """A version that was registered and went to production."""
    history.commit(registration("credit", "1.0.0"))
    history.commit({"registry/credit/stages.yaml": stages(staging=["1.0.0"])})
    history.commit({"registry/credit/stages.yaml": stages(production=["1.0.0"])})
    record(history.repository)
    return history


def test_the_tags_have_the_names_of_gtos_grammar(recorded: History) -> None:
    names = {"credit@v1.0.0", "credit#staging#2", "credit#staging!#3", "credit#production#4"}
    assert recorded.tags().keys() == names


def test_every_tag_is_annotated_and_stands_on_the_registration(recorded: History) -> None:
    registered = git(recorded.directory, "rev-parse", "main~2")
    listed = git(recorded.directory, "for-each-ref", "--format=%(objecttype) %(*objectname)", "refs/tags")
    assert set(listed.splitlines()) == {f"tag {registered}"}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Action", "assigned"), ("Event", "4"), ("Model", "credit"), ("Version", "1.0.0"),
        ("From", "staging"),
        ("To", "production"), ("Reason", "for production"), ("Requested-By", "ann@example.com"),
        ("Requested-At", "2026-01-02T09:00:00Z"), ("Artifact-Digest", f"sha256:{'a' * 64}"),
    ],
)  # fmt: skip
def test_git_reads_the_trailer(recorded: History, key: str, value: str) -> None:
    assert recorded.trailer("credit#production#4", key) == value


def test_the_trailer_landed_in_names_the_commit_of_main(recorded: History) -> None:
    main = git(recorded.directory, "rev-parse", "main")
    assert recorded.trailer("credit#production#4", "Landed-In") == main


def test_each_tag_names_the_one_before_it(recorded: History) -> None:
    tags = recorded.tags()
    chain = ["credit@v1.0.0", "credit#staging#2", "credit#staging!#3", "credit#production#4"]
    assert recorded.trailer(chain[0], "Previous-Event") == ""
    for before, after in itertools.pairwise(chain):
        assert recorded.trailer(after, "Previous-Event") == tags[before]


def test_the_message_begins_with_a_summary(recorded: History) -> None:
    listed = git(recorded.directory, "for-each-ref", "--format=%(contents:subject)", "refs/tags/credit#*")
    assert set(listed.splitlines()) == {
        "credit@1.0.0 put into staging",
        "credit@1.0.0 taken out of staging",
        "credit@1.0.0 put into production",
    }


def test_the_objects_are_sound(recorded: History) -> None:
    assert "error" not in git(recorded.directory, "fsck", "--strict", "--no-dangling")


@pytest.mark.parametrize("model", ["credit", "credit-2", "risk/credit"])
def test_the_trail_of_one_model_is_that_part_of_the_whole(history: History, model: str) -> None:
    for name in ("credit", "credit-2", "risk/credit"):
        history.commit(registration(name, "1.0.0"))
        history.commit({f"registry/{name}/stages.yaml": stages(staging=["1.0.0"])})
    record(history.repository)
    whole = recorded_trail(history.repository).tags
    expected = {name: tag for name, tag in whole.items() if tag.event.model == model}
    assert len(expected) == 2
    assert recorded_trail(history.repository, [model]).tags == expected


def test_a_tag_that_is_not_of_the_trail_is_foreign(recorded: History) -> None:
    git(recorded.directory, "tag", "v1")
    git(recorded.directory, "tag", "-a", "-m", "x\n\nAction: registered\nModel: credit\n", "v2")
    trail = recorded_trail(recorded.repository)
    assert trail.foreign == {"v1", "v2"}
    assert len(trail.tags) == 4


@pytest.mark.parametrize(
    "change",
    [
        ("Landed-In: ", "Landed-In: --all"), ("Landed-In: ", "Landed-In: main\nX: "),
        ("Event: 1", "Event: -1"), ("Event: 1", "Event: ٣"),
        ("Version: 1.0.0", "Version: ../.."), ("Model: credit", "Model: -x"),
        ("Action: registered", "Action: exploded"),
        ("Artifact-Digest:", "Previous-Event: HEAD\nX:"),
    ],
)  # fmt: skip
def test_trailers_that_rollbook_never_writes_make_a_tag_foreign(
    recorded: History, change: tuple[str, str]
) -> None:
    text = git(recorded.directory, "cat-file", "tag", "credit@v1.0.0") + "\n"
    assert change[0] in text
    oid = git(recorded.directory, "mktag", "--no-strict", stdin=text.replace(*change))
    git(recorded.directory, "update-ref", "refs/tags/credit@v1.0.0", oid)
    assert recorded_trail(recorded.repository).foreign == {"credit@v1.0.0"}


_LINES = st.text(st.characters(codec="utf-8"), max_size=60).map(one_line)
_EVENTS = st.builds(
    Event,
    action=st.sampled_from([Action.REGISTERED, Action.ASSIGNED, Action.UNASSIGNED, Action.REMOVED]),
    number=st.integers(1, 10**6),
    model=st.sampled_from(["credit", "risk/credit"]),
    version=st.sampled_from(["1.0.0", "2.0.0-rc.1"]),
    start=st.sampled_from(["", "staging"]),
    target=st.sampled_from(["", "production"]),
    reason=_LINES | st.just("-----BEGIN SSH SIGNATURE-----"),
    requested_by=_LINES,
    requested_at=_LINES,
    approved_by=st.lists(_LINES.filter(bool), max_size=3).map(tuple),
    landed_in=st.just("b" * 40),
    commit=st.just("a" * 40),
    recorded_at=st.integers(0, 2**33),
    manifest_digest=st.sampled_from(["", "c" * 64]),
    artifact_digest=st.sampled_from(["", "d" * 64]),
)


@given(_EVENTS, st.sampled_from(["", "e" * 40]))
def test_what_is_written_into_a_tag_is_read_back(event: Event, previous: str) -> None:
    data = tag_object(event, Identity("Jane", "jane@example.com"), previous).decode()
    trailers = parse_trailers(data.partition("\n\n")[2])
    read = {key: values[0] for key, values in trailers.items()}
    assert (read["Action"], read["Model"], read["Version"]) == (
        event.action.value,
        event.model,
        event.version,
    )
    assert read.get("Reason", "") == event.reason
    assert read.get("Requested-By", "") == event.requested_by
    assert tuple(trailers.get("Approved-By", ())) == event.approved_by
    assert read.get("Previous-Event", "") == previous
