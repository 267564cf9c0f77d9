"""What Rollbook remembers to be faster: all kinds of it, and the files that hold them.

The first line of a file says what it is and gives the SHA-256 of the rest: one that was cut off or altered,
or that another user may write to, counts as none. That one can't be written costs time only, and is no error.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

    from rollbook.git.repository import Repository

_FOLDER = "rollbook"
_HEX = 64
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Memory:
    """A kind of what is remembered: its file or folder in a repository's git directory, which all its work
    trees share. `most` is in bytes; `holds`, `key` and `believed` tell people what it is."""

    name: str
    format: str
    most: int
    holds: str
    key: str
    believed: str

    def path(self, repository: Repository) -> Path:
        """Return where it stands."""
        return repository.common_dir / _FOLDER / self.name

    def read(self, repository: Repository, part: str = "") -> bytes | None:
        """Return what was written last; None when nothing is, or when it isn't to be believed. Of a folder it
        is the `part` of that name."""
        return read_kept(self.path(repository) / part, self._stamp, self.most)

    def opened(self, repository: Repository) -> BinaryIO | None:
        """Return the file that was written last, open where its body begins, for what is more than one wants
        to hold; None as for `read`. The caller closes it."""
        begins = f"rollbook {self._stamp} ".encode()
        try:
            file = self.path(repository).open("rb")
        except OSError:
            return None
        try:
            stamp = file.read(len(begins) + _HEX + 1)
            digest = hashlib.sha256()
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
            is_whole = stamp == begins + digest.hexdigest().encode() + b"\n"
            if is_whole and _is_own(os.fstat(file.fileno())):
                file.seek(len(stamp))
                return file
        except OSError:
            pass
        file.close()
        return None

    def write(self, repository: Repository, body: bytes, part: str = "") -> None:
        """Replace what is remembered. That it can't be written costs time only, and is no error."""
        write_kept(self.path(repository) / part, self._stamp, body)

    @property
    def _stamp(self) -> str:
        return f"{self.name} {self.format}"


_TAG_IDS = "The id of a tag object names its content, signature included."

FOUND_CLEAN = Memory(
    "found-clean", "1", 16 << 20,
    "Which models, versions and whole registries `check` has found clean",
    "SHA-256 of the rules (code, schemas, libraries) and of each file's path, mode and content; of a whole "
    "working tree, also of git's index",
    "Only success is remembered, under everything that it follows from. An index stands for the files while "
    "git finds each to have the size and the times in it, and nothing else there.",
)  # fmt: skip
LISTING = Memory(
    "listing", "2", 256 << 20,
    "What `list` tells of each model",
    "Id of the model's tree, and Rollbook's version",
    "The id of a tree names all that is in it.",
)  # fmt: skip
TAGS = Memory(
    "tags", "4", 512 << 20,
    "What the tags of the trail say, for `history`",
    "Id of the tag object",
    f"{_TAG_IDS} `audit` reads the tags themselves.",
)  # fmt: skip
RECORDED = Memory(
    "recorded", "1", 4 << 10,
    "Up to which commit of main the trail records everything, for `audit record`",
    "SHA-256 of all tags: their names, and the ids of what they point at",
    "Used only while the tags are the very same, and main still leads through the commit.",
)  # fmt: skip
ORDERED = Memory(
    "ordered", "1", 4 << 10,
    "Up to which commit of main the tags are one chain in main's order, for `history`",
    RECORDED.key,
    RECORDED.believed,
)  # fmt: skip
VERIFIED = Memory(
    "verified-signatures", "1", 128 << 20,
    "Which signatures of tags were verified, and who made them",
    "Id of the tag object, SHA-256 of the trust root, moment that the signature was judged for",
    f"Only success is remembered. {_TAG_IDS}",
)  # fmt: skip
INDEX = Memory(
    "index", "", 0,
    "What the files and tags say as tables, for `query`, `lineage` and what else asks of the whole registry",
    "Id of the tree `registry/`; for events, the tags and the commit as well",
    "Each file names its tree, and is void when anything else has written to it.",
)  # fmt: skip
STAYS = Memory(
    "stays", "2", 16 << 20,
    "Of one model a file, when its versions were in which stage, for `lineage` where no tags tell",
    "Id of the commit of main up to which its history was read",
    "The id of a commit names all of its history; used only while main still leads through it.",
)  # fmt: skip
VERIFIED_TRAIL = Memory(
    "verified-trail", "2", 1 << 20,
    "Up to which commit of main `audit verify` found the whole trail in order, and who signed it",
    "Id of the commit, SHA-256 of each tag's name and object, of who may sign and of what is revoked",
    "Only success is remembered, and used only while those tags are the very same and main still leads "
    "through the commit; what each tag's object says is still held against its id.",
)  # fmt: skip
COPIED = Memory(
    "copied-from-mlflow", "1", 16 << 20,
    "Of one version of an MLflow registry a file, which objects of DVC's cache it was copied into, for "
    "`import mlflow` that was cut off",
    "SHA-256 of the registry's address, of the version's name, number and times, and of the paths, sizes and "
    "(on this machine) times of its files",
    "It names objects alone, by the MD5 of their content, and each is read again before it is used.",
)  # fmt: skip
REGISTRATIONS = Memory(
    "registrations", "1", 64 << 20,
    "In which order the versions of each model landed, by which MLflow numbers them, and when main last "
    "changed them",
    STAYS.key,
    STAYS.believed,
)  # fmt: skip
MEMORIES = (
    FOUND_CLEAN, LISTING, TAGS, RECORDED, ORDERED, VERIFIED, VERIFIED_TRAIL, STAYS, REGISTRATIONS, COPIED,
    INDEX,
)  # fmt: skip


def read_kept(path: Path, stamp: str, most: int) -> bytes | None:
    """Return what `write_kept` wrote under the same `stamp`.

    None when there is no such file, when it isn't as this user has written it, or has more than `most` bytes.
    """
    begins = f"rollbook {stamp} ".encode()
    start = len(begins) + _HEX + 1
    try:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            if not _is_own(facts) or facts.st_size > start + most:
                return None
            data = file.read()
    except OSError:
        return None
    body = data[start:]
    return body if data[:start] == begins + _digest(body) else None


def write_kept(path: Path, stamp: str, body: bytes) -> None:
    """Replace the file as a whole. That it can't be written costs time only, and is no error."""
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}-", delete=False) as file:
            try:
                file.write(f"rollbook {stamp} ".encode() + _digest(body) + body)
                file.flush()
                Path(file.name).replace(path)
            except OSError:
                Path(file.name).unlink()
                raise


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode() + b"\n"


def _is_own(facts: os.stat_result) -> bool:
    if not stat.S_ISREG(facts.st_mode):
        return False
    return os.name == "nt" or (facts.st_uid == os.geteuid() and not facts.st_mode & 0o022)
