"""The documents of an index as JSON: written to the same bytes wherever it is done, and read with care."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rollbook.errors import InvalidFile, NotFound, RollbookError, StorageFailed
from rollbook.records.deprecation import deprecation_of
from rollbook.records.fields import Fields
from rollbook.records.manifest import Artifact
from rollbook.records.removal import removal_from
from rollbook.records.stages import StageEntry, StageTable
from rollbook.transfer.static_index.documents import (
    DetailsDocument,
    EnvironmentsDocument,
    IndexedVersion,
    LastEvent,
    ModelDocument,
    RemoteAddress,
    RootDocument,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.records.removal import Removal

FORMAT = 1
_FORMAT_KEY = "rollbook_index"
_WRONG_PLACE = "Give the address of the folder that `rollbook export --index` wrote."
_KINDS: Mapping[str, type[RollbookError]] = {
    "not-found": NotFound,
    "invalid": InvalidFile,
    "storage": StorageFailed,
}


def encode(document: Mapping[str, Any]) -> bytes:
    """Return a document's bytes: the same for the same content, wherever and whenever it is written."""
    text = json.dumps({_FORMAT_KEY: FORMAT, **document}, separators=(",", ":"), allow_nan=False)
    return f"{text}\n".encode("ascii")


def decode(data: bytes, where: str) -> Fields:
    """Read the fields of a document. Raises InvalidFile when it is none, or of a newer format."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidFile("is no document of an index", path=where, hint=_WRONG_PLACE) from error
    fields = Fields(document, where)
    format_number = fields.integer(_FORMAT_KEY)
    if format_number > FORMAT:
        raise InvalidFile(
            f"the index has format {format_number}; this tool knows formats up to {FORMAT}",
            path=where,
            hint="Upgrade it: pip install --upgrade rollbook",
        )
    return fields


def model_mapping(document: ModelDocument) -> dict[str, Any]:
    """Return a model's document as JSON data."""
    last = document.last_event
    return {
        "model": document.model,
        "commit": document.commit,
        "last_event": {"tag": last.tag, "object": last.object, "event": last.event} if last else None,
        "stage_names": list(document.stage_names),
        "stages": [
            {"stage": entry.stage, "version": entry.version, **_entry_facts(entry)}
            for entry in document.stages.entries
        ],
        "aliases": dict(document.stages.aliases),
        "remote": _remote_mapping(document.remote),
        "versions": [_version_mapping(version) for version in document.versions.values()],
        **({"error": _error_mapping(document.error)} if document.error else {}),
    }


def root_mapping(document: RootDocument) -> dict[str, Any]:
    """Return the root document as JSON data; its `head` is what `rollbook audit head --json` prints."""
    return {
        "head": {
            "tag": document.head_tag,
            "object": document.head_object,
            "events": document.events,
            "main": document.commit,
        },
        "models": document.models,
        "stage_names": list(document.stage_names),
        "remote": _remote_mapping(document.remote),
        "environments": document.environments,
        **({"default_alias": document.default_alias} if document.default_alias else {}),
    }


def parse_root(data: bytes, where: str) -> RootDocument:
    """Read the root document. Raises InvalidFile."""
    fields = decode(data, where)
    head = fields.required("head")
    return RootDocument(
        commit=head.text("main"),
        head_tag=head.text("tag"),
        head_object=head.text("object"),
        events=head.integer("events"),
        models=fields.integer("models"),
        stage_names=fields.texts("stage_names"),
        remote=_remote(fields),
        default_alias=fields.optional_text("default_alias"),
        environments=fields.flag("environments", default=False),
    )


def parse_model(data: bytes, where: str) -> ModelDocument:
    """Read a model's document. Raises InvalidFile."""
    fields = decode(data, where)
    versions = [_version(Fields(item, where, "versions")) for item in fields.items("versions")]
    aliases = fields.inner("aliases")
    entries = tuple(_entry(Fields(item, where, "stages")) for item in fields.items("stages"))
    last = fields.inner("last_event") if fields.mapping("last_event") else None
    return ModelDocument(
        model=fields.text("model"),
        commit=fields.text("commit"),
        last_event=LastEvent(last.text("tag"), last.text("object"), last.integer("event")) if last else None,
        stage_names=_stage_names(fields, where),
        stages=StageTable(entries, {name: aliases.text(name) for name in fields.mapping("aliases")}),
        versions={version.version: version for version in versions},
        remote=_remote(fields),
        error=_error(fields),
    )


def details_mapping(document: DetailsDocument) -> dict[str, Any]:
    """Return the document of a model's files as JSON data."""
    return {
        "model": document.model,
        "commit": document.commit,
        "stage_names": list(document.stage_names),
        "files": dict(document.files),
    }


def parse_details(data: bytes, where: str) -> DetailsDocument:
    """Read the document of a model's files. Raises InvalidFile."""
    fields = decode(data, where)
    files = fields.inner("files")
    return DetailsDocument(
        model=fields.text("model"),
        commit=fields.text("commit"),
        stage_names=_stage_names(fields, where),
        files={path: files.text(path) for path in fields.mapping("files")},
    )


