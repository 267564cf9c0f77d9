"""Rules about the removal of artifacts: what stands beside `removed.yaml`, and which removals may land."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.artifact.pointer import parse_pointer
from rollbook.check.document import read_documents
from rollbook.check.finding import Finding
from rollbook.check.retention_fate import Fate, ModelStanding, fates
from rollbook.errors import InvalidFile
from rollbook.layout import Kind
from rollbook.names import is_version
from rollbook.records.model import ModelRecord
from rollbook.records.removal import Removal
from rollbook.records.retention import OwnRetention
from rollbook.records.stages import ALIASES, StageTable
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.artifact.pointer import Pointer
    from rollbook.check.document import Document
    from rollbook.check.gates.gate import Circumstances
    from rollbook.check.registry_files import ModelFiles, VersionFiles
    from rollbook.records.policy import Policy
    from rollbook.records.retention import Retention
    from rollbook.registry.change import FileChange, Transition
    from rollbook.snapshot.tree_snapshot import TreeSnapshot

_STAYS = "See what may go, and why the rest stays: rollbook prune --dry-run"


def removal_of(version: VersionFiles) -> Document | None:
    """Return the record that the version's artifact is removed; None while it has its artifact."""
    return next(iter(version.documents.get(Kind.REMOVAL, ())), None)


def removed_directory_findings(version: VersionFiles, document: Document) -> Iterator[Finding]:
    """Yield what is wrong beside a record of removal: a pointer that stands there, a manifest that
    disagrees.
    """
    for pointer in version.pointers:
        yield pointer.finding(
            "RB221",
            "the version's artifact is removed, and a pointer to it stands here",
            hint="A removal is final. Register the bytes as a new version with `rollbook register`.",
        )
    removal, manifest = document.record, version.manifest
    if not isinstance(removal, Removal) or manifest is None:
        return
    artifact = manifest.artifact
    facts: dict[tuple[str, ...], tuple[object, object]] = {
        ("model",): (removal.model, version.model),
        ("version",): (removal.version, version.version),
        ("artifact", "sha256"): (removal.sha256, artifact.sha256),
        ("artifact", "size"): (removal.size, artifact.size),
        ("artifact", "files"): (removal.files, artifact.files),
    }
    for key, (recorded, expected) in facts.items():
        if recorded != expected:
            message = f"the file says {_said(recorded)}; the manifest says {_said(expected)}"
            yield document.finding("RB221", message, *key, hint="Let `rollbook prune` write the file.")


def _said(value: object) -> str:
    return "nothing" if value is None else shown(value)


def removed_in_use_findings(model: ModelFiles, policy: Policy | None) -> Iterator[Finding]:
    """Yield the exclusive stages and the aliases of a model that name a version without an artifact."""
    document, table = model.stages_file, model.stages
    if document is None or table is None:
        return
    hint = "Name a version that has its artifact."
    for stage in policy.stages if policy else ():
        for entry in table.holders(stage.name) if stage.exclusive else ():
            if _is_removed(model, entry.version):
                message = f"{shown(entry.version)} stands in {stage.name}, and its artifact is removed"
                yield document.finding("RB222", message, stage.name, hint=hint)
    for alias, version in table.aliases.items():
        if _is_removed(model, version):
            message = f"the alias names {shown(version)}, whose artifact is removed"
            yield document.finding("RB222", message, ALIASES, alias, hint=hint)


def _is_removed(model: ModelFiles, version: str) -> bool:
    files = model.versions.get(version)
    return files is not None and layout.removal_path(model.name, version) in files.paths


def moved_findings(model: ModelFiles, moves: Sequence[Transition]) -> Iterator[Finding]:
    """Yield the versions that move to a stage though their artifact is removed, or is by this very change."""
    for move in moves:
        if _is_removed(model, move.version):
            path = layout.removal_path(model.name, move.version)
            message = f"{move.version} moves from {move.start} to {move.target}, and its artifact is removed"
            hint = "Leave it where it stands: only a version that has its artifact moves."
            yield Finding("RB310", path, message, hint=hint)


@dataclass(frozen=True, slots=True)
class _Base:
    """What the removals of one model's artifacts are judged by: all of it stands on main already."""

    policy: Policy
    rules: Retention
    fates: Mapping[str, Fate]
    pointers: Mapping[str, Pointer]


