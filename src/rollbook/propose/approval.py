"""Approving a proposal without a forge: a signature over its transition, added to its entry."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.access.roles import ADMIN, APPROVER, Person, roles_for
from rollbook.errors import BadCall, NotFound, Refused
from rollbook.git.config import setting, ssh_program
from rollbook.git.operation import one_operation
from rollbook.git.refs import NO_OBJECT, RefUpdate, resolve_branch, update_refs
from rollbook.git.write import ObjectWriter, commit, identity
from rollbook.names import alias_of, is_alias_target, parse_reference, require_alias_name, time_now
from rollbook.propose.alias_move import ALIAS_ACTION
from rollbook.propose.proposal import branch_name
from rollbook.records.stages import ALIASES
from rollbook.registry.main_branch import main_commit, remote_name
from rollbook.registry.registry import Registry, stage_table
from rollbook.registry.request_branches import has_landed, newest_tips
from rollbook.signing.approval_signature import (
    NAMESPACE,
    TransitionContent,
    transition_content,
    valid_approvers,
)
from rollbook.signing.ssh_keygen import ssh_key, ssh_sign
from rollbook.signing.tag_signing import has_key
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.trail.occasion import occasion_at
from rollbook.yaml.edit import edit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rollbook.git.repository import Repository
    from rollbook.names import Reference
    from rollbook.records.policy import Policy
    from rollbook.records.stages import StageEntry, StageTable
    from rollbook.registry.model_version import ModelVersion

# The actions whose proposals move a version to a stage, as they stand in branch names.
_ACTIONS = ("promote", "rollback", "deprecate", "archive")
_LONGEST_NOTE = 2000


@dataclass(frozen=True, slots=True)
class Approved:
    """An approval that was added: to which branch, as which commit, by whom, and of what."""

    branch: str
    commit: str
    by: str
    content: TransitionContent

    def as_document(self) -> dict[str, str]:
        """Return the approval as JSON data."""
        return {
            "model": self.content.model,
            "version": self.content.version,
            "from": self.content.start,
            "to": self.content.target,
            "by": self.by,
            "note": self.content.note,
            "branch": self.branch,
            "commit": self.commit,
        }


@dataclass(frozen=True, slots=True)
class AskedApproval:
    """A transition that somebody (`by`) may approve: the branch that holds it, its commit, to which stage it
    leads, what they would sign, and the keys that count."""

    branch: str
    head: str
    stage: str
    by: str
    content: TransitionContent
    allowed_signers: bytes


@one_operation()
def approve(
    repository: Repository,
    reference: str,
    stage: str,
    *,
    branch: str | None = None,
    note: str = "",
    show: Callable[[TransitionContent], object] = lambda _content: None,
) -> Approved:
    """Sign the transition that a proposal's branch holds, and add the signature as a commit on that branch.

    The key is git's `user.signingKey`, of format ssh; a `note` is part of what is signed; `show` is given
    what will be signed, before it is. An approval of the same person that holds no longer makes room. Raises
    NotFound when no proposal moves the version there, Refused when the approver is the requester, lacks the
    role or a key that the registry allows, or has approved already, CannotTell in a shallow clone.
    """
    asked = asked_approval(repository, reference, stage, branch=branch, note=note)
    show(asked.content)
    return _added_to_branch(repository, asked, _signed(repository, asked))


@one_operation()
def approve_signed(
    repository: Repository, reference: str, stage: str, *, branch: str, note: str, signature: str
) -> Approved:
    """Add an approval that somebody has signed elsewhere, over what `asked_approval` tells for the same note,
    as a commit on the proposal's branch.

    Whoever it is done for approves. Raises as `approve` does, Refused also for a signature that is not theirs
    over this content.
    """
    asked = asked_approval(repository, reference, stage, branch=branch, note=note)
    return _added_to_branch(repository, asked, _accepted(asked, signature))


def asked_approval(
    repository: Repository, reference: str, stage: str, *, branch: str | None = None, note: str = ""
) -> AskedApproval:
    """Return what the user, or whom it is done for, would approve. Raises as `approve` does."""
    note = _lawful(note)
    candidate = parse_reference(reference)
    base = main_commit(repository)
    names = [branch] if branch else _names(repository, base, candidate, stage)
    name, head = _open_request(repository, base, names)
    by = identity(repository).email
    policy, allowed_signers = _rules(repository, base)
    entry, content = _transition(repository, base, head, candidate, stage)
    _refuse_approver(by, entry, policy, content.model)
    if by in valid_approvers(content, entry.approvals, allowed_signers):
        raise Refused(f"{by} has approved this already")
    return AskedApproval(name, head, stage, by, replace(content, note=note), allowed_signers)


def _added_to_branch(repository: Repository, asked: AskedApproval, approval: dict[str, str]) -> Approved:
    name, head, content, by = asked.branch, asked.head, asked.content, asked.by
    path = layout.stages_path(content.model)
    with Registry(repository, commit_snapshot(repository, head)) as registry:
        (stages,) = registry.snapshot.read_many([path])
    data = edit(stages or b"", _added(content, approval), path)
    tree = ObjectWriter(repository).tree(head, {path: data})
    subject = f"Approve {content.model}@{content.version} for {asked.stage}"
    made = commit(repository, tree, [head], f"{subject}\n\nApproved-By: {by}\n")
    standing = resolve_branch(repository, name) or NO_OBJECT
    update_refs(repository, [RefUpdate(f"refs/heads/{name}", made, standing)])
    return Approved(name, made, by, content)


def _names(repository: Repository, base: str, asked: Reference, stage: str) -> list[str]:
    """Return the branches on which the version may be proposed to move to `stage`, or to get an alias."""
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        version = registry.version(asked)
    if is_alias_target(stage):
        return [branch_name(ALIAS_ACTION, asked.model, version.version, require_alias_name(alias_of(stage)))]
    return [branch_name(action, asked.model, version.version, stage) for action in _ACTIONS]


def _open_request(repository: Repository, base: str, names: Sequence[str]) -> tuple[str, str]:
    """Return the first of these branches that has not landed, and its tip: here or, where it is newer, as
    last fetched. Raises NotFound when there is none, Refused when it differs here and there.
    """
    remote = remote_name(repository)
    for name in names:
        tips = (resolve_branch(repository, name), resolve_branch(repository, name, remote))
        unlanded = (tip for tip in tips if tip and not has_landed(repository, base, tip))
        newest = newest_tips(repository, unlanded)
        if len(newest) > 1:
            raise Refused(f"{name} differs here and on the remote", hint="Bring the two together first.")
        if newest:
            return name, newest[0]
    raise NotFound(
        f"no request is open on {' or '.join(names)}",
        hint="`rollbook requests` lists what is open. Fetch it first (git fetch), or name its --branch.",
    )


def _rules(repository: Repository, base: str) -> tuple[Policy, bytes]:
    """Return the base's policy, and the keys that it allows."""
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        (allowed,) = registry.snapshot.read_many([layout.ALLOWED_SIGNERS])
        return registry.policy, allowed or b""


