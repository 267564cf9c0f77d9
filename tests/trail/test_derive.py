"""Events follow from main's first-parent history, whichever way a change got there."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from building.texts import alias_lines, manifest, stages
from building.world import git
from rollbook.trail import past_manifests
from rollbook.trail.derive import derive
from rollbook.trail.landings import landed_changes

from .histories import POLICY, registration

if TYPE_CHECKING:
    from rollbook.trail.event import Event

    from .histories import History

STAGES = "registry/credit/stages.yaml"


def events(history: History) -> list[Event]:
    return list(derive(history.repository, landed_changes(history.repository, "main"), {}))


def names(history: History) -> list[str]:
    return [event.tag for event in events(history)]


def test_a_registration_is_an_event_on_the_commit_that_brought_it(history: History) -> None:
    commit = history.commit(registration("credit", "1.0.0"))
    (event,) = events(history)
    assert (event.tag, event.commit, event.landed_in) == ("credit@v1.0.0", commit, commit)
    assert (event.number, event.target, event.reason) == (1, "development", "what 1.0.0 brings")
    assert event.requested_by == "jane@example.com"


def test_a_stage_change_stands_on_the_registration_and_names_where_it_landed(history: History) -> None:
    registered = history.commit(registration("credit", "1.0.0"))
    landed = history.commit({STAGES: stages(staging=["1.0.0"])})
    event = events(history)[-1]
    assert (event.tag, event.commit, event.landed_in) == ("credit#staging#2", registered, landed)
    assert (event.start, event.target) == ("development", "staging")
    assert (event.reason, event.requested_by) == ("for staging", "ann@example.com")


def test_a_version_leaves_its_stage_before_any_enters(history: History) -> None:
    history.commit(registration("credit", "1.0.0") | registration("credit", "1.1.0"))
    history.commit({STAGES: stages(production=["1.0.0"], staging=["1.1.0"])})
    history.commit({STAGES: stages(production=["1.1.0"], archived=["1.0.0"])})
    assert names(history)[4:] == [
        "credit#production!#5",
        "credit#staging!#6",
        "credit#archived#7",
        "credit#production#8",
    ]


def test_going_back_to_the_first_stage_is_a_departure_alone(history: History) -> None:
    history.commit(registration("credit", "1.0.0"))
    history.commit({STAGES: stages(staging=["1.0.0"])})
    history.commit({STAGES: None})
    assert names(history)[2:] == ["credit#staging!#3"]


def test_an_edit_that_moves_nothing_is_no_event(history: History) -> None:
    history.commit(registration("credit", "1.0.0"))
    history.commit({STAGES: stages(staging=["1.0.0"])})
    history.commit({STAGES: "# a comment\n" + stages(staging=["1.0.0"])})
    history.commit({"registry/credit/versions/1.0.0/notes.yaml": "description: x\n"})
    history.commit({"README.md": "x"})
    assert len(names(history)) == 2


def test_several_models_in_one_commit_come_in_the_order_of_their_names(history: History) -> None:
    history.commit(registration("fraud", "1.0.0"))
    history.commit(
        {"registry/fraud/stages.yaml": stages(staging=["1.0.0"])}
        | registration("zebra", "1.0.0")
        | registration("credit", "1.10.0")
        | registration("credit", "1.9.0")
    )
    expected = ["credit@v1.9.0", "credit@v1.10.0", "fraud#staging#2", "zebra@v1.0.0"]
    assert names(history)[1:] == expected


def test_a_registration_and_its_promotion_in_one_commit_are_two_events(history: History) -> None:
    history.commit(registration("credit", "1.0.0") | {STAGES: stages(staging=["1.0.0"])})
    assert names(history) == ["credit@v1.0.0", "credit#staging#2"]


def test_a_namespaced_model_has_a_trail_of_its_own(history: History) -> None:
    history.commit(registration("risk/credit", "1.0.0") | registration("risk/fraud", "1.0.0"))
    assert names(history) == ["risk/credit@v1.0.0", "risk/fraud@v1.0.0"]


# --- ways to main


def _branch(history: History) -> str:
    """A branch off main with a registration and, in a second commit, a promotion."""
    base = git(history.directory, "rev-parse", "main")
    history.commit(registration("credit", "1.0.0"))
    side = history.commit({STAGES: stages(staging=["1.0.0"])})
    git(history.directory, "update-ref", "refs/heads/main", base)
    return side


def test_a_merge_gives_the_events_of_what_it_brought(history: History) -> None:
    side = _branch(history)
    both = registration("credit", "1.0.0") | {STAGES: stages(staging=["1.0.0"])}
    merged = history.commit(both, merge=side)
    found = events(history)
    assert [event.tag for event in found] == ["credit@v1.0.0", "credit#staging#2"]
    assert {event.landed_in for event in found} == {merged}


def test_a_squash_gives_the_events_of_a_merge(history: History) -> None:
    squashed = history.commit(registration("credit", "1.0.0") | {STAGES: stages(staging=["1.0.0"])})
    found = events(history)
    assert [event.tag for event in found] == ["credit@v1.0.0", "credit#staging#2"]
    assert {event.landed_in for event in found} == {squashed}


def test_a_rebase_gives_the_same_events_commit_by_commit(history: History) -> None:
    first = history.commit(registration("credit", "1.0.0"))
    second = history.commit({STAGES: stages(staging=["1.0.0"])})
    assert [(event.tag, event.landed_in) for event in events(history)] == [
        ("credit@v1.0.0", first),
        ("credit#staging#2", second),
    ]


def test_a_merge_of_main_into_a_branch_that_is_fast_forwarded_loses_no_event(history: History) -> None:
    side = _branch(history)
    history.commit(registration("fraud", "1.0.0"))
    main = git(history.directory, "rev-parse", "main")
    git(history.directory, "update-ref", "refs/heads/main", side)
    history.commit(registration("fraud", "1.0.0"), merge=main)
    assert names(history) == ["credit@v1.0.0", "credit#staging#2", "fraud@v1.0.0"]


# --- time


def test_a_back_dated_commit_is_recorded_after_the_one_before_it(history: History) -> None:
    history.commit(registration("credit", "1.0.0"), at=2_000_000_000)
    history.commit({STAGES: stages(staging=["1.0.0"])}, at=1_000_000_000)
    history.commit({STAGES: stages(production=["1.0.0"])}, at=1_500_000_000)
    moments = [event.recorded_at for event in events(history)]
    assert moments == [2_000_000_000, 2_000_000_001, 2_000_000_002, 2_000_000_003]


def test_events_of_one_commit_are_a_second_apart(history: History) -> None:
    history.commit(registration("credit", "1.0.0") | registration("credit", "1.1.0"), at=1_800_000_000)
    assert [event.recorded_at for event in events(history)] == [1_800_000_000, 1_800_000_001]


def test_a_clock_of_another_model_does_not_matter(history: History) -> None:
    history.commit(registration("credit", "1.0.0"), at=2_000_000_000)
    history.commit(registration("fraud", "1.0.0"), at=1_800_000_000)
    assert events(history)[1].recorded_at == 1_800_000_000


# --- very many


@pytest.fixture
def long_history(history: History) -> History:
    for number in range(6):
        history.commit(registration("credit", f"1.{number}.0") | registration("fraud", f"1.{number}.0"))
    history.commit({"registry/credit/versions/2.0.0/version.yaml": "no: manifest\n"})
    return history


def test_manifests_that_are_read_by_several_processes_say_the_same(
    long_history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = events(long_history)
    monkeypatch.setattr(past_manifests, "MANY", 2)
    assert events(long_history) == expected
    assert expected[-1].manifest_digest


def test_processes_that_end_early_change_nothing(
    long_history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = events(long_history)
    monkeypatch.setattr(past_manifests, "MANY", 2)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert events(long_history) == expected


# --- what can't be read

UNREADABLE = ["staging: [", "staging: 3\n", "a: &x 1\nb: *x\n", "\x00", "x" * ((1 << 20) + 1), "- list\n"]


@pytest.mark.parametrize("text", UNREADABLE)
def test_stages_that_cant_be_read_in_between_do_not_stop_the_trail(history: History, text: str) -> None:
    history.commit(registration("credit", "1.0.0"))
    history.commit({STAGES: stages(staging=["1.0.0"])})
    history.commit({STAGES: text})
    history.commit({STAGES: text + " "})
    history.commit({STAGES: stages(production=["1.0.0"])})
    expected = ["credit@v1.0.0", "credit#staging#2", "credit#staging!#3", "credit#production#4"]
    assert names(history) == expected


@pytest.mark.parametrize("text", UNREADABLE)
def test_a_manifest_that_cant_be_read_is_recorded_all_the_same(history: History, text: str) -> None:
    history.commit({"registry/credit/versions/1.0.0/version.yaml": text})
    (event,) = events(history)
    assert (event.tag, event.artifact_digest) == ("credit@v1.0.0", "")


def test_a_policy_that_cant_be_read_does_not_stop_the_trail(history: History) -> None:
    history.commit({"registry/policy.yaml": "rollbook: ["})
    history.commit(registration("credit", "1.0.0"))
    history.commit({STAGES: stages(staging=["1.0.0"])})
    assert names(history) == ["credit@v1.0.0", "credit#staging#2"]


def test_a_first_stage_of_another_name_is_told_by_the_policy(history: History) -> None:
    history.commit({"registry/policy.yaml": POLICY.replace("development", "candidate")})
    history.commit(registration("credit", "1.0.0"))
    assert events(history)[0].target == "candidate"


def test_a_stage_of_a_version_that_never_was_is_no_event(history: History) -> None:
    history.commit(registration("credit", "1.0.0") | {STAGES: stages(staging=["9.9.9", "1.0.0"])})
    assert names(history) == ["credit@v1.0.0", "credit#staging#2"]


def test_a_version_that_was_removed_and_came_back_is_registered_once(history: History) -> None:
    path = "registry/credit/versions/1.0.0/version.yaml"
    history.commit(registration("credit", "1.0.0"))
    history.commit({path: None})
    history.commit({path: manifest("credit", "1.0.0", "algorithm: other\n")})
    assert names(history) == ["credit@v1.0.0"]


@pytest.mark.parametrize(
    "path",
    ["registry/cre dit/versions/1.0.0/version.yaml", "registry/credit/versions/v1/version.yaml",
     "registry/a/b/c/versions/1.0.0/version.yaml", "registry/credit/versions/1.0.0/sub/version.yaml",
     "registry/credit/versions/1.0.0-x.lock/version.yaml", "registry/con/versions/1.0.0/version.yaml"],
)  # fmt: skip
def test_what_has_no_place_in_a_registry_is_no_event(history: History, path: str) -> None:
    history.commit({path: manifest("credit", "1.0.0")})
    assert names(history) == []


def test_text_that_looks_like_a_trailer_stays_in_its_own(history: History) -> None:
    text = manifest("credit", "1.0.0", 'description: "x\\n\\nAction: removed\\nVersion: 9.9.9"\n')
    history.commit({"registry/credit/versions/1.0.0/version.yaml": text})
    assert events(history)[0].reason == "x Action: removed Version: 9.9.9"


SETTINGS = [
    ("log.follow", "true"), ("log.showSignature", "true"), ("log.showRoot", "false"),
    ("diff.renames", "copies"), ("color.ui", "always"),
    ("log.diffMerges", "off"), ("log.decorate", "full"), ("diff.noprefix", "true"), ("log.mailmap", "true"),
    ("diff.ignoreSubmodules", "all"),
    ("core.quotePath", "true"), ("format.pretty", "oneline"), ("log.abbrevCommit", "true"),
    ("core.abbrev", "4"),
    ("diff.relative", "true"), ("log.date", "relative"), ("core.pager", "false"),
    ("log.excludeDecoration", "*"),
]  # fmt: skip


def test_a_users_settings_of_git_change_nothing(history: History) -> None:
    side = _branch(history)
    history.commit(registration("credit", "1.0.0") | {STAGES: stages(staging=["1.0.0"])}, merge=side)
    history.commit(registration("fraud", "1.0.0"))
    before = events(history)
    for name, value in SETTINGS:
        git(history.directory, "config", name, value)
    assert events(history) == before
    assert len(before) == 3


def test_an_alias_that_is_set_moved_and_removed_is_told_each_time(history: History) -> None:
    first = history.commit(registration("credit", "1.0.0"))
    second = history.commit(registration("credit", "1.1.0"))
    landed = history.commit({STAGES: alias_lines(champion=("1.0.0", True))})
    history.commit({STAGES: alias_lines(champion=("1.1.0", True))})
    history.commit({STAGES: None})
    set_first, left, set_second, removed = events(history)[2:]
    assert [event.tag for event in (set_first, left, set_second, removed)] == [
        "credit#champion#3",
        "credit#champion!#4",
        "credit#champion#5",
        "credit#champion!#6",
    ]
    assert (set_first.action.value, set_first.start, set_first.target) == ("alias-set", "", "@champion")
    assert (set_first.reason, set_first.requested_by) == ("as champion", "ann@example.com")
    assert (set_first.commit, set_first.landed_in) == (first, landed)
    assert (left.action.value, left.start, left.target) == ("alias-removed", "@champion", "")
    assert (left.version, left.commit, set_second.commit, removed.version) == (
        "1.0.0",
        first,
        second,
        "1.1.0",
    )


def test_an_alias_that_is_a_version_alone_is_no_event(history: History) -> None:
    history.commit(registration("credit", "1.0.0") | registration("credit", "1.1.0"))
    history.commit({STAGES: alias_lines(champion=("1.0.0", False))})
    history.commit({STAGES: alias_lines(champion=("1.1.0", False))})
    history.commit({STAGES: None})
    assert len(names(history)) == 2


def test_an_alias_that_is_put_on_record_or_taken_off_it_is_told(history: History) -> None:
    history.commit(registration("credit", "1.0.0"))
    history.commit({STAGES: alias_lines(champion=("1.0.0", False))})
    history.commit({STAGES: alias_lines(champion=("1.0.0", True))})
    history.commit({STAGES: alias_lines(champion=("1.0.0", False))})
    assert names(history)[1:] == ["credit#champion#2", "credit#champion!#3"]


def test_why_an_alias_was_removed_is_what_its_entry_says(history: History) -> None:
    history.commit(registration("credit", "1.0.0"))
    history.commit({STAGES: alias_lines(champion=("1.0.0", True))})
    gone = (
        '{removed: "1.0.0", reason: over, requested_by: joe@example.com, requested_at: 2026-01-03T09:00:00Z}'
    )
    history.commit({STAGES: f"aliases: {{champion: {gone}}}\n"})
    history.commit({STAGES: None})
    removed = events(history)[-1]
    assert (removed.tag, removed.reason, removed.requested_by) == (
        "credit#champion!#3",
        "over",
        "joe@example.com",
    )


def test_what_a_removal_says_of_another_version_counts_for_nothing(history: History) -> None:
    history.commit(registration("credit", "1.0.0"))
    history.commit({STAGES: alias_lines(champion=("1.0.0", True))})
    gone = (
        '{removed: "1.1.0", reason: over, requested_by: joe@example.com, requested_at: 2026-01-03T09:00:00Z}'
    )
    history.commit({STAGES: f"aliases: {{champion: {gone}}}\n"})
    assert (names(history)[-1], events(history)[-1].reason) == ("credit#champion!#3", "")


def test_aliases_come_after_all_that_a_change_does_to_stages(history: History) -> None:
    history.commit(registration("credit", "1.0.0") | registration("credit", "1.1.0"))
    table = stages(production=["1.0.0"]) + alias_lines(champion=("1.0.0", True), best=("1.0.0", True))
    history.commit({STAGES: table})
    moved = stages(production=["1.1.0"]) + alias_lines(champion=("1.1.0", True), best=("1.1.0", True))
    history.commit({STAGES: moved})
    assert [name.rpartition("#")[0] for name in names(history)[2:]] == [
        "credit#production",
        "credit#best",
        "credit#champion",
        "credit#production!",
        "credit#production",
        "credit#best!",
        "credit#champion!",
        "credit#best",
        "credit#champion",
    ]


@pytest.mark.parametrize("alias", ["no tag", "~1", "..", "é", "x" * 65])
def test_an_alias_that_no_tag_can_be_named_after_is_on_no_record(history: History, alias: str) -> None:
    history.commit(registration("credit", "1.0.0"))
    entry = alias_lines(champion=("1.0.0", True)).partition(": {")[2]
    table = stages(staging=["1.0.0"]) + f'aliases:\n  "{alias}": {{{entry}  champion: {{{entry}'
    history.commit({STAGES: table})
    assert names(history)[1:] == ["credit#staging#2", "credit#champion#3"]


def test_an_alias_of_a_version_that_is_not_there_is_no_event(history: History) -> None:
    history.commit(registration("credit", "1.0.0"))
    history.commit({STAGES: alias_lines(champion=("9.0.0", True))})
    assert names(history) == ["credit@v1.0.0"]