def environments_mapping(document: EnvironmentsDocument) -> dict[str, Any]:
    """Return the document of a model's environments as JSON data: each text once, however many versions have
    it."""
    numbers = {text: number for number, text in enumerate(dict.fromkeys(document.files.values()))}
    return {
        "model": document.model,
        "commit": document.commit,
        "stage_names": list(document.stage_names),
        "texts": list(numbers),
        "files": {path: numbers[text] for path, text in document.files.items()},
    }


def parse_environments(data: bytes, where: str) -> EnvironmentsDocument:
    """Read the document of a model's environments. Raises InvalidFile."""
    fields = decode(data, where)
    texts, files = fields.texts("texts"), fields.inner("files")
    numbers = {path: files.integer(path) for path in fields.mapping("files")}
    if wrong := next((path for path, number in numbers.items() if not 0 <= number < len(texts)), None):
        raise InvalidFile("there is no text of that number", path=where, key=f"files.{wrong}")
    return EnvironmentsDocument(
        model=fields.text("model"),
        commit=fields.text("commit"),
        stage_names=_stage_names(fields, where),
        files={path: texts[number] for path, number in numbers.items()},
    )


def stages_mapping(table: StageTable) -> dict[str, Any]:
    """Return what a model's document tells of `stages.yaml`, in that file's form."""
    stages: dict[str, Any] = {}
    for entry in table.entries:
        stages.setdefault(entry.stage, []).append({"version": entry.version, **_entry_facts(entry)})
    return {**stages, "aliases": dict(table.aliases)}


def _stage_names(fields: Fields, where: str) -> tuple[str, ...]:
    names = fields.texts("stage_names")
    if not names:
        raise InvalidFile("at least one stage is needed", path=where, key="stage_names")
    return names


def _entry_facts(entry: StageEntry) -> dict[str, Any]:
    """Return an entry without the people in it; its reason only where it goes out of use."""
    facts = {
        "requested_at": entry.requested_at,
        "traffic": entry.traffic,
        "reason": entry.reason if deprecation_of("", entry) else "",
        "replacement": entry.replacement,
        "sunset": entry.sunset,
        "migration": entry.migration,
    }
    return {key: value for key, value in facts.items() if value not in ("", None)}


def _entry(fields: Fields) -> StageEntry:
    return StageEntry(
        stage=fields.text("stage"),
        version=fields.text("version"),
        reason=fields.optional_text("reason"),
        requested_by="",
        requested_at=fields.optional_text("requested_at"),
        traffic=fields.optional_integer("traffic"),
        replacement=fields.optional_text("replacement"),
        sunset=fields.optional_text("sunset"),
        migration=fields.optional_text("migration"),
    )


def _version_mapping(version: IndexedVersion) -> dict[str, Any]:
    artifact = version.artifact
    mapping: dict[str, Any] = {"version": version.version, "manifest": version.manifest}
    if artifact is not None:
        mapping |= {
            "path": artifact.path,
            "format": artifact.format,
            "size": artifact.size,
            "sha256": artifact.sha256,
            **({"contents": dict(artifact.contents)} if artifact.contents else {}),
        }
    if version.md5:
        mapping["md5"] = version.md5
    if version.files is not None:
        mapping["files"] = version.files
    if version.removal is not None:
        mapping["removed"] = removal_mapping(version.removal)
    if version.error is not None:
        mapping["error"] = _error_mapping(version.error)
    return mapping


def _version(fields: Fields) -> IndexedVersion:
    error = _error(fields)
    removed = fields.mapping("removed")
    removal = removal_from(fields.inner("removed")) if removed else None
    # What the registry's broken files, or an artifact that went, don't tell may be missing.
    text = fields.text if error is None and removal is None else fields.optional_text
    path, md5, files = text("path"), text("md5"), fields.optional_integer("files")
    artifact = None
    if path:
        artifact = Artifact(
            path=path,
            format=fields.text("format"),
            size=fields.integer("size"),
            sha256=fields.text("sha256"),
            files=files,
            contents=fields.mapping("contents"),
        )
    return IndexedVersion(fields.text("version"), artifact, text("manifest"), md5, files, error, removal)


def removal_mapping(removal: Removal) -> dict[str, Any]:
    """Return a removal as its file has it, without the rules."""
    return {
        "model": removal.model,
        "version": removal.version,
        "removed_at": removal.removed_at,
        "removed_by": removal.removed_by,
        "reason": removal.reason,
        "stage": removal.stage,
        "artifact": {"sha256": removal.sha256, "size": removal.size, "md5": removal.md5},
    }


def _remote_mapping(remote: RemoteAddress | None) -> dict[str, Any] | None:
    return {"url": remote.url, "settings": dict(remote.settings)} if remote else None


def _remote(fields: Fields) -> RemoteAddress | None:
    if not fields.mapping("remote"):
        return None
    remote = fields.inner("remote")
    settings = remote.inner("settings")
    return RemoteAddress(remote.text("url"), {key: settings.text(key) for key in remote.mapping("settings")})


def _error_mapping(error: RollbookError) -> dict[str, str]:
    kind = next((name for name, error_type in _KINDS.items() if isinstance(error, error_type)), "invalid")
    return {"kind": kind, "message": str(error), "hint": error.hint}


def _error(fields: Fields) -> RollbookError | None:
    if not fields.mapping("error"):
        return None
    told = fields.inner("error")
    kind = _KINDS.get(told.text("kind"), InvalidFile)
    return kind(told.text("message"), hint=told.optional_text("hint"))
