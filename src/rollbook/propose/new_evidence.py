"""Adding evidence: a fact learnt about a version becomes a file that is never edited, in a proposal.

The bytes of what is attached go to the DVC remote, a pointer to each into the proposal.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.artifact.links import LinkRule
from rollbook.artifact.pointer import pointer_data, require_artifact_name
from rollbook.artifact.progress import quiet
from rollbook.artifact.unfetched import require_there
from rollbook.errors import BadCall, nearest
from rollbook.git.operation import one_operation
from rollbook.git.write import identity
from rollbook.names import time_now
from rollbook.propose.manifest_facts import require_lawful
from rollbook.propose.proposal import (
    PlannedChange,
    Proposal,
    branch_name,
    commit_proposal,
    judge,
    refuse_standing,
)
from rollbook.propose.reference_table import read_reference, reference_remarks
from rollbook.propose.stores import open_store, upload
from rollbook.records.evidence import DEPLOYMENT, KINDS, REFERENCE, evidence_kind, evidence_number
from rollbook.registry.main_branch import main_commit
from rollbook.registry.registry import Registry
from rollbook.registry.version_files import evidence_paths
from rollbook.schema.schemas import schema_line
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path

    from rollbook.artifact.progress import Progress
    from rollbook.artifact.storage import Storage, Stored
    from rollbook.git.repository import Repository
    from rollbook.names import Reference
    from rollbook.registry.model_version import ModelVersion


@dataclass(frozen=True, slots=True)
class Examination:
    """What was examined and how it went. `kind` is one of `records.evidence.KINDS`; `data` and `tool` are
    mappings with a `name` and perhaps a `version`; `metrics` are finite numbers by name. `target` says of a
    deployment where the version runs; `attachments` are files and folders to keep with the evidence."""

    kind: str
    passed: bool
    summary: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    tool: Mapping[str, Any] = field(default_factory=dict)
    uri: str = ""
    target: str = ""
    attachments: Sequence[Path] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AddedEvidence:
    """Evidence that was proposed, and the artifact it is bound to by its SHA-256. `attachments` is what it
    says of them; `uploaded` counts their bytes that went to the remote; `remarks` are what a person may not
    expect."""

    model: str
    version: str
    kind: str
    number: int
    path: str
    artifact_sha256: str
    attachments: Sequence[Mapping[str, Any]]
    uploaded: int
    branch: str
    commit: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedEvidence:
    """Evidence that is ready to be proposed; what it is lacks its commit."""

    change: PlannedChange
    evidence: AddedEvidence


@one_operation()
def add_evidence(
    repository: Repository,
    reference: str | Reference,
    examination: Examination,
    progress: Progress = quiet,
    taken: Collection[int] = (),
) -> AddedEvidence:
    """Propose evidence on a version of main: a branch with one commit that adds one file, and a pointer to
    each attachment, whose bytes go to the DVC remote first.

    It gets the next number of its kind in main, after those that are `taken` by requests too, the digest of
    the version's artifact, the time, and the user's email. Raises BadCall for what the schema does not allow,
    NotFound for an unknown version, Conflict when a proposal of that number stands already, StorageFailed
    when the bytes can't be stored.
    """
    attachments = Attachments(repository, examination.attachments)
    base = main_commit(repository)
    planned = plan_evidence(
        repository,
        base,
        reference,
        examination,
        attachments,
        taken=taken,
        progress=progress,
        may_begin=lambda branch: refuse_standing(repository, branch),
    )
    proposal = planned.change.proposal
    judge(repository, base, proposal.files).require(planned.change.wish)
    uploaded = attachments.push(base, progress)
    made = commit_proposal(repository, proposal)
    return replace(planned.evidence, uploaded=uploaded, commit=made)


def plan_evidence(
    repository: Repository,
    base: str,
    reference: str | Reference,
    examination: Examination,
    attachments: Attachments,
    *,
    taken: Collection[int] = (),
    progress: Progress = quiet,
    may_begin: Callable[[str], object] = lambda _: None,
) -> PlannedEvidence:
    """Return the change that adds evidence upon the commit `base`, what is attached brought into DVC's cache.

    `may_begin` is called with the branch's name once all else is judged, before bytes are read. Raises
    BadCall for what the schema does not allow, NotFound for an unknown version.
    """
    kind = _require_sense(examination)
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        version = registry.version(reference)
        remarks = _reference_remarks(version, examination) if kind == REFERENCE else ()
        path = _next_path(version, kind, taken)
        artifact = version.manifest.artifact
        data = evidence_content(repository, version.model.name, version.version, artifact.sha256, examination)
    require_lawful("evidence", {**data, **_attached(attachments.outline())}, "evidence")
    model, number = version.model.name, evidence_number(path)
    branch = branch_name("evidence", model, version.version, f"{kind}-{number}")
    may_begin(branch)
    told = attachments.store(progress)
    data |= _attached(told)
    files: dict[str, bytes | None] = {path: dump(data, header=schema_line("evidence", path))}
    files |= attachments.pointers(path)
    outcome = "passed" if examination.passed else "failed"
    message = f"Add evidence to {version}: {kind} {outcome}\n\n{examination.summary}".rstrip() + "\n"
    change = PlannedChange(
        Proposal(branch, base, message, files), f"{kind} evidence can't be added to {version}"
    )
    evidence = AddedEvidence(
        model=model,
        version=version.version,
        kind=kind,
        number=number,
        path=path,
        artifact_sha256=data["artifact_sha256"],
        attachments=told,
        uploaded=0,
        branch=branch,
        commit="",
        remarks=remarks,
    )
    return PlannedEvidence(change, evidence)


def _reference_remarks(version: ModelVersion, examination: Examination) -> tuple[str, ...]:
    """Return what is to be said of a reference sample to attach. Raises BadCall where it can't be used."""
    if len(examination.attachments) != 1:
        hint = "Attach it: --attach reference.parquet."
        raise BadCall("a reference sample is one Parquet file, attached to the evidence", hint=hint)
    names = read_reference(examination.attachments[0]).column_names
    return reference_remarks(version.manifest.signature, names)


