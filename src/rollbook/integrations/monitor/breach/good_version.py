"""The last good version: one that held the stage before, and against which nothing speaks."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.artifact.retrieval import read_pointer, registry_storage
from rollbook.errors import NotFound, RollbookError
from rollbook.names import day_of
from rollbook.propose.promotion import previous_holder
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.trail.evidence_on_record import EvidenceOnRecord

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date

    from rollbook.git.repository import Repository
    from rollbook.registry.model_version import ModelVersion

_MOST = 20  # versions that are looked at


@dataclass(frozen=True, slots=True)
class Choice:
    """The version to go back to, empty where there is none; why those that came before it are not good, a
    line each; and whether it is bytes that can't be had, which may be another tomorrow."""

    version: str
    passed_over: tuple[str, ...] = ()
    lacks_bytes: bool = False


def last_good(
    repository: Repository,
    main: str,
    model: str,
    stage: str,
    today: date,
    suspected: Collection[str],
    verified: set[str],
) -> Choice:
    """Return the version to go back to: the last holder of `stage`, by the trail, that is good.

    `suspected` are versions in breach that main knows nothing of yet; of those that are `verified` the bytes
    were fetched already, and more are added to them. Good is one whose artifact is there and
    verified, that is not past its sunset, and about which no failed evidence of monitoring stands that a
    later promotion did not answer.
    """
    passed_over: dict[str, str] = {}
    lacks_bytes = False
    on_record = EvidenceOnRecord(repository, main)
    with Registry(repository, commit_snapshot(repository, main)) as registry:
        while len(passed_over) < _MOST:
            try:
                name = previous_holder(repository, model, stage, tuple(passed_over))
                version = registry.version(f"{model}@{name}")
            except NotFound:
                break
            fault = fault_of(version, stage, today, on_record)
            if not fault and name in suspected:
                fault = "is in breach itself"
            if not fault and name not in verified and (missing := _missing_bytes(version)):
                fault, lacks_bytes = missing, True
            if not fault:
                verified.add(name)
                return Choice(name, _lines(passed_over))
            passed_over[name] = fault
    return Choice("", _lines(passed_over), lacks_bytes)


def _lines(passed_over: dict[str, str]) -> tuple[str, ...]:
    return tuple(f"{name} {fault}" for name, fault in passed_over.items())


def fault_of(version: ModelVersion, stage: str, today: date, on_record: EvidenceOnRecord) -> str:
    """Return what speaks against a version by what main holds; empty where nothing does."""
    if version.removal is not None:
        return "was removed"
    policy = version.model.registry.policy
    if version.stage == stage:
        return f"is in {stage} already"
    if stage not in policy.stage(version.stage).next:
        return f"can't go from {version.stage} to {stage}"
    sunset = day_of(version.deprecation.sunset) if version.deprecation else None
    if sunset is not None and sunset < today:
        return f"had its sunset on {sunset}"
    failed = on_record.unanswered(version, stage)
    return f"has failed evidence itself: {', '.join(failed[:3])}" if failed else ""


def _missing_bytes(version: ModelVersion) -> str:
    """Return why the remote does not give exactly the bytes that were registered; empty where it does.

    The cache here does not count: a deployment has another one, or none.
    """
    artifact = version.artifact
    try:
        with (
            tempfile.TemporaryDirectory(prefix="rollbook-") as directory,
            registry_storage(version.model.registry) as storage,
        ):
            storage.uncached().fetch(
                read_pointer(version),
                sha256=artifact.sha256,
                size=artifact.size,
                destination=Path(directory) / artifact.path,
            )
    except (RollbookError, OSError) as error:
        return f"can't be fetched: {error}"
    return ""
