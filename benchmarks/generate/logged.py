"""A log of what the versions in production were asked, and the reference sample of each: 50 features."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.generate.yaml_text import yaml_text
from rollbook import Registry, layout
from rollbook.artifact.pointer import Pointer, pointer_data
from rollbook.propose.reference_table import FILE_NAME
from rollbook.records.evidence import REFERENCE
from rollbook.schema.schemas import schema_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.random import Generator

    from rollbook.registry.model_version import ModelVersion

FEATURES = tuple(f"feature_{number:02}" for number in range(50))
_TEXTS = frozenset(FEATURES[::10])  # the others are numbers
_WORDS = np.array([f"kind-{number}" for number in range(12)])
_REFERENCE_ROWS = 10_000
_GROUP = 100_000  # rows
_SPAN = timedelta(hours=1)


def monitoring(log: Path) -> str:
    """What the policy says, so that the drift of all features is told by a log."""
    check = {
        "check": "drift", "name": "inputs-drift", "source": "log", "columns": [*FEATURES], "window": "4w",
    }  # fmt: skip
    sources = {"log": {"source": "log", "path": str(log)}}
    return f"\nmonitoring: {json.dumps({'sources': sources, 'checks': [check]})}\n"


def production_versions(registry: Path) -> list[tuple[str, str]]:
    """Every version in production, with its model."""
    with Registry.open(registry) as opened:
        return [
            (model.name, entry.version)
            for model in opened.models()
            for entry in model.stages.holders("production")
        ]


def references(registry: Path, remote: Path) -> Iterator[tuple[str, bytes]]:
    """Put a reference sample of each version in production into a DVC remote that is a directory; yield the
    files of the evidence on it, by path."""
    with Registry.open(registry) as opened:
        for number, (model, version) in enumerate(production_versions(registry)):
            packed = BytesIO()
            pq.write_table(pa.table(_rows(np.random.default_rng(number), _REFERENCE_ROWS)), packed)
            yield from _evidence(opened.version(f"{model}@{version}"), packed.getvalue(), remote)


def write_log(path: Path, versions: list[tuple[str, str]], count: int) -> None:
    """Write a log of so many rows, evenly of all versions, in the order in which they came."""
    dice = np.random.default_rng(7)
    names, numbers = zip(*versions, strict=True)
    start = datetime.now(UTC) - _SPAN
    writer = None
    for done in range(0, count, _GROUP):
        size = min(_GROUP, count - done)
        whose = pa.array(dice.permutation(np.arange(done, done + size) % len(versions)), pa.int32())
        moments = start + (done + np.arange(size)) / count * _SPAN
        table = pa.table(
            {
                "model": pa.DictionaryArray.from_arrays(whose, pa.array(names)),
                "version": pa.DictionaryArray.from_arrays(whose, pa.array(numbers)),
                "time": pa.array(moments, pa.timestamp("us", "UTC")),
                **_rows(dice, size),
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _rows(dice: Generator, count: int) -> dict[str, object]:
    return {
        name: _WORDS[dice.binomial(11, 0.3, count)]
        if name in _TEXTS
        else np.round(dice.normal(place, 1 + place, count), 3)
        for place, name in enumerate(FEATURES)
    }


def _evidence(version: ModelVersion, data: bytes, remote: Path) -> Iterator[tuple[str, bytes]]:
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest()
    stored = remote / "files" / "md5" / md5[:2] / md5[2:]
    stored.parent.mkdir(parents=True, exist_ok=True)
    stored.write_bytes(data)
    path = f"{layout.evidence_directory(version.model.name, version.version)}/{REFERENCE}-1.yaml"
    content = {
        "kind": REFERENCE,
        "model": version.model.name,
        "version": version.version,
        "artifact_sha256": version.artifact.sha256,
        "passed": True,
        "created_at": "2026-11-01T00:00:00Z",
        "created_by": "jane@example.com",
        "attachments": [{"path": FILE_NAME, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}],
    }
    yield path, yaml_text(content, schema_line("evidence", path))
    pointer = pointer_data(Pointer(FILE_NAME, md5, len(data), None))
    yield layout.attachment_pointer_path(path, FILE_NAME), yaml_text(pointer)
