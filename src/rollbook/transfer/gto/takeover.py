"""Carrying a takeover out: the bytes go to the DVC remote, and everything else becomes one proposal."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from rollbook.artifact.dvc_yaml import artifact_path
from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.progress import quiet
from rollbook.errors import BadCall, GitFailed, StorageFailed
from rollbook.git.refs import fetch_tags
from rollbook.propose.artifact_names import lawful_name, unlawful_name
from rollbook.propose.code_lineage import repository_address
from rollbook.propose.dvc_entries_update import entry_edit
from rollbook.propose.proposal import Proposal, commit_proposal, judge, refuse_standing
from rollbook.propose.stores import open_store, upload
from rollbook.registry.main_branch import has_remote, remote_name
from rollbook.transfer.gto.gto_payloads import Sources
from rollbook.transfer.gto.takeover_files import model_files
from rollbook.transfer.gto.takeover_plan import plan_takeover
from rollbook.transfer.takeover_notes import require_decided

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.artifact.progress import Progress
    from rollbook.artifact.storage import Storage, Stored
    from rollbook.check.finding import Finding
    from rollbook.git.repository import Repository
    from rollbook.transfer.gto.gto_plan import Plan, PlannedVersion, TakeoverRequest

_SCRATCH = Path(".dvc/tmp")  # on the cache's file system, and ignored by git


@dataclass(frozen=True, slots=True)
class TakenOver:
    """A takeover that was proposed: what was planned, where it stands, what the check remarks, what was
    stored of each version (`model@version`), and how many bytes went to the remote."""

    plan: Plan
    branch: str
    commit: str
    findings: tuple[Finding, ...]
    stored: Mapping[str, Stored]
    uploaded: int

    def as_document(self) -> dict[str, Any]:
        """Return the takeover as JSON data."""
        document = {**self.plan.as_document(), "branch": self.branch, "commit": self.commit}
        for model in document["models"]:
            for version in model["versions"]:
                digest = self.stored[f"{model['model']}@{version['version']}"].digest
                version |= {"sha256": digest.sha256, "size": digest.size}
        return {**document, "uploaded": self.uploaded}


class _Lacking(Exception):
    """The bytes of some versions can't be had, by GTO's names for them."""

    def __init__(self, why: dict[str, str]) -> None:
        super().__init__()
        self.why = why


def plan_from_gto(repository: Repository, wanted: TakeoverRequest) -> Plan:
    """Plan what `take_over` would do, and write nothing. Tags are fetched first, where there is a remote.
    Raises as it does."""
    if repository.work_tree is None:
        raise BadCall("a bare repository can't take models over", hint="Use a clone of it.")
    if has_remote(repository):
        fetch_tags(repository, remote_name(repository))
    return plan_takeover(repository, Sources(repository), wanted)


def take_over(repository: Repository, wanted: TakeoverRequest, progress: Progress = quiet) -> TakenOver:
    """Take models over from GTO's tags: their artifacts go to the DVC remote, and a branch with one commit
    proposes their models, versions and stages. GTO's tags stay as they are.

    Raises Refused when something has to be decided first (`plan_from_gto` tells all of it) or the check
    refuses it, Conflict when the proposal stands already, StorageFailed when bytes can't be had or stored.
    Then there is no branch.
    """
    plan = plan_from_gto(repository, wanted)
    require_decided(plan)
    storage = open_store(repository, plan.base)
    try:
        stored = _gathered(repository, storage, plan, progress)
    except _Lacking as lacking:
        if not wanted.skip_missing:
            name, why = next(iter(lacking.why.items()))
            raise StorageFailed(
                f"{name}: {why}", hint="Leave out what can't be had: --skip-missing"
            ) from None
        return take_over(repository, replace(wanted, without={**wanted.without, **lacking.why}), progress)
    files = _files(repository, plan, stored)
    branch = f"rollbook/import/gto-{_fingerprint(files)}"
    refuse_standing(repository, branch)
    verdict = judge(repository, plan.base, files)
    verdict.require("the registry refuses this takeover")
    pointers = [payload.pointer for payload in stored.values()]
    uploaded = upload(repository, plan.base, storage, pointers, progress)
    commit = commit_proposal(repository, Proposal(branch, plan.base, _message(plan), files))
    return TakenOver(plan, branch, commit, verdict.findings, stored, uploaded)


def _gathered(repository: Repository, storage: Storage, plan: Plan, progress: Progress) -> dict[str, Stored]:
    """Bring every version's bytes into DVC's cache. Raises _Lacking with all that can't be had."""
    assert repository.work_tree is not None
    sources = Sources(repository)
    scratch = repository.work_tree / _SCRATCH
    scratch.mkdir(parents=True, exist_ok=True)
    stored: dict[str, Stored] = {}
    lacking: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="rollbook-", dir=scratch) as directory:
        for model in plan.models:
            for version in model.versions:
                try:
                    stored[f"{model.name}@{version.version}"] = _store(
                        sources, storage, version, Path(directory), progress
                    )
                except (StorageFailed, GitFailed, BadCall) as error:
                    lacking[f"{model.origin.name}@{version.version}"] = str(error)
    if lacking:
        raise _Lacking(lacking)
    return stored


def _store(
    sources: Sources, storage: Storage, version: PlannedVersion, scratch: Path, progress: Progress
) -> Stored:
    own = PurePosixPath(version.annotation.path).name
    name = lawful_name(own) if unlawful_name(own) else own
    place = scratch / name
    try:
        sources.bring(version.source, place, quiet)
        return _read(storage, storage.add(place, name, progress))
    finally:
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)


def _read(storage: Storage, stored: Stored) -> Stored:
    """Return an artifact with what it says of itself. A broken one is taken over as it is, for it was
    registered once, and is remarked."""
    try:
        return storage.with_contents(stored)
    except Broken as error:
        return replace(
            stored, remarks=(*stored.remarks, f"is broken: by its format, {stored.format}, {error}")
        )


def _files(repository: Repository, plan: Plan, stored: Mapping[str, Stored]) -> dict[str, bytes]:
    address = repository_address(repository)
    files: dict[str, bytes] = {}
    entries = {}
    for model in plan.models:
        own = {version.version: stored[f"{model.name}@{version.version}"] for version in model.versions}
        files |= model_files(model, own, plan.policy, address)
        newest = model.versions[-1].version
        entries[model.name] = artifact_path(model.name, newest, own[newest].pointer.path)
    return {**files, **entry_edit(repository, plan.base, entries)}


def _fingerprint(files: Mapping[str, bytes]) -> str:
    digest = hashlib.sha256()
    for path, data in sorted(files.items()):
        digest.update(f"{path}\0{len(data)}\0".encode() + data)
    return digest.hexdigest()[:8]


def _message(plan: Plan) -> str:
    names = [model.name for model in plan.models]
    subject = names[0] if len(names) == 1 else f"{len(names)} models"
    lines = []
    for model in plan.models:
        placements = [
            f"{version.version} in {version.placing.stage}"
            for version in model.versions
            if version.placing.tag
        ]
        count = len(model.versions)
        lines.append(
            f"{model.name}: {count} version{'s' if count > 1 else ''}"
            + "".join(f", {item}" for item in placements)
        )
    return f"Take {subject} over from GTO\n\n" + "\n".join(lines) + "\n"
