"""A trail that was verified before is verified by what came since, to the verdict of reading everything."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from building.texts import stages
from building.world import git
from rollbook.cache.memory import VERIFIED_TRAIL
from rollbook.errors import RollbookError
from rollbook.trail import verify as verifying
from rollbook.trail.record import record

from .histories import POLICY, START, History, new_history, registration
from .test_trail import STEP, play
from .verifying import (
    CHAIN,
    STAGES,
    codes,
    landed_history,
    public,
    put,
    recorded_history,
    sign_with,
    ssh_key,
    tag_bytes,
    verified,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from .test_trail import Step


@pytest.fixture(scope="module")
def _recorded_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded_history(tmp_path_factory.mktemp("grown") / "registry.git").directory


@pytest.fixture
def recorded(_recorded_once: Path, tmp_path: Path) -> History:
    """Recorded, and verified."""
    shutil.copytree(_recorded_once, tmp_path / "registry.git")
    return History(tmp_path / "registry.git", clock=START + 300)


@pytest.fixture
def read_whole(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each time that all of main is read, a word."""
    times: list[str] = []
    whole = verifying.derived_trail

    def counted(*arguments: object) -> object:
        times.append("whole")
        return whole(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(verifying, "derived_trail", counted)
    return times


def told(history: History, allowed_signers: bytes | None = None) -> object:
    """What verifying tells, or why it can't."""
    try:
        return verified(history, allowed_signers=allowed_signers).as_document()
    except RollbookError as error:
        return str(error)


def told_anew(history: History, allowed_signers: bytes | None = None) -> object:
    VERIFIED_TRAIL.path(history.repository).unlink(missing_ok=True)
    return told(history, allowed_signers)


def nothing(history: History) -> None:
    assert history.directory.exists()


def a_commit_beside_the_registry(history: History) -> None:
    history.commit({"README.md": "more"})


def a_version_more(history: History) -> None:
    history.commit(registration("credit", "1.1.0"))
    record(history.repository)


def a_model_more(history: History) -> None:
    history.commit(registration("pricing/retail", "1.0.0"))
    record(history.repository)


def a_move(history: History) -> None:
    history.commit(registration("credit", "1.1.0"))
    history.commit({STAGES: stages(production=["1.1.0"], archived=["1.0.0"])})
    record(history.repository)


def a_move_that_nobody_recorded(history: History) -> None:
    history.commit({STAGES: stages(archived=["1.0.0"])})


def one_that_nobody_recorded_after_one_on_record(history: History) -> None:
    a_version_more(history)
    history.commit(registration("fraud", "1.1.0"))


@pytest.mark.parametrize(
    "deed",
    [
        nothing,
        a_commit_beside_the_registry,
        a_version_more,
        a_model_more,
        a_move,
        a_move_that_nobody_recorded,
        one_that_nobody_recorded_after_one_on_record,
    ],
)
def test_what_lands_day_by_day_is_verified_without_reading_all_of_main(
    recorded: History, read_whole: list[str], deed: Callable[[History], None]
) -> None:
    deed(recorded)
    verdict = told(recorded)
    assert read_whole == []
    assert told_anew(recorded) == verdict
    assert read_whole == ["whole"]


def test_each_verification_is_the_ground_of_the_next(recorded: History, read_whole: list[str]) -> None:
    for version in ("1.1.0", "1.2.0", "1.3.0"):
        recorded.commit(registration("fraud", version))
        record(recorded.repository)
        assert verified(recorded).result == "verified"
    assert read_whole == []


def a_policy_changed(history: History) -> None:
    history.commit({"registry/policy.yaml": POLICY.replace("next: [production]", "next: [staging]")})


def signers_named(history: History) -> None:
    history.commit({"registry/allowed_signers": "ana@example.com ssh-ed25519 AAAA\n"})


def a_manifest_changed(history: History) -> None:
    history.commit(registration("credit", "1.0.0", "algorithm: changed\n"))


def a_version_recorded_falsely(history: History) -> None:
    a_version_more(history)
    put(history, "credit@v1.1.0", tag_bytes(history, "credit@v1.1.0").replace(b"brings", b"brought"))


def a_version_recorded_after_another_tag(history: History) -> None:
    a_version_more(history)
    data = tag_bytes(history, "credit@v1.1.0")
    last, other = history.tags()[CHAIN[-1]], history.tags()[CHAIN[0]]
    put(history, "credit@v1.1.0", data.replace(last.encode(), other.encode()))


def an_older_tag_replaced_as_well(history: History) -> None:
    put(history, CHAIN[0], tag_bytes(history, CHAIN[0]).replace(b"jane", b"anne"))
    history.commit(registration("fraud", "1.1.0"))


def an_older_tag_gone_as_well(history: History) -> None:
    a_version_more(history)
    git(history.directory, "update-ref", "-d", f"refs/tags/{CHAIN[1]}")


def a_tag_by_hand_for_a_model_to_come(history: History) -> None:
    git(history.directory, "tag", "pricing@v0.9.0", "main")
    verified(history)
    history.commit(registration("pricing", "1.0.0"))
    record(history.repository)


def a_tag_by_hand_as_well(history: History) -> None:
    a_version_more(history)
    git(history.directory, "tag", "credit#production#99", "main")


def main_behind_its_tags(history: History) -> None:
    a_version_more(history)
    verified(history)
    git(history.directory, "update-ref", "refs/heads/main", "main~1")


def main_rewritten(history: History) -> None:
    git(history.directory, "update-ref", "refs/heads/main", "main~1")
    history.commit(registration("fraud", "2.0.0"))


@pytest.mark.parametrize(
    "deed",
    [
        a_policy_changed,
        signers_named,
        a_manifest_changed,
        a_version_recorded_falsely,
        a_version_recorded_after_another_tag,
        an_older_tag_replaced_as_well,
        an_older_tag_gone_as_well,
        a_tag_by_hand_for_a_model_to_come,
        a_tag_by_hand_as_well,
        main_behind_its_tags,
        main_rewritten,
    ],
)
def test_what_is_out_of_the_ordinary_is_told_by_reading_everything(
    recorded: History, read_whole: list[str], deed: Callable[[History], None]
) -> None:
    deed(recorded)
    read_whole.clear()
    verdict = told(recorded)
    assert read_whole == ["whole"]
    assert told_anew(recorded) == verdict


def test_a_warning_is_told_each_time(recorded: History) -> None:
    git(recorded.directory, "tag", "-a", "-m", "by gto", "credit@v0.9.0", "main~4")
    for _ in range(2):
        assert codes(verified(recorded)) == [("RB602", "credit@v0.9.0")]


@pytest.fixture
def signed(tmp_path: Path) -> History:
    history = landed_history(tmp_path / "registry.git")
    sign_with(history, ssh_key(tmp_path, "recorder"))
    record(history.repository)
    return history


def test_signatures_that_came_since_are_judged_and_counted(
    signed: History, tmp_path: Path, read_whole: list[str]
) -> None:
    allowed = f"ci@example.com {public(tmp_path / 'recorder')}\n".encode()
    assert verified(signed, allowed_signers=allowed).result == "verified"
    read_whole.clear()
    a_version_more(signed)
    found = verified(signed, allowed_signers=allowed)
    assert (found.result, found.signers.tags, read_whole) == ("verified", {"ci@example.com": 6}, [])
    assert told_anew(signed, allowed) == found.as_document()


@pytest.mark.parametrize("key", ["", "stranger"])
def test_a_tag_that_nobody_may_have_made_is_found_after_signed_ones(
    signed: History, tmp_path: Path, key: str
) -> None:
    allowed = f"ci@example.com {public(tmp_path / 'recorder')}\n".encode()
    assert verified(signed, allowed_signers=allowed).result == "verified"
    if key:
        sign_with(signed, ssh_key(tmp_path, key))
    else:
        git(signed.directory, "config", "--unset", "user.signingKey")
    signed.commit(registration("credit", "1.1.0"))
    record(signed.repository)
    verdict = verified(signed, allowed_signers=allowed)
    assert codes(verdict) == [("RB610" if key else "RB607", "credit@v1.1.0")]
    assert told_anew(signed, allowed) == verdict.as_document()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, min_size=2, max_size=5), st.data())
