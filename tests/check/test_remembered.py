"""What the check of everything remembers: never more than the check from scratch would find again."""

from __future__ import annotations

import os
import shutil
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

import rollbook.check.clean_files as memory
import rollbook.check.whole_tree as whole_tree
from building.examples import examples
from building.world import World, git, rollbook
from check.desk import POLICY, Desk, entry, model_files, policy_text, registry_files, version_files
from rollbook.check.clean_files import Remembered
from rollbook.check.rules import version_rules as by_version
from rollbook.check.whole_tree import check_tree
from rollbook.git.repository import discover
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.snapshot.worktree_snapshot import WorktreeSnapshot, worktree_snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rollbook.check.finding import Finding

PLACE = "rollbook/found-clean"
# A file system's clock ticks at least a hundred times a second here; two seconds would make the tests slow.
TICK = 0.012


@pytest.fixture(autouse=True)
def _short_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "TICK", int(TICK * 1e9))
    monkeypatch.setattr(whole_tree, "SECOND", 1)


def settle() -> None:
    """Wait until what was written can be told from what is written next."""
    time.sleep(2 * TICK)


def check(desk: Desk, commit: str, known: Remembered | None = None) -> list[Finding]:
    snapshot = commit_snapshot(desk.repository, commit)
    try:
        return check_tree(snapshot, None, known)
    finally:
        snapshot.close()


