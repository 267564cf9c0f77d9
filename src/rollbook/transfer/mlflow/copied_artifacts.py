"""Copying the artifacts of versions into DVC's cache, each once: what a run that was cut off has copied is
found again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rollbook.artifact.formats.contents import Broken
from rollbook.cache.memory import COPIED
from rollbook.propose.scan_evidence import scan_remarks, scan_stored
from rollbook.transfer.mlflow.model_folder_facts import model_folder_facts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.artifact.scan.verdict import ScanReport
    from rollbook.artifact.storage import Storage, Stored
    from rollbook.git.repository import Repository
    from rollbook.transfer.mlflow.run_facts import MlflowFacts
    from rollbook.transfer.mlflow.source_artifacts import FoundArtifact, SourceArtifacts
    from rollbook.transfer.mlflow.source_models import SourceVersion


@dataclass(frozen=True, slots=True)
class CopiedArtifact:
    """An artifact in DVC's cache, with what it says of itself; what a scan found in it; what its folder tells
    of the version, and the files that go beside the manifest, by name."""

    stored: Stored
    scanned: ScanReport
    facts: MlflowFacts
    attachments: Mapping[str, bytes]

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person has to know of it."""
        return (*self.stored.remarks, *self.stored.contents.remarks, *scan_remarks(self.scanned))


def copied(
    repository: Repository,
    storage: Storage,
    artifacts: SourceArtifacts,
    origin: tuple[str, str],
    version: SourceVersion,
) -> CopiedArtifact:
    """Return a version's artifact in DVC's cache. `origin` is the address of the registry that it comes from,
    and its model's name there.

    A broken one is taken as it is, for it was registered once, and is remarked. Raises NotFound when it can't
    be had, BadCall for what no registry takes, Refused for what is malicious.
    """
    found = artifacts.found(version)
    told = [*origin, version.number, version.uri, version.created_at, sorted(found.stamps)]
    part = hashlib.sha256(json.dumps(told).encode()).hexdigest()
    stored = _known(repository, storage, part, found) or found.store(storage)
    stored = _read(storage, stored)
    scanned = scan_stored(storage, stored)
    COPIED.write(repository, json.dumps({file.path: file.md5 for file in stored.digest.files}).encode(), part)
    facts, attachments = model_folder_facts(storage.bytes_of(stored))
    return CopiedArtifact(stored, scanned, facts, attachments)


def _known(repository: Repository, storage: Storage, part: str, found: FoundArtifact) -> Stored | None:
    data = COPIED.read(repository, part)
    return storage.standing(json.loads(data), found.name, is_directory=found.is_directory) if data else None


def _read(storage: Storage, stored: Stored) -> Stored:
    try:
        return storage.with_contents(stored)
    except Broken as error:
        remark = f"is broken: by its format, {stored.format}, {error}"
        return replace(stored, remarks=(*stored.remarks, remark))
