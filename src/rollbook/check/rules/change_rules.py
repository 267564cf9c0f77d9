"""Rules between two trees: what a change does to the models it touches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.document import read_documents
from rollbook.check.finding import Finding
from rollbook.check.gate_context import Ground, gate_findings, own_gates, unreadable_gates
from rollbook.check.registry_files import ModelFiles
from rollbook.check.rules.alias_rules import alias_findings
from rollbook.check.rules.data_rules import data_findings
from rollbook.check.rules.manifest_rules import registrar_findings
from rollbook.check.rules.model_rules import directory_findings
from rollbook.check.rules.monitored_moves import automatic_findings, despite_findings
from rollbook.check.rules.name_rules import pattern_findings
from rollbook.check.rules.origin_rules import not_judged, split, taken_over
from rollbook.check.rules.removal_rules import moved_findings, removal_findings
from rollbook.check.rules.revision_rules import revision_findings
from rollbook.check.rules.serving_rules import share_findings, vacancy_findings
from rollbook.check.rules.stage_rules import policy_findings
from rollbook.check.rules.transition_rules import transition_findings, version_findings
from rollbook.check.rules.write_once import write_once_findings
from rollbook.layout import Kind
from rollbook.names import is_version
from rollbook.records.policy import Policy
from rollbook.records.stages import StageTable
from rollbook.registry.change import alias_changes, transitions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from rollbook.check.document import Document
    from rollbook.check.gates.gate import Circumstances
    from rollbook.check.registry_files import Contents
    from rollbook.check.scope import Paths
    from rollbook.registry.change import FileChange, Transition
    from rollbook.snapshot.tree_snapshot import TreeSnapshot


def change_findings(
    changes: Sequence[FileChange],
    base: TreeSnapshot,
    before: Mapping[str, str],
    after: Contents,
    paths: tuple[Paths, Paths],
    circumstances: Circumstances,
) -> Iterator[Finding]:
    """Yield what is wrong with a change, judged by the base's policy, or by the change's own when there is
    none.

    `before` holds those of the base's paths that the change concerns, `after` the models of the head that it
    touches. `paths` stand for all paths of the base and of the head.
    """
    yield from write_once_findings(changes, before)
    yield from _version_changes(changes, before, after)
    yield from _backfilled(changes, after, circumstances)
    stages = _changed_stages(changes)
    records = [layout.model_path(layout.place(path).model or "") for path in stages]
    needed = [layout.POLICY, *stages, *records]
    old = read_documents(base, {path: layout.place(path) for path in needed if path in before})
    policy_file = old.get(layout.POLICY)
    if policy_file is None:
        policy = after.policy
    else:
        policy = policy_file.record if isinstance(policy_file.record, Policy) else None
        yield from (finding for finding in policy_file.findings if finding.code == "RB108")
    yield from removal_findings(changes, base, before, after.models, policy, circumstances)
    for path, record in zip(stages, records, strict=True):
        name = layout.place(path).model or ""
        model = after.models.get(name) or ModelFiles(name)
        own = own_gates(old.get(record), model)
        standing = StageTable() if path not in old else old[path].record
        if policy is None or not isinstance(standing, StageTable):
            yield _unjudged(path, layout.POLICY if policy is None else path)
        else:
            if own is None:
                yield unreadable_gates(name)
            ground = Ground(policy, own or (), standing, *paths, circumstances)
            yield from _stage_changes(model, ground, after, taken_over(model, before))
            yield from _monitored(model, ground, old.get(record))
    yield from _names(before, policy, after)


def _changed_stages(changes: Sequence[FileChange]) -> list[str]:
    return [change.path for change in changes if change.place.kind is Kind.STAGES]


def _unjudged(path: str, broken: str) -> Finding:
    message = f"the base's {broken} can't be read, so no stage change can be judged"
    return Finding("RB303", path, message, hint="An administrator has to repair the main branch first.")


def _stage_changes(
    model: ModelFiles, ground: Ground, after: Contents, taken: Collection[str]
) -> Iterator[Finding]:
    policy, standing = ground.policy, ground.standing
    if model.stages is None:
        return
    moves = transitions(standing, model.stages, policy.first_stage.name)
    made, made_before = split(moves, taken)
    illegal = [*transition_findings(model, made, policy)]
    yield from illegal
    yield from moved_findings(model, moves)
    yield from _moved_versions(model, moves, standing)
    yield from revision_findings(model, standing, model.stages, moves, policy.first_stage.name)
    yield from share_findings(model, standing, model.stages, moves)
    if not illegal:
        yield from vacancy_findings(model, standing, model.stages)
    yield from gate_findings(model, made, ground)
    yield from not_judged(gate_findings(model, made_before, ground))
    yield from alias_findings(model, standing, model.stages, ground.guards)
    named, named_before = split(alias_changes(standing, model.stages, policy.first_stage.name), taken)
    yield from gate_findings(model, named, ground)
    yield from not_judged(gate_findings(model, named_before, ground))
    if policy != after.policy:
        # The head's own policy has judged the file already; it must stand before the base's too.
        yield from policy_findings(model, policy, "the base's policy")


def _monitored(model: ModelFiles, ground: Ground, base_record: Document | None) -> Iterator[Finding]:
    """Yield what the entries that a change writes say of monitoring, and is not so."""
    first = ground.policy.first_stage.name
    moves = transitions(ground.standing, model.stages, first) if model.stages else []
    aliases = alias_changes(ground.standing, model.stages, first) if model.stages else []
    yield from automatic_findings(model, moves, ground, base_record)
    yield from despite_findings(model, [*moves, *aliases])


def _moved_versions(
    model: ModelFiles, moves: Sequence[Transition], standing: StageTable
) -> Iterator[Finding]:
    """Yield what is wrong with the versions that stages and aliases begin to name."""
    aliases = model.stages.aliases if model.stages else {}
    named = {version for alias, version in aliases.items() if standing.aliases.get(alias) != version}
    for name in sorted(named.union(move.version for move in moves)):
        if version := model.versions.get(name):
            for documents in version.documents.values():
                yield from (finding for document in documents for finding in document.findings)
            yield from directory_findings(version)


def _version_changes(
    changes: Sequence[FileChange], before: Mapping[str, str], after: Contents
) -> Iterator[Finding]:
    added = added_versions(changes)
    registered: dict[str, list[str]] = {name: [] for name in added}
    for path in before if added else ():
        place = layout.place(path)
        if place.kind is Kind.MANIFEST and place.model in registered and place.version:
            registered[place.model].append(place.version)
    for name, versions in added.items():
        model = after.models.get(name) or ModelFiles(name)
        # A manifest that is no regular file, or whose directory is no version, is a finding elsewhere.
        new = [
            version
            for version in versions
            if is_version(version) and version in model.versions and model.versions[version].manifest_file
        ]
        old = taken_over(model, before)
        yield from version_findings(
            model, registered[name], [version for version in new if version not in old]
        )
        for version in new:
            yield from data_findings(model.versions[version])


def _backfilled(
    changes: Sequence[FileChange], after: Contents, circumstances: Circumstances
) -> Iterator[Finding]:
    """Yield what is wrong with who back-fills versions; one that is brought over says who brought it."""
    known = circumstances.authors
    hands = None if known is None else known | circumstances.hands
    for name, versions in added_versions(changes).items():
        model = after.models.get(name) or ModelFiles(name)
        new = (model.versions[version] for version in versions if version in model.versions)
        for version in new:
            file, manifest = version.manifest_file, version.manifest
            if file is not None and manifest is not None and not version.documents.get(Kind.IMPORT):
                yield from registrar_findings(file, manifest, circumstances.now, hands)


def added_versions(changes: Sequence[FileChange]) -> dict[str, list[str]]:
    """Return the versions, by model, whose manifests a change adds."""
    added: dict[str, list[str]] = {}
    for change in changes:
        place = change.place
        if change.added and place.kind is Kind.MANIFEST and place.model and place.version:
            added.setdefault(place.model, []).append(place.version)
    return added


def _names(before: Mapping[str, str], policy: Policy | None, after: Contents) -> Iterator[Finding]:
    """Yield what is wrong with names: new models by the base's naming pattern; those there were by the
    head's, when the policy changes.
    """
    for model in after.models.values():
        new = layout.model_path(model.name) not in before
        if new and policy is not None:
            yield from pattern_findings(model, policy, new=True)
        elif not new and after.policy is not None and policy != after.policy:
            yield from pattern_findings(model, after.policy, new=False)
