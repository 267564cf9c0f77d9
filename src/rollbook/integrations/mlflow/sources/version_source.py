"""What MLflow registers as a version: its bytes, in DVC's cache, and all that is known of them."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from mlflow.prompt.constants import IS_PROMPT_TAG_KEY

from rollbook.artifact.links import LinkRule
from rollbook.errors import BadCall, CannotTell, NotFound
from rollbook.git.address import without_credentials
from rollbook.integrations.mlflow.sources.chosen_version import chosen_version
from rollbook.integrations.mlflow.sources.source_location import is_called_from_afar, is_inside, locate
from rollbook.integrations.mlflow.version_download import downloaded
from rollbook.propose.artifact_names import lawful_name
from rollbook.propose.received_artifact import examined
from rollbook.propose.registration_request import Registration
from rollbook.propose.stores import open_store
from rollbook.propose.vouching import Vouching
from rollbook.registry.main_branch import main_commit
from rollbook.text import printable
from rollbook.transfer.mlflow.artifact_listing import ArtifactListing
from rollbook.transfer.mlflow.model_folder_facts import model_folder_facts, saved_by
from rollbook.transfer.mlflow.other_tags import OTHER_TAGS, parted_tags
from rollbook.transfer.mlflow.run_facts import (
    MlflowFacts,
    facts_of_both,
    joined,
    manifest_fields,
    run_facts,
)
from rollbook.transfer.mlflow.stranger_text import kept_address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rollbook.artifact.storage import Storage, Stored
    from rollbook.git.repository import Repository
    from rollbook.integrations.mlflow.reading.catalogue import Catalogue
    from rollbook.integrations.mlflow.sources.source_location import SourceLocation
    from rollbook.integrations.mlflow.sources.tracking_store import TrackingStore
    from rollbook.propose.received_artifact import ReceivedArtifact
    from rollbook.registry.model_version import ModelVersion

Found = TypeVar("Found")
_LOGGER = logging.getLogger(__name__)
_NAME = "model"
# What a copy of a version keeps of the manifest that it is copied from.
_COPIED = (
    "framework", "algorithm", "hyperparameters", "metrics", "features", "feature_pipeline", "preprocessing",
    "signature", "training", "environment", "lineage", "limitations", "protected_groups",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ToldVersion:
    """What MLflow tells of a version that shall be created; see `AbstractStore.create_model_version`."""

    source: str
    run_id: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    run_link: str | None = None
    description: str | None = None
    local_path: str | None = None
    model_id: str | None = None


@dataclass(frozen=True, slots=True)
class SourcedVersion:
    """A version to register, and its bytes, which are in DVC's cache."""

    registration: Registration
    received: ReceivedArtifact


def sourced_version(
    repository: Repository, catalogue: Catalogue, model: str, told: ToldVersion, tracking: TrackingStore
) -> SourcedVersion:
    """Bring what a source names into DVC's cache, and return it as a version of the folder `model`.

    Nothing else stays of the copying, whether it fails or not. Raises as `locate`, `ArtifactListing` and
    `Storage.add` do, Refused for bytes that are broken or malicious.
    """
    if told.tags.get(IS_PROMPT_TAG_KEY) == "true":
        raise BadCall(
            "a prompt is no model, and a registry of models keeps none",
            hint="Keep prompts in MLflow's own store: mlflow.set_registry_uri(...) around their calls.",
        )
    version, tags = chosen_version(told.tags)
    location = locate(told.source, told.run_id, told.model_id, tracking, catalogue)
    if location.version and catalogue.registry.has_model(model) and version:
        # A copy keeps its version where it can, and where not, it is the next one.
        version = None if version in catalogue.registry.model(model).version_names else version
    # In a batch, what is registered already has not been sent: main says what the remote has.
    storage = open_store(repository, main_commit(repository))
    received = examined(storage, _stored(repository, storage, location, told, tracking), Vouching())
    found = storage.bytes_of(received.stored)
    saved, attachments = model_folder_facts(found)
    traced = _traced(location, saved_by(found), tracking)
    facts = joined(_copied(location.version), traced, saved)
    for line in facts.left_out:
        _LOGGER.warning("%s: %s", model, printable(line))
    fields = _fields(told, facts, tags)
    parents = [str(location.version)] if location.version else []
    name = received.stored.pointer.path
    registration = Registration(
        model, told.source, version, facts=fields, attachments=attachments, parents=parents, name=name
    )
    return SourcedVersion(registration, received)


