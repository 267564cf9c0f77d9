"""What the files of a version, and of its model, say in MLflow's terms: read once, and kept by their tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.errors import InvalidFile
from rollbook.integrations.mlflow.reading.hidden_facts import hidden_facts, is_deleted, other_tags, own_facts
from rollbook.names import time_seconds
from rollbook.records.fields import read_fields
from rollbook.records.notes import parse_notes
from rollbook.records.stages import StageTable, parse_stages
from rollbook.transfer.mlflow.model_names import told_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.records.fields import Fields

NUMBER_BEFORE = "version"  # in `extra.mlflow` of a version that was taken over


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What a version's own files say. `created` is in seconds since 1970, 0 where nothing tells; `is_removed`
    where the artifact is."""

    version: str
    created: int
    description: str
    user: str
    tags: Mapping[str, str]
    source: str | None
    run_id: str | None
    run_link: str | None
    model_id: str | None
    is_deleted: bool
    is_removed: bool

    @property
    def status_message(self) -> str | None:
        """What is to be known of the version; None where nothing is."""
        return "its artifact was removed" if self.is_removed else None


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model's own files say, and the id of the tree of each of its versions. `told_name` is what
    MLflow's users call it."""

    name: str
    told_name: str
    description: str
    tags: Mapping[str, str]
    is_deleted: bool
    stages: StageTable
    trees: Mapping[str, str]


def version_paths(model: str, version: str) -> tuple[str, str, str]:
    """Return where the files stand that `version_facts` is told by, in their order."""
    return (
        layout.manifest_path(model, version),
        layout.notes_path(model, version),
        layout.removal_path(model, version),
    )


def version_facts(
    model: str, version: str, manifest: bytes | None, notes: bytes | None, removal: bytes | None
) -> VersionFacts:
    """Return what a version's files say. Raises InvalidFile for one that can't be read, or isn't there."""
    path = layout.manifest_path(model, version)
    if manifest is None:
        raise InvalidFile("there is no such file", path=path, hint="Run `rollbook check --all`.")
    fields = read_fields(manifest, path)
    noted = parse_notes(notes or b"", layout.notes_path(model, version))
    backfilled = fields.mapping("backfilled")
    own, hidden = own_facts(fields.mapping("extra")), hidden_facts(noted.extra)
    told = {**_texts(fields.tags("tags")), **other_tags(fields.mapping("extra"))}
    shown = {key: tag for key, tag in told.items() if key not in hidden.tags}
    # Of a version that was taken over, MLflow's clients go on seeing when it was made, and by whom.
    recorded = {} if NUMBER_BEFORE in own else backfilled
    created = str(recorded.get("registered_at") or fields.text("created_at"))
    return VersionFacts(
        version,
        time_seconds(created),
        noted.description or ("" if hidden.description else fields.optional_text("description")),
        str(recorded.get("registered_by") or fields.text("created_by")),
        {**shown, **_texts(noted.tags), **other_tags(noted.extra)},
        _text_or_none(own, "source"),
        _text_or_none(own, "run_id"),
        _text_or_none(own, "run_link"),
        _text_or_none(own, "model_id"),
        is_deleted(noted.extra),
        removal is not None,
    )


def model_facts(
    model: str, record: bytes | None, stages: bytes | None, trees: Mapping[str, str]
) -> ModelFacts:
    """Return what a model's files say. Raises InvalidFile for one that can't be read."""
    fields: Fields | None = None if record is None else read_fields(record, layout.model_path(model))
    table = StageTable() if stages is None else parse_stages(stages, layout.stages_path(model))
    extra = fields.mapping("extra") if fields else {}
    return ModelFacts(
        model,
        told_name(model, extra),
        fields.optional_text("description") if fields else "",
        {**_texts(fields.tags("tags")), **other_tags(extra)} if fields else {},
        is_deleted(extra),
        table,
        trees,
    )


def _texts(tags: Mapping[str, Any]) -> dict[str, str]:
    """Return tags as MLflow has them, whose values are texts: what YAML reads as something else, as it is
    written there."""
    return {key: _text(value) for key, value in tags.items()}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _text_or_none(own: Mapping[str, Any], key: str) -> str | None:
    value = own.get(key)
    return value if isinstance(value, str) and value else None
