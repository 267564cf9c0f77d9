"""Noting what may change about a version: its description and tags in notes.yaml, in a proposal."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.errors import AlreadySo, BadCall, NotFound, nearest
from rollbook.git.operation import one_operation
from rollbook.names import Reference
from rollbook.propose.proposal import PlannedChange, Proposal, branch_name, propose
from rollbook.propose.tag_edits import change_tags, require_apart
from rollbook.registry.main_branch import main_commit
from rollbook.registry.registry import Registry
from rollbook.schema.schemas import schema_line
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.yaml.edit import edit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rollbook.git.repository import Repository
    from rollbook.registry.model_version import ModelVersion


@dataclass(frozen=True, slots=True)
class Noted:
    """Notes that were proposed."""

    model: str
    version: str
    path: str
    branch: str
    commit: str


@one_operation()
def add_note(
    repository: Repository,
    reference: str | Reference,
    *,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    remove_tags: Sequence[str] = (),
) -> Noted:
    """Propose an edit of a version's notes.yaml: a branch with one commit; comments in the file stay.

    Raises as `plan_note` does, ChangeRefused when the check refuses it, Conflict when the same proposal
    stands already.
    """
    base = main_commit(repository)
    planned, told = plan_note(
        repository, base, reference, description=description, tags=tags, remove_tags=remove_tags
    )
    made, _ = propose(repository, planned)
    (path,) = planned.proposal.files
    return Noted(told.model, str(told.version), path, planned.proposal.branch, made)


def plan_note(
    repository: Repository,
    base: str,
    reference: str | Reference,
    *,
    description: str | None = None,
    tags: Mapping[str, str] | None = None,
    remove_tags: Sequence[str] = (),
) -> tuple[PlannedChange, Reference]:
    """Return an edit of a version's notes.yaml upon the commit `base`, and the version that it is about.

    An empty description takes it out. Raises BadCall when nothing is asked for or a tag is both set and
    removed, NotFound for an unknown version or a tag that the notes don't hold, Refused when the notes say so
    already.
    """
    tags = tags or {}
    if description is None and not tags and not remove_tags:
        raise BadCall(
            "there is nothing to note", hint="Give --description TEXT, --tag NAME=TEXT or --remove-tag NAME."
        )
    require_apart(tags, remove_tags)

    def change(document: Any, version: ModelVersion) -> None:
        for name in remove_tags:
            _require_noted(version, name)
        describe(document, description)
        change_tags(document, tags, remove_tags)

    return plan_notes_edit(repository, base, reference, change, description or "")


def plan_notes_edit(
    repository: Repository,
    base: str,
    reference: str | Reference,
    change: Callable[[Any, ModelVersion], None],
    told: str = "",
) -> tuple[PlannedChange, Reference]:
    """Return what `change` makes of the document in a version's notes.yaml, upon the commit `base`, and the
    version that it is about. `told` is the message's text.

    Raises NotFound for an unknown version, AlreadySo when the notes say so already, and as `change` does.
    """
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        version = registry.version(reference)
        path = layout.notes_path(version.model.name, version.version)
        (before,) = registry.snapshot.read_many([path])
        start = before or f"{schema_line('notes', path)}\n".encode()
        after = edit(start, lambda document: change(document, version), path)
    if after == start:
        raise AlreadySo(f"the notes on {version} say so already")
    # The same note has the same branch; another one never has.
    unique = hashlib.sha256(after).hexdigest()[:8]
    branch = branch_name("note", version.model.name, version.version, unique)
    message = f"Note on {version}\n\n{told}".rstrip() + "\n"
    proposal = Proposal(branch, base, message, {path: after})
    planned = PlannedChange(proposal, f"this can't be noted on {version}")
    return planned, Reference(version.model.name, version.version)


def _require_noted(version: ModelVersion, tag: str) -> None:
    noted = version.notes().tags
    if tag in noted:
        return
    hint = nearest(tag, [*noted])
    if tag in version.manifest.tags:
        hint = f"The manifest, which never changes, has it. Outshine it: --tag {tag}=TEXT"
    raise NotFound(f"the notes on {version} have no tag {tag[:80]!r}", hint=hint)


def describe(document: Any, description: str | None) -> None:
    """Set the description of a document, in place; None leaves it, empty text takes it out."""
    if description:
        document["description"] = description
    elif description is not None and "description" in document:
        del document["description"]
