"""What verifying finds when main and the tags disagree; without signatures."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from building.texts import stages
from building.world import git, rollbook
from rollbook.errors import CannotTell, NotFound
from rollbook.trail.record import record

from .histories import START, History, registration
from .verifying import (
    CHAIN,
    STAGES,
    codes,
    landed_history,
    put,
    recorded_history,
    replaced,
    tag_bytes,
    verified,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def _recorded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded_history(tmp_path_factory.mktemp("verify") / "registry.git").directory


@pytest.fixture
def recorded(_recorded_once: Path, tmp_path: Path) -> History:
    shutil.copytree(_recorded_once, tmp_path / "registry.git")
    return History(tmp_path / "registry.git", clock=START + 300)


def remake(history: History, name: str, **changes: str) -> None:
    """Replace a tag and every tag after it, so that the chain holds."""
    before = ""
    for tag in CHAIN:
        data = tag_bytes(history, tag).decode()
        if tag == name:
            for old, new in changes.items():
                data = data.replace(old, new)
        if before:
            head, _, _ = data.partition("Previous-Event: ")
            data = f"{head}Previous-Event: {before}\n"
        before = put(history, tag, data.encode())


def test_a_trail_that_says_what_main_says_is_verified(recorded: History) -> None:
    found = verified(recorded)
    assert (found.result, found.events, found.signers.unsigned, found.exit_code) == ("verified", 5, 5, 0)
    assert found.head is not None
    assert (found.head.tag, found.head.events) == (CHAIN[-1], 5)


def test_a_registry_without_events_is_verified(history: History) -> None:
    assert verified(history).result == "verified"


@pytest.mark.parametrize("name", CHAIN)
def test_a_missing_tag_is_named(recorded: History, name: str) -> None:
    git(recorded.directory, "update-ref", "-d", f"refs/tags/{name}")
    found = verified(recorded)
    assert codes(found) == [("RB601", name)]
    assert found.exit_code == 1


def test_what_landed_and_is_not_recorded_is_named_with_its_commit(recorded: History) -> None:
    commit = recorded.commit(registration("credit", "1.1.0"))
    (item,) = verified(recorded).contradictions
    assert (item.code, item.tag, item.commit) == ("RB601", "credit@v1.1.0", commit)
    assert "audit record" in item.hint


def test_a_tag_for_an_event_that_main_does_not_hold_is_named(recorded: History) -> None:
    data = tag_bytes(recorded, CHAIN[3]).decode()
    put(recorded, "credit#staging#5", data.replace("credit#production#4", "credit#staging#5").encode())
    assert codes(verified(recorded)) == [("RB602", "credit#staging#5")]


@pytest.mark.parametrize("options", [[], ["-a", "-m", "mine"]])
def test_a_tag_made_by_hand_that_gto_would_read_is_named(recorded: History, options: list[str]) -> None:
    git(recorded.directory, "tag", *options, "credit#production#99", "main")
    assert codes(verified(recorded)) == [("RB602", "credit#production#99")]


def test_a_tag_older_than_the_models_first_event_is_a_warning_only(recorded: History) -> None:
    git(recorded.directory, "tag", "-a", "-m", "by gto", "credit@v0.9.0", "main~4")
    found = verified(recorded)
    assert codes(found) == [("RB602", "credit@v0.9.0")]
    assert found.exit_code == 0


@pytest.mark.parametrize("name", ["v2026-01", "release@home", "nothing#of#ours"])
def test_other_tags_are_nobodys_business(recorded: History, name: str) -> None:
    git(recorded.directory, "tag", name, "main")
    assert verified(recorded).contradictions == ()


@pytest.mark.parametrize("options", [[], ["-a", "-m", "mine"]])
def test_a_tag_of_the_same_name_made_by_hand_before_is_in_the_way(tmp_path: Path, options: list[str]) -> None:
    history = landed_history(tmp_path / "registry.git")
    git(history.directory, "tag", *options, CHAIN[1], "main")
    assert ("RB615", CHAIN[1]) in codes(verified(history))


def test_a_tag_moved_to_another_commit_is_named(recorded: History) -> None:
    name = CHAIN[3]
    old, new = (git(recorded.directory, "rev-parse", rev) for rev in (f"{name}^{{commit}}", "main"))
    remake(recorded, name, **{f"object {old}": f"object {new}"})
    assert codes(verified(recorded)) == [("RB603", name)]


def test_a_ref_that_points_at_another_tags_object_is_named(recorded: History) -> None:
    git(recorded.directory, "update-ref", f"refs/tags/{CHAIN[3]}", f"refs/tags/{CHAIN[1]}")
    (item,) = verified(recorded).contradictions
    assert (item.code, item.tag) == ("RB603", CHAIN[3])
    assert CHAIN[1] in item.message


def test_a_tag_object_under_a_second_name_is_named(recorded: History) -> None:
    git(recorded.directory, "update-ref", "refs/tags/credit#production#9", f"refs/tags/{CHAIN[3]}")
    assert codes(verified(recorded)) == [("RB603", "credit#production#9")]


EDITS = [
    ("Reason: for production", "Reason: x"),
    ("Requested-By: ann", "Requested-By: eve"),
    ("To: production", "To: staging"),
    ("From: staging\n", ""),
    ("put into production", "put into staging"),
    ("Artifact-Digest: sha256:a", "Artifact-Digest: sha256:b"),
    ("Event: 4", "Event: 5"),
    ("\nLanded-In", "\nOne-More: line\nLanded-In"),
    ("Action: assigned\n", "Action: assigned\nAction: removed\n"),
    ("Manifest-Digest: sha256:", "Manifest-Digest: sha256:0"),
    ("Version: 1.0.0", "Version: 1.0.1"),
    ("type commit", "type  commit"),
]


@pytest.mark.parametrize(("old", "new"), EDITS)
def test_an_edited_tag_is_named_although_the_chain_was_remade(recorded: History, old: str, new: str) -> None:
    remake(recorded, CHAIN[3], **{old: new})
    assert codes(verified(recorded)) == [("RB604", CHAIN[3])]


def test_an_edit_is_told_with_what_main_says(recorded: History) -> None:
    remake(recorded, CHAIN[3], **{"Reason: for production": "Reason: why not"})
    (item,) = verified(recorded).contradictions
    assert "'why not'" in item.message
    assert "'for production'" in item.message


@pytest.mark.parametrize("trailer", ["Approved-By: bob@example.com", "Pull-Request: https://example.com/7"])
def test_what_a_forge_alone_knows_may_be_attested(recorded: History, trailer: str) -> None:
    remake(recorded, CHAIN[3], **{"Landed-In": f"{trailer}\nLanded-In"})
    assert verified(recorded).result == "verified"


def test_a_back_dated_tag_is_named(recorded: History) -> None:
    seconds = git(recorded.directory, "for-each-ref", "--format=%(taggerdate:unix)", f"refs/tags/{CHAIN[3]}")
    remake(recorded, CHAIN[3], **{f"{seconds} +0000": f"{int(seconds) - 86_400} +0000"})
    assert codes(verified(recorded)) == [("RB606", CHAIN[3])]


def test_a_clock_that_jumps_back_changes_no_verdict(recorded: History) -> None:
    recorded.commit({STAGES: stages(archived=["1.0.0"])}, at=START - 90_000)
    recorded.commit({STAGES: stages(production=["1.0.0"])}, at=START + 10**9)
    recorded.commit({STAGES: stages(archived=["1.0.0"])}, at=START + 50)
    record(recorded.repository)
    assert verified(recorded).result == "verified"


def test_tags_that_name_each_other_in_another_order_are_named(recorded: History) -> None:
    oids = recorded.tags()
    replaced(recorded, CHAIN[4], oids[CHAIN[3]], oids[CHAIN[1]])
    assert codes(verified(recorded)) == [("RB605", CHAIN[4])]


def test_a_replaced_tag_that_says_the_same_breaks_the_chain(recorded: History) -> None:
    replaced(recorded, CHAIN[2], "tagger Jane Doe", "tagger Eve")
    assert codes(verified(recorded)) == [("RB608", CHAIN[3])]


def test_a_manifest_that_changed_on_main_is_named(recorded: History) -> None:
    path = "registry/credit/versions/1.0.0/version.yaml"
    text = git(recorded.directory, "show", f"main:{path}")
    commit = recorded.commit({path: text.replace("size: 1200", "size: 1300") + "\n"})
    (item,) = verified(recorded).contradictions
    assert (item.code, item.tag, item.commit) == ("RB611", CHAIN[0], commit)


def test_a_manifest_that_was_removed_is_named_and_put_back_is_fine(recorded: History) -> None:
    path = "registry/credit/versions/1.0.0/version.yaml"
    text = git(recorded.directory, "show", f"main:{path}") + "\n"
    recorded.commit({path: None})
    assert codes(verified(recorded)) == [("RB611", CHAIN[0])]
    recorded.commit({path: registration("credit", "1.0.0")[path]})
    assert verified(recorded).result == "verified", text


def test_a_rewritten_main_is_named_by_every_tag_that_lost_its_commit(recorded: History) -> None:
    git(recorded.directory, "update-ref", "refs/heads/main", "main~2")
    recorded.commit({STAGES: stages(archived=["1.0.0"])})
    found = verified(recorded)
    assert {("RB613", name) for name in (CHAIN[3], CHAIN[4])} <= set(codes(found))
    assert found.exit_code == 1


def test_main_behind_its_tags_is_no_tampering(recorded: History) -> None:
    git(recorded.directory, "update-ref", "refs/heads/main", "main~1")
    found = verified(recorded)
    assert (found.result, found.exit_code, codes(found)) == ("unknown", 3, [])


def test_a_rewritten_remote_main_is_found_in_a_clone_that_had_the_old_one(
    recorded: History, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", str(recorded.directory), "clone")
    git(recorded.directory, "update-ref", "refs/heads/main", "main~1")
    recorded.commit({"README.md": "rewritten"})
    git(tmp_path / "clone", "fetch", "-q")
    ran = rollbook(tmp_path / "clone", "audit", "verify")
    assert ran.code == 1
    assert "RB613" in ran.out


# --- narrowing


def test_since_a_commit_reports_what_landed_after_it(recorded: History) -> None:
    for name in (CHAIN[1], CHAIN[4]):
        git(recorded.directory, "update-ref", "-d", f"refs/tags/{name}")
    found = verified(recorded, since="main~2")
    assert (codes(found), found.events) == ([("RB601", CHAIN[4])], 3)


@pytest.mark.parametrize(
    ("since", "events"), [("2026-01-01", 5), ("2026-01-02", 0), ("2026-01-01T00:03:30Z", 3)]
)
def test_since_a_date_reports_from_its_beginning(recorded: History, since: str, events: int) -> None:
    assert verified(recorded, since=since).events == events


def test_since_a_commit_that_is_not_on_main_is_refused(recorded: History) -> None:
    other = git(recorded.directory, "commit-tree", "-m", "x", "main^{tree}")
    with pytest.raises(NotFound, match="not a commit of main"):
        verified(recorded, since=other)


def test_one_model_is_reported_on_alone(recorded: History) -> None:
    for name in (CHAIN[1], CHAIN[4]):
        git(recorded.directory, "update-ref", "-d", f"refs/tags/{name}")
    assert codes(verified(recorded, model="fraud")) == [("RB601", CHAIN[4])]
    with pytest.raises(NotFound):
        verified(recorded, model="nobody")


# --- clones that lack something


def test_a_clone_without_tags_cannot_tell(recorded: History, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--no-tags", str(recorded.directory), "clone")
    ran = rollbook(tmp_path / "clone", "audit", "verify")
    assert (ran.code, ran.out) == (3, "")
    assert "no tag of the trail here" in ran.err


def test_a_clone_told_to_fetch_no_tags_cannot_tell_about_those_it_lacks(
    recorded: History, tmp_path: Path
) -> None:
    git(tmp_path, "clone", "-q", "--no-tags", str(recorded.directory), "clone")
    git(
        tmp_path / "clone",
        "fetch",
        "-q",
        "origin",
        *(f"refs/tags/{name}:refs/tags/{name}" for name in CHAIN[:3]),
    )
    ran = rollbook(tmp_path / "clone", "audit", "verify", "--json")
    assert ran.code == 3
    report = json.loads(ran.out)
    assert (report["result"], report["findings"], len(report["doubts"])) == ("unknown", [], 1)


def test_a_shallow_clone_cannot_tell(recorded: History, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=2", f"file://{recorded.directory}", "clone")
    ran = rollbook(tmp_path / "clone", "audit", "verify")
    assert ran.code == 3
    assert "shallow" in ran.err


def test_a_trail_that_was_never_recorded_cannot_be_told_from_one_that_is_not_here(tmp_path: Path) -> None:
    with pytest.raises(CannotTell):
        verified(landed_history(tmp_path / "registry.git"))


def test_a_full_clone_verifies_the_same(recorded: History, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(recorded.directory), "clone")
    ran = rollbook(tmp_path / "clone", "audit", "verify")
    assert ran.code == 0, ran.out
    assert ran.out.startswith("verified: 5 events to ")


def test_a_finding_names_code_tag_and_commit_and_says_what_to_do(recorded: History) -> None:
    remake(recorded, CHAIN[3], **{"Reason: for production": "Reason: \x1b[31mred"})
    ran = rollbook(recorded.directory, "audit", "verify")
    landed = git(recorded.directory, "rev-parse", "main~1")
    assert ran.code == 1
    first, hint, last = ran.out.splitlines()
    assert first.startswith(f"{CHAIN[3]}: RB604: ")
    assert landed[:12] in first
    assert hint.startswith("    ")
    assert last.startswith("tampered with: 5 events")
    assert "\x1b" not in ran.out


def test_a_replaced_object_is_named_and_not_believed(recorded: History) -> None:
    good, bad = (git(recorded.directory, "rev-parse", name) for name in ("main~1", "main~2"))
    git(recorded.directory, "update-ref", f"refs/replace/{good}", bad)
    assert codes(verified(recorded)) == [("RB616", "")]


def test_grafts_are_named_and_not_believed(recorded: History) -> None:
    path = recorded.directory / "info" / "grafts"
    path.parent.mkdir(exist_ok=True)
    path.write_text(git(recorded.directory, "rev-parse", "main") + "\n")
    assert codes(verified(recorded)) == [("RB616", "")]


def test_borrowed_objects_are_a_warning(recorded: History, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--shared", "--bare", str(recorded.directory), "shared.git")
    found = verified(History(tmp_path / "shared.git"))
    assert ([item.code for item in found.contradictions], found.exit_code) == (["RB616"], 0)
    assert found.head is not None
