"""What is too large to be judged is a finding, and nobody waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rollbook.check.clean_files import Remembered
from rollbook.check.document import read_documents
from rollbook.check.finding import Finding, arranged
from rollbook.check.judge import check_push
from rollbook.check.whole_tree import check_tree
from rollbook.errors import TooMuch
from rollbook.git import process
from rollbook.git.trees import files_holding
from rollbook.git.work_limit import limited_work, require_time
from rollbook.layout import place
from rollbook.snapshot.tree_snapshot import commit_snapshot

from .desk import V1, Desk, codes, model_text, one, registry_files, version_files

if TYPE_CHECKING:
    from .desk import File

FILES = registry_files("1.0.0")


def alike(desk: Desk, base: str, levels: int, names: int) -> str:
    """A commit on `base` of few objects, in which `names` to the power of `levels` paths stand."""
    blob = desk.git("hash-object", "-w", "--stdin", stdin=b"x").strip()
    tree, mode = blob, "100644 blob"
    for _ in range(levels):
        listed = "".join(f"{mode} {tree}\tn{number}\n" for number in range(names))
        tree, mode = desk.git("mktree", stdin=listed.encode()).strip(), "040000 tree"
    registry = desk.git("ls-tree", f"{base}:registry") + f"\n040000 tree {tree}\tbomb\n"
    inside = desk.git("mktree", stdin=registry.encode()).strip()
    root = desk.git("mktree", stdin=f"040000 tree {inside}\tregistry\n".encode()).strip()
    return desk.git("commit-tree", root, "-p", base, "-m", "x").strip()


def test_trees_that_stand_for_more_paths_than_can_be_listed_are_refused(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "MOST_SECONDS", 1)
    base = desk.commit(FILES)
    head = alike(desk, base, 8, 10)
    assert codes(check_push(desk.repository, base, head)) == ["RB110"]
    assert codes(desk.check_merge(base, head)[0]) == ["RB110"]
    assert codes(check_push(desk.repository, None, head)) == ["RB110"]


def test_one_content_at_very_many_paths_is_counted_at_each(desk: Desk) -> None:
    base = desk.commit(FILES)
    large = "x" * (1 << 20)
    few = desk.commit({**FILES, **{f"{V1}/{number}.md": large for number in range(10)}}, base)
    many = desk.commit({**FILES, **{f"{V1}/{number}.md": large for number in range(65)}}, base)
    assert "RB110" not in codes(check_push(desk.repository, base, few))
    assert "65 MiB" in one(check_push(desk.repository, base, many), "RB110").message


def test_more_files_than_anybody_reads_are_refused(desk: Desk) -> None:
    base = desk.commit(FILES)
    head = alike(desk, base, 2, 320)
    assert "102,400 files" in one(check_push(desk.repository, base, head), "RB110").message


def test_what_takes_too_long_is_a_finding(desk: Desk) -> None:
    base = desk.commit(FILES)
    head, repository = desk.commit({**FILES, **version_files("1.1.0")}, base), desk.repository
    with limited_work(0):
        assert codes(check_push(repository, base, head)) == ["RB110"]
        assert codes(check_push(repository, None, head)) == ["RB110"]
    assert check_push(desk.repository, base, head) == []


def test_git_is_stopped_when_the_time_of_a_judgement_is_over(desk: Desk) -> None:
    base = desk.commit(FILES)
    head = alike(desk, base, 7, 10)
    with limited_work(0.1):
        with pytest.raises(TooMuch):
            files_holding(desk.repository, head, "nothing", "registry/**")
        with pytest.raises(TooMuch):
            require_time()


def test_more_findings_than_anybody_reads_are_counted() -> None:
    errors = [Finding("RB104", f"registry/{number:05}", "x") for number in range(5_003)]
    found = arranged([Finding("RB105", "registry/a", "x", severity="warning"), *errors, *errors[:10]])
    assert len(found) == 5_002
    assert found[-1].code == "RB110"
    assert "3 more" in found[-1].message


def test_what_only_waits_hides_no_error_that_does_not() -> None:
    waiting = [Finding("RB406", f"registry/{number}", "x", waiting=True) for number in range(5_001)]
    found = arranged([*waiting, Finding("RB104", "registry/z", "x")])
    assert [each.code for each in found if not each.waiting] == ["RB104"]
    assert [each.code for each in found if each.waiting][-1] == "RB110"


def test_no_more_violations_are_explained_than_anybody_reads(desk: Desk) -> None:
    wrong = "".join(f"k{number}: 1\n" for number in range(101))
    files = {**FILES, **{f"registry/m{number:03}/model.yaml": wrong for number in range(60)}}
    snapshot = commit_snapshot(desk.repository, desk.commit(files))
    read = read_documents(snapshot, {path: place(path) for path in files if path not in FILES})
    assert {len(document.findings) for document in list(read.values())[:50]} == {101}
    assert [document.findings[0].message for document in list(read.values())[50:]] == [
        "the file violates its schema"
    ] * 10


def test_a_model_whose_findings_are_not_shown_is_not_remembered_as_clean(desk: Desk) -> None:
    strays = {f"registry/credit/{number}": "x" for number in range(5_001)}
    last = {"registry/zebra/model.yaml": model_text("zebra"), "registry/zebra/stray": "x"}
    assert "registry/zebra/stray" not in places(desk, {**FILES, **strays, **last})
    assert "registry/zebra/stray" in places(desk, {**FILES, **last})


def places(desk: Desk, files: dict[str, File]) -> set[str]:
    snapshot = commit_snapshot(desk.repository, desk.commit(files))
    return {found.path for found in check_tree(snapshot, None, Remembered(desk.repository))}


def test_more_commits_than_anybody_reads_are_refused(desk: Desk) -> None:
    base = desk.commit(FILES)
    stream = f"reset refs/heads/many\nfrom {base}\n\n" + "".join(
        f"commit refs/heads/many\ncommitter A <a@example.com> {number} +0000\ndata 1\nx\n"
        for number in range(1, 20_002)
    )
    desk.git("fast-import", "--quiet", stdin=stream.encode())
    tip = desk.git("rev-parse", "refs/heads/many").strip()
    assert "20,001 commits" in one(check_push(desk.repository, base, tip), "RB110").message
    assert check_push(desk.repository, base, f"{tip}~1") == []
