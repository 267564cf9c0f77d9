"""What MLflow's clients delete: a tombstone on record. The bytes stay until retention lets them go.

The tombstone is `extra.mlflow.deleted`, when and by whom: in a version's notes.yaml, in a model's model.yaml.
A number that was given is never given again, also when a deleted model is created anew.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.errors import AlreadySo
from rollbook.git.write import identity
from rollbook.integrations.mlflow.reading.hidden_facts import DELETED, is_deleted, write_own
from rollbook.integrations.mlflow.writing.stage_transition import archiving, plan_without_alias
from rollbook.names import Reference, time_now
from rollbook.propose.change_series import planned_together
from rollbook.propose.manifest_facts import require_lawful
from rollbook.propose.new_note import describe
from rollbook.propose.proposal import PlannedChange, Proposal, branch_name
from rollbook.registry.registry import Registry
from rollbook.schema.schemas import schema_line
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.transfer.mlflow.other_tags import OTHER_TAGS
from rollbook.yaml.edit import edit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rollbook.git.repository import Repository
    from rollbook.registry.registry import Model


def plan_version_deletion(repository: Repository, base: str, reference: Reference) -> PlannedChange:
    """Return the change that deletes a version upon the commit `base`: its aliases go, it goes to the archive
    unless it is at the first stage, and notes.yaml says that it is deleted.

    Raises NotFound for an unknown version, Refused where the policy keeps it in its stage.
    """
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        version = registry.version(reference)
        aliases = version.aliases
    why = "deleted by MLflow"
    return planned_together(
        repository,
        base,
        [
            *_aliases_away(repository, reference.model, aliases, why),
            archiving(repository, reference, why),
            lambda onto: _tombstones(repository, onto, reference.model, [str(reference.version)]),
        ],
        f"Delete {reference.model}@{reference.version} for MLflow",
    )


def plan_model_deletion(repository: Repository, base: str, name: str) -> PlannedChange:
    """Return the change that deletes a model and its versions upon the commit `base`, as
    `plan_version_deletion` does one. Raises as that does."""
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        model = registry.model(name)
        aliases, versions = [*model.stages.aliases], [*model.version_names]
        held = [version for version in versions if model.stages.entry_of(version)]
    why = "deleted by MLflow"
    return planned_together(
        repository,
        base,
        [
            *_aliases_away(repository, name, aliases, why),
            *(archiving(repository, Reference(name, version), why) for version in held),
            lambda onto: _tombstones(repository, onto, name, versions, whole=True),
        ],
        f"Delete the model {name} for MLflow",
    )


def _aliases_away(
    repository: Repository, model: str, aliases: Iterable[str], why: str
) -> list[Callable[[str], PlannedChange]]:
    return [partial(_alias_away, repository, model, alias, why) for alias in aliases]


def _alias_away(repository: Repository, model: str, alias: str, why: str, base: str) -> PlannedChange:
    return plan_without_alias(repository, base, model, alias, why)


def plan_revival(repository: Repository, base: str, name: str, fields: Mapping[str, Any]) -> PlannedChange:
    """Return the change that makes a deleted model one again upon the commit `base`, with these `fields` of
    model.yaml in place of those before. Its versions stay deleted. Raises AlreadySo for one that is not
    deleted."""
    own = fields.get("extra", {}).get("mlflow", {})
    require_lawful("model", {"name": name, "owner": "nobody", **fields}, "model.yaml")

    def change(document: Any) -> None:
        write_own(document, DELETED, None)
        for field in ("name", OTHER_TAGS):
            write_own(document, field, own.get(field))
        describe(document, fields.get("description", ""))
        document.pop("tags", None)
        if fields.get("tags"):
            document["tags"] = {**fields["tags"]}

    with Registry(repository, commit_snapshot(repository, base)) as registry:
        if not is_deleted(registry.model(name).record.extra):
            raise AlreadySo(f"the model {name} is there")
        path = layout.model_path(name)
        (before,) = registry.snapshot.read_many([path])
    files: dict[str, bytes | None] = {path: edit(before or b"", change, path)}
    proposal = Proposal(
        branch_name("model", name, "again"), base, f"Make {name} a model of MLflow's again\n", files
    )
    return PlannedChange(proposal, f"the model {name} can't be added")


def _tombstones(
    repository: Repository, base: str, name: str, versions: list[str], *, whole: bool = False
) -> PlannedChange:
    """Return the change that notes versions as deleted, those that aren't yet; with `whole` the model too."""
    tombstone = {"at": time_now(), "by": identity(repository).email}
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        model = registry.model(name)
        places = [
            (layout.notes_path(name, version), "notes")
            for version in versions
            if not is_deleted(model.version(version).notes().extra)
        ]
        if whole and not is_deleted(model.record.extra):
            places.append((layout.model_path(name), "model"))
        texts = registry.snapshot.read_many([path for path, _ in places])
    if not places:
        raise AlreadySo(f"{name} is deleted already")
    files: dict[str, bytes | None] = {
        path: edit(
            text or _start(path, schema, model), lambda one: write_own(one, DELETED, {**tombstone}), path
        )
        for (path, schema), text in zip(places, texts, strict=True)
    }
    what = f"the model {name}" if whole else f"{name}@{', '.join(versions)}"
    branch = branch_name("delete", name, "all" if whole else versions[0])
    proposal = Proposal(branch, base, f"Note that MLflow deleted {what}\n", files)
    return PlannedChange(proposal, f"{what} can't be deleted")


def _start(path: str, schema: str, model: Model) -> bytes:
    """Return what a file begins with that isn't there yet."""
    named = f"name: {model.name}\n" if schema == "model" else ""
    return f"{schema_line(schema, path)}\n{named}".encode()
