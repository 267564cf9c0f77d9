from __future__ import annotations

import os
import sqlite3
import stat
import sys
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from index_desk import Desk

from building.texts import manifest
from rollbook import Registry
from rollbook.errors import NotFound
from rollbook.git.repository import discover
from rollbook.insight.query.index import parallel, tables_schema, update
from rollbook.insight.query.index.index_files import (
    KEPT,
    NotWhole,
    _require_whole,
    discard,
    reading,
    taking_over,
)
from rollbook.insight.query.index.parallel import Job, read
from rollbook.insight.query.index.update import file_system_of
from rollbook.layout import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.git.repository import Repository

OTHER_TREE = "1" * 40
_VERSIONS = "SELECT count(*) FROM versions"


def _version(name: str, number: int, extra: str = "") -> dict[str, str | bytes | None]:
    path = f"registry/{name}/versions/1.{number}.0/version.yaml"
    return {path: manifest(name, f"1.{number}.0", extra)}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path / "registry.git")
    for number in range(3):
        made.commit(_version("m", number))
    return made


def _count(desk: Desk, commit: str | None = None) -> int:
    with Registry.open(desk.directory, rev=commit or "main") as registry:
        ((count,),) = registry.query(_VERSIONS).rows
    assert isinstance(count, int)
    return count


def test_the_index_stands_in_the_git_directory_and_is_kept(desk: Desk) -> None:
    assert _count(desk) == 3
    (path,) = desk.indexes
    before = path.stat()
    assert _count(desk) == 3
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_only_what_changed_is_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _count(desk) == 3
    asked: list[str] = []
    true_read = parallel.read

    def counting(repository: Repository, jobs: Sequence[Job]) -> object:
        asked.extend(job.path for job in jobs)
        return true_read(repository, jobs)

    monkeypatch.setattr(parallel, "read", counting)
    desk.commit(_version("m", 3))
    assert _count(desk) == 4
    assert asked == ["registry/m/versions/1.3.0/version.yaml"]


def test_a_near_state_takes_the_place_of_the_one_before(desk: Desk) -> None:
    assert [_count(desk), _count(desk, "main~2"), _count(desk)] == [3, 1, 3]
    assert len(desk.indexes) == 1


def test_a_far_state_gets_an_index_of_its_own_and_few_are_kept(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update, "NEAR", 0)
    for number in range(3, 8):
        desk.commit(_version("m", number))
    assert [_count(desk, commit) for commit in desk.commits] == list(range(9))
    assert len(desk.indexes) == KEPT


def test_of_many_states_the_one_that_was_asked_longest_ago_makes_room(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update, "NEAR", 0)
    for number, commit in enumerate([desk.commits[3], *desk.commits[:2]]):
        _count(desk, commit)
        for path in desk.indexes:  # the clock of a file system may be too slow for a test
            marker = path.with_suffix(".asked")
            if marker.stat().st_mtime > 1e9:
                os.utime(marker, (number + 1, number + 1))
    kept = {path: path.stat().st_ino for path in desk.indexes}
    _count(desk, desk.commits[2])
    tree = desk.git("rev-parse", f"{desk.commits[3]}:registry").strip()
    assert [path.name[:40] for path in kept if path not in desk.indexes] == [tree]
    assert len(desk.indexes) == KEPT


def test_an_index_without_write_permission_answers_still(desk: Desk) -> None:
    assert _count(desk) == 3
    folder = desk.indexes[0].parent
    desk.commit(_version("m", 3))
    if os.geteuid() == 0:  # for whom permissions do not count: the folder is a file then
        discard(desk.indexes[0])
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        folder.write_text("")
    else:
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert _count(desk) == 4
    folder.chmod(stat.S_IRWXU)


def test_a_reader_that_holds_the_index_does_not_keep_another_from_an_answer(desk: Desk) -> None:
    assert _count(desk) == 3
    desk.commit(_version("m", 3))
    with reading(desk.indexes[0]) as connection:
        assert connection.execute("SELECT count(*) FROM version").fetchone() == (3,)
        assert _count(desk) == 4  # from a copy: the file can't be changed now
        assert connection.execute("SELECT count(*) FROM version").fetchone() == (3,)


def _problems(path: Path) -> int:
    with reading(path) as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM problem")
    assert isinstance(count, int)
    return count


def test_a_reader_waits_for_no_change_that_is_being_made_and_never_sees_half(desk: Desk) -> None:
    assert _count(desk) == 3
    path = desk.indexes[0]
    with taking_over(path, OTHER_TREE) as connection:
        connection.execute("INSERT INTO problem (path) VALUES ('x'), ('y')")
        assert _problems(path) == 0
        connection.execute("DELETE FROM problem WHERE path = 'x'")
        tables_schema.put(connection, "tree", OTHER_TREE)
    with pytest.raises((NotWhole, sqlite3.OperationalError)):
        _problems(path)
    assert [_problems(path) for path in desk.indexes] == [1]


def test_an_index_that_another_tree_took_over_meanwhile_is_not_taken_for_the_one_before(desk: Desk) -> None:
    assert _count(desk) == 3
    path = desk.indexes[0]
    with closing(sqlite3.connect(path)) as before:  # opened by its name, and not read yet
        with taking_over(path, OTHER_TREE) as connection:
            tables_schema.put(connection, "tree", OTHER_TREE)
        with pytest.raises(NotWhole):
            _require_whole(before, path)


