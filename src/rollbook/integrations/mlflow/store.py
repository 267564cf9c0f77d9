"""The store of registered models that MLflow's clients and server are given for `rollbook://`."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS
from mlflow.store.entities.paged_list import PagedList
from mlflow.store.model_registry.abstract_store import AbstractStore
from mlflow.utils import validation

from rollbook.errors import BadCall
from rollbook.integrations.mlflow.failures import as_mlflow
from rollbook.integrations.mlflow.reading.catalogue import Catalogue, KeptCatalogues
from rollbook.integrations.mlflow.reading.entities import model_entity, version_entity
from rollbook.integrations.mlflow.reading.found_pages import found_models, found_versions
from rollbook.integrations.mlflow.reading.hidden_facts import is_deleted
from rollbook.integrations.mlflow.sources.chosen_version import with_next_version
from rollbook.integrations.mlflow.sources.tracking_store import TrackingStore
from rollbook.integrations.mlflow.sources.version_source import ToldVersion, sourced_version
from rollbook.integrations.mlflow.store_address import opened_repository, parse_address
from rollbook.integrations.mlflow.version_download import downloaded
from rollbook.integrations.mlflow.writing.deletion import (
    plan_model_deletion,
    plan_revival,
    plan_version_deletion,
)
from rollbook.integrations.mlflow.writing.landed_or_requested import Write, main_or_batch, reason_for, write
from rollbook.integrations.mlflow.writing.stage_transition import (
    StageTransition,
    made_room,
    plan_without_alias,
    require_active,
)
from rollbook.integrations.mlflow.writing.tag_writes import (
    plan_model_description,
    plan_model_tag,
    plan_version_description,
    plan_version_tag,
    record_fields,
    require_tag,
)
from rollbook.names import Reference
from rollbook.propose.alias_move import plan_alias
from rollbook.propose.new_model import plan_model
from rollbook.propose.registration import prepare
from rollbook.transfer.mlflow.model_names import folder_name
from rollbook.transfer.mlflow.stage_names import mlflow_stage, policy_stage
from rollbook.transfer.mlflow.version_tags import VERSION_TAG

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow.entities.model_registry import (
        ModelVersion,
        ModelVersionTag,
        RegisteredModel,
        RegisteredModelTag,
    )

    from rollbook.git.repository import Repository
    from rollbook.propose.proposal import PlannedChange


class RollbookStore(AbstractStore):  # type: ignore[misc]
    """The models of a registry, as MLflow's `AbstractStore` (mlflow.store.model_registry) has them."""

    def __init__(self, store_uri: str, tracking_uri: str | None = None) -> None:
        super().__init__(store_uri, tracking_uri)
        with as_mlflow():
            self._address = parse_address(store_uri)
            self._repository: Repository = opened_repository(self._address)
        self._catalogues = KeptCatalogues(self._repository, validation._validate_model_name)
        self._tracking = TrackingStore(tracking_uri)

    def _catalogue(self) -> Catalogue:
        return self._catalogues.at(main_or_batch(self._repository))

    def _write(self, plan: Callable[[str], PlannedChange]) -> None:
        write(self._repository, lambda base: Write(plan(base)), self._address)

    def _model(self, name: str) -> RegisteredModel:
        catalogue = self._catalogue()
        entry = catalogue.entry(name)
        return model_entity(catalogue.policy, entry, entry.latest)

    def _version(self, name: str, version: str | int) -> ModelVersion:
        catalogue = self._catalogue()
        return version_entity(catalogue.policy, catalogue.version(name, version))

    # Models

    def create_registered_model(
        self,
        name: str,
        tags: list[RegisteredModelTag] | None = None,
        description: str | None = None,
        deployment_job_id: str | None = None,
    ) -> RegisteredModel:
        with as_mlflow():
            validation._validate_model_name(name)
            for tag in tags or []:
                require_tag(tag.key, tag.value)
            model, registry = folder_name(name), self._catalogue().registry
            is_gone = registry.has_model(model) and is_deleted(registry.model(model).record.extra)
            if registry.has_model(model) and not is_gone:
                raise MlflowException(
                    f"Registered Model (name={name}) already exists.", RESOURCE_ALREADY_EXISTS
                )
            fields = record_fields(model, name, description, {tag.key: tag.value for tag in tags or []})
            plan = plan_revival if is_gone else plan_model
            self._write(lambda base: plan(self._repository, base, model, fields))
            return self._model(name)

    def update_registered_model(
        self, name: str, description: str | None, deployment_job_id: str | None = None
    ) -> RegisteredModel:
        with as_mlflow():
            model = self._catalogue().model(name).name
            self._write(lambda base: plan_model_description(self._repository, base, model, description))
            return self._model(name)

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        with as_mlflow():
            raise BadCall(
                f"{name} can't be renamed: its trail, its tags and whoever loads it know it by its name",
                hint=f"Create {new_name}, and copy the version: MlflowClient().copy_model_version(...).",
            )

    def delete_registered_model(self, name: str) -> None:
        with as_mlflow():
            model = self._catalogue().model(name).name
            self._write(lambda base: plan_model_deletion(self._repository, base, model))

    def get_registered_model(self, name: str) -> RegisteredModel:
        with as_mlflow():
            return self._model(name)

    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int | None = None,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[RegisteredModel]:
        with as_mlflow():
            catalogue = self._catalogue()
            page = found_models(catalogue, filter_string, max_results, order_by, page_token)
            entities = [
                model_entity(catalogue.policy, entry, catalogue.readable_latest(entry))
                for entry in page.items
            ]
            return PagedList(entities, page.token)

    def get_latest_versions(self, name: str, stages: list[str] | None = None) -> list[ModelVersion]:
        with as_mlflow():
            catalogue = self._catalogue()
            return [version_entity(catalogue.policy, one) for one in catalogue.latest_versions(name, stages)]

    def set_registered_model_tag(self, name: str, tag: RegisteredModelTag) -> None:
        self._tag_model(name, tag.key, tag.value)

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        self._tag_model(name, key, None)

    def _tag_model(self, name: str, key: str, value: str | None) -> None:
        with as_mlflow():
            if value is not None:
                require_tag(key, value)
            model = self._catalogue().model(name).name
            self._write(lambda base: plan_model_tag(self._repository, base, model, key, value))

    # Versions

    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: list[ModelVersionTag] | None = None,
        run_link: str | None = None,
        description: str | None = None,
        local_model_path: str | None = None,
        model_id: str | None = None,
    ) -> ModelVersion:
        with as_mlflow():
            for tag in tags or []:
                require_tag(tag.key, tag.value)
            model = self._catalogue().model(name).name
            told = ToldVersion(
                source,
                run_id or None,
                {tag.key: tag.value for tag in tags or []},
                run_link or None,
                description or None,
                local_model_path or None,
                model_id or None,
            )
            sourced = sourced_version(self._repository, self._catalogue(), model, told, self._tracking)
            version = ""

            def plan(base: str) -> Write:
                nonlocal version
                registration = with_next_version(
                    self._repository, base, sourced.registration, sourced.received
                )
                prepared = prepare(self._repository, registration, onto=base, received=sourced.received)
                version = prepared.version.version
                return Write(prepared.change, lambda: prepared.upload(self._repository))

            write(self._repository, plan, self._address)
            return self._version(name, version)

    def update_model_version(self, name: str, version: str | int, description: str | None) -> ModelVersion:
        with as_mlflow():
            reference = self._reference(self._catalogue(), name, version)
            self._write(lambda base: plan_version_description(self._repository, base, reference, description))
            return self._version(name, version)

    def transition_model_version_stage(
        self, name: str, version: str | int, stage: str, archive_existing_versions: bool
    ) -> ModelVersion:
        with as_mlflow():
            catalogue = self._catalogue()
            policy = catalogue.registry.policy
            target = policy_stage(policy, stage)
            if archive_existing_versions:
                require_active(policy, target, stage)
            transition = StageTransition(
                self._reference(catalogue, name, version),
                target,
                reason_for(self._repository, f"moved to {mlflow_stage(policy, target)} by MLflow"),
                archive_existing_versions,
            )
            displaced: tuple[str, ...] = ()

            def plan(base: str) -> PlannedChange:
                nonlocal displaced
                change, displaced = transition.plan(self._repository, base)
                return change

            self._write(plan)
            numbers = {one.version: one.number for one in catalogue.registered.of(transition.reference.model)}
            for other in displaced:
                told = f"version {numbers.get(other, '?')} ({other})"
                warnings.warn(f"{name}: {made_room(policy, told, target)}", stacklevel=2)
            return self._version(name, version)

    def delete_model_version(self, name: str, version: str | int) -> None:
        with as_mlflow():
            reference = self._reference(self._catalogue(), name, version)
            self._write(lambda base: plan_version_deletion(self._repository, base, reference))

    def get_model_version(self, name: str, version: str | int) -> ModelVersion:
        with as_mlflow():
            return self._version(name, version)

    def get_model_version_download_uri(self, name: str, version: str | int) -> str:
        with as_mlflow():
            found, _ = self._catalogue().numbered(name, version)
            return downloaded(self._repository, found)

    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int | None = None,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[ModelVersion]:
        with as_mlflow():
            catalogue = self._catalogue()
            page = found_versions(catalogue, filter_string, max_results, order_by, page_token)
            return PagedList([version_entity(catalogue.policy, one) for one in page.items], page.token)

    def set_model_version_tag(self, name: str, version: str | int, tag: ModelVersionTag) -> None:
        self._tag_version(name, version, tag.key, tag.value)

    def delete_model_version_tag(self, name: str, version: str | int, key: str) -> None:
        self._tag_version(name, version, key, None)

    def _tag_version(self, name: str, version: str | int, key: str, value: str | None) -> None:
        with as_mlflow():
            if value is not None:
                require_tag(key, value)
            if key == VERSION_TAG:
                raise BadCall(f"the tag {key} says which version it is, and is no other one's to set")
            reference = self._reference(self._catalogue(), name, version)
            self._write(lambda base: plan_version_tag(self._repository, base, reference, key, value))

    def _reference(self, catalogue: Catalogue, name: str, version: str | int) -> Reference:
        found, _ = catalogue.numbered(name, version)
        return Reference(found.model.name, found.version)

    # Aliases

    def set_registered_model_alias(self, name: str, alias: str, version: str | int) -> None:
        with as_mlflow():
            reference = self._reference(self._catalogue(), name, version)
            reason = reason_for(self._repository, f"set by MLflow to version {version}")
            self._write(
                lambda base: plan_alias(self._repository, base, reference, alias, reason=reason).change
            )

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        with as_mlflow():
            model = self._catalogue().model(name).name
            reason = reason_for(self._repository, "taken away by MLflow")
            self._write(lambda base: plan_without_alias(self._repository, base, model, alias, reason))

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        with as_mlflow():
            catalogue = self._catalogue()
            return version_entity(catalogue.policy, catalogue.aliased_version(name, alias))
