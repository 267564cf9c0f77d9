"""Where a version comes from: its data, features, code, run, environment and parents, and theirs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.errors import BadCall, NotFound
from rollbook.insight.lineage.attested_builds import attested_builds
from rollbook.names import parse_reference
from rollbook.records.imported import as_mapping
from rollbook.records.lineage import parse_origin
from rollbook.registry.model_version import ModelVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rollbook.insight.lineage.attested_builds import AttestedBuild
    from rollbook.records.imported import Imported
    from rollbook.records.lineage import TrainingOrigin
    from rollbook.records.manifest import Manifest
    from rollbook.registry.deployments import Deployment
    from rollbook.registry.registry import Model, Registry


@dataclass(frozen=True, slots=True)
class Traced:
    """A version, where it stands, and where it comes from. `reference` is its `MODEL@VERSION`; `imported`
    says which registry it was brought from, and is None where it was registered here; `builds` is what its
    builders attest."""

    reference: str
    stage: str
    aliases: tuple[str, ...]
    manifest: Manifest
    origin: TrainingOrigin
    imported: Imported | None = None
    builds: tuple[AttestedBuild, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Return the version and where it comes from as JSON data."""
        manifest, origin = self.manifest, self.origin
        return {
            "reference": self.reference,
            "stage": self.stage,
            "aliases": list(self.aliases),
            "created_at": manifest.created_at,
            "created_by": manifest.created_by,
            "sha256": manifest.artifact.sha256,
            "data": [one.as_document() for one in (*origin.chain.trained_on, *origin.chain.sources)],
            "features": asdict(origin.features) if origin.features else None,
            "code": asdict(origin.code) if origin.code else None,
            "codes": [asdict(one) for one in origin.codes],
            "run": asdict(origin.run) if origin.run else None,
            "framework": dict(manifest.framework),
            "environment": dict(manifest.environment),
            "parents": list(origin.parents),
            "imported": as_mapping(self.imported),
            "provenance": [build.as_document() for build in self.builds],
        }


@dataclass(frozen=True, slots=True)
class Stood:
    """A version's time in one stage: since when, and until when (UTC); `until` is empty while it lasts."""

    stage: str
    since: str
    until: str = ""


@dataclass(frozen=True, slots=True)
class Lineage:
    """A version with all its ancestors.

    `versions` has them by reference, the version asked for first, then its parents, then theirs.
    `missing` are parents that the registry does not have. What became of the version asked for, its stages
    and its deployments, is added by `lineage.follow`.
    """

    reference: str
    versions: Mapping[str, Traced]
    missing: tuple[str, ...]
    stood: tuple[Stood, ...] = ()
    deployments: tuple[Deployment, ...] = ()

    @property
    def asked(self) -> Traced:
        """The version that was asked for."""
        return self.versions[self.reference]

    def as_document(self) -> dict[str, Any]:
        """Return the version, its ancestors, and what became of it as JSON data."""
        return {
            "reference": self.reference,
            "versions": [version.as_document() for version in self.versions.values()],
            "missing": list(self.missing),
            "stages": [asdict(one) for one in self.stood],
            "deployments": [asdict(one) for one in self.deployments],
        }

    def _repr_html_(self) -> str:
        from rollbook.insight.display import display, lines
        from rollbook.insight.lineage.lineage_tree import as_tree

        return display(f"Where {self.reference} comes from", lines(as_tree(self)))


def trace(registry: Registry, reference: str) -> Lineage:
    """Return the lineage of the version that a reference stands for; cycles of parents end where they close.

    Raises NotFound and BadCall as `Registry.version` does, InvalidFile for a manifest that can't be read.
    """
    start = registry.version(reference)
    models = {start.model.name: start.model}
    versions: dict[str, Traced] = {}
    missing: dict[str, None] = {}
    generation = [start]
    while generation:
        versions |= {str(item): traced(item) for item in generation}
        parents = dict.fromkeys(
            parent for item in generation for parent in versions[str(item)].origin.parents
        )
        unseen = [parent for parent in parents if parent not in versions and parent not in missing]
        places = {parent: _locate(registry, models, parent) for parent in unseen}
        existing = read_versions(registry, [place for place in places.values() if place is not None])
        generation = [item for item in existing if item is not None]
        there = {str(item) for item in generation}
        missing |= dict.fromkeys(parent for parent in unseen if parent not in there)
    return Lineage(str(start), versions, tuple(missing))


def traced(version: ModelVersion) -> Traced:
    """Return a version with its lineage read. Raises InvalidFile when that can't be read."""
    origin = parse_origin(version.manifest)
    return Traced(
        reference=str(version),
        stage=version.stage,
        aliases=tuple(version.aliases),
        manifest=version.manifest,
        origin=origin,
        imported=version.imported,
        builds=attested_builds(version, origin),
    )


def read_versions(registry: Registry, places: Iterable[tuple[Model, str]]) -> list[ModelVersion | None]:
    """Versions of any models, their manifests read in one go; None for one without a manifest."""
    pairs = list(places)
    paths = [layout.manifest_path(model.name, version) for model, version in pairs]
    return [
        None if data is None else ModelVersion(model, version, data)
        for (model, version), data in zip(pairs, registry.snapshot.read_many(paths), strict=True)
    ]


def _locate(registry: Registry, models: dict[str, Model], parent: str) -> tuple[Model, str] | None:
    """Return the model and version that a parent names; None when the registry has none such."""
    try:
        reference = parse_reference(parent)
        if reference.version is None:  # a stage moves on: it says nothing about the past
            return None
        if reference.model not in models:
            models[reference.model] = registry.model(reference.model)
    except (BadCall, NotFound):
        return None
    model = models[reference.model]
    return (model, reference.version) if reference.version in model.version_names else None
