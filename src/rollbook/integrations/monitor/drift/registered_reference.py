"""The reference of a version: what was registered, or else its sample, read once in a run."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import pyarrow as pa

from rollbook import layout
from rollbook.artifact.retrieval import attachment_content
from rollbook.errors import RollbookError
from rollbook.integrations.monitor.question import SourceFailed
from rollbook.propose.reference_table import LARGEST, read_reference
from rollbook.propose.samples import read_sample
from rollbook.records.evidence import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.records.evidence import Evidence
    from rollbook.registry.model_version import ModelVersion
    from rollbook.registry.registry import Registry

_MOST_KEPT = 4  # references, of the versions that were asked after last
_KEPT: WeakKeyDictionary[Registry, OrderedDict[str, pa.Table]] = WeakKeyDictionary()
GIVE_ONE = "Give one: rollbook evidence add REF reference --status passed --attach reference.parquet"


@dataclass(frozen=True, slots=True)
class Reference:
    """Rows that live data is held against, and what they are called: `reference-1`, `sample-input.json`."""

    name: str
    rows: pa.Table


def registered_reference(version: ModelVersion) -> Reference | None:
    """Return the newest reference sample of a version that is bound to its very artifact and has passed, else
    the rows of its sample-input.json; None where it has neither.

    Raises SourceFailed where its bytes can't be had or read.
    """
    found = [*_references(version)]
    try:
        if not found:
            return _sample(version)
        newest = max(found, key=lambda evidence: evidence.number)
        return Reference(newest.name, _rows(version, newest))
    except SourceFailed:
        raise
    except RollbookError as error:
        raise SourceFailed(f"the reference of {version} can't be read: {error}", hint=error.hint) from error


def _references(version: ModelVersion) -> Iterator[Evidence]:
    sha256 = version.artifact.sha256
    for evidence in version.evidence():
        is_its = evidence.is_about(version.model.name, version.version, sha256)
        if evidence.kind == REFERENCE and evidence.passed and is_its:
            yield evidence


def _rows(version: ModelVersion, evidence: Evidence) -> pa.Table:
    """Return the rows that are attached; those of the last few versions are still there."""
    if len(evidence.attachments) != 1:
        raise SourceFailed(f"{evidence.name} of {version} has not one attachment", hint=GIVE_ONE)
    (attachment,) = evidence.attachments
    kept = _KEPT.setdefault(version.model.registry, OrderedDict())
    if attachment.sha256 not in kept:
        data = attachment_content(version, evidence, attachment, LARGEST)
        kept[attachment.sha256] = read_reference(data, f"{evidence.name} of {version}")
        while len(kept) > _MOST_KEPT:
            kept.popitem(last=False)
    kept.move_to_end(attachment.sha256)
    return kept[attachment.sha256]


def _sample(version: ModelVersion) -> Reference | None:
    name = "sample-input.json"
    path = f"{layout.version_directory(version.model.name, version.version)}/{name}"
    (data,) = version.model.registry.snapshot.read_many([path])
    if data is None:
        return None
    sample = read_sample(data, Path(path))
    if sample.names is None:
        return None
    columns = zip(*sample.rows, strict=True)
    try:
        rows = pa.table({each: list(values) for each, values in zip(sample.names, columns, strict=True)})
    except (pa.ArrowException, ValueError, TypeError) as error:
        raise SourceFailed(f"{path} holds no plain rows") from error
    return Reference(name, rows)
