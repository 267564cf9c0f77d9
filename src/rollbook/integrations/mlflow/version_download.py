"""The verified copy of a version that MLflow loads: in the git directory, one of each artifact.

A copy is whole and has the registered digest, or isn't there. Beside it stands what the file system said of
each of its files when it was verified: while that is so, it is handed out as it is; otherwise its bytes are
read anew, and what isn't as registered any more is fetched again.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import stat
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.artifact.placed_file import is_there
from rollbook.artifact.retrieval import fetch_version
from rollbook.artifact.signature_check import check_registered
from rollbook.artifact.stream import cannot_write
from rollbook.cache.memory import read_kept, write_kept

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.git.repository import Repository
    from rollbook.records.manifest import Artifact
    from rollbook.registry.model_version import ModelVersion

_FOLDER = "rollbook/mlflow"
_MEMO_STAMP = "mlflow-copy 1"
_MOST_MEMO = 64 << 20
# Python's own, of code that a model brings: what it writes when that is imported.
_COMPILED = "__pycache__"
_READ_ONLY = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH


def downloaded(repository: Repository, version: ModelVersion) -> str:
    """Return the folder with a verified copy of a version's artifact: the artifact itself where it is a
    folder, else the one that holds its file alone.

    Raises Refused when the artifact was removed, or its signature isn't by one of the policy's
    `model_signers` or is of other bytes; StorageFailed when the bytes can't be had or are not those
    registered.
    """
    if version.removal is not None:
        raise version.removal.refusal()
    check_registered(version)
    artifact = version.artifact
    home = repository.common_dir / _FOLDER
    key = _key(artifact)
    place = home / key
    try:
        home.mkdir(parents=True, exist_ok=True)
        with _locked(home / f"{key}.lock"):
            _bring(version, place, home / f"{key}.verified")
    except OSError as error:
        raise cannot_write(place, error) from error
    return str(place)


def _key(artifact: Artifact) -> str:
    """Return what a copy is called: by its digest; that of a file by its name too, which MLflow sees."""
    told = artifact.sha256 if artifact.files is not None else f"{artifact.sha256}/{artifact.path}"
    return hashlib.sha256(told.encode()).hexdigest()


def _bring(version: ModelVersion, place: Path, memo: Path) -> None:
    artifact = version.artifact
    known = _read_memo(memo)
    if known is not None:
        _remove_compiled(place, known)
        if known and _facts(place) == known:
            return
    target = place if artifact.files is not None else place / artifact.path
    if not _is_whole(place, target, artifact):
        with suppress(FileNotFoundError):
            memo.unlink()
        _remove(place)
        if target != place:
            place.mkdir()
        fetch_version(version, target)
    for path in _files(place):
        path.chmod(_READ_ONLY)
    facts = _facts(place)
    write_kept(memo, _MEMO_STAMP, json.dumps(facts).encode())


def _is_whole(place: Path, target: Path, artifact: Artifact) -> bool:
    """Whether the artifact stands in its place, and a file alone in its folder."""
    is_alone = target == place or (place.is_dir() and os.listdir(place) == [target.name])  # noqa: PTH208
    return is_alone and not place.is_symlink() and is_there(target, artifact.sha256, artifact.size)


def _facts(place: Path) -> dict[str, list[int]]:
    """Return what the file system says of each file of a copy; links and what else is no file too."""
    facts = {}
    for path in _files(place):
        status = path.lstat()
        facts[path.relative_to(place).as_posix()] = [
            status.st_mode,
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
            status.st_ino,
        ]
    return facts


def _files(place: Path) -> Iterator[Path]:
    """Yield all that stands in a folder and is no folder. Links are not followed, and told as files."""
    for folder, folders, files in os.walk(place):
        yield from (Path(folder, name) for name in files)
        yield from (Path(folder, name) for name in folders if Path(folder, name).is_symlink())


def _read_memo(memo: Path) -> dict[str, list[int]] | None:
    body = read_kept(memo, _MEMO_STAMP, _MOST_MEMO)
    if body is None:
        return None
    facts: dict[str, list[int]] = json.loads(body)
    return facts


def _remove_compiled(place: Path, known: dict[str, list[int]]) -> None:
    """Remove what Python has compiled in a copy since: nobody verified it, and it would be run."""
    for folder, folders, _ in os.walk(place):
        if _COMPILED in folders:
            inside = Path(folder, _COMPILED)
            within = f"{inside.relative_to(place).as_posix()}/"
            if not any(path.startswith(within) for path in known):
                folders.remove(_COMPILED)
                _remove(inside)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        with suppress(FileNotFoundError):
            path.unlink()


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Let one process at a time work on a copy; where there are no locks, each that comes."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
