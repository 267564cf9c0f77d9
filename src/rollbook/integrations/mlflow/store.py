"""The store of registered models that MLflow's clients and server are given for `rollbook://`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_ALREADY_EXISTS
from mlflow.store.model_registry.abstract_store import AbstractStore

from rollbook.errors import BadCall
from rollbook.git.repository import discover
from rollbook.integrations.mlflow.catalogue import Catalogue, KeptCatalogues
from rollbook.integrations.mlflow.failures import as_mlflow
from rollbook.integrations.mlflow.found_pages import found_models, found_versions
from rollbook.integrations.mlflow.model_names import folder_name
from rollbook.integrations.mlflow.stage_names import policy_stage
from rollbook.integrations.mlflow.store_address import parse_address
from rollbook.integrations.mlflow.version_download import downloaded
from rollbook.integrations.mlflow.version_source import registration_of
from rollbook.integrations.mlflow.writing import Write, main_or_batch, write
from rollbook.names import Reference
from rollbook.propose.alias_move import plan_alias
from rollbook.propose.model_edit import plan_model_edit
from rollbook.propose.new_model import plan_model
from rollbook.propose.new_note import plan_note
from rollbook.propose.promotion import plan_promotion
from rollbook.propose.registration import prepare

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlflow.entities.model_registry import (
        ModelVersion,
        ModelVersionTag,
        RegisteredModel,
        RegisteredModelTag,
    )
    from mlflow.store.entities.paged_list import PagedList

    from rollbook.git.repository import Repository
    from rollbook.propose.proposal import PlannedChange


class RollbookStore(AbstractStore):  # type: ignore[misc]
    """The models of a registry, as MLflow's `AbstractStore` (mlflow.store.model_registry) has them."""

    def __init__(self, store_uri: str, tracking_uri: str | None = None) -> None:
        super().__init__(store_uri, tracking_uri)
        with as_mlflow():
            self._address = parse_address(store_uri)
            self._repository: Repository = discover(Path(self._address.directory))
        self._catalogues = KeptCatalogues(self._repository)

    def _catalogue(self) -> Catalogue:
        return self._catalogues.at(main_or_batch(self._repository))

    def _write(self, plan: Callable[[str], PlannedChange]) -> None:
        write(self._repository, lambda base: Write(plan(base)))

    # Models

    def create_registered_model(
        self,
        name: str,
        tags: list[RegisteredModelTag] | None = None,
        description: str | None = None,
        deployment_job_id: str | None = None,
    ) -> RegisteredModel:
        with as_mlflow():
            model = folder_name(name)
            if self._catalogue().registry.has_model(model):
                raise MlflowException(f"There is a model {name} already", RESOURCE_ALREADY_EXISTS)
            fields: dict[str, Any] = {"description": description} if description else {}
            if tags:
                fields["tags"] = {tag.key: tag.value for tag in tags}
            if model != name:
                fields["extra"] = {"mlflow": {"name": name}}
            self._write(lambda base: plan_model(self._repository, base, model, fields))
            return self._catalogue().registered_model(name)

    def update_registered_model(
        self, name: str, description: str | None, deployment_job_id: str | None = None
    ) -> RegisteredModel:
        self._edit_model(name, fields={"description": description or ""})
        return self.get_registered_model(name)

    def rename_registered_model(self, name: str, new_name: str) -> RegisteredModel:
        with as_mlflow():
            raise BadCall(
                f"{name} can't be renamed: its trail, its tags and whoever loads it know it by its name",
                hint=f"Create {new_name}, and copy the version: MlflowClient().copy_model_version(...).",
            )

    def delete_registered_model(self, name: str) -> None:
        raise NotImplementedError

    def get_registered_model(self, name: str) -> RegisteredModel:
        with as_mlflow():
            return self._catalogue().registered_model(name)

    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int | None = None,
        order_by: list[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[RegisteredModel]:
        with as_mlflow():
            return found_models(self._catalogue(), filter_string, max_results, order_by, page_token)

    def get_latest_versions(self, name: str, stages: list[str] | None = None) -> list[ModelVersion]:
        with as_mlflow():
            return self._catalogue().latest_versions(name, stages)

    def set_registered_model_tag(self, name: str, tag: RegisteredModelTag) -> None:
        self._edit_model(name, tags={tag.key: tag.value})

    def delete_registered_model_tag(self, name: str, key: str) -> None:
        self._edit_model(name, remove_tags=[key])

    def _edit_model(self, name: str, **edit: Any) -> None:
        with as_mlflow():
            model = self._catalogue().model(name).name
            self._write(
                lambda base: plan_model_edit(self._repository, base, model, edit.pop("fields", {}), **edit)[0]
            )

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
            model = self._catalogue().model(name).name
            told = {tag.key: tag.value for tag in tags or []}
            with registration_of(
                model, source, run_id, told, run_link, description, local_model_path, model_id
            ) as registration:
                version = ""

                def plan(base: str) -> Write:
                    nonlocal version
                    prepared = prepare(self._repository, registration, onto=base)
                    version = prepared.version.version
                    return Write(prepared.change, lambda: prepared.upload(self._repository))

                write(self._repository, plan)
            return self._catalogue().model_version(name, version)

    def update_model_version(self, name: str, version: str | int, description: str | None) -> ModelVersion:
        self._note(name, version, description=description or "")
        return self.get_model_version(name, version)

    def transition_model_version_stage(
        self, name: str, version: str | int, stage: str, archive_existing_versions: bool
    ) -> ModelVersion:
        with as_mlflow():
            catalogue = self._catalogue()
            reference = self._reference(catalogue, name, version)
            target = policy_stage(catalogue.registry.policy, stage)
            self._write(
                lambda base: (
                    plan_promotion(
                        self._repository, base, reference, target, reason=f"moved to {stage} by MLflow"
                    ).change
                )
            )
            return self.get_model_version(name, version)

    def delete_model_version(self, name: str, version: str | int) -> None:
        raise NotImplementedError

    def get_model_version(self, name: str, version: str | int) -> ModelVersion:
        with as_mlflow():
            return self._catalogue().model_version(name, version)

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
            return found_versions(self._catalogue(), filter_string, max_results, order_by, page_token)

    def set_model_version_tag(self, name: str, version: str | int, tag: ModelVersionTag) -> None:
        self._note(name, version, tags={tag.key: tag.value})

    def delete_model_version_tag(self, name: str, version: str | int, key: str) -> None:
        self._note(name, version, remove_tags=[key])

    def _note(self, name: str, version: str | int, **note: Any) -> None:
        with as_mlflow():
            reference = self._reference(self._catalogue(), name, version)
            self._write(lambda base: plan_note(self._repository, base, reference, **note)[0])

    def _reference(self, catalogue: Catalogue, name: str, version: str | int) -> Reference:
        found, _ = catalogue.numbered(name, version)
        return Reference(found.model.name, found.version)

    # Aliases

    def set_registered_model_alias(self, name: str, alias: str, version: str | int) -> None:
        with as_mlflow():
            reference = self._reference(self._catalogue(), name, version)
            reason = f"set by MLflow to version {version}"
            self._write(
                lambda base: plan_alias(self._repository, base, reference, alias, reason=reason).change
            )

    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        with as_mlflow():
            model = self._catalogue().model(name)
            reference = Reference(model.name, name=alias)
            self._write(
                lambda base: (
                    plan_alias(
                        self._repository, base, reference, alias, reason="taken away by MLflow", remove=True
                    ).change
                )
            )

    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        with as_mlflow():
            return self._catalogue().aliased_version(name, alias)