def _require_sense(examination: Examination) -> str:
    """Return the kind. Raises BadCall for one that there is not, and for a target of what is no
    deployment.
    """
    kind = examination.kind
    if kind not in KINDS:
        raise BadCall(f"{kind[:80]!r} is no kind of evidence", hint=nearest(kind, KINDS))
    if examination.target and kind != DEPLOYMENT:
        raise BadCall(f"{kind} evidence has no target", hint="Only a deployment has one.")
    return kind


def _attached(told: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"attachments": [*told]} if told else {}


def named(option: str, text: str, separator: str) -> dict[str, str]:
    """Read `NAME` or `NAME<separator>VERSION`. Raises BadCall naming the option when there is no name."""
    name, _, version = text.partition(separator)
    if not name:
        raise BadCall(f"{option} {text[:80]!r} is not NAME{separator}VERSION")
    return {"name": name, "version": version} if version else {"name": name}


def _next_path(version: ModelVersion, kind: str, taken: Collection[int]) -> str:
    model, name = version.model.name, version.version
    paths = evidence_paths(version.model.registry.snapshot, model, name)
    numbers = [evidence_number(path) for path in paths if evidence_kind(path) == kind]
    return f"{layout.evidence_directory(model, name)}/{kind}-{max([*numbers, *taken], default=0) + 1}.yaml"


def evidence_content(
    repository: Repository, model: str, version: str, sha256: str, examination: Examination
) -> dict[str, Any]:
    """Return what a file of evidence says of the artifact with a digest, as of now, by the user of git."""
    required = {
        "kind": examination.kind,
        "model": model,
        "version": version,
        "artifact_sha256": sha256,
        "passed": examination.passed,
        "created_at": time_now(),
        "created_by": identity(repository).email,
    }
    optional = {
        "summary": examination.summary,
        "metrics": dict(examination.metrics),
        "data": dict(examination.data),
        "tool": dict(examination.tool),
        "uri": examination.uri,
        "target": examination.target,
        "extra": dict(examination.extra),
    }
    return {**required, **{name: value for name, value in optional.items() if value}}


class Attachments:
    """Files and folders to attach. Nothing is read before `store`, and nothing uploaded before `push`."""

    def __init__(self, repository: Repository, paths: Sequence[Path], storage: Storage | None = None) -> None:
        """Take the files at these paths; they go to `storage`, by default that of the clone. Raises BadCall
        for a path that is missing, or whose name a registry can't hold or has already.
        """
        if paths and storage is None and repository.work_tree is None:
            raise BadCall("nothing can be attached in a bare repository", hint="Use a clone of it.")
        self._repository = repository
        self._given = storage
        self._sources = _by_name(paths)
        self._stored: list[Stored] = []

    def outline(self) -> list[dict[str, Any]]:
        """Return the facts for the evidence, with placeholders for the size and digest, which only the bytes
        tell."""
        return [{"path": name, "size": 1, "sha256": "0" * 64} for name in self._sources]

    def store(self, progress: Progress = quiet) -> list[dict[str, Any]]:
        """Copy them into the DVC cache; return what evidence says of them. Raises as `Storage.add` does."""
        self._stored = self._stored or [
            self._storage.add(path, name, progress, links=LinkRule.CACHED)
            for name, path in self._sources.items()
        ]
        facts = [stored.as_mapping() for stored in self._stored]
        return [{name: value for name, value in item.items() if name != "format"} for item in facts]

    def forget(self) -> None:
        """Take what `store` brought there out of the cache again."""
        for stored in self._stored:
            self._storage.forget(stored)

    def pointers(self, evidence: str) -> dict[str, bytes]:
        """Return DVC's pointer to each attachment, by path, for the evidence at a path."""
        return {
            layout.attachment_pointer_path(evidence, payload.pointer.path): dump(
                pointer_data(payload.pointer)
            )
            for payload in self._stored
        }

    def push(self, base: str, progress: Progress = quiet) -> int:
        """Upload them as `stores.upload` does; return the number of bytes sent."""
        if not self._stored:
            return 0
        pointers = [payload.pointer for payload in self._stored]
        return upload(self._repository, base, self._storage, pointers, progress)

    @cached_property
    def _storage(self) -> Storage:
        return self._given or open_store(self._repository, main_commit(self._repository))


def _by_name(paths: Sequence[Path]) -> dict[str, Path]:
    by_name: dict[str, Path] = {}
    for path in paths:
        require_there(path)
        name = require_artifact_name(path.name or path.absolute().name)
        if twin := next((other for other in by_name if other.lower() == name.lower()), None):
            raise BadCall(f"two attachments are called {twin}", hint="Rename one of them.")
        by_name[name] = path
    return by_name
