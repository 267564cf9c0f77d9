"""Proposing that artifacts go which the policy's retention lets go: their records stay, their bytes leave
later."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.check.retention_fate import lately
from rollbook.errors import BadCall, NotFound, Refused
from rollbook.git.write import identity
from rollbook.names import parse_reference, time_now
from rollbook.propose.proposal import Proposal, branch_name, commit_proposal, judge, refuse_standing
from rollbook.registry.main_branch import main_commit
from rollbook.registry.registry import Registry
from rollbook.retention.stored_objects import pointers
from rollbook.retention.subjects import judged
from rollbook.schema.schemas import schema_line
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.text import one_line
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.check.retention_fate import Fate
    from rollbook.git.repository import Repository
    from rollbook.records.retention import Retention
    from rollbook.registry.model_version import ModelVersion
    from rollbook.registry.served import Usage


@dataclass(frozen=True, slots=True)
class Pruned:
    """A version and the fate of its artifact, which has `size` bytes and DVC's `md5`."""

    model: str
    fate: Fate
    size: int
    md5: str

    def as_document(self) -> dict[str, object]:
        """Return the version and its artifact's fate as JSON data."""
        fate = self.fate
        return {
            "model": self.model,
            "version": fate.version,
            "stage": fate.stage,
            "size": self.size,
            "why": fate.why,
        }


@dataclass(frozen=True, slots=True)
class Pruning:
    """What goes and what stays; and the proposal, whose branch and commit are empty when none was made.
    `looks_back` is for how long, by the strictest of the rules, nothing that goes may have served."""

    goes: tuple[Pruned, ...]
    stays: tuple[Pruned, ...]
    branch: str = ""
    commit: str = ""
    looks_back: timedelta = timedelta()

    def as_document(self) -> dict[str, object]:
        """Return the pruning as JSON data."""
        return {
            "goes": [item.as_document() for item in self.goes],
            "stays": [item.as_document() for item in self.stays],
            "branch": self.branch or None,
            "commit": self.commit or None,
        }


def plan_pruning(
    repository: Repository,
    target: str | None = None,
    *,
    now: datetime | None = None,
    usage: Usage | None = None,
) -> Pruning:
    """Return the artifacts that main's retention rules let go now: of all models, of one (`target` is its
    name) or of one version (a reference such as `credit-approval@0.3.0`). What served lately stays, by
    evidence and by the `usage` that sources told.

    Raises NotFound for an unknown target, Refused in a shallow clone.
    """
    with _main(repository) as registry:
        return _planned(registry, target, now, usage)[0]


def propose_pruning(
    repository: Repository,
    target: str | None = None,
    *,
    reason: str,
    now: datetime | None = None,
    usage: Usage | None = None,
) -> Pruning:
    """Propose the removal of everything that `plan_pruning` says may go: a branch with one commit.

    For each version it adds `removed.yaml` and takes the pointer away. No byte leaves the storage before
    `retention.sweeping` takes it out. Raises BadCall without a reason, Refused when nothing may go or
    the check says no, Conflict when the proposal stands already.
    """
    why = one_line(reason)
    if not why:
        raise BadCall("a removal needs a reason", hint='Say why: --reason "..."')
    with _main(repository) as registry:
        base = registry.snapshot.commit or ""
        plan, rules = _planned(registry, target, now, usage)
        if not plan.goes:
            raise _nothing_goes(plan, target)
        branch = _branch(target, plan.goes)
        refuse_standing(repository, branch)
        asked_by, asked_at = identity(repository).email, time_now()
        files: dict[str, bytes | None] = {}
        for item in plan.goes:
            version = registry.version(f"{item.model}@{item.fate.version}")
            files |= _files(version, item, rules[item.model], why, asked_by, asked_at)
    judge(repository, base, files).require("these artifacts can't go")
    commit = commit_proposal(repository, Proposal(branch, base, _message(plan.goes, why), files))
    return Pruning(plan.goes, plan.stays, branch, commit)


