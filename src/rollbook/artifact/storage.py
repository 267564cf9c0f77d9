"""Store artifacts and get them back through DVC's cache and default remote, so that `dvc` reads the same."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from rollbook.artifact.artifact_files import ArtifactSource, SourceFile, list_source, require_unchanged
from rollbook.artifact.digest import ArtifactDigest, FileDigest, combine, digest_file, file_digest
from rollbook.artifact.dir_object import LARGEST, SUFFIX, FolderEntry, listing_bytes, parse_listing
from rollbook.artifact.dvc_remote import Remote, RemoteSettings, connect, read_configuration, reported
from rollbook.artifact.formats import detect_open_file, folder_format
from rollbook.artifact.links import LinkRule
from rollbook.artifact.local_store import ObjectFolder, Target
from rollbook.artifact.placed_file import is_there, placed
from rollbook.artifact.pointer import Pointer, require_artifact_name
from rollbook.artifact.progress import Progress, after, quiet
from rollbook.artifact.remarks import remarks
from rollbook.artifact.stream import Hashes, Write
from rollbook.artifact.unfetched import require_fetched
from rollbook.artifact.untrusted_remote import restricted_remote
from rollbook.errors import StorageFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    # A file of an artifact: its path there, and what writes its bytes and says what they were.
    Part = tuple[str, Callable[[Write], Hashes]]


@dataclass(frozen=True, slots=True)
class Stored:
    """An artifact that is in the cache: the pointer to it, its digests, its format (`formats.py`), and what a
    person should know of the files it was made of (`remarks.py`)."""

    pointer: Pointer
    digest: ArtifactDigest
    format: str
    remarks: tuple[str, ...] = ()

    def as_mapping(self) -> dict[str, Any]:
        """Return what a manifest says of it."""
        files = {} if self.pointer.files is None else {"files": self.pointer.files}
        facts = {"size": self.digest.size, "sha256": self.digest.sha256}
        return {"path": self.pointer.path, "format": self.format, **facts, **files}


class ReadOnlyStorage:
    """The artifacts in a remote, and in a local cache where there is one. Made by `read_only_storage`."""

    def __init__(self, settings: RemoteSettings, remote: Remote, cache: ObjectFolder | None = None) -> None:
        self._settings = settings
        self._remote = remote
        self._cached = cache

    @property
    def remote_url(self) -> str:
        """Return the default remote's address, without credentials."""
        return self._settings.public_url

    @property
    def absent_folder(self) -> Path | None:
        """Return the folder that the remote is, when no store is there; None when one is, or it is no
        folder."""
        remote = self._remote
        return remote.folder if isinstance(remote, ObjectFolder) and not remote.is_there else None

    @property
    def where_hint(self) -> str:
        """Say how a clone is told where the remote is."""
        return (
            "The address may be another computer's, or a folder that isn't mounted. Say where it is from "
            f"here: dvc remote modify --local {self._settings.name or 'NAME'} url PATH"
        )

    def has(self, pointer: Pointer) -> bool:
        """Return whether the remote holds every object of the artifact, complete by size.

        Raises StorageFailed when the remote can't be asked.
        """
        with reported(self._settings, "cannot be read"):
            present = self._remote.sizes([pointer.md5])
            if not pointer.is_directory:
                return pointer.md5 in present and present[pointer.md5] in (None, pointer.size)
            if pointer.md5 not in present:
                return False
            contents = [entry.md5 for entry in self.folder(pointer)]
            sizes = self._remote.sizes(contents)
        if not sizes.keys() >= set(contents):
            return False
        given_sizes = [size for size in (sizes[oid] for oid in contents) if size is not None]
        return len(given_sizes) < len(contents) or sum(given_sizes) == pointer.size

    def fetch(
        self,
        pointer: Pointer,
        *,
        sha256: str,
        size: int,
        destination: Path,
        progress: Progress = quiet,
        overwrite: bool = False,
    ) -> Path:
        """Bring the artifact to `destination` and return that path. `size` is in bytes.

        Every object comes from the cache when it is intact there, else from the remote. What arrives must
        have this size and sha256; until then, and after any error, `destination` stays as it was. Raises
        StorageFailed, and Refused when something else is there already and `overwrite` is false.
        """
        if size != pointer.size:
            raise StorageFailed(
                f"{pointer.path}: the manifest says {size} bytes and the pointer {pointer.size}",
                hint="One of them was changed after registration; see `rollbook audit verify`.",
            )
        if is_there(destination, sha256, size):
            return destination
        with placed(destination, overwrite=overwrite) as temporary:
            digest = self._bring(pointer, temporary, progress)
            if (digest.sha256, digest.size) != (sha256, size):
                raise StorageFailed(
                    f"{pointer.path}: the stored content is not what was registered: sha256 {digest.sha256}, "
                    f"{digest.size} bytes, instead of {sha256}, {size} bytes",
                    hint=f"Do not use it. Find out who changed {self.remote_url} or the pointer.",
                )
        return destination

    def sizes(self, oids: Iterable[str]) -> dict[str, int | None]:
        """Return the sizes in bytes of objects that cache or remote hold; None where neither tells.

        Raises StorageFailed when the remote can't be asked.
        """
        names = list(dict.fromkeys(oids))
        here: dict[str, int | None] = {**(self._cached.sizes(names) if self._cached else {})}
        with reported(self._settings, "cannot be read"):
            return here | {**self._remote.sizes(oid for oid in names if oid not in here)}

    def listing(self, oid: str) -> bytes | None:
        """Return the `.dir` object of a folder; None where neither cache nor remote hold it intact.

        Raises StorageFailed when the remote can't be asked.
        """
        data = self._cached.read(oid, LARGEST) if self._cached else None
        if data is None:
            with reported(self._settings, "cannot be read"):
                data = self._remote.read(oid, LARGEST)
        return data

    def retrieve(self, pointer: Pointer, destination: Path, progress: Progress = quiet) -> ArtifactDigest:
        """Bring an artifact of which only DVC's pointer is known to the new path `destination`.

        What arrives has the pointer's md5, and at most its size. Raises as `fetch` does.
        """
        with placed(destination, overwrite=False) as temporary:
            return self._bring(pointer, temporary, progress)

    def holds(self, md5: str) -> bool:
        """Return whether cache or remote have an object. Raises StorageFailed when they can't be asked."""
        if self._cached is not None and md5 in self._cached.sizes([md5]):
            return True
        with reported(self._settings, "cannot be read"):
            return md5 in self._remote.sizes([md5])

    def uncached(self) -> ReadOnlyStorage:
        """Return the same remote without the local cache: what it gives are the remote's own bytes."""
        return ReadOnlyStorage(self._settings, self._remote)

    def _bring(self, pointer: Pointer, temporary: Path, progress: Progress) -> ArtifactDigest:
        if not pointer.is_directory:
            (hashes,) = self._collect([(pointer.md5, temporary)], pointer.size, progress)
            return combine([file_digest(pointer.path, hashes)], is_directory=False)
        entries = self.folder(pointer)
        temporary.mkdir()
        for entry in entries:
            (temporary / entry.path).parent.mkdir(parents=True, exist_ok=True)
        targets = [(entry.md5, temporary / entry.path) for entry in entries]
        digests = self._collect(targets, pointer.size, progress)
        files = [file_digest(entry.path, hashes) for entry, hashes in zip(entries, digests, strict=True)]
        return combine(files, is_directory=True)

    def _collect(self, targets: list[tuple[str, Path]], limit: int, progress: Progress) -> list[Hashes]:
        """Write every object to its path, from the cache or the remote; together at most `limit` bytes."""
        collected: dict[Path, Hashes] = {}
        missing, corrupt_bytes = [], 0
        for oid, path in targets:
            hashes = self._cached.copy_out(Target(oid, path, limit), progress) if self._cached else None
            if hashes is not None and hashes.size > limit:
                raise StorageFailed(f"{path.name}: more bytes are stored than were registered")
            if hashes is not None and hashes.md5 == oid:
                collected[path] = hashes
                limit -= hashes.size
            else:
                # A corrupt copy was reported as progress; the remote's bytes count from there on.
                corrupt_bytes += hashes.size if hashes else 0
                path.unlink(missing_ok=True)
                missing.append((oid, path))
        if missing:
            collected |= self._download(missing, limit, after(corrupt_bytes, progress))
        return [collected[path] for _, path in targets]

    def _download(
        self, objects: list[tuple[str, Path]], limit: int, progress: Progress
    ) -> dict[Path, Hashes]:
        with reported(self._settings, "cannot be read"):
            sizes = self._remote.sizes(oid for oid, _ in objects)
            if lost := [oid for oid, _ in objects if oid not in sizes]:
                more = f" and {len(lost) - 1} more" if lost[1:] else ""
                raise StorageFailed(
                    f"{self.remote_url} does not hold {lost[0]}{more}",
                    hint=self.where_hint
                    if self.absent_folder
                    else "Whoever registered it pushes it again: `dvc push`.",
                )
            if sum(sizes[oid] or 0 for oid, _ in objects) > limit:
                raise StorageFailed(f"{self.remote_url} holds more bytes than were registered")
            targets = [Target(oid, path, sizes[oid] or limit) for oid, path in objects]
            digests = self._remote.download(targets, progress)
        for target, hashes in zip(targets, digests, strict=True):
            if hashes.md5 != target.oid:
                raise StorageFailed(f"{self.remote_url}: the object {target.oid} is corrupt")
        return {target.path: hashes for target, hashes in zip(targets, digests, strict=True)}

    def folder(self, pointer: Pointer) -> tuple[FolderEntry, ...]:
        """Read the files of a folder from its listing. Raises StorageFailed when it can't be had."""
        data = self.listing(pointer.md5)
        if data is None:
            raise StorageFailed(f"{self.remote_url}: the folder listing {pointer.md5} is missing or corrupt")
        entries = parse_listing(data, pointer.md5)
        if pointer.files is not None and len(entries) != pointer.files:
            raise StorageFailed(
                f"{pointer.path}: the pointer says {pointer.files} files and the listing has {len(entries)}"
            )
        return entries


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
                self._cache.store_bytes(
                    listing_bytes(FolderEntry(file.path, file.md5) for file in files), SUFFIX
                )
        except BaseException:
            for oid in new:
                self._cache.discard(oid)
            raise
        count = len(files) if digest.is_directory else None
        return Stored(Pointer(name, digest.md5, digest.size, count), digest, self._format(digest, name))

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
        self, pointer: Pointer, progress: Progress = quiet, *, again: Collection[str] = frozenset()
    ) -> int:
        """Upload the objects that the remote lacks, a folder's listing last; return the number of bytes sent.

        Those in `again` are uploaded even if it has them, so that they are as young there as new ones.
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
        last = {pointer.md5: paths.pop(pointer.md5)} if pointer.md5 in paths else {}
        with reported(self._settings, "cannot be written"):
            self._remote.upload(paths, progress)
            self._remote.upload(last, progress)
            arrived = self._remote.sizes(sizes)
        if lost := [oid for oid in sizes if oid not in arrived or _differs(arrived[oid], sizes[oid])]:
            raise StorageFailed(f"{self.remote_url} does not hold {lost[0]} after the upload")
        return sum(sizes.values())

    def _lacking(self, pointer: Pointer, again: Collection[str]) -> dict[str, int]:
        """The objects that the remote lacks, has at another size, or is to get again, with their sizes in the
        cache, else 0."""
        contents = {entry.md5 for entry in self.folder(pointer)} if pointer.is_directory else set[str]()
        oids = [*sorted(contents), pointer.md5]
        cached = self._cache.sizes(oids)
        with reported(self._settings, "cannot be read"):
            present = self._remote.sizes(oids)
        return {
            oid: cached.get(oid, 0)
            for oid in oids
            if oid not in present or oid in again or (oid in cached and _differs(present[oid], cached[oid]))
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


@contextmanager
def read_only_storage(config: str, *, base: Path) -> Iterator[ReadOnlyStorage]:
    """Open the storage that the text of a commit's `.dvc/config` names, which is not to be trusted.

    `base` is the folder relative addresses start from. Nothing is cached. Raises as `open_storage` does.
    """
    settings = restricted_remote(config, base=base)
    yield ReadOnlyStorage(settings, connect(settings))


def _fill(source: ArtifactSource, file: SourceFile, progress: Progress, write: Write) -> Hashes:
    digest = digest_file(source, file, write, progress=progress)
    return Hashes(digest.md5, digest.sha256, digest.size)


def _differs(size: int | None, expected: int) -> bool:
    return size is not None and size != expected
