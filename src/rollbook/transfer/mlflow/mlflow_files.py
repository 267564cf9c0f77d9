"""The files of a model that is taken over from MLflow: what the plan and the stored bytes make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.artifact.pointer import pointer_data
from rollbook.git.address import without_credentials
from rollbook.git.write import identity
from rollbook.names import time_now
from rollbook.propose.file_facts import completed
from rollbook.propose.initial_manifest import initial_manifest
from rollbook.propose.registration import MANIFEST_ORDER
from rollbook.propose.registration_request import Registration
from rollbook.propose.scan_evidence import scan_evidence
from rollbook.propose.stage_edits import Move, write_moves
from rollbook.records.origin import MLFLOW
from rollbook.records.stages import ALIASES
from rollbook.schema.schemas import schema_line
from rollbook.transfer.mlflow.other_tags import OTHER_TAGS, parted_tags
from rollbook.transfer.mlflow.run_facts import joined, manifest_fields
from rollbook.transfer.mlflow.stranger_text import kept_line, kept_text
from rollbook.transfer.mlflow.version_tags import VERSION_TAG
from rollbook.yaml.edit import edit
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.git.repository import Repository
    from rollbook.records.policy import Policy
    from rollbook.transfer.mlflow.copied_artifacts import CopiedArtifact
    from rollbook.transfer.mlflow.mlflow_plan import PlannedMlflowModel, PlannedMlflowVersion
    from rollbook.transfer.mlflow.run_facts import MlflowFacts

NOBODY = "unknown"
_LONGEST_TEXT = 10_000


def model_files(
    repository: Repository,
    address: str,
    policy: Policy,
    model: PlannedMlflowModel,
    brought: Mapping[str, CopiedArtifact],
) -> dict[str, bytes]:
    """Return every file of a model, by path: what it is, where it comes from, its versions, their stages and
    aliases. `brought` are its artifacts by version; `address` is the MLflow registry's."""
    files = {layout.model_path(model.name): _record(repository, model)}
    for version in model.versions:
        files |= _version_files(repository, address, model, version, brought[version.version])
    if model.versions:
        files[layout.origin_path(model.name)] = _origin(address, model)
    if stages := _stages(repository, policy, model):
        files[layout.stages_path(model.name)] = stages
    return files


def _record(repository: Repository, model: PlannedMlflowModel) -> bytes:
    source = model.source
    tags, others = _tags(source.tags)
    own: dict[str, Any] = {"name": kept_line(source.name)} if source.name != model.name else {}
    own |= {OTHER_TAGS: others} if others else {}
    owners = [version.source.user for version in model.versions if kept_line(version.source.user)]
    return _yaml(
        "model",
        layout.model_path(model.name),
        {
            "name": model.name,
            "owner": kept_line(owners[-1]) if owners else identity(repository).email,
            "description": kept_text(source.description, _LONGEST_TEXT),
            "tags": tags,
            "extra": {"mlflow": own} if own else {},
        },
    )


def _version_files(
    repository: Repository,
    address: str,
    model: PlannedMlflowModel,
    version: PlannedMlflowVersion,
    copied: CopiedArtifact,
) -> dict[str, bytes]:
    source, name, stored = version.source, (model.name, version.version), copied.stored
    registration = Registration(
        model.name,
        "",
        facts=_facts(address, version, copied.facts),
        created_at=source.created_at,
        created_by=kept_line(source.user) or NOBODY,
    )
    facts = initial_manifest(repository, registration, *name, [])
    facts = {**completed(facts, stored.format, stored.contents), "artifact": stored.as_mapping()}
    manifest = {field: facts[field] for field in MANIFEST_ORDER if field in facts}
    path = layout.manifest_path(*name)
    return {
        path: dump(manifest, header=schema_line("version", path)),
        layout.pointer_path(*name, stored.pointer.path): dump(pointer_data(stored.pointer)),
        **{f"{layout.version_directory(*name)}/{file}": data for file, data in copied.attachments.items()},
        **scan_evidence(repository, copied.scanned, *name, stored.digest.sha256, None),
    }


def _facts(address: str, version: PlannedMlflowVersion, saved: MlflowFacts) -> dict[str, Any]:
    source = version.source
    fields = manifest_fields(
        joined(source.facts, saved),
        source=without_credentials(source.source),
        run_id=source.run_id,
        run_link=source.run_link,
        model_id=source.model_id,
        registry=address,
    )
    own = fields["extra"]["mlflow"]
    own["version"] = source.number
    tags, others = _tags({key: text for key, text in source.tags.items() if key != VERSION_TAG})
    if others:
        own[OTHER_TAGS] = others
    if source.description:
        fields["description"] = kept_text(source.description, _LONGEST_TEXT)
    return {**fields, "tags": tags} if tags else fields


def _tags(told: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the tags that a registry can have under their names, and the others."""
    whole = {key: kept_text(text, _LONGEST_TEXT) for key, text in told.items()}
    kept, others = parted_tags(dict([*whole.items()][:1000]))
    return kept, {kept_line(key): text for key, text in others.items() if kept_line(key)}


def _origin(address: str, model: PlannedMlflowModel) -> bytes:
    versions = [
        {
            "version": version.version,
            "number": version.source.number,
            "stage": kept_line(version.source.stage),
        }
        for version in model.versions
    ]
    told = {
        "tool": MLFLOW,
        "name": kept_line(model.source.name),
        "stages": {kept_line(old): new for old, new in model.stages.items()},
        "uri": kept_line(address),
        "versions": versions,
    }
    return _yaml("origin", layout.origin_path(model.name), told)


def _stages(repository: Repository, policy: Policy, model: PlannedMlflowModel) -> bytes | None:
    first = policy.first_stage.name
    moves = [_move(policy, version) for version in model.versions if version.placing.stage != first]
    if not moves and not model.aliases:
        return None
    path = layout.stages_path(model.name)
    by, now = identity(repository).email, time_now()
    write = write_moves(policy, moves)

    def change(document: Any) -> None:
        write(document)
        if model.aliases:
            document[ALIASES] = {
                alias: {
                    "version": version,
                    "reason": "it had this alias in MLflow",
                    "requested_by": by,
                    "requested_at": now,
                }
                for alias, version in model.aliases.items()
            }

    return edit(f"{schema_line('stages', path)}\n".encode(), change, path)


def _move(policy: Policy, version: PlannedMlflowVersion) -> Move:
    source, placing = version.source, version.placing
    reason = f"in {kept_line(source.stage)} in MLflow, which tells neither who put it there nor why"
    if placing.displaced_by:
        reason = f"in {kept_line(source.stage)} in MLflow, where number {placing.displaced_by} stood too"
    entry = {
        "version": version.version,
        "reason": reason,
        "requested_by": NOBODY,
        "requested_at": source.updated_at,
    }
    return Move(version.version, policy.first_stage.name, placing.stage, entry)


def _yaml(schema: str, path: str, data: Mapping[str, Any]) -> bytes:
    """Return a file, without the fields that say nothing."""
    return dump({key: value for key, value in data.items() if value}, header=schema_line(schema, path))
