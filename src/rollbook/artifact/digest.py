"""The digests of an artifact: sha256, which the manifest records, and md5, by which DVC finds the bytes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.artifact.artifact_files import (
    ArtifactSource,
    SourceFile,
    cannot_read,
    changed,
    list_source,
    open_source,
    require_unchanged,
)
from rollbook.artifact.dir_object import SUFFIX, FolderEntry, listing_bytes
from rollbook.artifact.progress import Progress, quiet
from rollbook.artifact.stream import Hashes, Write, hash_bytes, pump
from rollbook.records.manifest import folder_sha256

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class FileDigest:
    """One file: its path in the artifact (its name when the artifact is that file), size in bytes."""

    path: str
    size: int
    md5: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ArtifactDigest:
    """A whole artifact. A folder's md5 ends with `.dir`; `size` is the sum of its files in bytes."""

    sha256: str
    md5: str
    size: int
    files: tuple[FileDigest, ...]
    is_directory: bool


def digest_artifact(path: Path, progress: Progress = quiet) -> ArtifactDigest:
    """Compute the digests of the file or folder at `path` in one pass.

    Raises BadCall as `list_source` does, and Refused when something changes meanwhile.
    """
    source = list_source(path)
    files = tuple(digest_file(source, file, progress=progress) for file in source.files)
    require_unchanged(source)
    return combine(files, is_directory=source.is_directory)


def digest_file(
    source: ArtifactSource, file: SourceFile, write: Write | None = None, *, progress: Progress = quiet
) -> FileDigest:
    """Digest one file of `source`, handing its bytes to `write` on the way.

    Raises Refused when it is not the file that was listed, or its length is not what was listed.
    """
    descriptor = open_source(source, file)
    try:
        hashes = pump(descriptor, write, limit=file.size, progress=progress)
    except OSError as error:
        raise cannot_read(source.root / file.path if source.is_directory else source.root, error) from error
    finally:
        os.close(descriptor)
    if hashes.size != file.size:
        raise changed(source, file.path)
    return file_digest(file.path, hashes)


def file_digest(path: str, hashes: Hashes) -> FileDigest:
    return FileDigest(path, hashes.size, hashes.md5, hashes.sha256)


def combine(files: Iterable[FileDigest], *, is_directory: bool) -> ArtifactDigest:
    """Return the digest of an artifact made of `files`: the one file's own, or the folder's."""
    ordered = tuple(sorted(files, key=lambda file: file.path.encode()))
    size = sum(file.size for file in ordered)
    if not is_directory:
        (only,) = ordered
        return ArtifactDigest(only.sha256, only.md5, size, ordered, is_directory=False)
    md5 = hash_bytes(listing_bytes(FolderEntry(file.path, file.md5) for file in ordered)).md5 + SUFFIX
    sha256 = folder_sha256((file.path, file.sha256) for file in ordered)
    return ArtifactDigest(sha256, md5, size, ordered, is_directory=True)
