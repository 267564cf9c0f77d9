"""Changing what is said of a model: an edit of its model.yaml, in a proposal."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.errors import AlreadySo, BadCall, NotFound, Refused, nearest
from rollbook.git.operation import one_operation
from rollbook.names import require_model_name
from rollbook.propose.manifest_facts import require_lawful
from rollbook.propose.proposal import PlannedChange, Proposal, branch_name, propose
from rollbook.propose.tag_edits import change_tags, require_apart
from rollbook.propose.told_model import FIELDS
from rollbook.records.fields import tags_of
from rollbook.registry.main_branch import main_commit
from rollbook.registry.registry import Registry
from rollbook.schema.schemas import schema_line
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.yaml.edit import edit
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.git.repository import Repository

# As a person reads model.yaml; the rest comes below.
_ORDER = ("name", *FIELDS)
_HINT = "Give a field, e.g. --owner ADDRESS, --description TEXT, --tag NAME=TEXT or --remove-tag NAME."


@dataclass(frozen=True, slots=True)
class EditedModel:
    """An edit of a model's record that was proposed. `changed` are the fields that it changes."""

    model: str
    path: str
    changed: tuple[str, ...]
    branch: str
    commit: str


@one_operation()
def edit_model(
    repository: Repository,
    model: str,
    fields: Mapping[str, str | None],
    *,
    tags: Mapping[str, str] | None = None,
    remove_tags: Sequence[str] = (),
) -> EditedModel:
    """Propose an edit of a model's model.yaml: a branch with one commit; comments and order stay.

    Raises as `plan_model_edit` does, ChangeRefused when the check refuses it, Conflict when the same proposal
    stands already.
    """
    base = main_commit(repository)
    planned, changed = plan_model_edit(repository, base, model, fields, tags=tags, remove_tags=remove_tags)
    made, _ = propose(repository, planned)
    (path,) = planned.proposal.files
    return EditedModel(model, path, changed, planned.proposal.branch, made)


def plan_model_edit(
    repository: Repository,
    base: str,
    model: str,
    fields: Mapping[str, str | None],
    *,
    tags: Mapping[str, str] | None = None,
    remove_tags: Sequence[str] = (),
) -> tuple[PlannedChange, tuple[str, ...]]:
    """Return an edit of a model's model.yaml upon the commit `base`, and the fields that it changes.

    Of `fields`, None leaves one as it is, empty text takes it out. Raises BadCall when nothing is asked for
    or what is asked for makes no sense, NotFound for an unknown model or a tag that it hasn't, Refused when
    the record says so already.
    """
    tags = tags or {}
    told = {name: value for name, value in fields.items() if value is not None}
    _require_sense(told, tags, remove_tags)
    require_model_name(model)
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        registry.require()
        registry.model(model)  # raises when it isn't there
        path = layout.model_path(model)
        (before,) = registry.snapshot.read_many([path])
    start = before or f"{schema_line('model', path)}\nname: {model}\n".encode()

    def change(document: Any) -> None:
        if not isinstance(document, dict):
            raise Refused(f"{path} is no mapping", hint="Run `rollbook check --all`.")
        for tag in remove_tags:
            _require_tagged(model, document, tag)
        for name, text in told.items():
            _set(document, name, text)
        if tags and not document.get("tags"):
            _set(document, "tags", {**tags})
        change_tags(document, tags, remove_tags)

    after = edit(start, change, path)
    if after == start:
        raise AlreadySo(f"{path} says so already")
    # The same edit has the same branch; another one never has.
    branch = branch_name("edit", model, hashlib.sha256(after).hexdigest()[:8])
    changed = tuple(_changed(load(start, path), load(after, path)))
    message = f"Edit what is said of {model}\n\nChanged: {', '.join(changed)}\n"
    proposal = Proposal(branch, base, message, {path: after})
    return PlannedChange(proposal, f"{model} can't be described so"), changed


def _require_sense(told: Mapping[str, str], tags: Mapping[str, str], remove_tags: Sequence[str]) -> None:
    if not told and not tags and not remove_tags:
        raise BadCall("there is nothing to change", hint=_HINT)
    require_apart(tags, remove_tags)
    if told.get("owner") == "":
        raise BadCall("a model has an owner", hint="Give the new one: --owner ADDRESS")
    lawful = {"name": "model", "owner": "nobody", **{name: text for name, text in told.items() if text}}
    require_lawful("model", {**lawful, "tags": {**tags}}, layout.model_path("MODEL"))


def _require_tagged(model: str, document: Mapping[str, Any], tag: str) -> None:
    tagged = tags_of(document.get("tags")) or {}
    if tag not in tagged:
        raise NotFound(f"{model} has no tag {tag[:80]!r}", hint=nearest(tag, [*tagged]))


def _set(document: dict[str, Any], name: str, value: Any) -> None:
    """Set a field, or take it out where the value is empty; a new one where a person looks for it."""
    if not value:
        document.pop(name, None)
        return
    if name not in document:
        above = _ORDER[: _ORDER.index(name)]
        place = max((place for place, key in enumerate(document) if key in above), default=-1) + 1
        below = [*document.items()][place:]
        for key, _ in below:
            del document[key]
        document[name] = value
        document.update(below)
        return
    document[name] = value


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    return [name for name in FIELDS if before.get(name) != after.get(name)]
