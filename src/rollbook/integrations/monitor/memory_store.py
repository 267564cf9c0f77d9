"""Keeping what the monitor remembers: in the git directory, and in a ref of the remote where there is one.

The file is replaced as a whole; all work trees of a clone share it, and one monitor at a time has it. The ref
moves by compare-and-swap: of two monitors in two clones, one is first, and the other one reads anew. It moves
when something else than the time of looking has changed, and twice a day. What can't be read is set aside.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from rollbook.errors import Conflict, GitFailed, InvalidFile
from rollbook.git.objects import ObjectReader
from rollbook.git.refs import NO_OBJECT, RefUpdate, fetch, push, ref_id, remote_refs, update_refs
from rollbook.git.write import ObjectWriter
from rollbook.integrations.monitor.memory_document import MOST_BYTES, Claim, Remembered, read, written
from rollbook.registry.main_branch import has_remote, remote_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rollbook.git.repository import Repository
    from rollbook.integrations.monitor.monitor_memory import Memory

REF = "refs/rollbook/monitor"
FOLDER = "rollbook-monitor"
# How long a monitor that was killed keeps others, in other clones, from acting in its place.
LEASE = timedelta(minutes=15)
_STALE = timedelta(hours=12)


class MemoryStore:
    """What is remembered of one repository. `problems` are what went wrong with keeping it, a line each."""

    def __init__(self, repository: Repository, *, read_only: bool = False) -> None:
        self._repository = repository
        self._read_only = read_only
        self._folder = repository.common_dir / FOLDER
        self._remote = remote_name(repository) if has_remote(repository) else None
        self._remembered = Remembered()
        self._sent: Remembered | None = None  # what the ref holds, as far as it is known
        self.problems: list[str] = []

    @property
    def _file(self) -> Path:
        return self._folder / "memory.json"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other monitors in this clone away. Raises Conflict while another one is at work."""
        if self._read_only:
            yield
            return
        self._folder.mkdir(exist_ok=True)
        with (self._folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                hint = "Nothing was done. Let the other one finish."
                raise Conflict("another monitor is at work in this clone", hint=hint) from error
            yield

    def recall(self) -> Memory:
        """Return what is remembered: here, or on the remote, where somebody else has written it since."""
        here = self._read_file()
        self._remembered = here
        self._sent = None
        if self._remote is None:
            return here.memory
        try:
            there = self._fetched(self._remote)
            told = self._read_ref(there) if there else None
        except GitFailed as error:
            self.problems.append(f"the remote's memory can't be read, this clone's is used: {error}")
            return here.memory
        self._sent = told
        if told is not None and there != here.base:
            here = replace(told, memory=_with_deeds_of(told.memory, here.memory))
        self._remembered = replace(here, base=there)
        return self._remembered.memory

    def is_claimed(self, now: datetime) -> bool:
        """Whether a monitor in another clone acts on what is remembered."""
        claim = self._remembered.claim
        return claim is not None and claim.by != self._name() and abs(now - claim.at) < LEASE

    def keep(self, memory: Memory, *, claimed: datetime | None = None) -> None:
        """Write down what is to be remembered, with this monitor's claim to act on it where `claimed`.

        Raises Conflict when a monitor in another clone was first: then the remote's is to be read anew.
        """
        if self._read_only:
            return
        claim = Claim(self._name(), claimed) if claimed else None
        self._remembered = replace(self._remembered, memory=memory, claim=claim)
        self._write_file(self._remembered)
        if self._remote is None or not self._is_news(self._remembered):
            return
        try:
            self._send(self._remote)
        except GitFailed as error:
            self.problems.append(
                f"what is remembered stays in this clone, the remote does not take it: {error}"
            )
            return
        self._write_file(self._remembered)

    def _send(self, remote: str) -> None:
        told = replace(self._remembered, base="")
        oid = ObjectWriter(self._repository).store("blob", written(told))
        push(self._repository, remote, [RefUpdate(REF, oid, self._remembered.base or NO_OBJECT)])
        self._remembered, self._sent = replace(self._remembered, base=oid), told
        # Here it only keeps git from pruning what the ref holds.
        update_refs(self._repository, [RefUpdate(REF, oid, ref_id(self._repository, REF) or NO_OBJECT)])

    def _is_news(self, remembered: Remembered) -> bool:
        sent = self._sent
        if sent is None:
            return bool(remembered.memory.standings or remembered.memory.episodes)
        if _told(sent) != _told(remembered):
            return True
        return _last_look(remembered.memory) - _last_look(sent.memory) >= _STALE.total_seconds()

    def _name(self) -> str:
        """Return what this clone's monitor is called, and stays called."""
        path = self._folder / "name"
        if not path.exists():
            if self._read_only:
                return ""
            _replace(path, uuid4().hex.encode())
        return path.read_text(encoding="ascii", errors="replace")[:64]

    def _read_file(self) -> Remembered:
        try:
            with self._file.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            return Remembered()
        try:
            return read(data, str(self._file))
        except InvalidFile as error:
            self._set_aside(data, error)
            return Remembered()

    def _fetched(self, remote: str) -> str:
        """Return the id of what the remote's ref holds, which is here then; empty where there is none."""
        if REF not in remote_refs(self._repository, remote, REF):
            return ""
        fetch(self._repository, remote, f"+{REF}:{REF}")
        return ref_id(self._repository, REF) or ""

    def _read_ref(self, oid: str) -> Remembered | None:
        reader = ObjectReader(self._repository)
        try:
            data = reader.read_blob(oid, MOST_BYTES) or b""
        finally:
            reader.close()
        try:
            return read(data, f"{REF} of {self._remote}")
        except InvalidFile as error:
            self._set_aside(data, error)
            return None

    def _set_aside(self, data: bytes, error: InvalidFile) -> None:
        self.problems.append(f"{error}. {error.hint}")
        if not self._read_only:
            _replace(self._folder / "memory-set-aside.json", data)

    def _write_file(self, remembered: Remembered) -> None:
        self._folder.mkdir(exist_ok=True)
        _replace(self._file, written(remembered))


def _replace(path: Path, data: bytes) -> None:
    """Replace a file as a whole, so that it is the old one or the new one after a power cut."""
    path.parent.mkdir(exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f"{path.name}-", delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink()
            raise


def _with_deeds_of(memory: Memory, other: Memory) -> Memory:
    """Return a memory that also knows the deeds which another one knows of the same episodes."""
    deeds = {one.id: one.deeds for one in other.episodes}
    episodes = [replace(one, deeds={**deeds.get(one.id, {}), **one.deeds}) for one in memory.episodes]
    return replace(memory, episodes=tuple(episodes))


def _told(remembered: Remembered) -> bytes:
    """Return what is remembered without what changes at every look."""
    standings = {
        key: replace(one, seen=one.since, message="") for key, one in remembered.memory.standings.items()
    }
    return written(replace(remembered, memory=replace(remembered.memory, standings=standings), base=""))


def _last_look(memory: Memory) -> float:
    return max((one.seen.timestamp() for one in memory.standings.values()), default=0.0)
