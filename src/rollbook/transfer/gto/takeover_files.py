"""The files of a model that is taken over: what the plan and the stored bytes make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.artifact.pointer import pointer_data
from rollbook.propose.file_facts import completed
from rollbook.propose.stage_edits import Move, write_moves
from rollbook.schema.schemas import schema_line
from rollbook.yaml.edit import edit
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.artifact.storage import Stored
    from rollbook.records.origin import OldTag, Origin
    from rollbook.records.policy import Policy
    from rollbook.transfer.gto.gto_artifacts import Annotation
    from rollbook.transfer.gto.gto_plan import PlannedModel, PlannedVersion

_NOBODY = "unknown"
_LONGEST_TEXT = 10_000


def model_files(
    model: PlannedModel, stored: Mapping[str, Stored], policy: Policy, address: str
) -> dict[str, bytes]:
    """Return every file of a model, by path: what it is, where it comes from, its versions and its stages.

    `stored` are its artifacts by version, `address` is the repository's.
    """
    newest = model.versions[-1]
    record = {
        "name": model.name,
        "owner": newest.tag.by or _NOBODY,
        "description": _text(newest.annotation.description),
        "tags": _labels(newest.annotation),
    }
    files = {
        layout.model_path(model.name): _yaml("model", layout.model_path(model.name), record),
        layout.origin_path(model.name): _yaml(
            "origin", layout.origin_path(model.name), _origin(model.origin)
        ),
    }
    for version in model.versions:
        files |= _version_files(model.name, version, stored[version.version], address)
    moves = [_move(version, policy) for version in model.versions if version.placing.tag]
    if any(move.target != policy.first_stage.name for move in moves):
        path = layout.stages_path(model.name)
        header = f"{schema_line('stages', path)}\n".encode()
        files[path] = edit(header, write_moves(policy, moves), path)
    return files


def _version_files(model: str, version: PlannedVersion, stored: Stored, address: str) -> dict[str, bytes]:
    manifest: dict[str, Any] = {
        "model": model,
        "version": version.version,
        "created_at": version.tag.at,
        "created_by": version.tag.by or _NOBODY,
        "description": version.tag.reason,
        "artifact": stored.as_mapping(),
        "lineage": {"code": {"repository": address, "commit": version.tag.commit}},
        "tags": _labels(version.annotation),
        "extra": {"meta": dict(version.annotation.meta)} if version.annotation.meta else {},
    }
    manifest = completed(manifest, stored.format, stored.contents)
    path = layout.manifest_path(model, version.version)
    pointer = layout.pointer_path(model, version.version, stored.pointer.path)
    return {path: _yaml("version", path, manifest), pointer: dump(pointer_data(stored.pointer))}


def _move(version: PlannedVersion, policy: Policy) -> Move:
    placing = version.placing
    assert placing.tag is not None
    reason = placing.tag.reason or f"in {placing.stage} by {placing.tag.tag}"
    if placing.displaced_by:
        reason = f"replaced by {placing.displaced_by} in {placing.displaced_from}"
    entry = {
        "version": version.version,
        "reason": reason,
        "requested_by": placing.tag.by or _NOBODY,
        "requested_at": placing.tag.at,
    }
    return Move(version.version, policy.first_stage.name, placing.stage, entry)


def _origin(origin: Origin) -> dict[str, Any]:
    return {
        "tool": origin.tool,
        "name": origin.name,
        "stages": dict(origin.stages),
        "tags": [_tag(tag) for tag in origin.tags],
    }


def _tag(tag: OldTag) -> dict[str, str]:
    fields = ("tag", "object", "commit", "action", "version", "stage", "at", "by", "reason", "path")
    return {name: value for name in fields if (value := getattr(tag, name))}


def _labels(said: Annotation) -> dict[str, str]:
    labels = {"type": said.kind, "labels": ", ".join(said.labels)}
    return {name: _text(text) for name, text in labels.items() if text}


def _text(text: str) -> str:
    """Return what others wrote, without what no file of a registry holds."""
    kept = "".join(char for char in text if char.isprintable() or char in "\n\t")
    return kept[:_LONGEST_TEXT].strip()


def _yaml(schema: str, path: str, data: Mapping[str, Any]) -> bytes:
    """Return a file, without the fields that say nothing."""
    return dump({key: value for key, value in data.items() if value}, header=schema_line(schema, path))
