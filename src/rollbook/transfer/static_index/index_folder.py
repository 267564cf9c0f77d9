"""The folder that an index is written to: each file whole or not at all, and left alone where it is right."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile, Refused
from rollbook.transfer.locked_folder import locked_folder
from rollbook.transfer.static_index.document_json import parse_root
from rollbook.transfer.static_index.index_layout import MODELS, ROOT, TRAIL

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

    from rollbook.transfer.static_index.documents import RootDocument

_TEMPORARY = ".rollbook-"
_UNFINISHED = ".rollbook-unfinished"
# What the files were when the export ended, by name: SHA-256, hexadecimal.
_DIGESTS = ".rollbook-digests"


class IndexFolder:
    """A folder with an index in it, or room for one. Counts what is written and removed.

    `models/`, `trail/` and `index.json` belong to the index; all else there is left alone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.written = 0
        self.removed = 0

    def root(self) -> RootDocument | None:
        """Return the root document of the last export; None where there was none.

        Raises Refused when the folder holds something else, InvalidFile for a root that can't be read and
        that no export wrote.
        """
        for name in (ROOT, MODELS, TRAIL):
            if (self.path / name).is_symlink():
                raise Refused(f"{self.path / name} is a symbolic link", hint="Remove it.")
        try:
            data = (self.path / ROOT).read_bytes()
        except FileNotFoundError:
            # What a first export left behind that was killed is an index' own.
            strangers = sorted(
                {entry.name for entry in self.path.iterdir()} - {MODELS, TRAIL, _UNFINISHED, _DIGESTS, ".git"}
            )
            if strangers:
                raise Refused(
                    f"{self.path} holds {strangers[0]} and no index",
                    hint="Name a new folder, an empty one, or one that an index was exported to.",
                ) from None
            return None
        try:
            return parse_root(data, str(self.path / ROOT))
        except InvalidFile:
            if self._digests().get(ROOT) in (None, _digest(data)):
                raise
            return None  # it is damaged, and written anew

    def begin(self) -> bool:
        """Note that an export has begun; say whether the one before was cut off, so that nothing there can be
        relied on."""
        mark = self.path / _UNFINISHED
        was_cut_off = mark.exists()
        mark.touch()
        return was_cut_off

    def end(self) -> None:
        """Note that the export is complete, and what it left."""
        written = self.written
        digests = {name: _digest(self.read(name) or b"") for name in (ROOT, *sorted(self.files()))}
        self.write(_DIGESTS, json.dumps(digests, indent=0).encode())
        self.written = written
        (self.path / _UNFINISHED).unlink()

    def sound(self) -> set[str]:
        """Return the files of the index, but for its root, that are as the last export left them."""
        known = self._digests()
        return {name for name in self.files() if known.get(name) == _digest(self.read(name) or b"")}

    def written_before(self) -> set[str]:
        """Return the files that the last export left."""
        return {*self._digests()}

    def _digests(self) -> dict[str, object]:
        try:
            known = json.loads(self.read(_DIGESTS) or b"{}")
        except ValueError:
            return {}
        return known if isinstance(known, dict) else {}

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None where there is none."""
        try:
            return (self.path / name).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, name: str, content: bytes) -> None:
        """Put a file in its place by one rename, unless it stands there with this content."""
        target = self.path / name
        if self.read(name) == content:
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=_TEMPORARY)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            # mkstemp's files are private; what others serve follows the user's umask.
            Path(temporary).chmod(0o666 & ~_umask())
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        self.written += 1

    def files(self) -> Iterator[str]:
        """Return every file of the index but its root; those that a killed export left half written are
        removed."""
        for top in (MODELS, TRAIL):
            for folder, _, names in os.walk(self.path / top):
                for name in names:
                    path = Path(folder, name)
                    if name.startswith(_TEMPORARY):
                        path.unlink(missing_ok=True)
                    else:
                        yield path.relative_to(self.path).as_posix()

    def keep_only(self, names: Container[str]) -> None:
        """Remove every file of the index that is not among `names`, and the folders left empty."""
        for name in [name for name in self.files() if name not in names]:
            path = self.path / name
            path.unlink()
            self.removed += 1
            for folder in path.parents:
                if folder in (self.path, self.path.parent):
                    break
                with suppress(OSError):
                    folder.rmdir()


@contextmanager
def locked(path: Path) -> Iterator[IndexFolder]:
    """Lock the folder at `path`, which is made where it is missing, for one export at a time. Raises Refused
    for a file."""
    with locked_folder(path, "the index"):
        yield IndexFolder(path)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _umask() -> int:
    current = os.umask(0o077)
    os.umask(current)
    return current
