"""What a registration brought into DVC's cache: the artifact, read and scanned, and its reference sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.artifact.at_address import AtAddress
from rollbook.propose.file_facts import with_contents
from rollbook.propose.reference_sample import store_reference
from rollbook.propose.scan_evidence import scan_stored

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.artifact.pointer import Pointer
    from rollbook.artifact.progress import Progress
    from rollbook.artifact.scan.verdict import ScanReport
    from rollbook.artifact.storage import Storage, Stored
    from rollbook.git.repository import Repository
    from rollbook.propose.reference_sample import ReferenceSample
    from rollbook.propose.registration_request import Registration
    from rollbook.propose.vouching import Vouching


@dataclass(frozen=True, slots=True)
class ReceivedArtifact:
    """The artifact in DVC's cache, which is that of `storage`, what a scan found in it, the files that vouch
    for it, by name, and the reference sample, None without one."""

    storage: Storage
    stored: Stored
    scanned: ScanReport
    beside: Mapping[str, bytes]
    reference: ReferenceSample | None = None

    @property
    def pointers(self) -> list[Pointer]:
        """DVC's pointers to all that goes to the remote."""
        return [self.stored.pointer, *([self.reference.stored.pointer] if self.reference else [])]


def received_artifact(
    repository: Repository, storage: Storage, registration: Registration, name: str, progress: Progress
) -> ReceivedArtifact:
    """Bring what is registered into DVC's cache: read what the artifact says, scan and sign it. Raises
    Refused for one that is broken or malicious, BadCall for a reference sample that can't be read."""
    reference = store_reference(storage, registration.reference, progress) if registration.reference else None
    stored = _stored(repository, storage, registration, name, progress)
    return examined(storage, stored, registration.vouching, reference)


def examined(
    storage: Storage, stored: Stored, vouching: Vouching, reference: ReferenceSample | None = None
) -> ReceivedArtifact:
    """Return an artifact that is in the cache, once it was read, scanned and signed. Raises Refused for one
    that is broken or malicious, which then leaves the cache again."""
    stored = with_contents(storage, stored)
    scanned = scan_stored(storage, stored)
    return ReceivedArtifact(storage, stored, scanned, vouching.files(stored), reference)


def _stored(
    repository: Repository, storage: Storage, registration: Registration, name: str, progress: Progress
) -> Stored:
    if not isinstance(registration.artifact, str):
        return storage.add(registration.artifact, name, progress, links=registration.links)
    assert repository.work_tree is not None
    source = AtAddress(repository.work_tree, registration.artifact)
    return storage.add_parts(source.parts(progress), name, is_directory=source.is_directory)
