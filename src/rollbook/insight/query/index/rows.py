"""What one file of a registry comes to: rows for the index, or the reason why it can't be read.

Everything here is plain lists, texts and numbers, so that it passes between processes as JSON.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rollbook.errors import InvalidFile
from rollbook.layout import Kind
from rollbook.records.evidence import parse_evidence
from rollbook.records.lineage import parse_origin
from rollbook.records.manifest import parse_manifest
from rollbook.records.model import parse_model
from rollbook.records.notes import parse_notes
from rollbook.records.policy import parse_policy
from rollbook.records.removal import parse_removal
from rollbook.records.stages import parse_stages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rollbook.records.lineage import TrainingOrigin
    from rollbook.records.stages import StageEntry

# The rows of one file by table, each without the id of what it belongs to.
Rows = dict[str, list[list[Any]]]
PROBLEM = "problem"

_LARGEST = (1 << 63) - 1


def facts(kind: Kind, path: str, data: bytes) -> Rows:
    """Return the rows that a file comes to; one row of the table `problem` when it can't be read."""
    try:
        return _READERS[kind](data, path)
    except InvalidFile as error:
        return problem(error)


def problem(error: InvalidFile) -> Rows:
    """Return the one row for a file that can't be read."""
    return {PROBLEM: [[text(error.message), error.line, text(error.key), text(error.hint)]]}


def _policy(data: bytes, path: str) -> Rows:
    return {"meta": [[text(parse_policy(data, path).first_stage.name)]]}


def _model(data: bytes, path: str) -> Rows:
    model = parse_model(data, path)
    record = (
        model.owner, model.team, model.task, model.use_case, model.description, model.compliance,
        model.display_name, model.data_classification,
    )  # fmt: skip
    return {"record": [list(map(text, record))], "model_tag": _tags(model.tags)}


def _stages(data: bytes, path: str) -> Rows:
    table = parse_stages(data, path)
    entries = [
        [
            position, text(entry.stage), text(entry.version), text(entry.reason), text(entry.requested_by),
            moment(entry.requested_at), whole(entry.traffic), len(entry.approvals), text(entry.replacement),
            text(entry.sunset), text(entry.migration), text(entry.override), text(str(entry.automatic or "")),
            text(str(entry.despite or "")),
        ]
        for position, entry in enumerate(table.entries)
    ]  # fmt: skip
    return {
        "stage_entry": entries,
        "alias": [
            [_encodable(alias), text(version), *_on_record(table.alias_entries.get(alias))]
            for alias, version in table.aliases.items()
        ],
    }


def _on_record(entry: StageEntry | None) -> list[Any]:
    """Return what is on record of an alias; nothing of one that is a version alone."""
    if entry is None:
        return [None] * 4
    told = text(entry.reason), text(entry.requested_by), moment(entry.requested_at)
    return [*told, len(entry.approvals)]


def _manifest(data: bytes, path: str) -> Rows:
    record = parse_manifest(data, path)
    artifact, framework = record.artifact, record.framework
    row = [
        moment(record.created_at), text(record.created_by), text(record.description), text(record.algorithm),
        text(framework.get("name")), text(framework.get("version")), text(artifact.path),
        text(artifact.format), whole(artifact.size), text(artifact.sha256), whole(artifact.files),
    ]  # fmt: skip
    rows = {
        "manifest": [row],
        "metric": _numbers(record.metrics),
        "param": _values(record.hyperparameters),
        "content": _values(artifact.contents),
        "version_tag": [["manifest", *tag] for tag in _tags(record.tags)],
    }
    try:
        # Told by its path, as a version is everywhere: what the manifest says of itself may be wrong.
        rows["source"] = _sources(parse_origin(record))
    except InvalidFile as error:
        rows |= problem(
            InvalidFile(error.message, path=path, line=error.line, key=error.key, hint=error.hint)
        )
    return rows


