"""Copying the artifacts of versions into DVC's cache, each once: what a run that was cut off has copied is
found again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.progress import quiet
from rollbook.cache.memory import COPIED
from rollbook.propose.scan_evidence import scan_stored

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.artifact.scan.verdict import ScanReport
    from rollbook.artifact.storage import Storage, Stored
    from rollbook.git.repository import Repository
    from rollbook.transfer.mlflow.source_artifacts import SourceArtifacts
    from rollbook.transfer.mlflow.source_models import SourceVersion

_NAME = "model"  # as the store calls what MLflow registers


def copied(
    repository: Repository,
    storage: Storage,
    artifacts: SourceArtifacts,
    origin: tuple[str, str],
    version: SourceVersion,
    scratch: Path,
) -> tuple[Stored, ScanReport]:
    """Return a version's artifact in DVC's cache, with what it says of itself, and what a scan found in it.
    `origin` is the address of the registry that it comes from, and its model's name there.

    A broken one is taken as it is, for it was registered once, and is remarked. Raises NotFound when it
    can't be had, BadCall for what no registry takes, Refused for what is malicious.
    """
    part = _part(origin, version, artifacts.listing(version))
    stored = _known(repository, storage, part)
    if stored is None:
        with artifacts.brought(version, scratch) as path:
            stored = storage.add(path, _NAME, quiet)
    stored = _read(storage, stored)
    scanned = scan_stored(storage, stored)
    _remember(repository, stored, part)
    return stored, scanned


def _part(origin: tuple[str, str], version: SourceVersion, listing: list[str]) -> str:
    told = [*origin, version.number, version.uri, version.created_at, sorted(listing)]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _known(repository: Repository, storage: Storage, part: str) -> Stored | None:
    data = COPIED.read(repository, part)
    if data is None:
        return None
    told = json.loads(data)
    return storage.standing(told["files"], _NAME, is_directory=told["is_directory"])


def _remember(repository: Repository, stored: Stored, part: str) -> None:
    digest = stored.digest
    files = {file.path: file.md5 for file in digest.files}
    told = {"is_directory": digest.is_directory, "files": files}
    COPIED.write(repository, json.dumps(told).encode(), part)


def _read(storage: Storage, stored: Stored) -> Stored:
    try:
        return storage.with_contents(stored)
    except Broken as error:
        remark = f"is broken: by its format, {stored.format}, {error}"
        return replace(stored, remarks=(*stored.remarks, remark))
