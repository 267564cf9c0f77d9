"""The rows of every view, computed from the files of a registry and from its tags, without any index."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.errors import InvalidFile
from rollbook.git.main_history import first_parents
from rollbook.names import time_text
from rollbook.records.evidence import parse_evidence
from rollbook.records.lineage import parse_origin
from rollbook.records.removal import parse_removal
from rollbook.records.stages import StageTable, parse_stages
from rollbook.registry.model_folders import model_names
from rollbook.registry.model_version import ModelVersion
from rollbook.registry.registry import Model
from rollbook.registry.version_files import evidence_paths
from rollbook.trail.history import history

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rollbook import Registry

Rows = dict[str, list[tuple[Any, ...]]]


class FromScratch:
    """Reads a registry file by file; what can't be read goes to `problems`, as the index has it."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.rows: Rows = {name: [] for name in (
            "models", "versions", "metrics", "params", "tags", "stages", "aliases", "lineage", "evidence",
            "evidence_metrics", "events", "approvals", "problems",
        )}  # fmt: skip
        for name in model_names(registry.snapshot):
            self._model(name)
        self._events()

    def _read(self, place: tuple[str, str | None], path: str, parse: Callable[[bytes, str], Any]) -> Any:
        """A file as it is parsed; None when there is none, or when it is broken."""
        try:
            (data,) = self.registry.snapshot.read_many([path])
            return None if data is None else parse(data, path)
        except InvalidFile as error:
            self.rows["problems"].append((path, *place, error.line, error.key or None, error.message))
            return None

    def _model(self, name: str) -> None:
        from rollbook.records.model import parse_model

        snapshot = self.registry.snapshot
        (listed,) = snapshot.children([layout.versions_directory(name)])
        table = self._read((name, None), layout.stages_path(name), parse_stages) or StageTable()
        record = self._read((name, None), layout.model_path(name), parse_model)
        from rollbook.registry.registry import (
            _sorted_versions,  # the order of versions is not what is tested here
        )

        model = Model(self.registry, name, _sorted_versions(listed), table)
        facts = (
            [
                record.display_name, record.owner, record.team, record.task, record.use_case,
                record.description, record.compliance, record.data_classification,
            ]
            if record
            else [None] * 8
        )  # fmt: skip
        latest = model.latest.version if model.latest else None
        self.rows["models"].append((name, *map(_text, facts), len(model.version_names), latest))
        if record:
            self.rows["tags"] += [
                (name, None, "model", tag, _shown(value)) for tag, value in record.tags.items()
            ]
        self._stages(name, table)
        for version in model.version_names:
            self._version(ModelVersion(model, version))

    def _stages(self, name: str, table: StageTable) -> None:
        self.rows["stages"] += [
            (
                name, entry.version, entry.stage, _text(entry.reason), _text(entry.requested_by),
                _time(entry.requested_at), entry.traffic, len(entry.approvals), _text(entry.replacement),
                _text(entry.sunset), _text(entry.migration), _text(entry.override),
                _text(str(entry.automatic or "")), _text(str(entry.despite or "")),
            )
            for entry in table.entries
        ]  # fmt: skip
        for alias, version in table.aliases.items():
            entry = table.alias_entries.get(alias)
            told = (
                (
                    _text(entry.reason),
                    _text(entry.requested_by),
                    _time(entry.requested_at),
                    len(entry.approvals),
                )
                if entry
                else (None,) * 4
            )
            self.rows["aliases"].append((name, alias, version, *told))

    def _version(self, item: ModelVersion) -> None:
        from rollbook.records.manifest import parse_manifest
        from rollbook.records.notes import parse_notes

        place = (item.model.name, item.version)
        manifest = self._read(place, layout.manifest_path(*place), parse_manifest)
        notes = self._read(place, layout.notes_path(*place), parse_notes)
        removal = self._read(place, layout.removal_path(*place), parse_removal)
        facts: list[Any] = [None] * 11
        if manifest:
            framework, artifact = manifest.framework, manifest.artifact
            facts = [
                _time(manifest.created_at), _text(manifest.created_by), _text(manifest.description),
                _text(manifest.algorithm), _text(framework.get("name")), _text(framework.get("version")),
                artifact.path, artifact.format, artifact.size, artifact.sha256, artifact.files,
            ]  # fmt: skip
            self._of_manifest(place, manifest)
        self.rows["versions"].append((
            *place, item.stage, *facts, _text(notes.description) if notes else None,
            _time(removal.removed_at) if removal else None,
        ))  # fmt: skip
        if notes:
            self.rows["tags"] += [(*place, "notes", tag, _shown(value)) for tag, value in notes.tags.items()]
        self._evidence(place, manifest.artifact.sha256 if manifest else None)

    def _of_manifest(self, place: tuple[str, str], manifest: Any) -> None:
        self.rows["metrics"] += [(*place, name, _number(value)) for name, value in manifest.metrics.items()]
        self.rows["params"] += [
            (*place, name, _shown(value), _number(value)) for name, value in manifest.hyperparameters.items()
        ]
        self.rows["tags"] += [
            (*place, "manifest", tag, _shown(value)) for tag, value in manifest.tags.items()
        ]
        try:
            origin = parse_origin(manifest)
        except InvalidFile as error:
            path = layout.manifest_path(*place)
            self.rows["problems"].append((path, *place, error.line, error.key or None, error.message))
            return
        kinds = (("data", origin.chain.trained_on), ("data-source", origin.chain.sources))
        for kind, one in ((kind, one) for kind, some in kinds for one in some):
            fields = map(_text, (one.name, one.version, one.uri, one.digest))
            self.rows["lineage"].append((*place, kind, *fields, one.rows, _text(one.step)))
        if origin.features:
            fields = map(_text, (origin.features.name, origin.features.version))
            self.rows["lineage"].append((*place, "features", *fields, None, None, None, None))
        for code, role in origin.every_code():
            told = (_text(code.repository), code.commit)
            self.rows["lineage"].append((*place, "code", *told, None, None, None, _text(role)))
        if origin.run:
            run = (origin.run.tool, origin.run.id, _text(origin.run.uri))
            self.rows["lineage"].append((*place, "run", *run, None, None, None))
        self.rows["lineage"] += [
            (*place, "parent", parent, None, None, None, None, None) for parent in origin.parents
        ]

    def _evidence(self, place: tuple[str, str], sha256: str | None) -> None:
        for path in evidence_paths(self.registry.snapshot, *place):
            found = self._read(place, path, parse_evidence)
            if found is None:
                continue
            kind, number = path.rpartition("/")[2].removesuffix(".yaml").rpartition("-")[::2]
            self.rows["evidence"].append((
                *place, kind, int(number), int(found.passed), int(found.is_about(*place, sha256 or "")),
                _time(found.created_at), _text(found.created_by), _text(found.summary),
                _text(found.tool.get("name")), _text(found.tool.get("version")), _text(found.uri),
                _text(found.target),
            ))  # fmt: skip
            self.rows["evidence_metrics"] += [
                (*place, kind, int(number), name, _number(value)) for name, value in found.metrics.items()
            ]

    def _events(self) -> None:
        repository, commit = self.registry.repository, self.registry.snapshot.commit
        assert commit is not None
        order = {landed.commit: place for place, landed in enumerate(first_parents(repository, commit))}
        for tag in history(repository, commit):
            event = tag.event
            self.rows["events"].append((
                event.model, event.version, event.number, event.action.value, _text(event.start),
                _text(event.target), _text(event.reason), _text(event.requested_by),
                _time(event.requested_at), time_text(tag.recorded_at),
                event.landed_in, order[event.landed_in],
                _text(tag.pull_request),
                _text(event.manifest_digest), _text(event.artifact_digest), tag.name, tag.oid,
                _text(tag.previous), tag.tagger, int(tag.signed),
            ))  # fmt: skip
            self.rows["approvals"] += [
                (
                    event.model, event.version, event.number, person, _text(event.start), _text(event.target),
                    time_text(tag.recorded_at), tag.name,
                )
                for person in event.approved_by
            ]  # fmt: skip


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _number(value: object) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable else None  # type: ignore[arg-type]


def _shown(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _time(text: str) -> str | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def in_order(rows: Mapping[str, list[tuple[Any, ...]]]) -> Rows:
    """The rows of each view in an order that does not depend on where they come from."""
    return {view: sorted(some, key=repr) for view, some in rows.items()}
