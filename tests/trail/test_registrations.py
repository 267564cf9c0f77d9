"""Versions are numbered as they landed on main, for good, whether all of it is read or what is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from building.world import git
from rollbook.cache.memory import REGISTRATIONS
from rollbook.errors import CannotTell
from rollbook.git.repository import discover
from rollbook.trail import registrations as module
from rollbook.trail.registrations import registrations

from .histories import START, new_history, registration

if TYPE_CHECKING:
    from pathlib import Path

    from .histories import History


def _tip(history: History) -> str:
    return git(history.directory, "rev-parse", "main")


def _numbers(history: History) -> list[tuple[str, int]]:
    told = registrations(history.repository, _tip(history))
    return [(one.version, one.number) for one in told.of("credit")]


def test_a_version_has_the_number_of_its_landing(tmp_path: Path) -> None:
    history = new_history(tmp_path / "registry.git")
    history.commit(registration("credit", "2.0.0"))
    history.commit(registration("credit", "1.0.0") | registration("other", "1.0.0"))
    assert _numbers(history) == [("2.0.0", 1), ("1.0.0", 2)]


def test_those_of_one_commit_are_numbered_by_version(tmp_path: Path) -> None:
    history = new_history(tmp_path / "registry.git")
    history.commit(registration("credit", "1.10.0") | registration("credit", "1.2.0"))
    assert _numbers(history) == [("1.2.0", 1), ("1.10.0", 2)]


def test_a_number_stays_when_the_manifest_goes_and_comes_again(tmp_path: Path) -> None:
    history = new_history(tmp_path / "registry.git")
    history.commit(registration("credit", "1.0.0"))
    history.commit(dict.fromkeys(registration("credit", "1.0.0")))
    history.commit(registration("credit", "1.1.0"))
    history.commit(registration("credit", "1.0.0"))
    assert _numbers(history) == [("1.0.0", 1), ("1.1.0", 2)]


def test_a_folder_that_is_no_version_has_no_number(tmp_path: Path) -> None:
    history = new_history(tmp_path / "registry.git")
    history.commit({"registry/credit/versions/junk/version.yaml": "x", **registration("credit", "1.0.0")})
    assert _numbers(history) == [("1.0.0", 1)]


def test_it_is_told_when_models_and_versions_changed(tmp_path: Path) -> None:
    history = new_history(tmp_path / "registry.git")
    history.commit({"registry/credit/model.yaml": "name: credit\nowner: a@b.example\n"}, at=START + 100)
    history.commit(registration("credit", "1.0.0"), at=START + 200)
    history.commit({"registry/credit/versions/1.0.0/notes.yaml": "description: x\n"}, at=START + 300)
    history.commit({"registry/credit/stages.yaml": "production: []\n"}, at=START + 400)
    landings = registrations(history.repository, _tip(history)).landings("credit")
    assert (landings.at, landings.changed_at) == (START + 100, START + 400)
    (version,) = landings.versions
    assert (version.at, version.changed_at) == (START + 200, START + 300)


def test_what_is_remembered_or_known_tells_the_same_as_all_of_main(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_NEAR", 2)
    history = new_history(tmp_path / "registry.git")
    known = registrations(history.repository, _tip(history))
    for number in range(6):
        files = registration(f"m{number % 2}", f"1.{number}.0")
        history.commit(
            files | {f"registry/m{number % 2}/versions/1.0.0/notes.yaml": f"description: x{number}\n"}
        )
        upon_memory = registrations(history.repository, _tip(history))
        known = registrations(history.repository, _tip(history), [known])
        REGISTRATIONS.path(history.repository).unlink(missing_ok=True)
        anew = registrations(history.repository, _tip(history))
        assert upon_memory == known == anew
    assert REGISTRATIONS.read(history.repository) is not None


def test_of_a_main_that_was_rewritten_all_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_NEAR", 1)
    history = new_history(tmp_path / "registry.git")
    start = _tip(history)
    history.commit(registration("credit", "1.0.0"))
    known = registrations(history.repository, _tip(history))
    git(history.directory, "update-ref", "refs/heads/main", start)
    history.commit(registration("credit", "3.0.0"))
    told = registrations(history.repository, _tip(history), [known])
    assert [one.version for one in told.of("credit")] == ["3.0.0"]


def test_a_memory_that_was_altered_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_NEAR", 1)
    history = new_history(tmp_path / "registry.git")
    history.commit(registration("credit", "1.0.0"))
    told = registrations(history.repository, _tip(history))
    path = REGISTRATIONS.path(history.repository)
    path.write_bytes(path.read_bytes().replace(b"1.0.0", b"9.0.0"))
    assert registrations(history.repository, _tip(history)) == told


def test_a_clone_without_mains_beginning_cannot_tell(tmp_path: Path) -> None:
    history = new_history(tmp_path / "registry.git")
    history.commit(registration("credit", "1.0.0"))
    history.commit(registration("credit", "1.1.0"))
    git(tmp_path, "clone", "-q", "--depth", "1", f"file://{history.directory}", "shallow")
    repository = discover(tmp_path / "shallow")
    with pytest.raises(CannotTell, match="numbers"):
        registrations(repository, git(tmp_path / "shallow", "rev-parse", "HEAD"))