def _main(repository: Repository) -> Registry:
    return Registry(repository, commit_snapshot(repository, main_commit(repository)))


def _planned(
    registry: Registry, target: str | None, now: datetime | None, usage: Usage | None
) -> tuple[Pruning, Mapping[str, Retention]]:
    version = None
    if target is None:
        models = registry.models()
    elif "@" in target or "#" in target:
        chosen = registry.version(parse_reference(target))
        models, version = [chosen.model], chosen.version
        if chosen.removal is not None:
            raise chosen.removal.refusal()
    else:
        models = [registry.model(target)]
    directory = layout.ROOT if target is None else layout.model_directory(models[0].name)
    pointer_map = pointers(registry.snapshot, directory)
    goes: list[Pruned] = []
    stays: list[Pruned] = []
    rules, looks_back = {}, timedelta()
    for judgement in judged(registry, models, now or datetime.now(UTC), usage=usage):
        rules[judgement.model.name] = judgement.rules
        looks_back = max(looks_back, lately(registry.policy, judgement.rules))
        for fate in judgement.fates:
            if version in (None, fate.version):
                pointer = pointer_map.get((judgement.model.name, fate.version))
                if pointer is None:
                    raise _no_pointer(judgement.model.name, fate.version)
                item = Pruned(judgement.model.name, fate, pointer.size, pointer.md5)
                (goes if fate.goes else stays).append(item)
    return Pruning(tuple(goes), tuple(stays), looks_back=looks_back), rules


def _no_pointer(model: str, version: str) -> NotFound:
    return NotFound(f"{model}@{version} has no DVC pointer", hint="Run `rollbook check --all`.")


def _nothing_goes(plan: Pruning, target: str | None) -> Refused:
    if target is not None and len(plan.stays) == 1:
        (only,) = plan.stays
        return Refused(f"the artifact of {only.model}@{only.fate.version} stays: {only.fate.why}")
    return Refused(
        "the rules of retention let nothing go", hint="See why each version stays: rollbook prune --dry-run"
    )


def _branch(target: str | None, goes: Sequence[Pruned]) -> str:
    models = sorted({item.model for item in goes})
    if len(goes) == 1:
        return branch_name("prune", models[0], goes[0].fate.version)
    # The same versions have the same branch; others never have.
    listed = " ".join(f"{item.model}@{item.fate.version}" for item in goes)
    unique = hashlib.sha256(listed.encode()).hexdigest()[:8]
    return branch_name("prune", models[0], unique) if target is not None else f"rollbook/prune/all-{unique}"


def _files(
    version: ModelVersion, item: Pruned, rules: Retention, reason: str, asked_by: str, asked_at: str
) -> dict[str, bytes | None]:
    model, name, artifact = version.model.name, version.version, version.manifest.artifact
    path = layout.removal_path(model, name)
    removed: dict[str, Any] = {"sha256": artifact.sha256, "size": artifact.size, "md5": item.md5}
    if artifact.files is not None:
        removed["files"] = artifact.files
    record = {
        "model": model,
        "version": name,
        "removed_at": asked_at,
        "removed_by": asked_by,
        "reason": reason,
        "stage": item.fate.stage,
        "artifact": removed,
        "retention": rules.rules(),
    }
    pointer = layout.pointer_path(model, name, artifact.path)
    return {path: dump(record, header=schema_line("removed", path)), pointer: None}


def _message(goes: Sequence[Pruned], reason: str) -> str:
    names = [f"{item.model}@{item.fate.version}" for item in goes]
    subject = f"Remove the artifact of {names[0]}" if len(names) == 1 else f"Remove {len(names)} artifacts"
    body = "" if len(names) == 1 else "\n" + "".join(f"- {name}\n" for name in names)
    return f"{subject}\n\n{reason}\n{body}"
