"""Registering a version: its bytes go to the DVC remote, its manifest and pointer into a proposal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.artifact.at_address import address_name
from rollbook.artifact.dvc_yaml import artifact_path
from rollbook.artifact.pointer import pointer_data
from rollbook.artifact.progress import quiet
from rollbook.artifact.unfetched import require_there
from rollbook.errors import BadCall, VersionTaken
from rollbook.git.operation import one_operation
from rollbook.git.refs import resolve_branch
from rollbook.names import bump, normalise_version, precedence, require_model_name
from rollbook.propose.artifact_names import artifact_name
from rollbook.propose.backfill import FIELDS as AUTHORSHIP
from rollbook.propose.backfill import of_the_run_before, registrar
from rollbook.propose.contradictions import require_agreement
from rollbook.propose.dvc_entries_update import entry_edit
from rollbook.propose.file_facts import as_told, completed
from rollbook.propose.initial_manifest import initial_manifest
from rollbook.propose.manifest_facts import require_lawful
from rollbook.propose.proposal import (
    PlannedChange,
    Proposal,
    branch_name,
    commit_proposal,
    judge,
    refuse_blocked,
    refuse_standing,
)
from rollbook.propose.received_artifact import received_artifact
from rollbook.propose.reference_table import reference_remarks
from rollbook.propose.registration_evidence import registration_evidence
from rollbook.propose.registration_remarks import lacking, pre_release_remarks, signature_remarks, twins
from rollbook.propose.scan_evidence import scan_evidence, scan_remarks
from rollbook.propose.standing_branch import consists_of, standing_facts
from rollbook.propose.stores import open_store, upload
from rollbook.propose.told_model import FIELDS
from rollbook.registry.main_branch import main_commit
from rollbook.registry.registry import Registry
from rollbook.registry.request_branches import requested_versions
from rollbook.schema.schemas import schema_line
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.artifact.pointer import Pointer
    from rollbook.artifact.progress import Progress
    from rollbook.artifact.storage import Storage, Stored
    from rollbook.git.repository import Repository
    from rollbook.propose.received_artifact import ReceivedArtifact
    from rollbook.propose.registration_request import Registration

# The order of a manifest's fields, as a person reads them.
MANIFEST_ORDER = (
    "model", "version", *AUTHORSHIP, "description", "artifact", "framework", "algorithm",
    "hyperparameters", "metrics", "features", "feature_pipeline", "preprocessing", "signature", "training",
    "environment", "lineage", "limitations", "protected_groups", "tags", "card", "extra",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ProposedVersion:
    """A registration that was proposed. `twins` are the versions registered before with the same bytes;
    `uploaded` counts the bytes that went to the remote; `lacking` says what is not on record, can't be put
    there once the version has landed, and which option would; `remarks` what a person may not expect."""

    model: str
    version: str
    branch: str
    commit: str
    sha256: str
    size: int
    format: str
    uploaded: int
    twins: tuple[str, ...]
    lacking: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        from rollbook.insight.display import display, fact_table

        facts = [
            ("branch", self.branch),
            ("artifact", f"{self.format}, {self.size:,} bytes, sha256 {self.sha256[:12]}"),
            ("same bytes as", self.twins),
            ("not on record", "; ".join(self.lacking)),
            ("remarks", "; ".join(self.remarks)),
            ("to land it", f"registry.land({self.branch!r})"),
        ]
        return display(f"Proposed: {self.model}@{self.version}", fact_table(facts))


@dataclass(frozen=True, slots=True)
class _RegistrationPlan:
    """What is settled before any byte is read. `name` is the artifact's in the registry; `standing` is the
    commit of the branch when an earlier run, perhaps one that was cut off, has made it for these very facts;
    `record` is a new model's model.yaml."""

    base: str
    model: str
    version: str
    name: str
    branch: str
    record: dict[str, Any] | None
    facts: dict[str, Any]
    standing: str | None


@dataclass(frozen=True, slots=True)
class PreparedVersion:
    """A registration that is ready to be proposed, its bytes in DVC's cache: the change, the version without
    its branch's commit, what goes to the remote, and the branch's commit where an earlier run has made it."""

    change: PlannedChange
    version: ProposedVersion
    storage: Storage
    pointers: Sequence[Pointer]
    standing: str | None

    def upload(self, repository: Repository, progress: Progress = quiet) -> int:
        """Send what the DVC remote lacks; return the number of bytes sent."""
        return upload(repository, self.change.proposal.base, self.storage, self.pointers, progress)