def _transition(
    repository: Repository, base: str, head: str, asked: Reference, stage: str
) -> tuple[StageEntry, TransitionContent]:
    """Return the entry by which `head` moves the version to `stage`, and what of it is signed."""
    with (
        Registry(repository, commit_snapshot(repository, base)) as before,
        Registry(repository, commit_snapshot(repository, head)) as after,
    ):
        name = asked.version or before.version(asked).version
        version = after.model(asked.model).version(name)
        (stages,) = before.snapshot.read_many([layout.stages_path(asked.model)])
        standing = stage_table(asked.model, stages)
        old = standing.entry_of(name)
        entry = _proposed_entry(version, stage, standing)
        (manifest,) = after.snapshot.read_many([layout.manifest_path(asked.model, version.version)])
        start = old.stage if old else before.policy.first_stage.name
    is_changed = start != stage or (old and entry and old.revision != entry.revision)
    if entry is None or entry.stage != stage or not is_changed or manifest is None:
        raise NotFound(f"that branch does not move {version} to {stage}, nor change it there")
    occasion = occasion_at(repository, base, asked.model)
    digest = hashlib.sha256(manifest).hexdigest()
    return entry, transition_content(asked.model, start, entry, digest, occasion)


def _proposed_entry(version: ModelVersion, stage: str, before: StageTable) -> StageEntry | None:
    """Return the entry by which a version gets to a stage or an alias; None where nothing leads it there."""
    if is_alias_target(stage):
        alias = alias_of(stage)
        entry, old = version.model.stages.alias_entries.get(alias), before.alias_entries.get(alias)
        is_new = entry is not None and (old is None or old.version != entry.version)
        return entry if entry and is_new and entry.version == version.version else None
    return version.entry if version.entry and version.entry.stage == stage else None


