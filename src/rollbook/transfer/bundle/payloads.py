"""What a version keeps in DVC's storage, and where it lies in a bundle: the artifact, and what is attached to
evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.artifact.digest import FileDigest, combine
from rollbook.transfer.bundle.bundle_json import ARTIFACT, ATTACHMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rollbook.records.evidence import Evidence
    from rollbook.records.manifest import Manifest
    from rollbook.transfer.bundle.bundle_json import BundleMember


@dataclass(frozen=True, slots=True)
class HeldPayload:
    """A file or folder in DVC's storage: its name, size in bytes, SHA-256, and a folder's number of files, as
    manifest or evidence says; the folder of a bundle that it lies in, and the path of the pointer to it.

    `evidence` names what it is attached to, and is empty for the artifact.
    """

    name: str
    size: int
    sha256: str
    files: int | None
    folder: str
    pointer: str
    evidence: str = ""

    @property
    def is_directory(self) -> bool:
        return self.files is not None

    def bundled(self, inside: str) -> str:
        """Return the name in a bundle of one of its files, which has the path `inside` in it."""
        return f"{self.folder}{self.name}/{inside}" if self.is_directory else f"{self.folder}{self.name}"

    def members(self, members: Iterable[BundleMember]) -> list[tuple[str, BundleMember]]:
        """Return those of a bundle's members that belong to this file or folder, each with its path in it."""
        start = f"{self.folder}{self.name}"
        if not self.is_directory:
            return [(self.name, member) for member in members if member.name == start]
        start += "/"
        return [
            (member.name.removeprefix(start), member) for member in members if member.name.startswith(start)
        ]

    def consists_of(self, members: Sequence[tuple[str, BundleMember]]) -> bool:
        """Return whether these members, each with its path in it, have the digest and size that were
        registered."""
        if len(members) != (self.files or 1):
            return False
        digests = [FileDigest(inside, member.size, "", member.sha256) for inside, member in members]
        whole = combine(digests, is_directory=self.is_directory)
        return (whole.sha256, whole.size) == (self.sha256, self.size)


def holdings(manifest: Manifest, model: str, version: str, evidence: Iterable[Evidence]) -> list[HeldPayload]:
    """Return the artifact of a version, and what is attached to its evidence."""
    artifact = manifest.artifact
    pointer = layout.pointer_path(model, version, artifact.path)
    payloads = [HeldPayload(artifact.path, artifact.size, artifact.sha256, artifact.files, ARTIFACT, pointer)]
    for record in evidence:
        for item in record.attachments:
            pointer = layout.attachment_pointer_path(record.path, item.path)
            folder = f"{ATTACHMENTS}{record.name}/"
            payloads.append(
                HeldPayload(item.path, item.size, item.sha256, item.files, folder, pointer, record.name)
            )
    return payloads
