"""Tags and descriptions that MLflow's clients set and take away: of a version in notes.yaml, of a model in
model.yaml. As MLflow has it, what is so already is no error."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlflow.utils import validation

from rollbook.errors import AlreadySo, BadCall
from rollbook.integrations.mlflow.hidden_facts import hidden_facts, write_hidden
from rollbook.propose.manifest_facts import require_lawful
from rollbook.propose.model_edit import plan_model_edit
from rollbook.propose.new_note import describe, plan_notes_edit
from rollbook.propose.tag_edits import change_tags
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.names import Reference
    from rollbook.propose.proposal import PlannedChange
    from rollbook.registry.model_version import ModelVersion


def require_tag(key: str, value: str) -> None:
    """Raise MlflowException for a tag that MLflow does not allow, BadCall for one that no file here can
    hold."""
    validation._validate_model_version_tag(key, value)
    try:
        require_lawful("notes", {"tags": {key: value}}, f"the tag {key[:80]!r}")
    except BadCall as error:
        hint = "A tag's name has letters, digits and `_ . @ : / -`, its text at most 10,000 characters."
        raise BadCall(str(error), hint=error.hint or hint) from error


def plan_version_tag(
    repository: Repository, base: str, reference: Reference, key: str, value: str | None
) -> PlannedChange:
    """Return the change that sets a version's tag, or with None takes it away. Raises NotFound for an unknown
    version, AlreadySo where there is nothing to change."""

    def change(document: Any, version: ModelVersion) -> None:
        notes = version.notes()
        hidden = hidden_facts(notes.extra)
        others = tuple(name for name in hidden.tags if name != key)
        if value is not None:
            change_tags(document, {key: value}, [])
        elif key in notes.tags:
            change_tags(document, {}, [key])
        if value is None and key in version.manifest.tags:
            others = (*others, key)
        if others != hidden.tags:
            write_hidden(document, replace(hidden, tags=others))

    return plan_notes_edit(repository, base, reference, change)[0]


def plan_version_description(
    repository: Repository, base: str, reference: Reference, text: str | None
) -> PlannedChange:
    """Return the change that describes a version; empty or None takes its description away. Raises as
    `plan_version_tag` does."""

    def change(document: Any, version: ModelVersion) -> None:
        hidden = hidden_facts(version.notes().extra)
        describe(document, text or "")
        is_hidden = not text and bool(version.manifest.description)
        if is_hidden != hidden.description:
            write_hidden(document, replace(hidden, description=is_hidden))

    return plan_notes_edit(repository, base, reference, change, text or "")[0]


def plan_model_tag(
    repository: Repository, base: str, model: str, key: str, value: str | None
) -> PlannedChange:
    """Return the change that sets a model's tag, or with None takes it away. Raises NotFound for an unknown
    model, AlreadySo where there is nothing to change."""
    if value is not None:
        return plan_model_edit(repository, base, model, {}, tags={key: value})[0]
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        if key not in registry.model(model).record.tags:
            raise AlreadySo(f"{model} has no tag {key[:80]!r}")
    return plan_model_edit(repository, base, model, {}, remove_tags=[key])[0]


def plan_model_description(repository: Repository, base: str, model: str, text: str | None) -> PlannedChange:
    """Return the change that describes a model; empty or None takes its description away."""
    return plan_model_edit(repository, base, model, {"description": text or ""})[0]
