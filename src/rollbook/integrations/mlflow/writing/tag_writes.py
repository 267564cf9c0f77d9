"""Tags and descriptions that MLflow's clients set and take away: of a version in notes.yaml, of a model in
model.yaml. As MLflow has it, what is so already is no error."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mlflow.utils import validation

from rollbook import layout
from rollbook.errors import AlreadySo, BadCall
from rollbook.integrations.mlflow.reading.hidden_facts import (
    hidden_facts,
    other_tags,
    write_hidden,
    write_other_tag,
)
from rollbook.propose.model_edit import plan_model_edit
from rollbook.propose.new_note import describe, plan_notes_edit
from rollbook.propose.proposal import PlannedChange, Proposal, branch_name
from rollbook.propose.tag_edits import change_tags
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.text import printable
from rollbook.transfer.mlflow.other_tags import OTHER_TAGS, parted_tags
from rollbook.transfer.mlflow.stranger_text import kept_text
from rollbook.yaml.edit import edit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.git.repository import Repository
    from rollbook.names import Reference
    from rollbook.registry.model_version import ModelVersion

_LONGEST = validation.MAX_MODEL_REGISTRY_TAG_VALUE_LENGTH


def require_tag(key: str, value: str) -> None:
    """Raise MlflowException for a tag that MLflow does not allow, BadCall for one that no file here can
    hold."""
    validation._validate_model_version_tag(key, value)
    if any(kept_text(text, _LONGEST) != text for text in (key, value)):
        raise BadCall(
            f"the tag {printable(key)[:80]!r} can't stand in a file: it has control characters",
            hint="Leave them out.",
        )


def plan_version_tag(
    repository: Repository, base: str, reference: Reference, key: str, value: str | None
) -> PlannedChange:
    """Return the change that sets a version's tag, or with None takes it away. Raises NotFound for an unknown
    version, AlreadySo where there is nothing to change."""

    def change(document: Any, version: ModelVersion) -> None:
        notes = version.notes()
        hidden = hidden_facts(notes.extra)
        others = tuple(name for name in hidden.tags if name != key)
        _write_tag(document, key, value, notes.tags)
        if value is None and (key in version.manifest.tags or key in other_tags(version.manifest.extra)):
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
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        record = registry.model(model).record
        path = layout.model_path(model)
        (before,) = registry.snapshot.read_many([path])
    after = edit(before or b"", lambda document: _write_tag(document, key, value, record.tags), path)
    if after == before:
        raise AlreadySo(f"the tags of {model} are so already")
    branch = branch_name("edit", model, hashlib.sha256(after).hexdigest()[:8])
    proposal = Proposal(branch, base, f"Edit the tags of {model}\n", {path: after})
    return PlannedChange(proposal, f"{model} can't be tagged so")


def _write_tag(document: Any, key: str, value: str | None, tags: Mapping[str, Any]) -> None:
    """Set a tag of a document that has these `tags`, or take it away, wherever it stands."""
    among, _ = parted_tags({key: value} if value is not None else {})
    if among:
        change_tags(document, {key: among[key]}, [])
    elif key in tags:
        change_tags(document, {}, [key])
    write_other_tag(document, key, None if among else value)


def plan_model_description(repository: Repository, base: str, model: str, text: str | None) -> PlannedChange:
    """Return the change that describes a model; empty or None takes its description away."""
    return plan_model_edit(repository, base, model, {"description": text or ""})[0]


def record_fields(model: str, name: str, description: str | None, tags: Mapping[str, str]) -> dict[str, Any]:
    """Return what model.yaml says of a model that MLflow's clients make, and call `name`."""
    among, others = parted_tags(tags)
    own = {**({"name": name} if name != model else {}), **({OTHER_TAGS: others} if others else {})}
    return {
        **({"description": description} if description else {}),
        **({"tags": among} if among else {}),
        **({"extra": {"mlflow": own}} if own else {}),
    }
