"""Get artifacts back from DVC's cache and default remote, verified, whoever put them there."""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rollbook.artifact.digest import ArtifactDigest, combine, file_digest
from rollbook.artifact.dir_object import LARGEST, FolderEntry, parse_listing
from rollbook.artifact.dvc_remote import Remote, RemoteSettings, connect, reported
from rollbook.artifact.local_store import ObjectFolder, Target
from rollbook.artifact.placed_file import is_there, placed, put_beside
from rollbook.artifact.progress import Progress, after, quiet
from rollbook.artifact.untrusted_remote import restricted_remote
from rollbook.errors import StorageFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from rollbook.artifact.pointer import Pointer
    from rollbook.artifact.stream import Hashes


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
        beside: Mapping[Path, bytes] | None = None,
    ) -> Path:
        """Bring the artifact to `destination` and return that path. `size` is in bytes; `beside` are small
        files of the same folder, which appear with it.

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
            put_beside(beside or {}, overwrite=overwrite)
            return destination
        with placed(destination, overwrite=overwrite, beside=beside) as temporary:
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

    def content(self, pointer: Pointer, *, sha256: str, size: int) -> bytes:
        """Return the bytes of a file that is small enough for memory, verified as `fetch` does; nothing is
        written. Raises StorageFailed."""
        data = self._cached.read(pointer.md5, size) if self._cached else None
        if data is None:
            with reported(self._settings, "cannot be read"):
                data = self._remote.read(pointer.md5, size)
        if data is None:
            raise StorageFailed(
                f"{self.remote_url} does not hold {pointer.path} as it was registered", hint=self.where_hint
            )
        if len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
            raise StorageFailed(
                f"{pointer.path}: the stored content is not what was registered",
                hint=f"Do not use it. Find out who changed {self.remote_url} or the pointer.",
            )
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
            raise StorageFailed(
                f"{self.remote_url}: the folder listing {pointer.md5} is missing or corrupt",
                hint=self.where_hint if self.absent_folder else "",
            )
        entries = parse_listing(data, pointer.md5)
        if pointer.files is not None and len(entries) != pointer.files:
            raise StorageFailed(
                f"{pointer.path}: the pointer says {pointer.files} files and the listing has {len(entries)}"
            )
        return entries


@contextmanager
def read_only_storage(config: str, *, base: Path) -> Iterator[ReadOnlyStorage]:
    """Open the storage that the text of a commit's `.dvc/config` names, which is not to be trusted.

    `base` is the folder relative addresses start from. Nothing is cached. Raises as `open_storage` does.
    """
    settings = restricted_remote(config, base=base)
    yield ReadOnlyStorage(settings, connect(settings))
