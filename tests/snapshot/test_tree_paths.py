"""Very many paths of a tree are found by reading each folder once, and the same stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from building.bare import Bare
from rollbook.git.objects import ObjectReader
from rollbook.snapshot.tree_paths import TreePaths

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from rollbook.git.objects import GitObject

FILES = {f"registry/m{number}/{name}": f"{number}{name}" for number in range(50) for name in ("a", "b/c")}
ODD = ["", "registry", "registry/m1", "registry/m1/a/x", "gone", "gone/x"]


class Counting(ObjectReader):
    """A reader that counts what it is asked for."""

    asked = 0

    def read_many(self, names: Iterable[str], limit: int) -> Iterator[GitObject | None]:
        given = list(names)
        self.asked += len(given)
        return super().read_many(given, limit)


def committed(tmp_path: Path) -> tuple[Counting, str]:
    bare = Bare(tmp_path / "bare.git")
    tmp_path.joinpath("bare.git").mkdir()
    bare.git("init", "--quiet", "--bare")
    return Counting(bare.repository), bare.put("refs/heads/main", FILES)


def test_the_same_stands_at_many_paths_as_at_each(tmp_path: Path) -> None:
    reader, commit = committed(tmp_path)
    paths = [*FILES, *ODD]
    many = list(reader.read_many(TreePaths(reader, commit).names(paths), 1 << 20))
    each = [reader.read(f"{commit}:{path}", 1 << 20) for path in paths]
    assert many == each


def test_each_folder_is_read_once(tmp_path: Path) -> None:
    reader, commit = committed(tmp_path)
    paths = TreePaths(reader, commit)
    paths.names(list(FILES))
    folders = {path.rpartition("/")[0] for path in FILES} | {"", "registry"}
    assert reader.asked == len(folders)
    paths.names(list(FILES))
    assert reader.asked == len(folders)
