"""Proposing that an alias points to another version, or to none. Only the model's stages.yaml is edited."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.errors import AlreadySo, BadCall, NotFound, Refused
from rollbook.git.operation import one_operation
from rollbook.git.write import identity
from rollbook.names import alias_target, require_alias_name, time_now
from rollbook.propose.evidence_set_aside import set_aside
from rollbook.propose.proposal import PlannedChange, Proposal, branch_name, propose
from rollbook.records.stages import ALIASES
from rollbook.registry.main_branch import main_commit
from rollbook.registry.registry import Registry
from rollbook.schema.schemas import schema_line
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.text import one_line
from rollbook.yaml.edit import edit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rollbook.check.finding import Finding
    from rollbook.git.repository import Repository
    from rollbook.names import Reference
    from rollbook.records.policy import Policy
    from rollbook.records.stages import StageEntry
    from rollbook.registry.model_version import ModelVersion
    from rollbook.snapshot.tree_snapshot import TreeSnapshot

# The action whose proposals change an alias, as it stands in branch names.
ALIAS_ACTION = "alias"
_MOMENT = 0.05  # seconds


@dataclass(frozen=True, slots=True)
class ProposedAlias:
    """An alias that is to change: where the proposal stands, which version the alias points to before and
    after it (None: to none), and what the check says of it."""

    branch: str
    commit: str
    model: str
    alias: str
    before: str | None
    after: str | None
    findings: tuple[Finding, ...]

    def as_document(self) -> dict[str, Any]:
        """Return the change as JSON data."""
        return {
            "model": self.model,
            "alias": self.alias,
            "from": self.before,
            "to": self.after,
            "branch": self.branch,
            "commit": self.commit,
        }


@dataclass(frozen=True, slots=True)
class PlannedAlias:
    """A change of an alias that is ready to be proposed, and what it does, as in `ProposedAlias`."""

    change: PlannedChange
    model: str
    alias: str
    before: str | None
    after: str | None


@one_operation()
def propose_alias(
    repository: Repository,
    reference: str | Reference,
    alias: str,
    *,
    reason: str,
    remove: bool = False,
    override: str | None = None,
    despite: str | None = None,
    draft: bool = False,
) -> ProposedAlias:
    """Propose that an alias points to a version, or with `remove` that it no longer does: a branch with one
    commit that edits stages.yaml alone.

    With `draft` the proposal is made although the check fails. Raises as `plan_alias` does, ChangeRefused for
    a change that the check refuses, Conflict when the proposal stands already.
    """
    base = main_commit(repository)
    planned = plan_alias(
        repository, base, reference, alias, reason=reason, remove=remove, override=override, despite=despite
    )
    made, verdict = propose(repository, planned.change, draft=draft)
    branch = planned.change.proposal.branch
    return ProposedAlias(branch, made, planned.model, alias, planned.before, planned.after, verdict.findings)


def plan_alias(
    repository: Repository,
    base: str,
    reference: str | Reference,
    alias: str,
    *,
    reason: str,
    remove: bool = False,
    override: str | None = None,
    despite: str | None = None,
) -> PlannedAlias:
    """Return the edit of stages.yaml, upon the commit `base`, that points an alias to a version, or with
    `remove` takes it away.

    `override` says why a freeze is set aside, `despite` why failed evidence of monitoring is. Raises NotFound
    for an unknown version or an alias that isn't there, Refused for one that is there already or named like a
    stage.
    """
    require_alias_name(alias)
    if not one_line(reason):
        raise BadCall("a change of an alias needs a reason", hint='Say why: --reason "..."')
    if remove and (override or despite):
        raise BadCall("taking an alias away meets no freeze and no gate", hint="Leave the exception out.")
    base_snapshot = commit_snapshot(repository, base)
    with Registry(repository, base_snapshot) as registry:
        version = registry.version(reference)
        _require_possible(registry.policy, version, alias, remove=remove)
        model, before = version.model.name, version.model.stages.aliases.get(alias)
        standing = version.model.stages.alias_entries.get(alias)
        path = layout.stages_path(model)
        (data,) = registry.snapshot.read_many([path])
        said = _exceptions(repository, base_snapshot, version, alias, override, despite)
    # A version's name begins with a number, and an alias's with a letter.
    parts = (alias, "removed") if remove else (version.version, alias)
    branch = branch_name(ALIAS_ACTION, model, *parts)
    entry = _entry(repository, version.version, one_line(reason), said, standing, remove=remove)
    change = _without(alias) if remove and standing is None else _with(alias, entry)
    files = {path: edit(data or f"{schema_line('stages', path)}\n".encode(), change, path)}
    wish = f"{version} can't lose the alias {alias}" if remove else f"{version} can't be {alias}"
    subject = f"Take the alias {alias} off {version}" if remove else f"Give {version} the alias {alias}"
    proposal = Proposal(branch, base, f"{subject}\n\n{one_line(reason)}\n", files)
    # What waits, for approvals above all, can only come once there is a proposal.
    planned = PlannedChange(proposal, wish, may_wait=True)
    return PlannedAlias(planned, model, alias, before, None if remove else version.version)


def _exceptions(
    repository: Repository,
    base: TreeSnapshot,
    version: ModelVersion,
    alias: str,
    override: str | None,
    despite: str | None,
) -> dict[str, Any]:
    """Return what the alias's entry says is set aside for it."""
    said: dict[str, Any] = {"override": {"reason": override}} if override else {}
    if despite is not None:
        said["despite"] = set_aside(repository, base, version, alias_target(alias), despite)
    return said


def _require_possible(policy: Policy, version: ModelVersion, alias: str, *, remove: bool) -> None:
    """Raise Refused or NotFound for what the command itself can tell."""
    table, model = version.model.stages, version.model.name
    standing = table.aliases.get(alias)
    if remove:
        if standing is None:
            names = ", ".join(sorted(table.aliases)) or "none"
            raise NotFound(f"{model} has no alias {alias!r}", hint=f"Its aliases: {names}.")
        if standing != version.version:
            raise Refused(
                f"{alias} points to {standing}, not to {version.version}", hint=f"Name {model}@{alias}."
            )
        return
    if policy.has_stage(alias):
        raise Refused(f"{alias} is a stage", hint="Promote to it, or give the alias another name.")
    if version.removal is not None:
        raise version.removal.refusal()
    if standing == version.version and alias in table.alias_entries:
        raise AlreadySo(f"{alias} points to {version} already")


def _entry(
    repository: Repository,
    version: str,
    reason: str,
    said: Mapping[str, Any],
    standing: StageEntry | None,
    *,
    remove: bool,
) -> dict[str, Any]:
    by, now = identity(repository).email, time_now()
    while standing and (standing.reason, standing.requested_by, standing.requested_at) == (reason, by, now):
        time.sleep(_MOMENT)  # the time alone tells it from the request before, which is no second old
        now = time_now()
    return {
        "removed" if remove else "version": version,
        "reason": reason,
        **said,
        "requested_by": by,
        "requested_at": now,
    }


def _with(alias: str, entry: dict[str, Any]) -> Callable[[Any], None]:
    """Return an edit of the document in stages.yaml that writes an alias's entry."""

    def change(document: Any) -> None:
        if document.get(ALIASES) is None:
            document[ALIASES] = {}
        document[ALIASES][alias] = entry

    return change


def _without(alias: str) -> Callable[[Any], None]:
    """Return an edit of the document in stages.yaml that takes out an alias which is on no record."""

    def change(document: Any) -> None:
        del document[ALIASES][alias]
        if not document[ALIASES]:
            del document[ALIASES]

    return change
