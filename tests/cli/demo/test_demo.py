"""`rollbook demo`: it runs as a user runs it, once, on a machine whose git settings are against it.

It is the README's first command, and takes a minute: this is where the project's check runs it.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from building.world import git, rollbook
from rollbook.check.gate_judgement import ALL_GATES
from rollbook.cli.demo.scene import Chapter, CommandRun, Edit, Write
from rollbook.cli.demo.shell import aligned, displayed, tell
from rollbook.errors import RollbookError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.cli.demo.scene import Step

HOSTILE_SETTINGS = """\
[commit]
    gpgsign = true
[tag]
    gpgsign = true
[gpg]
    program = /does/not/exist
[core]
    autocrlf = true
    hooksPath = {hooks}
[init]
    defaultBranch = trunk
"""


@dataclass(frozen=True)
class Told:
    """A demo that was told: its exit code, what it printed, where it played, and the repository around it."""

    code: int
    out: str
    root: Path
    around: Path


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The demo, told inside of another repository, by a user without an identity, as from a git hook.

    It is told once, whichever of the parallel test processes comes first.
    """
    own = tmp_path_factory.getbasetemp()
    base = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "demo"
    base.mkdir(exist_ok=True)
    with (base / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (base / "code").exists():
            _tell(base)
    around = base / "other project"
    return Told(int((base / "code").read_text()), (base / "output").read_text(), around / "scratch", around)


def _tell(base: Path) -> None:
    home, around, hooks = base / "home", base / "other project", base / "hooks"
    for folder in (home, around, hooks):
        folder.mkdir()
    (hooks / "pre-commit").write_text("#!/bin/sh\nexit 1\n")
    (hooks / "pre-commit").chmod(0o755)
    (home / ".gitconfig").write_text(HOSTILE_SETTINGS.format(hooks=hooks))
    git(around, "init", "--quiet")
    variables = {"HOME": str(home), "GIT_DIR": str(around / ".git"), "GIT_INDEX_FILE": str(base / "index")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    with (base / "output").open("w") as output:
        done = subprocess.run(
            [str(Path(sys.executable).with_name("rollbook")), "demo", "scratch"],
            cwd=around,
            env={**kept, **variables},
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=300,
            check=False,
        )
    (base / "code").write_text(str(done.returncode))


def test_the_demo_runs_to_its_end(told: Told) -> None:
    assert told.code == 0, told.out
    assert "To try, in" in told.out


@pytest.mark.parametrize("code", ["RB401", "RB303", "RB301"])
def test_the_demo_shows_each_refusal_with_its_code(told: Told, code: str) -> None:
    assert code in told.out


def test_the_demo_shows_each_kind_of_gate_letting_pass_and_keeping_out(told: Told) -> None:
    table = told.out.partition("Each kind of gate has let a version pass")[2]
    rows = {line.split()[0]: line for line in table.split("9. ")[0].splitlines() if line.startswith("    ")}
    assert rows.keys() == {"gate", *ALL_GATES}
    assert all(row.endswith(("(failed)", "(waiting)")) for gate, row in rows.items() if gate != "gate")


def test_the_demo_refuses_the_bad_promotion_in_four_places_with_one_finding(told: Told) -> None:
    table = told.out.partition("The finding is the same, to the word:")[2].split("So the metrics")[0]
    found = dict(line.strip().split(maxsplit=1) for line in table.splitlines() if line.strip())
    assert found.keys() == {"pre-commit", "CI", "land", "server"}
    assert len(set(found.values())) == 1
    assert "RB401 production: tumour-screening@1.2.0 fails metric-threshold" in found["server"]


def test_the_refused_push_leaves_the_servers_main_as_it_was(told: Told) -> None:
    shortcut = git(told.root / "registry", "rev-parse", "shortcut")
    assert shortcut not in git(told.root / "origin.git", "rev-list", "--all")


def test_the_approval_of_the_demo_is_a_signature_of_somebody_else(told: Told) -> None:
    stages = "registry/tumour-screening/stages.yaml"
    changes = git(told.root / "registry", "log", "--first-parent", "--diff-merges=first-parent", "-p", "main",
                  "--", stages)  # fmt: skip
    assert "by: bob@example.com" in changes
    assert "BEGIN SSH SIGNATURE" in changes


def test_the_trail_of_the_demo_is_verified(told: Told) -> None:
    ran = rollbook(told.root / "registry", "audit", "verify")
    assert (ran.code, ran.out[:9]) == (0, "verified:")


def test_each_command_is_shown_before_its_result(told: Told) -> None:
    shown = told.out.index("service $ rollbook fetch tumour-screening@production")
    assert (
        shown < told.out.index("verified: sha256") < told.out.index("predicted: malignant with probability")
    )


def test_the_registry_of_the_demo_is_sound(told: Told) -> None:
    ran = rollbook(told.root / "registry", "check", "--all")
    assert (ran.code, ran.out) == (0, "no errors\n")


def test_the_production_model_of_the_demo_is_the_one_rolled_back_to(told: Told) -> None:
    ran = rollbook(told.root / "registry", "resolve", "tumour-screening@production", "--field", "version")
    assert ran.out == "1.0.0\n"


def test_the_clone_and_its_origin_agree(told: Told) -> None:
    clone, origin = told.root / "registry", told.root / "origin.git"
    listing = ("for-each-ref", "--format=%(refname) %(objectname)", "refs/tags", "refs/heads/main")
    assert git(clone, *listing) == git(origin, *listing)


def test_the_scratch_registry_signs_nothing_whatever_the_users_settings(told: Told) -> None:
    assert git(told.root / "registry", "config", "--type=bool", "commit.gpgsign") == "false"
    assert git(told.root / "registry", "config", "--type=bool", "tag.gpgsign") == "false"


def test_the_repository_around_the_demo_stays_as_it_was(told: Told) -> None:
    assert git(told.around, "for-each-ref") == ""
    assert [path.name for path in told.around.iterdir() if path.name != ".git"] == ["scratch"]
    assert not (told.around.parent / "index").exists()


def test_the_models_are_registered_with_the_commit_that_trained_them(told: Told) -> None:
    manifest = told.root / "registry/registry/tumour-screening/versions/1.0.0/version.yaml"
    assert git(told.root / "training", "rev-parse", "HEAD") in manifest.read_text()


def test_a_directory_that_is_not_empty_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")
    ran = rollbook(tmp_path, "demo", str(tmp_path))
    assert ran.code == 2
    assert "is not empty" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("keep me")
    ran = rollbook(tmp_path, "demo", "file")
    assert ran.code == 2
    assert "is not a folder" in ran.err


def test_without_scikit_learn_the_demo_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollbook.cli.demo.performance.NEEDED", ("no-such-distribution",))
    ran = rollbook(tmp_path, "demo", "scratch")
    assert ran.code == 2
    assert "pip install 'rollbook[demo]'" in ran.err
    assert not (tmp_path / "scratch").exists()


def test_without_ssh_keygen_the_demo_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollbook.cli.demo.performance.shutil.which", lambda _name: None)
    ran = rollbook(tmp_path, "demo", "scratch")
    assert ran.code == 2
    assert "Install OpenSSH's client" in ran.err
    assert not (tmp_path / "scratch").exists()


def play(root: Path, *steps: Step) -> dict[str, str]:
    kept: dict[str, str] = {}
    tell(Chapter("A chapter", steps), root, 1, kept)
    return kept


def test_an_unexpected_success_fails_the_demo(tmp_path: Path) -> None:
    with pytest.raises(RollbookError, match="it exited with 0 instead of 1"):
        play(tmp_path, CommandRun(".", ("git", "version"), code=1))


def test_a_refusal_for_another_reason_fails_the_demo(tmp_path: Path) -> None:
    with pytest.raises(RollbookError, match="it did not say 'RB401'"):
        play(tmp_path, CommandRun(".", ("git", "no-such-verb"), code=1, says=("RB401",)))


def test_an_edit_that_finds_no_place_fails_the_demo(tmp_path: Path) -> None:
    with pytest.raises(RollbookError, match="has 0 places to edit"):
        play(tmp_path, Write("file", "a: 1\n"), Edit("file", "b: 1", "b: 2", "b becomes 2"))


def test_what_a_command_says_is_kept_by_its_name(tmp_path: Path) -> None:
    kept = play(
        tmp_path, CommandRun(".", ("git", "version"), keep="git"), CommandRun(".", ("git", "version"))
    )
    assert list(kept) == ["git"]
    assert kept["git"].startswith("git version")


def test_a_file_is_written_with_what_another_one_says(tmp_path: Path) -> None:
    play(tmp_path, Write("key", "ssh-ed25519 AAAA"), Write("signers", "bob@example.com ", "key"))
    assert (tmp_path / "signers").read_text() == "bob@example.com ssh-ed25519 AAAA"


def test_the_working_directory_stays_as_it_is(tmp_path: Path) -> None:
    before = Path.cwd()
    play(tmp_path, Write("folder/file", ""), CommandRun("folder", ("git", "version")))
    assert Path.cwd() == before


def test_a_long_command_is_broken_before_its_options() -> None:
    command = ("rollbook", "register", "m" * 60, "a" * 30, "--param", "C=1.0", "--tag", "why=a b")
    lines = displayed(command).split(" \\\n        ")
    assert lines == [f"rollbook register {'m' * 60} {'a' * 30}", "--param C=1.0 --tag 'why=a b'"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["a\tb", "long\tc"], ["a     b", "long  c"]),
        (["no columns here"], ["no columns here"]),
        (["a\t", "long\tc"], ["a", "long  c"]),
    ],
)
def test_columns_are_lined_up(lines: Sequence[str], expected: Sequence[str]) -> None:
    assert aligned(lines) == expected