def test_whatever_was_verified_before_the_verdict_is_that_of_reading_everything(
    steps: list[Step], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        history = new_history(Path(directory) / "registry.git")
        play(history, steps)
        commits = git(history.directory, "rev-list", "--reverse", "--first-parent", "main").split()
        for commit in sorted(data.draw(st.sets(st.sampled_from(commits), max_size=2)), key=commits.index):
            git(history.directory, "update-ref", "refs/heads/main", commit)
            record(history.repository)
            told(history)
        git(history.directory, "update-ref", "refs/heads/main", commits[-1])
        if data.draw(st.booleans()):
            record(history.repository)
        names = sorted(history.tags())
        deed = data.draw(st.sampled_from(["none", "remove", "alter", "add"]))
        if names and deed != "none":
            name = data.draw(st.sampled_from(names))
            if deed == "remove":
                git(history.directory, "update-ref", "-d", f"refs/tags/{name}")
            elif deed == "alter":
                put(history, name, tag_bytes(history, name).replace(b"Action", b"action"))
            else:
                git(history.directory, "tag", f"{name}0", "main")
        verdict = told(history)
        assert told_anew(history) == verdict


INTAKE = POLICY.replace("name: development", "name: intake").replace("[development, ", "[intake, ")


def test_a_policy_that_came_with_a_model_is_judged_as_reading_everything_does(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "registry.git")
    history = History(tmp_path / "registry.git")
    history.begin({"registry/README.md": "to be filled"})
    policy = {"registry/policy.yaml": INTAKE}
    history.commit(policy | registration("credit", "1.0.0") | {STAGES: stages(development=["1.0.0"])})
    record(history.repository)
    told(history)
    history.commit({STAGES: stages(staging=["1.0.0"])})
    verdict = told(history)
    assert told_anew(history) == verdict