def _refuse_approver(by: str, entry: StageEntry, policy: Policy, model: str) -> None:
    if by.casefold() == entry.requested_by.casefold():
        raise Refused(f"{by} requested this, and so can't approve it", hint="Ask somebody else.")
    roles = roles_for(Person(email=by), policy, model)
    if policy.roles and APPROVER not in roles and ADMIN not in roles:
        whose = f" of {model}" if policy.grants else ""
        hint = f"`rollbook access --model {model}` says who is; the policy's `roles:` make them."
        raise Refused(f"{by} is no approver{whose}", hint=hint)


def _lawful(note: str) -> str:
    """Return a note without blanks around it. Raises BadCall for one that no file holds, or a long one."""
    note = note.strip()
    if len(note) > _LONGEST_NOTE:
        raise BadCall(f"the note has {len(note):,} characters; {_LONGEST_NOTE:,} are allowed")
    if not all(line.isprintable() for line in note.split("\n")):
        raise BadCall("the note has characters that can't be shown", hint="Write plain text.")
    return note


def _signed(repository: Repository, asked: AskedApproval) -> dict[str, str]:
    """Return the approval to be written, signed with the user's key."""
    if setting(repository, "gpg.format") != "ssh" or not has_key(repository):
        raise BadCall(
            "no SSH signing key is configured",
            hint="Run `git config gpg.format ssh` and `git config user.signingKey ~/.ssh/id_ed25519.pub`.",
        )
    program = ssh_program(repository)
    key = ssh_key(repository)
    signed = ssh_sign(asked.content.canonical(), key, NAMESPACE, program, repository.directory)
    return _accepted(asked, signed.decode())


def _accepted(asked: AskedApproval, signature: str) -> dict[str, str]:
    """Return the approval to be written, once it is sure that the registry accepts it."""
    noted = {"note": asked.content.note} if asked.content.note else {}
    approval = {"by": asked.by, "at": time_now(), **noted, "signature": signature}
    if not valid_approvers(asked.content, (approval,), asked.allowed_signers):
        raise Refused(
            f"{layout.ALLOWED_SIGNERS} on main has no such key for {asked.by}",
            hint="An administrator adds a line to it: ADDRESS, a blank, and the public key.",
        )
    return approval


def _added(content: TransitionContent, approval: dict[str, str]) -> Callable[[Any], None]:
    """Return an edit of the document in stages.yaml that adds an approval to the transition's entry."""

    def change(document: Any) -> None:
        if is_alias_target(content.target):
            holders = document[ALIASES][alias_of(content.target)]
        else:
            holders = document[content.target]
        for entry in holders if isinstance(holders, list) else [holders]:
            if entry["version"] == content.version:
                others = (item for item in entry.get("approvals", ()) if item.get("by") != approval["by"])
                entry["approvals"] = [*others, approval]

    return change