@one_operation()
def register(
    repository: Repository, registration: Registration, progress: Progress = quiet
) -> ProposedVersion:
    """Store the artifact in the DVC remote, and propose its version: a branch with one commit.

    Raises as `prepare` does, ChangeRefused for a change that the check refuses, StorageFailed when the bytes
    can't be stored. Then there is no branch. Run again with the same facts and bytes, it finds the branch of
    the run before.
    """
    prepared = prepare(repository, registration, progress)
    proposal, version = prepared.change.proposal, prepared.version
    judge(repository, proposal.base, proposal.files).require(prepared.change.wish)
    uploaded = prepared.upload(repository, progress)
    commit = prepared.standing or commit_proposal(repository, proposal)
    # All that was new in the remote is in no version.
    is_new = 0 < version.size <= uploaded
    same = () if is_new else twins(repository, proposal.base, prepared.pointers[0].md5)
    return replace(version, commit=commit, uploaded=uploaded, twins=same)


def prepare(
    repository: Repository,
    registration: Registration,
    progress: Progress = quiet,
    *,
    onto: str = "",
    received: ReceivedArtifact | None = None,
) -> PreparedVersion:
    """Bring the artifact into DVC's cache, and return its version as a change upon the commit `onto`, by
    default main's. What was `received` before, is there already, and is not read again.

    Everything that can be judged without the bytes is judged first. Raises BadCall for facts that the schema
    does not allow, VersionTaken for a version that exists, Refused for an artifact that is broken or says
    otherwise than what is told of it, or that a scan finds malicious, Conflict when the branch stands with
    other content.
    """
    plan = _plan(repository, registration, onto, is_received=received is not None)
    if received is None:
        storage = open_store(repository, plan.base)
        received = received_artifact(repository, storage, registration, plan.name, progress)
    storage, stored = received.storage, received.stored
    told = {**plan.facts, "artifact": registration.facts.get("artifact")}
    require_agreement(plan.name, told, stored.format, stored.contents)
    plan, files = _completed(repository, storage, registration, plan, received)
    while plan.standing and not consists_of(repository, plan.standing, files, _entry(plan, stored)):
        if registration.version is not None:
            refuse_standing(repository, plan.branch)
        plan = _plan(repository, registration, onto, above=plan.version, is_received=True)
        plan, files = _completed(repository, storage, registration, plan, received)
    files |= entry_edit(repository, plan.base, _entry(plan, stored))
    message = f"Register {plan.model}@{plan.version}\n\n{plan.facts.get('description', '')}".rstrip() + "\n"
    version = ProposedVersion(
        model=plan.model,
        version=plan.version,
        branch=plan.branch,
        commit=plan.standing or "",
        sha256=stored.digest.sha256,
        size=stored.digest.size,
        format=stored.format,
        uploaded=0,
        twins=(),
        lacking=tuple(lacking(plan.facts, registration.attachments, stored.format)),
        remarks=tuple(_remarks(repository, registration, plan, received)),
    )
    change = PlannedChange(
        Proposal(plan.branch, plan.base, message, files), "the registry refuses this version"
    )
    return PreparedVersion(change, version, storage, received.pointers, plan.standing)


def _plan(
    repository: Repository,
    registration: Registration,
    onto: str,
    *,
    above: str = "",
    is_received: bool = False,
) -> _RegistrationPlan:
    """Settle what shall be registered. A version that is bumped comes after those that open requests
    register, unless one of these, above `above`, has these very facts: that was an earlier run."""
    model = require_model_name(registration.model)
    if repository.work_tree is None and not is_received:
        raise BadCall("a version can't be registered in a bare repository", hint="Use a clone of it.")
    if isinstance(registration.artifact, str):
        name = artifact_name(Path(address_name(registration.artifact)), registration.name)
    else:
        require_there(registration.artifact)
        name = artifact_name(registration.artifact, registration.name)
    base = onto or main_commit(repository)
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        registry.require()
        is_known = registry.has_model(model)
        versions = registry.model(model).version_names if is_known else []
        parents = [str(registry.version(reference)) for reference in registration.parents]
    requested = [] if registration.version else requested_versions(repository, model, versions)
    earlier = [version for version in requested if not above or precedence(version) > precedence(above)]
    for version in [*earlier, _next_version(model, [*versions, *requested], registration)]:
        branch = branch_name("register", model, version)
        facts = initial_manifest(repository, registration, model, version, parents)
        standing = resolve_branch(repository, branch)
        before = standing_facts(repository, standing, model, version) if standing else {}
        if standing and (carried := of_the_run_before(facts, as_told(before, facts))):
            facts |= carried
            break
    else:
        standing = None
    if not onto:  # else no branch is made
        if standing is None:
            refuse_standing(repository, branch)
        refuse_blocked(repository, branch)
    entry_edit(repository, base, {model: artifact_path(model, version, name)})  # refuses what it can't edit
    record = None if is_known else _record(model, registrar(facts), registration.record)
    return _RegistrationPlan(base, model, version, name, branch, record, facts, standing)