def _sources(origin: TrainingOrigin) -> list[list[Any]]:
    features, run, chain = origin.features, origin.run, origin.chain
    sources = [
        [kind, place, one.name, one.version, one.uri, one.digest, one.step, whole(one.rows)]
        for kind, some in (("data", chain.trained_on), ("data-source", chain.sources))
        for place, one in enumerate(some)
    ]
    sources += [["features", 0, features.name, features.version, "", "", "", None]] if features else []
    sources += [
        ["code", place, one.repository, one.commit, "", "", role, None]
        for place, (one, role) in enumerate(origin.every_code())
    ]
    sources += [["run", 0, run.tool, run.id, run.uri, "", "", None]] if run else []
    sources += [["parent", place, name, "", "", "", "", None] for place, name in enumerate(origin.parents)]
    return [
        [kind, place, *map(text, texts[:-1]), rows, text(texts[-1])] for kind, place, *texts, rows in sources
    ]


def _notes(data: bytes, path: str) -> Rows:
    notes = parse_notes(data, path)
    return {
        "notes": [[text(notes.description)]],
        "version_tag": [["notes", *tag] for tag in _tags(notes.tags)],
    }


def _evidence(data: bytes, path: str) -> Rows:
    evidence = parse_evidence(data, path)
    row = [
        text(evidence.model), text(evidence.version), text(evidence.artifact_sha256), int(evidence.passed),
        moment(evidence.created_at), text(evidence.created_by), text(evidence.summary), text(evidence.uri),
        text(evidence.tool.get("name")), text(evidence.tool.get("version")), text(evidence.target),
    ]  # fmt: skip
    return {"evidence": [row], "evidence_metric": _numbers(evidence.metrics)}


def _removal(data: bytes, path: str) -> Rows:
    removal = parse_removal(data, path)
    return {"removal": [[moment(removal.removed_at), text(removal.removed_by), text(removal.reason)]]}


_READERS: Mapping[Kind, Callable[[bytes, str], Rows]] = {
    Kind.POLICY: _policy,
    Kind.MODEL: _model,
    Kind.STAGES: _stages,
    Kind.MANIFEST: _manifest,
    Kind.NOTES: _notes,
    Kind.EVIDENCE: _evidence,
    Kind.REMOVAL: _removal,
}
READ = frozenset(_READERS)


def _tags(tags: Mapping[str, Any]) -> list[list[Any]]:
    return [[_encodable(name), _shown(value)] for name, value in tags.items()]


def _values(values: Mapping[str, Any]) -> list[list[Any]]:
    return [[_encodable(name), _shown(value), number(value)] for name, value in values.items()]


def _numbers(values: Mapping[str, Any]) -> list[list[Any]]:
    return [[_encodable(name), number(value)] for name, value in values.items()]


def _shown(value: Any) -> str | None:
    """Return a value as text: text as it is, anything else as JSON."""
    if value is None:
        return None
    if type(value) is int:  # as JSON has it, much sooner
        return str(value)
    return _encodable(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def text(value: object) -> str | None:
    """Return a text, None for an empty one and for what is none."""
    return _encodable(value) if isinstance(value, str) and value else None


def _encodable(value: str) -> str:
    return value if value.isascii() else value.encode(errors="replace").decode()


def number(value: object) -> float | None:
    """Return a finite number; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        figure = float(value)
    except OverflowError:
        return None
    return figure if math.isfinite(figure) else None


def whole(value: int | None) -> int | None:
    """Return a whole number that a table can hold; None for a larger one."""
    return value if value is not None and -_LARGEST <= value <= _LARGEST else None


def moment(value: str) -> str | None:
    """Return a time in UTC, to the second, e.g. `2026-11-21T09:00:00Z`; None for what is no time."""
    try:
        instant = datetime.fromisoformat(value)
        instant = instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return f"{instant:%Y-%m-%dT%H:%M:%SZ}"
