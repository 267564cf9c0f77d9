"""Bringing a version over: its bytes go to this registry's DVC remote, and all else becomes a proposal."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.artifact.dvc_yaml import artifact_path
from rollbook.artifact.pointer import pointer_data
from rollbook.artifact.progress import begin, quiet
from rollbook.errors import BadCall, Refused
from rollbook.propose.dvc_entries_update import entry_edit
from rollbook.propose.proposal import Proposal, branch_name, commit_proposal, judge, refuse_standing
from rollbook.propose.stores import open_store, upload
from rollbook.records.imported import as_mapping
from rollbook.registry.main_branch import main_commit
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.transfer.bundle.bundle_reading import open_bundle
from rollbook.transfer.bundle.provenance import Trust, imported_yaml, verify_origin
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rollbook.artifact.progress import Progress
    from rollbook.artifact.storage import Storage, Stored
    from rollbook.check.finding import Finding
    from rollbook.git.repository import Repository
    from rollbook.records.imported import Imported
    from rollbook.transfer.bundle.bundle_reading import Bundle
    from rollbook.transfer.bundle.payloads import HeldPayload
    from rollbook.transfer.bundle.provenance import VerifiedOrigin

# Files of a bundle that are not taken over as they are.
_WRITTEN_APART = ("model.yaml", "imported.yaml")


@dataclass(frozen=True, slots=True)
class Brought:
    """A version that was brought over, or was here already: `branch` and `commit` are empty then.

    `imported` says where it comes from, `doubt` why nobody vouches for that. `missing` are the bundle's files
    that the version here has not. `uploaded` counts the bytes that went to the remote.
    """

    model: str
    version: str
    imported: Imported
    doubt: str
    branch: str = ""
    commit: str = ""
    findings: tuple[Finding, ...] = ()
    uploaded: int = 0
    missing: tuple[str, ...] = ()

    def as_document(self) -> dict[str, object]:
        """Return the import as JSON data."""
        return {
            "model": self.model,
            "version": self.version,
            "imported": as_mapping(self.imported),
            "doubt": self.doubt or None,
            "branch": self.branch or None,
            "commit": self.commit or None,
            "uploaded": self.uploaded,
            "missing": list(self.missing),
        }


def import_bundle(
    repository: Repository,
    path: Path,
    *,
    allowed_signers: bytes | None = None,
    require_signature: bool = False,
    progress: Progress = quiet,
) -> Brought:
    """Verify a bundle, store its bytes in the DVC remote, and propose its version: a branch with one commit.

    Signatures are judged by `allowed_signers`, which makes them required, or else by the registry's own list.
    Raises InvalidFile for what is no bundle, Refused when it contradicts itself, lacks a signature that is
    required, brings a version that is here with other content, or the check refuses it; Conflict when the
    proposal stands already, StorageFailed when the bytes can't be stored. Then there is no branch.
    """
    if repository.work_tree is None:
        raise BadCall("a version can't be imported into a bare repository", hint="Use a clone of it.")
    base = main_commit(repository)
    with open_bundle(path) as bundle:
        model, version = bundle.contents.model, bundle.contents.version
        with Registry(repository, commit_snapshot(repository, base)) as registry:
            trust = _trust(registry, allowed_signers, required=require_signature)
            verified = verify_origin(repository, bundle, trust)
            registry.require()
            is_new = not registry.has_model(model)
            if not is_new and version in registry.model(model).version_names:
                return _known(registry, verified)
        branch = branch_name("import", model, version)
        refuse_standing(repository, branch)
        entry = {model: artifact_path(model, version, verified.manifest.artifact.path)}
        edited = entry_edit(repository, base, entry)  # refuses what it can't edit
        storage = open_store(repository, base)
        stored = [_stored(storage, bundle, holding, progress) for holding in verified.holdings]
        files = {**_files(verified, stored, is_new=is_new), **edited}
        verdict = judge(repository, base, files)
        verdict.require("the registry refuses this version")
        uploaded = upload(repository, base, storage, [payload.pointer for payload in stored])
        commit = commit_proposal(repository, Proposal(branch, base, _message(verified), files))
    return Brought(
        model=model,
        version=version,
        imported=verified.imported,
        doubt=verified.doubt,
        branch=branch,
        commit=commit,
        findings=verdict.findings,
        uploaded=uploaded,
    )


def _trust(registry: Registry, given: bytes | None, *, required: bool) -> Trust:
    if given is not None:
        return Trust(given, is_given=True, required=True)
    (own,) = registry.snapshot.read_many([layout.ALLOWED_SIGNERS])
    return Trust(own or b"", is_given=False, required=required)


def _known(registry: Registry, verified: VerifiedOrigin) -> Brought:
    """Return what is to be said when the version is here. Raises Refused when it is another one."""
    model, name = verified.imported.model, verified.imported.version
    version = registry.model(model).version(name)
    directory = layout.version_directory(model, name)
    files = sorted(file for file in verified.files if file not in _WRITTEN_APART)
    contents = registry.snapshot.read_many([f"{directory}/{file}" for file in files])
    here = dict(zip(files, contents, strict=True))
    if here["version.yaml"] != verified.files["version.yaml"]:
        raise Refused(
            f"{version} is here already, and is another version than the bundle's",
            hint="Versions are never overwritten: register the other one there under a new number.",
        )
    if version.removal is not None:
        raise version.removal.refusal()
    missing = tuple(file for file in files if here[file] is None)
    return Brought(model, name, verified.imported, verified.doubt, missing=missing)


def _stored(storage: Storage, bundle: Bundle, holding: HeldPayload, progress: Progress) -> Stored:
    """Take the bytes of an artifact or attachment into DVC's cache, straight from the bundle."""
    members = list(holding.members(bundle.stored()))
    begin(progress, "reading", sum(member.size for _, member in members))
    parts = ((inside, partial(bundle.copy, member, progress)) for inside, member in members)
    return storage.add_parts(parts, holding.name, is_directory=holding.is_directory)


def _files(verified: VerifiedOrigin, stored: Sequence[Stored], *, is_new: bool) -> Mapping[str, bytes]:
    imported = verified.imported
    directory = layout.version_directory(imported.model, imported.version)
    kept = {name: data for name, data in verified.files.items() if name not in _WRITTEN_APART}
    files = {f"{directory}/{name}": data for name, data in kept.items()}
    for holding, payload in zip(verified.holdings, stored, strict=True):
        files[holding.pointer] = dump(pointer_data(payload.pointer))
    files[layout.imported_path(imported.model, imported.version)] = imported_yaml(imported)
    if is_new:
        files[layout.model_path(imported.model)] = verified.files["model.yaml"]
    return files


def _message(verified: VerifiedOrigin) -> str:
    imported = verified.imported
    source = imported.nearest
    signed = f", signed by {source.signed_by}" if source.signed_by else ""
    return (
        f"Import {imported.model}@{imported.version}\n\n"
        f"From {source.registry}, tag {source.registration.object}{signed}.\n"
    )