def test_a_file_that_names_another_tree_than_it_holds_is_not_believed(desk: Desk) -> None:
    assert _count(desk) == 3
    path = desk.indexes[0]
    other = path.rename(path.with_name(OTHER_TREE + path.name[40:]))
    with pytest.raises(NotWhole):
        _problems(other)


def test_a_change_that_is_broken_off_leaves_the_index_as_it_was(desk: Desk) -> None:
    assert _count(desk) == 3

    def break_off() -> None:
        with taking_over(desk.indexes[0], OTHER_TREE) as connection:
            connection.execute("DELETE FROM version")
            raise NotFound("broken off")

    with pytest.raises(NotFound):
        break_off()
    assert _count(desk) == 3


def test_a_file_that_something_else_has_written_to_is_not_believed(desk: Desk) -> None:
    assert _count(desk) == 3
    path = desk.indexes[0]
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM version")
    with pytest.raises(NotWhole), reading(path):
        pass
    assert _count(desk) == 3


def test_a_copy_that_keeps_its_times_is_believed_and_one_that_does_not_is_not(desk: Desk) -> None:
    assert _count(desk) == 3
    path = desk.indexes[0]
    times = path.stat()
    copy = desk.directory / path.name
    copy.write_bytes(path.read_bytes())
    with pytest.raises(NotWhole), reading(copy):
        pass
    os.utime(copy, ns=(times.st_atime_ns, times.st_mtime_ns))
    with reading(copy) as connection:
        assert connection.execute("SELECT count(*) FROM version").fetchone() == (3,)


def test_a_path_with_the_marks_of_an_address_holds_an_index(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "a?b#c%20d" / "registry.git")
    desk.commit(_version("m", 0))
    assert [_count(desk), _count(desk, "main~1"), len(desk.indexes)] == [1, 0, 1]


def test_what_a_killed_process_was_building_is_removed_after_a_day(desk: Desk) -> None:
    assert _count(desk) == 3
    folder = desk.indexes[0].parent
    for name, age in (("building-old", 1e9), ("building-new", None)):
        (folder / name).write_bytes(b"")
        if age is not None:
            os.utime(folder / name, (age, age))
    desk.indexes[0].unlink()
    assert _count(desk) == 3
    assert not (folder / "building-old").exists()
    assert (folder / "building-new").exists()


def test_threads_of_one_process_ask_at_once(desk: Desk) -> None:
    wanted = [(commit, number) for number, commit in enumerate(desk.commits)] * 4
    failed: list[object] = []

    def ask(commit: str, expected: int) -> None:
        try:
            assert _count(desk, commit) == expected
        except BaseException as error:  # noqa: BLE001 - a thread's error is told below
            failed.append(error)

    threads = [threading.Thread(target=ask, args=each) for each in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.fixture
def jobs(desk: Desk) -> list[Job]:
    listed = desk.git("ls-tree", "-r", "main").splitlines()
    found = [
        Job(line.split()[2], Kind.MANIFEST, line.split("\t")[1]) for line in listed if "versions" in line
    ]
    return [*found, Job("0" * 40, Kind.MANIFEST, "registry/gone/versions/1.0.0/version.yaml")]


def _read_here(desk: Desk, jobs: list[Job]) -> list[object]:
    answers = parallel.read_share(str(desk.directory), [(job.oid, job.kind.value, job.path) for job in jobs])
    return list(zip(jobs, answers, strict=True))


def test_files_that_several_processes_read_give_the_same_rows(
    desk: Desk, jobs: list[Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parallel, "WORTHWHILE", 0)
    monkeypatch.setattr(parallel, "processors", lambda: 3)
    here = _read_here(desk, jobs)
    assert sorted(read(discover(desk.directory), jobs), key=repr) == sorted(here, key=repr)
    assert here[-1] == (jobs[-1], None)


@pytest.mark.parametrize("program", ["/bin/false", "/bin/echo", "/nowhere"])
def test_what_a_process_fails_to_read_is_read_here(
    desk: Desk, jobs: list[Job], monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(parallel, "WORTHWHILE", 0)
    monkeypatch.setattr(parallel, "processors", lambda: 2)
    monkeypatch.setattr(sys, "executable", program)
    here = _read_here(desk, jobs)
    assert sorted(read(discover(desk.directory), jobs), key=repr) == sorted(here, key=repr)


_MOUNTS = """\
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
40 22 0:35 / /mnt/team\\040disk rw,relatime shared:20 - nfs4 server:/export rw
41 40 0:36 / /mnt/team\\040disk/local rw - tmpfs tmpfs rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/work/x", "ext4"),
        ("/mnt/team disk", "nfs4"),
        ("/mnt/team disk/a/b", "nfs4"),
        ("/mnt/team disk/local/a", "tmpfs"),
        ("/mnt/team disk 2", "ext4"),
    ],
)
def test_the_file_system_of_a_folder_is_told_by_the_nearest_mount(folder: str, kind: str) -> None:
    assert file_system_of(_MOUNTS, Path(folder)) == kind


def test_what_other_machines_may_write_to_is_replaced_as_a_whole(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _count(desk) == 3
    inode = desk.indexes[0].stat().st_ino
    monkeypatch.setattr(update, "is_shared_by_machines", lambda _: True)
    desk.commit(_version("m", 3))
    assert _count(desk) == 4
    (path,) = desk.indexes
    assert path.stat().st_ino != inode