def removal_findings(
    changes: Sequence[FileChange],
    base: TreeSnapshot,
    before: Mapping[str, str],
    models: Mapping[str, ModelFiles],
    policy: Policy | None,
    circumstances: Circumstances,
) -> Iterator[Finding]:
    """Yield the removals in a change that the base does not let happen.

    The base's policy judges, with the model's own rules as they are before the change and after it: nobody
    removes what the same change makes removable. `before` holds the base's paths, `models` those of the head.
    """
    added: dict[str, list[FileChange]] = {}
    for change in changes:
        place = change.place
        if change.added and place.kind is Kind.REMOVAL and place.model and is_version(place.version or ""):
            added.setdefault(place.model, []).append(change)
    for name, removals in added.items():
        judged = _base(base, before, models.get(name), policy, name, circumstances)
        for change in removals:
            if judged is None:
                message = "the base's policy or the model's files can't be read, so no removal can be judged"
                yield Finding("RB309", change.path, message, hint="Repair them on the main branch first.")
            else:
                yield from _judged(change, models.get(name), judged)


def _judged(change: FileChange, model: ModelFiles | None, base: _Base) -> Iterator[Finding]:
    version = change.place.version or ""
    fate = base.fates.get(version)
    if fate is None:
        message = f"{version} had no artifact on the main branch that could be removed"
        yield Finding("RB309", change.path, message, hint="Propose it with `rollbook prune`.")
        return
    if not fate.goes:
        yield Finding("RB309", change.path, f"the artifact of {version} stays: {fate.why}", hint=_STAYS)
    document = removal_of(model.versions[version]) if model and version in model.versions else None
    removal = document.record if document else None
    if document is None or not isinstance(removal, Removal):
        return
    pointer = base.pointers.get(version)
    facts: dict[tuple[str, ...], tuple[Any, Any]] = {
        ("stage",): (removal.stage, fate.stage),
        ("retention",): ({**removal.retention}, base.rules.rules()),
        ("artifact", "md5"): (removal.md5, pointer.md5 if pointer else None),
    }
    for key, (recorded, expected) in facts.items():
        if recorded != expected:
            message = f"the file says {_said(recorded)}, and the main branch {_said(expected)}"
            hint = "Propose it anew with `rollbook prune`, which writes what stands there now."
            yield document.finding("RB309", message, *key, hint=hint)


def _base(
    base: TreeSnapshot,
    before: Mapping[str, str],
    model: ModelFiles | None,
    policy: Policy | None,
    name: str,
    circumstances: Circumstances,
) -> _Base | None:
    """Return a model as the base has it; None where that can't be read."""
    places = {path: layout.place(path) for path in before}
    versions = [place.version for place in places.values() if _is(place, name, Kind.MANIFEST)]
    removed = {place.version for place in places.values() if _is(place, name, Kind.REMOVAL)}
    pointers = {path: place for path, place in places.items() if _is(place, name, Kind.POINTER)}
    own = [layout.model_path(name), layout.stages_path(name)]
    needed_places = {path: layout.place(path) for path in own if path in before} | pointers
    documents = read_documents(base, needed_places)
    stages = documents[own[1]].record if own[1] in documents else StageTable()
    rules = _rules(policy, documents.get(own[0]), model)
    if policy is None or rules is None or not isinstance(stages, StageTable):
        return None
    standing = ModelStanding(
        [version for version in versions if version],
        {version for version in removed if version},
        stages,
        partial(circumstances.stays, name),
        partial(circumstances.use, name),
    )
    try:
        version_fates = {fate.version: fate for fate in fates(policy, rules, standing, circumstances.now)}
    except InvalidFile:  # evidence of a version's use
        return None
    return _Base(policy, rules, version_fates, dict(_pointers(documents, pointers)))


def _is(place: layout.Place, model: str, kind: Kind) -> bool:
    return place.kind is kind and place.model == model


def _rules(policy: Policy | None, base: Document | None, model: ModelFiles | None) -> Retention | None:
    """Return the policy's rules with the model's own, by its file in the base and by that of the head
    together.
    """
    if policy is None or (base is not None and not isinstance(base.record, ModelRecord)):
        return None
    before = base.record.retention if base and isinstance(base.record, ModelRecord) else OwnRetention()
    after = model.record.retention if model and model.record else OwnRetention()
    return after.tightened(before.tightened(policy.retention))


def _pointers(
    documents: Mapping[str, Document], places: Mapping[str, layout.Place]
) -> Iterator[tuple[str, Pointer]]:
    for path, place in places.items():
        try:
            yield place.version or "", parse_pointer(documents[path].value, path)
        except InvalidFile:
            continue  # what can't be read is unlike every removal
