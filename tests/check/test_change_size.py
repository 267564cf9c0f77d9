"""What is too large to be judged is a finding, and nobody waits for it."""

from __future__ import annotations

from rollbook.check.judge import check_push

from .desk import V1, Desk, codes, one, registry_files

FILES = registry_files("1.0.0")


def bomb(desk: Desk, base: str) -> str:
    """A commit on `base` of fourteen objects, in which a hundred million paths stand."""
    blob = desk.git("hash-object", "-w", "--stdin", stdin=b"x").strip()
    tree, mode = blob, "100644 blob"
    for _ in range(8):
        listed = "".join(f"{mode} {tree}\tn{number}\n" for number in range(10))
        tree, mode = desk.git("mktree", stdin=listed.encode()).strip(), "040000 tree"
    registry = desk.git("ls-tree", f"{base}:registry") + f"\n040000 tree {tree}\tbomb\n"
    inside = desk.git("mktree", stdin=registry.encode()).strip()
    root = desk.git("mktree", stdin=f"040000 tree {inside}\tregistry\n".encode()).strip()
    return desk.git("commit-tree", root, "-p", base, "-m", "x").strip()


def test_trees_that_stand_for_more_paths_than_can_be_listed_are_refused(desk: Desk) -> None:
    base = desk.commit(FILES)
    head = bomb(desk, base)
    assert codes(check_push(desk.repository, base, head)) == ["RB110"]
    assert codes(desk.check_merge(base, head)[0]) == ["RB110"]
    assert codes(check_push(desk.repository, None, head)) == ["RB110"]


def test_one_content_at_very_many_paths_is_counted_at_each(desk: Desk) -> None:
    base = desk.commit(FILES)
    large = "x" * (1 << 20)
    few = desk.commit({**FILES, **{f"{V1}/{number}.md": large for number in range(10)}}, base)
    many = desk.commit({**FILES, **{f"{V1}/{number}.md": large for number in range(260)}}, base)
    assert "RB110" not in codes(check_push(desk.repository, base, few))
    assert "260 MiB" in one(check_push(desk.repository, base, many), "RB110").message


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
