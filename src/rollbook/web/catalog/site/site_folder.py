"""The folder that a site is written to: each file whole or not at all, and what it was made of beside it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.errors import Refused
from rollbook.transfer.locked_folder import locked_folder

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

INPUTS = ".rollbook-site.json"
AS_OF = "as-of"
_UNFINISHED = ".rollbook-unfinished"
_TEMPORARY = ".rollbook-new-"
_HOME = "index.html"
# What belongs to the site; all else in the folder is left alone.
_OWN = ("assets", "audit", "by", "data", "models", "page", "requests", "search")


class SiteFolder:
    """A folder with a site in it, or room for one."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self) -> dict[str, Any]:
        """Note that a build has begun; return what the last one noted, nothing where there was none or where
        it was cut off. Raises Refused when the folder holds something else."""
        for name in (_HOME, INPUTS, _UNFINISHED, AS_OF, *_OWN):
            if (self.path / name).is_symlink():
                raise Refused(f"{self.path / name} is a symbolic link", hint="Remove it.")
        mark, noted = self.path / _UNFINISHED, self._noted()
        if noted is None and not mark.exists():
            strangers = sorted({entry.name for entry in self.path.iterdir()} - {".git", "CNAME", ".nojekyll"})
            if strangers:
                raise Refused(
                    f"{self.path} holds {strangers[0]} and no site",
                    hint="Name a new folder, an empty one, or one that a site was built in.",
                )
        was_cut_off = mark.exists()
        mark.touch()
        return {} if was_cut_off or noted is None else noted

    def end(self, inputs: Mapping[str, Any]) -> None:
        """Note that the site is complete, and what it was made of."""
        self.write(INPUTS, json.dumps(inputs, separators=(",", ":")).encode("ascii"))
        (self.path / _UNFINISHED).unlink()

    def _noted(self) -> dict[str, Any] | None:
        try:
            noted = json.loads((self.path / INPUTS).read_bytes())
        except FileNotFoundError:
            return None
        except IsADirectoryError as error:
            raise Refused(f"{self.path / INPUTS} is a folder", hint="Remove it.") from error
        except (ValueError, RecursionError):  # damaged: everything is made anew
            return {}
        return noted if isinstance(noted, dict) else {}

    def write(self, name: str, content: bytes) -> None:
        """Put a file in its place by one rename."""
        write_file(self.path, name, content)

    def sizes(self, noted: Iterable[str] = ()) -> dict[str, int]:
        """Return how long each file of the site is, by its path: of those that the last build noted, or,
        where it noted none, of all that there are. Then what a build that was cut off left half written is
        removed."""
        links: dict[str, bool] = {}
        sizes = {name: size for name in noted if (size := self._size(name, links)) is not None}
        return sizes or self._all_sizes()

    def _size(self, name: str, links: dict[str, bool]) -> int | None:
        # The notes stand in the folder, where others may write: they name files of the site, or none.
        top, *below = name.split("/")
        if (top not in _OWN or not below or not {"", ".", ".."}.isdisjoint(below)) and name != _HOME:
            return None
        try:
            if _is_below_a_link(self.path, name, links):
                return None
            facts = os.lstat(f"{self.path}/{name}")
        except (OSError, ValueError):
            return None
        return facts.st_size if stat.S_ISREG(facts.st_mode) else None

    def _all_sizes(self) -> dict[str, int]:
        found: dict[str, int] = {}
        folders = [top for top in _OWN if (self.path / top).is_dir()]
        while folders:
            below = folders.pop()
            with os.scandir(self.path / below) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(f"{below}/{entry.name}")
                    elif entry.name.startswith(_TEMPORARY):
                        Path(entry.path).unlink(missing_ok=True)
                    else:
                        found[f"{below}/{entry.name}"] = entry.stat(follow_symlinks=False).st_size
        if (self.path / _HOME).is_file():
            found[_HOME] = (self.path / _HOME).stat().st_size
        return found

    def remove(self, names: Iterable[str]) -> int:
        """Remove files of the site and the folders that this leaves empty; return how many they are."""
        count, root = 0, self.path.resolve()
        for name in names:
            file = self.path / name
            if not file.parent.resolve().is_relative_to(root):  # a link leads elsewhere
                continue
            count += 1
            file.unlink()
            for folder in file.relative_to(self.path).parents[:-1]:
                if any((self.path / folder).iterdir()):
                    break
                (self.path / folder).rmdir()
        return count

    def keep_dates(self, dates: Container[str]) -> None:
        """Remove the sites of the past but for those of `dates`."""
        past = self.path / AS_OF
        for entry in [*past.iterdir()] if past.is_dir() else []:
            if entry.name not in dates and not entry.is_symlink() and (entry / INPUTS).is_file():
                shutil.rmtree(entry)
        if past.is_dir() and not any(past.iterdir()):
            past.rmdir()


def _is_below_a_link(root: Path, name: str, known: dict[str, bool]) -> bool:
    """Whether a folder on the way from `root` to the file `name` is a symbolic link; `known` are folders that
    were looked at before."""
    folder = name.rpartition("/")[0]
    if not folder:
        return False
    if folder not in known:
        known[folder] = Path(f"{root}/{folder}").is_symlink() or _is_below_a_link(root, folder, known)
    return known[folder]


def write_file(root: Path, name: str, content: bytes) -> None:
    """Write a file below `root` by one rename; whoever reads meanwhile finds the old one or the new. Raises
    Refused where a link leads elsewhere."""
    if _is_below_a_link(root, name, {}):
        raise Refused(f"{(root / name).parent} is behind a symbolic link", hint="Remove the link.")
    target = root / name
    temporary = target.with_name(f"{_TEMPORARY}{secrets.token_hex(8)}")
    try:
        file = temporary.open("xb")
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
        file = temporary.open("xb")
    try:
        with file:
            file.write(content)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def folder_of_date(site: Path, date: str) -> Path:
    """Return where the catalog of a date in the past stands beside a site. Raises Refused for a link."""
    folder = site / AS_OF / date
    if folder.is_symlink():
        raise Refused(f"{folder} is a symbolic link", hint="Remove it.")
    return folder


@contextmanager
def locked_site(path: Path) -> Iterator[SiteFolder]:
    """Lock the folder at `path`, which is made where it is missing, for one build at a time. Raises Refused
    for a file."""
    with locked_folder(path, "the site"):
        yield SiteFolder(path)
