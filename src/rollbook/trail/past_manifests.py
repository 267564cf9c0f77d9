"""The manifests of a history: what an event tells of one, each content read and parsed once."""

from __future__ import annotations

import hashlib
import os
import sys
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import InvalidFile
from rollbook.records.manifest import parse_manifest
from rollbook.snapshot.snapshot import MAX_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future

    from rollbook.git.objects import GitObject, ObjectReader
    from rollbook.registry.change import FileChange

_MANY = 2000  # blobs that are worth starting processes for
_BATCH = 250  # blobs that a process is given at once
_MOST_PROCESSES = 4


@dataclass(frozen=True, slots=True)
class RegisteredManifest:
    """The manifest's SHA-256, and what it says; empty where it isn't there, or can't be read."""

    digest: str = ""
    description: str = ""
    created_by: str = ""
    created_at: str = ""
    artifact_digest: str = ""


class Manifests:
    """Knows which manifest each version has, as the changes go by; without a reader it knows of none."""

    def __init__(self, reader: ObjectReader | None) -> None:
        self._reader = reader
        self._oids: dict[str, str] = {}
        self._read: dict[str, RegisteredManifest] = {}

    def note(self, file: FileChange) -> None:
        """A change of a manifest that has landed."""
        self._oids[file.path] = "" if file.removed else file.new_oid

    def of(self, model: str, version: str, commit: str) -> RegisteredManifest:
        """What stands at a commit of main, the last one whose changes went by."""
        path = layout.manifest_path(model, version)
        # The history may have begun before the changes did.
        name = self._oids.get(path, f"{commit}:{path}")
        if not name or self._reader is None:
            return RegisteredManifest()
        if name not in self._read:
            self._read[name] = _registered(self._reader.read(name, MAX_FILE), path)
        return self._read[name]

    def read_ahead(self, names: Iterable[str]) -> None:
        """Read blobs that will be asked for, all at once."""
        if self._reader is None:
            return
        wanted = [name for name in dict.fromkeys(names) if name not in self._read]
        for name, found in zip(wanted, self._reader.read_many(wanted, MAX_FILE), strict=True):
            self._read[name] = _registered(found, "")

    def read_all(self, names: Iterable[str]) -> None:
        """Read very many blobs on all processors: nearly all the time of a long trail goes into parsing them.

        A few are left for later. So are all where a process of this one's kind can't be had cheaply, or ends.
        """
        wanted = [name for name in dict.fromkeys(names) if name not in self._read]
        processors = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
        if self._reader is None or len(wanted) < _MANY or processors == 1:
            return
        from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
        from multiprocessing import get_context

        waiting: deque[tuple[list[str], Future[list[RegisteredManifest]]]] = deque()
        try:
            with ProcessPoolExecutor(min(processors, _MOST_PROCESSES), get_context("fork")) as pool:
                for start in range(0, len(wanted), _BATCH):
                    batch = wanted[start : start + _BATCH]
                    found = list(self._reader.read_many(batch, MAX_FILE))
                    waiting.append((batch, pool.submit(_all_registered, found)))
                    if len(waiting) > 2 * _MOST_PROCESSES:  # what waits is held in memory
                        self._take(*waiting.popleft())
                while waiting:
                    self._take(*waiting.popleft())
        except BrokenExecutor:
            return

    def _take(self, names: list[str], answer: Future[list[RegisteredManifest]]) -> None:
        self._read.update(zip(names, answer.result(), strict=True))


def _all_registered(found: list[GitObject | None]) -> list[RegisteredManifest]:
    return [_registered(item, "") for item in found]


def _registered(found: GitObject | None, path: str) -> RegisteredManifest:
    if found is None or found.type != "blob" or found.data is None:
        return RegisteredManifest()
    digest = hashlib.sha256(found.data).hexdigest()
    try:
        manifest = parse_manifest(found.data, path)
    except InvalidFile:
        return RegisteredManifest(digest)
    return RegisteredManifest(
        digest, manifest.description, manifest.created_by, manifest.created_at, manifest.artifact.sha256
    )
