"""The files of an artifact: which names and kinds may be in one; listed and opened following no links."""

from __future__ import annotations

import os
import stat
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.artifact.links import LinkRule, is_cached
from rollbook.errors import BadCall, Refused
from rollbook.names import WINDOWS_RESERVED
from rollbook.snapshot.safe_open import open_beneath

if TYPE_CHECKING:
    from collections.abc import Iterable

# Control, invisible and direction-changing characters, lone surrogates, and Unicode's line breaks.
_UNSAFE_CATEGORIES = frozenset(["Cc", "Cf", "Cs", "Zl", "Zp"])
# DVC leaves the first ones out of a folder and refuses the last, so its hash would not cover what is there.
_DVC_SPECIAL = frozenset([".git", ".hg", ".dvc", ".dvcignore"])
_LONGEST_PATH = 4096
_KINDS = (
    (stat.S_ISLNK, "a symbolic link"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of an artifact, and what tells that it changed. `path` is relative with `/`, `size` in bytes;
    `target` is the real path of what is reached through a link, else empty."""

    path: str
    size: int
    mtime_ns: int
    inode: int
    device: int
    target: str = ""


@dataclass(frozen=True, slots=True)
class ArtifactSource:
    """An artifact in the file system: one file, or a folder with its files sorted by their paths' bytes.

    `named` is the path that was asked for, `root` where it really is; `links` are those that were followed,
    each with where it ends; `empty` are the folders without a file, which no artifact holds.
    """

    named: Path
    root: Path
    is_directory: bool
    files: tuple[SourceFile, ...]
    rule: LinkRule = LinkRule.NONE
    links: tuple[tuple[str, str], ...] = ()
    empty: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)


def unsafe_name(name: str) -> str:
    """Say why `name` can't be one part of a path on every system; empty when it can."""
    if name in ("", ".", "..") or "/" in name:
        return "is not a file name"
    is_plain = name.isascii() and name.isprintable()
    if not is_plain and any(unicodedata.category(character) in _UNSAFE_CATEGORIES for character in name):
        return "has control or invisible characters, or is not UTF-8"
    if "\\" in name:
        return "has a backslash"
    if name.endswith((".", " ")):
        return "ends with a dot or a space"
    if name.partition(".")[0].rstrip(" ").lower() in WINDOWS_RESERVED:
        return "is reserved on Windows"
    if len(name.encode()) > 255:
        return "is longer than 255 bytes"
    return "means something else to git or DVC" if name.casefold() in _DVC_SPECIAL else ""


def unsafe_paths(paths: Iterable[str]) -> str:
    """Say what is wrong with these relative paths of files, alone or together; empty when all are fine."""
    # Each folder and file has a number; a name in a folder leads from the folder's number to its own.
    steps: dict[tuple[int, str], tuple[int, str]] = {}
    files: dict[int, str] = {}
    folders: set[int] = set()
    for path in paths:
        if len(path) > _LONGEST_PATH:
            return f"{path[:60]!r}... is longer than {_LONGEST_PATH} characters"
        here = 0
        for part in path.split("/"):
            if reason := unsafe_name(part):
                return f"{path!r}: {part!r} {reason}"
            folders.add(here)
            here, spelling = steps.setdefault((here, _folded(part)), (len(steps) + 1, part))
            if spelling != part:
                return f"{path!r}: {part!r} and {spelling!r} are one name where case does not count"
        if here in files:
            return f"{path!r} is there twice"
        files[here] = path
    clash = min((files[number] for number in files.keys() & folders), default=None)
    return "" if clash is None else f"{clash!r} is both a file and a folder"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def list_source(path: Path, rule: LinkRule = LinkRule.NONE) -> ArtifactSource:
    """List the artifact at `path`, following the links that `rule` allows.

    Raises BadCall when it is missing or empty, is or holds anything but plain files and folders, or holds
    names that are unsafe on some system. Empty folders inside are left out, as DVC does.
    """
    links: list[tuple[str, str]] = []
    try:
        root = path
        if path.is_symlink() and (end := _followed(path, rule, is_named=True)):
            root = end
            links.append((str(path), str(root)))
        status = root.lstat()
        if stat.S_ISDIR(status.st_mode):
            listing = _FolderListing(root, path, rule)
            files, empty = listing.files, listing.empty
            links += listing.links
        else:
            _require_plain(path, status)
            files, empty = [_source_file(path.name, status)], []
    except FileNotFoundError as error:
        raise BadCall(f"{path}: no such file or folder") from error
    except OSError as error:
        raise cannot_read(path, error) from error
    is_directory = stat.S_ISDIR(status.st_mode)
    if is_directory and (reason := unsafe_paths(file.path for file in files)):
        raise BadCall(
            f"{path}: {reason}", hint="Rename or remove it: the folder must be usable on every system."
        )
    ordered = tuple(sorted(files, key=lambda file: file.path.encode()))
    source = ArtifactSource(
        path, root, is_directory, ordered, rule, tuple(sorted(links)), tuple(sorted(empty))
    )
    if not source.size:
        raise BadCall(f"{path}: the {'folder' if is_directory else 'file'} is empty")
    return source


class _FolderListing:
    """The files of the folder `root`, which was asked for as `named`, the links followed on the way, and the
    folders that have no file."""

    def __init__(self, root: Path, named: Path, rule: LinkRule) -> None:
        self.files: list[SourceFile] = []
        self.links: list[tuple[str, str]] = []
        self.empty: list[str] = []
        self._named = named
        self._rule = rule
        # Each folder to list, its path in the artifact, whether a link led there, and those it is in.
        self._waiting = [(root, "", False, frozenset([_identity(root.stat())]))]
        while self._waiting:
            self._list(*self._waiting.pop())

    def _list(self, folder: Path, prefix: str, is_linked: bool, around: frozenset[tuple[int, int]]) -> None:
        with os.scandir(folder) as entries:
            listed = list(entries)
        if not listed and prefix:
            self.empty.append(prefix)
        for entry in listed:
            place, path = folder / entry.name, prefix + entry.name
            status = entry.stat(follow_symlinks=False)
            target = str(place) if is_linked else ""
            if stat.S_ISLNK(status.st_mode) and (end := _followed(place, self._rule)):
                place, target = end, str(end)
                status = place.lstat()
                self.links.append((str(self._named / path), target))
            if stat.S_ISDIR(status.st_mode):
                if reason := unsafe_name(entry.name):
                    raise BadCall(f"{self._named}: {path!r} {reason}")
                if _identity(status) in around:
                    raise BadCall(f"{str(self._named / path)!r} is a link to a folder that it is in")
                self._waiting.append((place, f"{path}/", bool(target), around | {_identity(status)}))
            else:
                _require_plain(self._named / path, status)
                self.files.append(_source_file(path, status, target))


def _followed(link: Path, rule: LinkRule, *, is_named: bool = False) -> Path | None:
    """Where a link ends that is to be followed; None when it isn't."""
    if rule is LinkRule.NONE:
        return None
    try:
        target = link.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise BadCall(
            f"{str(link)!r} is a symbolic link to nothing: {link.readlink()}",
            hint="Fetch it first (dvc pull, hf download), or mend the link.",
        ) from error
    asked = rule is LinkRule.ALL or (is_named and rule is LinkRule.NAMED)
    return target if asked or is_cached(link, target) else None


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _source_file(path: str, status: os.stat_result, target: str = "") -> SourceFile:
    return SourceFile(path, status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev, target)


def _require_plain(path: Path, status: os.stat_result) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    kind = next((word for test, word in _KINDS if test(status.st_mode)), "not a plain file")
    hint = "An artifact is made of plain files and folders; give the real file."
    if stat.S_ISLNK(status.st_mode):
        hint += " Where you know what every link in a folder leads to: --follow-links"
    raise BadCall(f"{str(path)!r} is {kind}", hint=hint)


def open_source(source: ArtifactSource, file: SourceFile) -> int:
    """Open one file of `source` for reading and return its descriptor. No link is followed below the root.

    Raises Refused when the file is no longer the one that was listed, BadCall when it can't be read.
    """
    try:
        if file.target:
            descriptor = open_beneath(Path(file.target), "")
        else:
            descriptor = open_beneath(source.root, file.path if source.is_directory else "")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise changed(source, file.path) from error
    except OSError as error:
        raise cannot_read(source.root / file.path if source.is_directory else source.root, error) from error
    if _source_file(file.path, os.fstat(descriptor), file.target) != file:
        os.close(descriptor)
        raise changed(source, file.path)
    return descriptor


def require_unchanged(source: ArtifactSource) -> None:
    """Raise Refused when the artifact is no longer what `list_source` saw."""
    try:
        now = list_source(source.named, source.rule)
    except BadCall as error:
        raise changed(source, "") from error
    if now != source:
        before = set(source.files)
        different = next((file.path for file in now.files if file not in before), "")
        raise changed(source, different)


def changed(source: ArtifactSource, path: str) -> Refused:
    """Return the error to raise when a file of `source` changed while it was read."""
    where = f"{source.named}: {path!r}" if source.is_directory and path else str(source.named)
    return Refused(
        f"{where} changed while it was read", hint="Wait until it is written completely, then try again."
    )


def cannot_read(path: Path, error: OSError) -> BadCall:
    """Return the error to raise when the caller's own file can't be read."""
    return BadCall(f"{path}: cannot read: {error.strerror or error}")
