"""Carrying a takeover from MLflow out: the bytes go to the DVC remote, and everything else becomes one
proposal."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rollbook.artifact.dvc_yaml import artifact_path
from rollbook.artifact.progress import begin, quiet
from rollbook.errors import BadCall, NotFound, Refused
from rollbook.propose.dvc_entries_update import entry_edit
from rollbook.propose.proposal import Proposal, commit_proposal, judge, refuse_standing
from rollbook.propose.stores import open_store, upload
from rollbook.transfer.mlflow.copied_artifacts import CopiedArtifact, copied
from rollbook.transfer.mlflow.mlflow_files import model_files
from rollbook.transfer.mlflow.mlflow_planning import lacking, plan_takeover, to_skip
from rollbook.transfer.mlflow.source_artifacts import SourceArtifacts
from rollbook.transfer.mlflow.source_reading import opened
from rollbook.transfer.takeover_notes import Undecided, require_decided

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.artifact.progress import Progress
    from rollbook.artifact.storage import Storage, Stored
    from rollbook.check.finding import Finding
    from rollbook.git.repository import Repository
    from rollbook.transfer.mlflow.mlflow_plan import MlflowPlan, MlflowRequest
    from rollbook.transfer.mlflow.source_reading import MlflowSource
    from rollbook.transfer.takeover_notes import Note

_MISSING = ("--skip-missing",)


@dataclass(frozen=True, slots=True)
class TakenFromMlflow:
    """A takeover that was proposed: what was planned, where it stands, what the check says, what was stored
    of each version (`model@version`), what a person has to know of its bytes, and how many bytes went to the
    remote."""

    plan: MlflowPlan
    branch: str
    commit: str
    findings: tuple[Finding, ...]
    stored: Mapping[str, Stored]
    remarks: Mapping[str, tuple[str, ...]]
    uploaded: int

    def as_document(self) -> dict[str, Any]:
        """Return the takeover as JSON data."""
        document = {**self.plan.as_document(), "branch": self.branch, "commit": self.commit}
        for model in document["models"]:
            for version in model["versions"]:
                reference = f"{model['model']}@{version['version']}"
                digest = self.stored[reference].digest
                version |= {"sha256": digest.sha256, "size": digest.size}
                version["remarks"] += self.remarks.get(reference, ())
        return {**document, "uploaded": self.uploaded}


def plan_from_mlflow(
    repository: Repository, uri: str, wanted: MlflowRequest, progress: Progress = quiet
) -> MlflowPlan:
    """Plan what `take_over` would do, and write nothing. Raises as it does."""
    _require_clone(repository)
    with opened(uri) as source:
        return plan_takeover(repository, source, wanted, progress)


def take_over(
    repository: Repository, uri: str, wanted: MlflowRequest, progress: Progress = quiet
) -> TakenFromMlflow:
    """Take models over from the MLflow registry at `uri`: their artifacts go to the DVC remote, and a branch
    with one commit proposes their models, versions, stages and aliases. Nothing changes in MLflow.

    Raises Refused when something has to be decided first (`plan_from_mlflow` tells all of it) or the check
    refuses it, Conflict when the proposal stands already, StorageFailed when bytes can't be stored. Then
    there is no branch, and another run goes on with what is in DVC's cache.
    """
    _require_clone(repository)
    with opened(uri) as source:
        plan = plan_takeover(repository, source, wanted, progress)
        require_decided(plan)
        storage = open_store(repository, plan.base)
        brought, failed = _gathered(repository, storage, source, plan, progress)
        if failed:
            missing = {note.what: note.why for note in failed if note.option == _MISSING}
            if not wanted.skip_missing or len(missing) < len(failed):
                raise Undecided(replace(plan, problems=tuple(failed)))
            without = replace(wanted, without={**wanted.without, **missing})
            return take_over(repository, uri, without, progress)
    return _proposed(repository, storage, plan, brought, progress)


def _require_clone(repository: Repository) -> None:
    if repository.work_tree is None:
        raise BadCall("a bare repository can't take models over", hint="Use a clone of it.")


def _gathered(
    repository: Repository, storage: Storage, source: MlflowSource, plan: MlflowPlan, progress: Progress
) -> tuple[dict[str, CopiedArtifact], list[Note]]:
    """Bring every version's bytes into DVC's cache; return them, and what has to be decided of those that
    can't be taken."""
    artifacts = SourceArtifacts(source.uri, source.home)
    brought: dict[str, CopiedArtifact] = {}
    failed: list[Note] = []
    begin(progress, "copying versions", sum(len(model.versions) for model in plan.models))
    for model in plan.models:
        for version in model.versions:
            what = f"{model.source.name}@{version.source.number}"
            origin = (plan.address, model.source.name)
            try:
                found = copied(repository, storage, artifacts, origin, version.source)
                brought[f"{model.name}@{version.version}"] = found
            except NotFound as error:
                failed.append(lacking(what, error))
            except (BadCall, Refused) as error:
                failed.append(to_skip(what, str(error)))
            progress(1)
    return brought, failed


def _proposed(
    repository: Repository,
    storage: Storage,
    plan: MlflowPlan,
    brought: Mapping[str, CopiedArtifact],
    progress: Progress,
) -> TakenFromMlflow:
    branch = f"rollbook/import/mlflow-{_fingerprint(plan, brought)}"
    refuse_standing(repository, branch)
    files = _files(repository, plan, brought)
    verdict = judge(repository, plan.base, files)
    verdict.require("the registry refuses this takeover")
    begin(progress, "storing versions", len(brought))
    uploaded = 0
    for one in brought.values():
        uploaded += upload(repository, plan.base, storage, [one.stored.pointer], quiet)
        progress(1)
    commit = commit_proposal(repository, Proposal(branch, plan.base, _message(plan), files))
    remarks = {name: one.remarks for name, one in brought.items()}
    bytes_of = {name: one.stored for name, one in brought.items()}
    return TakenFromMlflow(plan, branch, commit, verdict.findings, bytes_of, remarks, uploaded)


def _files(
    repository: Repository, plan: MlflowPlan, brought: Mapping[str, CopiedArtifact]
) -> dict[str, bytes | None]:
    files: dict[str, bytes | None] = {}
    entries = {}
    for model in plan.models:
        own = {version.version: brought[f"{model.name}@{version.version}"] for version in model.versions}
        files |= model_files(repository, plan.address, plan.policy, model, own)
        if model.versions:
            newest = model.versions[-1].version
            entries[model.name] = artifact_path(model.name, newest, own[newest].stored.pointer.path)
    return {**files, **entry_edit(repository, plan.base, entries)}


def _fingerprint(plan: MlflowPlan, brought: Mapping[str, CopiedArtifact]) -> str:
    """Return what tells this takeover from others; when it is made makes no difference."""
    digests = {name: one.stored.digest.sha256 for name, one in brought.items()}
    told = [plan.base, plan.address, [model.as_document() for model in plan.models], digests]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:8]


def _message(plan: MlflowPlan) -> str:
    names = [model.name for model in plan.models]
    subject = names[0] if len(names) == 1 else f"{len(names)} models"
    first = plan.policy.first_stage.name
    lines = []
    for model in plan.models:
        placements = [
            f", {version.version} in {version.placing.stage}"
            for version in model.versions
            if version.placing.stage != first
        ]
        count = len(model.versions)
        lines.append(f"{model.name}: {count} version{'' if count == 1 else 's'}{''.join(placements)}")
    return f"Take {subject} over from MLflow\n\n" + "\n".join(lines) + "\n"