def _record(model: str, owner: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a new model's model.yaml."""
    whole = {"name": model, "owner": owner, **given}
    record = {name: whole[name] for name in ("name", *FIELDS) if name in whole}
    require_lawful("model", record, "model.yaml")
    return record


def _remarks(
    repository: Repository, registration: Registration, plan: _RegistrationPlan, received: ReceivedArtifact
) -> Iterator[str]:
    """Yield what a person may not expect of what was proposed."""
    yield from registration.remarks
    if plan.record is None and registration.record:
        names = ", ".join(sorted(registration.record))
        yield f"{plan.model} is known: left out: {names}. See `rollbook model edit {plan.model} --help`"
    yield from received.stored.remarks
    yield from received.stored.contents.remarks
    yield from scan_remarks(received.scanned)
    yield from registration.vouching.remarks(repository, plan.base, received.beside)
    yield from pre_release_remarks(plan.version)
    if received.reference is not None:
        yield from reference_remarks(plan.facts.get("signature") or {}, received.reference.names)
    yield from signature_remarks(repository, plan.base, plan.model, plan.version, plan.facts)


def _entry(plan: _RegistrationPlan, stored: Stored) -> dict[str, str]:
    """Return the model's entry in dvc.yaml."""
    return {plan.model: artifact_path(plan.model, plan.version, stored.pointer.path)}


def _next_version(model: str, versions: Sequence[str], registration: Registration) -> str:
    if registration.version is None:
        return bump(max(versions, key=precedence) if versions else None, registration.bump)
    version = normalise_version(registration.version)
    if version in versions:
        raise VersionTaken(
            f"{model} has a version {version} already; versions are never overwritten",
            hint=f"Use --bump, or a version of your own above {versions[-1]}: --version V.",
        )
    return version


def _completed(
    repository: Repository,
    storage: Storage,
    registration: Registration,
    plan: _RegistrationPlan,
    received: ReceivedArtifact,
) -> tuple[_RegistrationPlan, dict[str, bytes]]:
    """Return a plan with what the artifact itself says, and the files of the version."""
    stored = received.stored
    plan = replace(plan, facts=completed(plan.facts, stored.format, stored.contents))
    directory = layout.version_directory(plan.model, plan.version)
    kept = registration.vouching.kept(repository, plan.standing, directory, received.beside)
    files = _files(plan, {**registration.attachments, **kept}, stored)
    version = (plan.model, plan.version, stored.digest.sha256)
    files |= scan_evidence(repository, received.scanned, *version, plan.standing)
    files |= registration_evidence(repository, storage, registration, received, plan.facts, plan.standing)
    return plan, files


def _files(plan: _RegistrationPlan, beside: Mapping[str, bytes], stored: Stored) -> dict[str, bytes]:
    whole = {**plan.facts, "artifact": stored.as_mapping()}
    manifest = {name: whole[name] for name in MANIFEST_ORDER if name in whole}
    path = layout.manifest_path(plan.model, plan.version)
    directory = layout.version_directory(plan.model, plan.version)
    files = {
        path: dump(manifest, header=schema_line("version", path)),
        layout.pointer_path(plan.model, plan.version, stored.pointer.path): dump(
            pointer_data(stored.pointer)
        ),
        **{f"{directory}/{name}": data for name, data in beside.items()},
    }
    if plan.record is not None:
        path = layout.model_path(plan.model)
        files[path] = dump(plan.record, header=schema_line("model", path))
    return files
