"""One version of a model in a snapshot: what is fixed, what was learnt later, and its artifact. Read-only."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import NotFound
from rollbook.records.deprecation import deprecation_of
from rollbook.records.manifest import parse_manifest

if TYPE_CHECKING:
    from rollbook.records.deprecation import Deprecation
    from rollbook.records.evidence import Evidence
    from rollbook.records.imported import Imported
    from rollbook.records.manifest import Artifact, Manifest
    from rollbook.records.model_signature import ModelSignature
    from rollbook.records.notes import Notes
    from rollbook.records.provenance import Provenance
    from rollbook.records.removal import Removal
    from rollbook.records.stages import StageEntry
    from rollbook.registry.registry import Model


class ModelVersion:
    """One version of a model."""

    def __init__(self, model: Model, version: str, manifest: bytes | None = None) -> None:
        self.model = model
        self.version = version
        self._manifest = manifest

    def __str__(self) -> str:
        return f"{self.model.name}@{self.version}"

    @property
    def entry(self) -> StageEntry | None:
        """The line of `stages.yaml` that names this version; None at the first stage."""
        return self.model.stages.entry_of(self.version)

    @property
    def stage(self) -> str:
        """The stage this version is in."""
        return self.entry.stage if self.entry else self.model.registry.policy.first_stage.name

    @property
    def deprecation(self) -> Deprecation | None:
        """Since when, why and until when this version is deprecated; None where it isn't."""
        return deprecation_of(self.model.name, self.entry)

    @property
    def aliases(self) -> list[str]:
        """The aliases that stand for this version, sorted."""
        return sorted(
            alias for alias, version in self.model.stages.aliases.items() if version == self.version
        )

    @cached_property
    def manifest(self) -> Manifest:
        """The facts fixed at registration. Raises NotFound when there is no manifest."""
        path = layout.manifest_path(self.model.name, self.version)
        data = self._manifest
        if data is None:
            (data,) = self.model.registry.snapshot.read_many([path])
        if data is None:
            raise NotFound(f"{path} does not exist", hint="Run `rollbook check --all`.")
        return parse_manifest(data, path)

    @property
    def artifact(self) -> Artifact:
        """The artifact's name, format, size and digest. Raises as `manifest` does."""
        told = self.model.registry.snapshot.artifact(self.model.name, self.version)
        return self.manifest.artifact if told is None else told

    def evidence(self) -> tuple[Evidence, ...]:
        """Return what was learnt later, by kind and number. Raises InvalidFile for a broken file."""
        from rollbook.records.evidence import parse_evidence
        from rollbook.registry.version_files import evidence_paths

        snapshot = self.model.registry.snapshot
        paths = evidence_paths(snapshot, self.model.name, self.version)
        contents = zip(paths, snapshot.read_many(paths), strict=True)
        all_evidence = [parse_evidence(data, path) for path, data in contents if data is not None]
        return tuple(sorted(all_evidence, key=lambda each: (each.kind, each.number)))

    def notes(self) -> Notes:
        """Return what the version's notes say; empty without any. Raises InvalidFile for a broken file."""
        from rollbook.records.notes import parse_notes

        path = layout.notes_path(self.model.name, self.version)
        (data,) = self.model.registry.snapshot.read_many([path])
        return parse_notes(data or b"", path)

    @cached_property
    def removal(self) -> Removal | None:
        """When, why and by whom the artifact was removed; None while it is kept."""
        path = layout.removal_path(self.model.name, self.version)
        (data,) = self.model.registry.snapshot.read_many([path])
        if data is None:
            return None
        from rollbook.records.removal import parse_removal

        return parse_removal(data, path)

    @cached_property
    def imported(self) -> Imported | None:
        """Which registry the version was brought from; None where it was registered here."""
        path = layout.imported_path(self.model.name, self.version)
        (data,) = self.model.registry.snapshot.read_many([path])
        if data is None:
            return None
        from rollbook.records.imported import parse_imported

        return parse_imported(data, path)

    @cached_property
    def model_signature(self) -> ModelSignature | None:
        """The artifact's signature, not verified; None without one. Raises InvalidFile for a broken file."""
        path = layout.signature_path(self.model.name, self.version)
        (data,) = self.model.registry.snapshot.read_many([path])
        if data is None:
            return None
        from rollbook.records.model_signature import parse_model_signature

        return parse_model_signature(data, path)

    @cached_property
    def provenance(self) -> tuple[Provenance, ...]:
        """What builders attest of the version's making, not verified. Raises InvalidFile for a broken
        file."""
        path = layout.provenance_path(self.model.name, self.version)
        (data,) = self.model.registry.snapshot.read_many([path])
        if data is None:
            return ()
        from rollbook.records.provenance import parse_provenance

        return parse_provenance(data, path)

    @property
    def artifact_path(self) -> str:
        """Where `dvc pull` puts the artifact, relative to the repository's root."""
        directory = layout.version_directory(self.model.name, self.version)
        return f"{directory}/{self.artifact.path}"