def _stored(
    repository: Repository,
    storage: Storage,
    location: SourceLocation,
    told: ToldVersion,
    tracking: TrackingStore,
) -> Stored:
    """Bring the bytes into DVC's cache: what is here is read where it is, all else copied file by file."""
    if location.version:
        path = Path(downloaded(repository, location.version))
        return storage.add(path, location.version.artifact.path)
    from_afar = is_called_from_afar()
    if told.local_path and not from_afar and Path(told.local_path).exists():
        return _add(storage, Path(told.local_path), LinkRule.NAMED)
    if (here := location.path) is not None:
        return _add(storage, here.resolve(), LinkRule.NONE) if from_afar else _add(storage, here)
    listing = ArtifactListing(location.uri, tracking.address)
    name = _NAME if listing.is_directory else lawful_name(listing.name)
    with closing(listing.parts()) as parts:
        return storage.add_parts(parts, name, is_directory=listing.is_directory)


def _add(storage: Storage, path: Path, links: LinkRule = LinkRule.NAMED) -> Stored:
    return storage.add(path, _NAME if path.is_dir() else lawful_name(path.name), links=links)


def _traced(location: SourceLocation, saved_by: tuple[str, str], tracking: TrackingStore) -> MlflowFacts:
    """Return what the run and the logged model say that made a version.

    Those that an `MLmodel` names are believed where the bytes were among their artifacts. What nobody named
    is asked for in vain without harm.
    """
    run, model = location.run, location.model
    if location.version:
        return MlflowFacts() if run is None else run_facts(run, tracking.experiment(run), tracking.link(run))
    saved_run, saved_model = saved_by
    left_out: list[str] = []
    if model is None and run is None and saved_model:
        logged = _asked(tracking.logged_model, saved_model, [])
        model = logged if logged and is_inside(location.uri, logged.artifact_location) else None
    if run is None and model is not None and model.source_run_id:
        run = _asked(tracking.run, model.source_run_id, left_out)
    elif run is None and saved_run:
        named = _asked(tracking.run, saved_run, [])
        run = named if named and is_inside(location.uri, named.info.artifact_uri) else None
    of_run = run_facts(run, tracking.experiment(run), tracking.link(run)) if run else MlflowFacts()
    return joined(facts_of_both(model, of_run), MlflowFacts(left_out=tuple(left_out)))


def _asked(ask: Callable[[str], Found], name: str, left_out: list[str]) -> Found | None:
    try:
        return ask(name)
    except (NotFound, CannotTell) as error:
        left_out.append(str(error))
        return None


def _copied(version: ModelVersion | None) -> MlflowFacts:
    """Return what the manifest of a version says that a copy of it says too."""
    if version is None:
        return MlflowFacts()
    manifest = version.manifest
    fields = {name: _plain(getattr(manifest, name)) for name in _COPIED if getattr(manifest, name)}
    # The file is beside the other manifest; the copy's is in its own folder.
    environment = {
        key: value
        for key, value in fields.pop("environment", {}).items()
        if key not in ("requirements", "sha256")
    }
    if environment:
        fields["environment"] = environment
    extra = manifest.extra.get("mlflow")
    return MlflowFacts(fields, extra if isinstance(extra, dict) else {})


def _plain(value: Any) -> Any:
    return [*value] if isinstance(value, tuple) else value


def _fields(told: ToldVersion, facts: MlflowFacts, tags: Mapping[str, str]) -> dict[str, Any]:
    """Return the manifest's fields. What the call says stands above what was found."""
    fields = manifest_fields(
        facts,
        source=without_credentials(told.source),
        run_id=told.run_id,
        run_link=told.run_link,
        model_id=told.model_id,
    )
    run = facts.fields.get("lineage", {}).get("run")
    if run and (link := kept_address(told.run_link or "")):
        fields["lineage"] = {**fields["lineage"], "run": {**run, "uri": link}}
    if told.description:
        fields["description"] = told.description
    kept, others = parted_tags(tags)
    if kept:
        fields["tags"] = kept
    if others:
        fields["extra"]["mlflow"][OTHER_TAGS] = others
    return fields
