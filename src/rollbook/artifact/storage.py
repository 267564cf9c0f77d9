"""Store artifacts through DVC's cache and default remote, so that `dvc` reads the same."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from rollbook.artifact.artifact_files import ArtifactSource, SourceFile, list_source, require_unchanged
from rollbook.artifact.digest import ArtifactDigest, FileDigest, combine, digest_file, file_digest
from rollbook.artifact.dir_object import SUFFIX, FolderEntry, listing_bytes
from rollbook.artifact.dvc_remote import Remote, RemoteSettings, connect, read_configuration, reported
from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
from rollbook.artifact.formats.contents import Contents
from rollbook.artifact.formats.detection import detect_open_file, folder_format
from rollbook.artifact.formats.reading import read_contents
from rollbook.artifact.links import LinkRule
from rollbook.artifact.local_store import ObjectFolder
from rollbook.artifact.pointer import Pointer, require_artifact_name
from rollbook.artifact.progress import Progress, begin, quiet
from rollbook.artifact.read_only_storage import ReadOnlyStorage
from rollbook.artifact.remarks import remarks
from rollbook.artifact.stream import Hashes, Write
from rollbook.artifact.unfetched import require_fetched
from rollbook.errors import StorageFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    # A file of an artifact: its path there, and what writes its bytes and says what they were.
    Part = tuple[str, Callable[[Write], Hashes]]


@dataclass(frozen=True, slots=True)
class Stored:
    """An artifact that is in the cache: the pointer to it, its digests, its format, what a person should know
    of the files it was made of (`remarks.py`), which objects were not there before, and what its bytes say of
    themselves, once they were read for it."""

    pointer: Pointer
    digest: ArtifactDigest
    format: str
    remarks: tuple[str, ...] = ()
    new_objects: tuple[str, ...] = ()
    contents: Contents = field(default_factory=Contents)

    def as_mapping(self) -> dict[str, Any]:
        """Return what a manifest says of it."""
        files = {} if self.pointer.files is None else {"files": self.pointer.files}
        facts = {"size": self.digest.size, "sha256": self.digest.sha256}
        inside = {"contents": dict(self.contents.facts)} if self.contents.facts else {}
        return {"path": self.pointer.path, "format": self.format, **facts, **files, **inside}


class Storage(ReadOnlyStorage):
    """The artifacts of a repository with a working tree. Made by `open_storage`."""

    def __init__(self, settings: RemoteSettings, remote: Remote, cache: ObjectFolder) -> None:
        super().__init__(settings, remote, cache)
        self._cache = cache

    def add(
        self, source: Path, name: str, progress: Progress = quiet, *, links: LinkRule = LinkRule.NONE
    ) -> Stored:
        """Copy the file or folder `source` into the cache, to be known as `name`, reading it once.

        Nothing in the working tree is touched. Raises BadCall for a bad name or source and for a file that
        only points at bytes that were not fetched, Refused when it changes meanwhile, StorageFailed when the
        cache can't be written; then nothing new stays there.
        """
        contents = list_source(source, links)
        require_fetched(contents)
        begin(progress, "hashing", sum(file.size for file in contents.files))

        def parts() -> Iterator[Part]:
            for file in contents.files:
                yield file.path, partial(_fill, contents, file, progress)
            require_unchanged(contents)

        stored = self.add_parts(parts(), name, is_directory=contents.is_directory)
        return replace(stored, remarks=tuple(remarks(contents)))

    def add_parts(self, parts: Iterable[Part], name: str, *, is_directory: bool) -> Stored:
        """Make an artifact in the cache of its files' paths, each with what writes its bytes once.

        Raises BadCall for a bad name, StorageFailed when the cache can't be written, and whatever comes from
        `parts`; then nothing new stays there. The paths are the caller's to judge.
        """
        require_artifact_name(name)
        new: list[str] = []
        try:
            files = [self._add_file(path, fill, new) for path, fill in parts]
            digest = combine(files, is_directory=is_directory)
            if digest.is_directory:
                listing = listing_bytes(FolderEntry(file.path, file.md5) for file in files)
                _, is_new = self._cache.store_bytes(listing, SUFFIX)
                new += [digest.md5] if is_new else []
        except BaseException:
            for oid in new:
                self._cache.discard(oid)
            raise
        count = len(files) if digest.is_directory else None
        pointer = Pointer(name, digest.md5, digest.size, count)
        return Stored(pointer, digest, self._format(digest, name), new_objects=tuple(new))

    def standing(self, files: Mapping[str, str], name: str, *, is_directory: bool) -> Stored | None:
        """Return the artifact `name` of files that the cache holds, each by its path with the md5 of what is
        in it; None when the cache lacks one, or holds something else there."""
        require_artifact_name(name)
        found: list[FileDigest] = []
        for path, md5 in files.items():
            hashes = self._cache.hashes_of(md5)
            if hashes is None:
                return None
            found.append(file_digest(path, hashes))
        if not found:
            return None
        digest = combine(found, is_directory=is_directory)
        if is_directory:
            self._cache.store_bytes(listing_bytes(FolderEntry(one.path, one.md5) for one in found), SUFFIX)
        pointer = Pointer(name, digest.md5, digest.size, len(found) if is_directory else None)
        return Stored(pointer, digest, self._format(digest, name))

    def bytes_of(self, stored: Stored) -> ArtifactBytes:
        """Return the files of an artifact that is in the cache, for a reader."""
        name, digest = stored.pointer.path, stored.digest
        if not digest.is_directory:
            return ArtifactBytes(name, {name: self._cache.path(digest.md5)})
        files = {file.path: self._cache.path(file.md5) for file in digest.files}
        return ArtifactBytes(name, files, is_folder=True)

    def with_contents(self, stored: Stored) -> Stored:
        """Return an artifact in the cache with what its bytes say. Raises Broken where they can't be what
        they look like."""
        return replace(stored, contents=read_contents(self.bytes_of(stored), stored.format))

    def forget(self, stored: Stored) -> None:
        """Take those objects of an artifact out of the cache that it brought there."""
        for oid in stored.new_objects:
            self._cache.discard(oid)

    def stored(self, oids: Sequence[str]) -> Mapping[str, float | None]:
        """Return those objects that the remote or the cache holds, each with when the remote stored it
        (Unix time, seconds); None where it did not or does not tell. Raises StorageFailed when it can't
        be asked."""
        with reported(self._settings, "cannot be read"):
            there = self._remote.modified(oids)
        return dict.fromkeys(self._cache.sizes(oids)) | {**there}

    def delete(self, oids: Sequence[str]) -> None:
        """Delete objects from the cache and the remote, each in this order. Raises StorageFailed."""
        self._cache.delete(oids)
        with reported(self._settings, "cannot be changed"):
            self._remote.delete(oids)

    def push(
        self, pointer: Pointer, progress: Progress = quiet, *, again: Callable[[], Collection[str]] = tuple
    ) -> int:
        """Upload the objects that the remote lacks, a folder's listing last; return the number of bytes sent.

        Those that `again` tells, which is asked only when the remote has any, are uploaded even so: they are
        as young there then as new ones.
        Raises StorageFailed when the cache does not hold them intact, or the remote not all afterwards.
        """
        sizes = self._lacking(pointer, again)
        for oid in sizes:
            if not self._cache.is_intact(oid):
                raise StorageFailed(
                    f"{self._cache.path(oid)}: the cached content is missing or corrupt",
                    hint="Add the artifact again, or get it with `dvc fetch`.",
                )
        paths = {oid: self._cache.path(oid) for oid in sizes}
        if sizes:
            begin(progress, "storing", sum(sizes.values()))
        last = {pointer.md5: paths.pop(pointer.md5)} if pointer.md5 in paths else {}
        with reported(self._settings, "cannot be written"):
            self._remote.upload(paths, progress)
            self._remote.upload(last, progress)
            arrived = self._remote.sizes(sizes)
        if lost := [oid for oid in sizes if oid not in arrived or _differs(arrived[oid], sizes[oid])]:
            raise StorageFailed(f"{self.remote_url} does not hold {lost[0]} after the upload")
        return sum(sizes.values())

    def _lacking(self, pointer: Pointer, again: Callable[[], Collection[str]]) -> dict[str, int]:
        """Return the objects that the remote lacks, has at another size, or is to get again, with their sizes
        in the cache, else 0.
        """
        contents = {entry.md5 for entry in self.folder(pointer)} if pointer.is_directory else set[str]()
        oids = [*sorted(contents), pointer.md5]
        cached = self._cache.sizes(oids)
        with reported(self._settings, "cannot be read"):
            present = self._remote.sizes(oids)
        renewed = again() if present else ()
        return {
            oid: cached.get(oid, 0)
            for oid in oids
            if oid not in present or oid in renewed or (oid in cached and _differs(present[oid], cached[oid]))
        }

    def _add_file(self, path: str, fill: Callable[[Write], Hashes], new: list[str]) -> FileDigest:
        hashes, is_new = self._cache.store(fill)
        if is_new:
            new.append(hashes.md5)
        return file_digest(path, hashes)

    def _format(self, digest: ArtifactDigest, name: str) -> str:
        if digest.is_directory:
            return folder_format(name, {file.path: self._cache.path(file.md5) for file in digest.files})
        with self._cache.path(digest.md5).open("rb") as file:
            return detect_open_file(file, name)


def open_storage(root: Path) -> Storage:
    """Open the storage of the repository whose working tree is `root`.

    Raises BadCall when DVC is not set up there or has no default remote, InvalidFile for a broken
    configuration, StorageFailed when its kind of remote can't be used.
    """
    configuration = read_configuration(root)
    cache = ObjectFolder(configuration.cache, shared=configuration.shared)
    return Storage(configuration.remote, connect(configuration.remote), cache)


def _fill(source: ArtifactSource, file: SourceFile, progress: Progress, write: Write) -> Hashes:
    digest = digest_file(source, file, write, progress=progress)
    return Hashes(digest.md5, digest.sha256, digest.size)


def _differs(size: int | None, expected: int) -> bool:
    return size is not None and size != expected