def check_again(desk: Desk, commit: str) -> list[Finding]:
    """Check with what the repository remembers."""
    return check(desk, commit, Remembered(desk.repository))


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """The versions that were judged, in order."""
    seen: list[tuple[str, str]] = []
    original = by_version.one_versions_findings

    def record(key: tuple[str, str], *rest: object) -> Iterator[Finding]:
        seen.append(key)
        return original(key, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(by_version, "one_versions_findings", record)
    return seen


def test_what_was_clean_is_not_judged_again(desk: Desk, judged: list[tuple[str, str]]) -> None:
    commit = desk.commit(registry_files("1.0.0", "1.1.0"))
    assert check_again(desk, commit) == []
    assert judged == [("credit", "1.0.0"), ("credit", "1.1.0")]
    assert check_again(desk, commit) == []
    assert len(judged) == 2


def test_a_new_version_is_all_that_is_judged(desk: Desk, judged: list[tuple[str, str]]) -> None:
    files = registry_files("1.0.0") | model_files("1.0.0", model="other")
    check_again(desk, desk.commit(files))
    judged.clear()
    assert check_again(desk, desk.commit(files | version_files("1.1.0"))) == []
    assert judged == [("credit", "1.1.0")]


def test_a_new_policy_judges_the_models_and_not_the_versions(
    desk: Desk, judged: list[tuple[str, str]]
) -> None:
    files = registry_files("1.0.0") | {"registry/credit/stages.yaml": f"canary: {entry('1.0.0')}\n"}
    assert check_again(desk, desk.commit(files)) == []
    judged.clear()
    without = policy_text().replace(", canary", "").replace("{name: canary", "{name: other")
    (found,) = check_again(desk, desk.commit(files | {POLICY: without}))
    assert (found.code, judged) == ("RB206", [])


def test_what_is_wrong_is_found_again_and_again(desk: Desk) -> None:
    files = registry_files("1.0.0") | {"registry/credit/versions/1.0.0/notes.yaml": "nonsense: 1\n"}
    commit = desk.commit(files)
    first = check_again(desk, commit)
    assert [found.code for found in first] == ["RB102"]
    assert check_again(desk, commit) == first


def test_twins_that_were_each_clean_alone_are_found_together(desk: Desk) -> None:
    lower, upper = model_files("1.0.0", model="credit"), model_files("1.0.0", model="Credit")
    for files in (lower, upper):
        assert check_again(desk, desk.commit({POLICY: policy_text()} | files)) == []
    (found,) = check_again(desk, desk.commit({POLICY: policy_text()} | lower | upper))
    assert found.code == "RB202"


def test_a_model_and_a_namespace_that_were_each_clean_alone_are_found_together(desk: Desk) -> None:
    model, inner = model_files("1.0.0", model="risk"), model_files("1.0.0", model="risk/credit")
    for files in (model, inner):
        assert check_again(desk, desk.commit({POLICY: policy_text()} | files)) == []
    (found,) = check_again(desk, desk.commit({POLICY: policy_text()} | model | inner))
    assert found.code == "RB210"


def test_a_dvc_yaml_that_drifts_is_found_though_the_models_are_known(desk: Desk) -> None:
    files = registry_files("1.0.0") | {POLICY: policy_text("dvc_artifacts: true\n")}
    path = "registry/credit/versions/1.0.0/model.onnx"
    assert (
        check_again(desk, desk.commit(files | {"dvc.yaml": f"artifacts: {{credit: {{path: {path}}}}}"})) == []
    )
    (found,) = check_again(desk, desk.commit(files | {"dvc.yaml": "artifacts: {}"}))
    assert found.code == "RB215"


def test_other_rules_believe_nothing(
    desk: Desk, judged: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = desk.commit(registry_files("1.0.0"))
    check_again(desk, commit)
    monkeypatch.setattr("rollbook.check.rules_digest.rules_digest", lambda: "another")
    check_again(desk, commit)
    assert judged == [("credit", "1.0.0")] * 2


@pytest.mark.parametrize("harm", ["cut", "flipped", "grown", "emptied", "others may write", "a link"])
def test_a_file_that_was_altered_is_not_believed(
    desk: Desk, judged: list[tuple[str, str]], harm: str
) -> None:
    commit = desk.commit(registry_files("1.0.0"))
    check_again(desk, commit)
    harmed(desk.repository.common_dir / PLACE, harm)
    check_again(desk, commit)
    assert len(judged) == 2


def harmed(path: Path, harm: str) -> None:
    data = path.read_bytes()
    if harm == "cut":
        path.write_bytes(data[:-32])
    elif harm == "flipped":
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    elif harm == "grown":
        path.write_bytes(data + b"\0" * 32)
    elif harm == "emptied":
        path.write_bytes(b"")
    elif harm == "others may write":
        path.chmod(0o666)
    else:
        path.unlink()
        path.symlink_to("/dev/zero")


def test_no_more_is_kept_than_has_room(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_DIGESTS", 3)
    commit = desk.commit(registry_files("1.0.0", "1.1.0", "1.2.0", "1.3.0"))
    check_again(desk, commit)
    kept = memory.read_digests(desk.repository)
    assert len(kept) == 3
    assert check_again(desk, commit) == []


def test_two_that_write_at_once_keep_what_both_found(desk: Desk) -> None:
    one, other = Remembered(desk.repository), Remembered(desk.repository)
    for known, key in ((one, b"1" * 32), (other, b"2" * 32)):
        known.begin()
        known.add(memory.Fingerprint(key))
    one.save()
    other.save()
    assert set(memory.read_digests(desk.repository)) == {b"1" * 32, b"2" * 32}


def test_a_place_that_cannot_be_written_costs_time_only(desk: Desk) -> None:
    commit = desk.commit(registry_files("1.0.0"))
    (desk.repository.common_dir / "rollbook").write_text("in the way")
    assert check_again(desk, commit) == []


# --- the working tree -------------------------------------------------------------------------------------


def test_a_file_that_was_just_written_is_not_taken_for_settled(
    world: World, judged: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.register("credit", "1.0.0")
    monkeypatch.setattr(memory, "TICK", int(1e12))
    for _ in range(2):
        world.run("check", "--all")
    assert judged == [("credit", "1.0.0")] * 2


def test_the_command_remembers_unless_it_is_told_not_to(world: World, judged: list[tuple[str, str]]) -> None:
    world.register("credit", "1.0.0")
    judged.clear()
    settle()
    world.run("check", "--all", "--no-cache")
    assert not (world.registry / ".git" / PLACE).exists()
    world.run("check", "--all")
    world.run("check", "--all")
    assert len(judged) == 2
    world.run("check", "--all", "--no-cache")
    assert len(judged) == 3


@pytest.mark.parametrize("keep_times", [True, False])
def test_an_edit_of_the_same_size_is_seen(world: World, *, keep_times: bool) -> None:
    world.register("credit", "1.0.0")
    settle()
    world.run("check", "--all")
    path = world.registry / "registry/credit/versions/1.0.0/version.yaml"
    before = path.stat()
    path.write_text(path.read_text().replace("version: 1.0.0", "version: 1.0.1"))
    if keep_times:
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    ran = rollbook(world.registry, "check", "--all")
    assert (ran.code, "RB201" in ran.out) == (1, True)


def test_a_file_that_becomes_a_link_is_seen(world: World) -> None:
    world.register("credit", "1.0.0")
    settle()
    world.run("check", "--all")
    path = world.registry / "registry/credit/model.yaml"
    path.rename(world.registry / "elsewhere.yaml")
    path.symlink_to(world.registry / "elsewhere.yaml")
    assert "RB105" in rollbook(world.registry, "check", "--all").out


VERSION = "registry/credit/versions/1.0.0/version.yaml"


def test_while_git_finds_nothing_changed_no_file_is_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.register("credit", "1.0.0")
    git(world.registry, "update-index", "-q", "--refresh")
    settle()
    world.run("check", "--all")
    monkeypatch.delattr(WorktreeSnapshot, "identities")
    monkeypatch.delattr(WorktreeSnapshot, "read_many")
    world.run("check", "--all")


@pytest.mark.parametrize("told", ["--assume-unchanged", "--skip-worktree"])
@pytest.mark.parametrize("first", [True, False])
def test_a_file_that_git_was_told_not_to_look_at_is_looked_at(
    world: World, told: str, *, first: bool
) -> None:
    world.register("credit", "1.0.0")
    settle()
    if first:
        git(world.registry, "update-index", told, VERSION)
    world.run("check", "--all")
    git(world.registry, "update-index", told, VERSION)
    (world.registry / VERSION).write_text("nonsense: 1\n")
    assert rollbook(world.registry, "check", "--all").code == 1


def test_a_file_that_git_does_not_know_yet_is_seen(world: World) -> None:
    world.register("credit", "1.0.0")
    settle()
    world.run("check", "--all")
    (world.registry / "registry/credit/stray.txt").write_text("x")
    assert "RB104" in rollbook(world.registry, "check", "--all").out


# --- any order of events ----------------------------------------------------------------------------------

_MODELS = ("credit", "Credit", "risk/fraud", "risk")
_BREAKS = {
    "model.yaml": ("owner:", "owners:"),
    "versions/1.0.0/version.yaml": ("1200", "1300"),
    "versions/1.0.0/model.onnx.dvc": ("md5", "md6"),
}
_POLICIES = (
    policy_text(),
    policy_text("naming: {pattern: 'c{algorithm}'}\n"),
    policy_text("dvc_artifacts: true\n"),
    policy_text().replace("canary", "shadow"),
    "rollbook: 2\n",
    "not: [yaml\n",
)


class Remembering(RuleBasedStateMachine):
    """A registry that is edited, committed, switched and reset, while what is remembered comes and goes."""

    template: Path
    scratch: Iterator[Path]

    @initialize()
    def begin(self) -> None:
        self.root = next(self.scratch)
        shutil.copytree(self.template, self.root, symlinks=True)
        self.repository = discover(self.root)
        self.count = 0

    def write(self, path: str, text: str) -> None:
        target = self.root / path
        if target.parent.exists() or not any(parent.is_file() for parent in target.parents):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    @rule(model=st.sampled_from(_MODELS), version=st.sampled_from(["1.0.0", "1.1.0"]))
    def add(self, model: str, version: str) -> None:
        for path, text in model_files(version, model=model).items():
            self.write(path, str(text))

    @rule(model=st.sampled_from(_MODELS), name=st.sampled_from(sorted(_BREAKS)), back=st.booleans())
    def break_or_mend(self, model: str, name: str, *, back: bool) -> None:
        path = self.root / "registry" / model / name
        if path.is_file():
            old, new = _BREAKS[name][::-1] if back else _BREAKS[name]
            path.write_text(path.read_text().replace(old, new))

    @rule(model=st.sampled_from(_MODELS), stage=st.sampled_from(["canary", "staging"]))
    def put_into_a_stage(self, model: str, stage: str) -> None:
        self.write(f"registry/{model}/stages.yaml", f"{stage}: {entry('1.0.0')}\n")

    @rule(model=st.sampled_from(_MODELS), version=st.sampled_from(["", "versions/1.0.0"]))
    def remove(self, model: str, version: str) -> None:
        shutil.rmtree(self.root / "registry" / model / version, ignore_errors=True)

    @rule(policy=st.sampled_from(_POLICIES))
    def change_the_policy(self, policy: str) -> None:
        self.write("registry/policy.yaml", policy)

    @rule(path=st.sampled_from(["", "registry/credit/versions/1.0.0/model.onnx"]))
    def change_dvc_yaml(self, path: str) -> None:
        self.write("dvc.yaml", f"artifacts: {{credit: {{path: '{path}'}}}}\n")

    @rule()
    def commit(self) -> None:
        git(self.root, "add", "--all")
        git(self.root, "commit", "--quiet", "--allow-empty", "-m", "Change something")

    @rule()
    def branch(self) -> None:
        self.count += 1
        git(self.root, "branch", f"b{self.count}")

    @rule(data=st.data())
    def switch(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(0, self.count))
        git(self.root, "checkout", "--quiet", "--force", f"b{number}" if number else "main")

    @rule(steps=st.integers(0, 2))
    def reset(self, steps: int) -> None:
        commits = git(self.root, "rev-list", "--first-parent", "HEAD").split()
        git(self.root, "reset", "--quiet", "--hard", commits[min(steps, len(commits) - 1)])

    @rule(harm=st.sampled_from(["gone", "cut", "flipped", "grown", "emptied", "others may write"]))
    def harm_what_is_remembered(self, harm: str) -> None:
        path = self.root / ".git" / PLACE
        if path.exists():
            path.unlink() if harm == "gone" else harmed(path, harm)

    @invariant()
    def the_remembered_answer_is_the_answer_from_scratch(self) -> None:
        settle()
        for snapshot in (worktree_snapshot(self.repository), commit_snapshot(self.repository, "HEAD")):
            scratch = check_tree(snapshot)
            assert check_tree(snapshot, None, Remembered(self.repository)) == scratch
            assert check_tree(snapshot, None, Remembered(self.repository)) == scratch
            snapshot.close()


def test_in_any_order_of_events_the_remembered_answer_is_that_from_scratch(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    template = tmp_path / "template"
    git(tmp_path, "init", "--quiet", str(template))
    staged = {"registry/credit/stages.yaml": f"canary: {entry('1.0.0')}\n"}
    for path, text in (registry_files("1.0.0") | staged).items():
        (template / path).parent.mkdir(parents=True, exist_ok=True)
        (template / path).write_text(str(text))
    git(template, "add", ".")
    git(template, "commit", "--quiet", "-m", "Start")

    class Machine(Remembering):
        pass

    Machine.template = template
    Machine.scratch = (tmp_path / f"registry-{number}" for number in range(10_000))
    Machine.TestCase.settings = settings(
        max_examples=examples(6),
        stateful_step_count=15,
        deadline=None,
        phases=(Phase.generate,),  # a history of fifteen steps is short enough to read
        suppress_health_check=list(HealthCheck),
    )
    Machine.TestCase().runTest()
