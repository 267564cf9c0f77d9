"""Rules between two trees: what a change does to the models it touches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.change import transitions
from rollbook.check.contents import ModelFiles
from rollbook.check.document import read_documents
from rollbook.check.finding import Finding
from rollbook.check.gates.gate import Promotion
from rollbook.check.gates.judgement import judge
from rollbook.check.names import pattern_findings
from rollbook.check.stages import policy_findings
from rollbook.check.transitions import (
    at_stage,
    entry_keys,
    rewritten_entries,
    transition_findings,
    version_findings,
)
from rollbook.check.write_once import write_once_findings
from rollbook.layout import Kind
from rollbook.names import is_version
from rollbook.records.policy import Policy
from rollbook.records.stages import StageTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.change import FileChange, Transition
    from rollbook.check.contents import Contents
    from rollbook.check.document import Document
    from rollbook.snapshot import TreeSnapshot


def change_findings(
    changes: Sequence[FileChange], base: TreeSnapshot, before: Mapping[str, str], after: Contents
) -> Iterator[Finding]:
    """What is wrong with a change, judged by the base's policy, or by the change's own when there is none.

    `before` holds the base's paths, `after` the models of the head that the change touches.
    """
    yield from write_once_findings(changes, before)
    yield from _version_changes(changes, before, after)
    paths = [layout.POLICY, *_changed_stages(changes)]
    old = read_documents(base, {path: layout.place(path) for path in paths if path in before})
    policy_file = old.get(layout.POLICY)
    if policy_file is None:
        policy = after.policy
    else:
        policy = policy_file.record if isinstance(policy_file.record, Policy) else None
        yield from (found for found in policy_file.findings if found.code == "RB108")
    for path in paths[1:]:
        yield from _stage_changes(path, old.get(path), policy, after)
    yield from _names(before, policy, after)


def _changed_stages(changes: Sequence[FileChange]) -> list[str]:
    return [change.path for change in changes if change.place.kind is Kind.STAGES]


def _stage_changes(
    path: str, old: Document | None, policy: Policy | None, after: Contents
) -> Iterator[Finding]:
    name = layout.place(path).model or ""
    model = after.models.get(name) or ModelFiles(name)
    before = StageTable() if old is None else old.record
    if policy is None or not isinstance(before, StageTable):
        broken = layout.POLICY if policy is None else path
        message = f"the base's {broken} can't be read, so no stage change can be judged"
        yield Finding("RB303", path, message, hint="An administrator has to repair the main branch first.")
        return
    if model.stages is None:
        return
    moves = transitions(before, model.stages, policy.first_stage.name)
    yield from transition_findings(model, moves, policy)
    yield from rewritten_entries(model, before, model.stages)
    yield from _gate_findings(model, moves, policy)
    if policy != after.policy:
        # The head's own policy has judged the file already; it must stand before the base's too.
        yield from policy_findings(model, policy, "the base's policy")


def _gate_findings(model: ModelFiles, moves: Sequence[Transition], policy: Policy) -> Iterator[Finding]:
    keys = entry_keys(model)
    for move in moves:
        version = model.versions.get(move.version)
        if version is None:
            continue  # a finding already
        promotion = Promotion(model.name, move.version, move.start, move.target, version.manifest)
        for judged in judge(policy, promotion):
            verdict = judged.verdict
            if not verdict.passed:
                message = (
                    f"{model.name}@{move.version} fails {judged.gate}: {verdict.figure}; "
                    f"{move.target} asks for {verdict.threshold}"
                )
                yield at_stage(model, keys.get(move.version), judged.code, message, verdict.hint)


def _version_changes(
    changes: Sequence[FileChange], before: Mapping[str, str], after: Contents
) -> Iterator[Finding]:
    added: dict[str, list[str]] = {}
    for change in changes:
        place = change.place
        if change.added and place.kind is Kind.MANIFEST and place.model and place.version:
            added.setdefault(place.model, []).append(place.version)
    known: dict[str, list[str]] = {name: [] for name in added}
    for path in before if added else ():
        place = layout.place(path)
        if place.kind is Kind.MANIFEST and place.model in known and place.version:
            known[place.model].append(place.version)
    for name, versions in added.items():
        model = after.models.get(name) or ModelFiles(name)
        # A manifest that is no regular file, or whose directory is no version, is a finding elsewhere.
        new = [
            version
            for version in versions
            if is_version(version) and version in model.versions and model.versions[version].manifest_file
        ]
        yield from version_findings(model, known[name], new)


def _names(before: Mapping[str, str], policy: Policy | None, after: Contents) -> Iterator[Finding]:
    """New models by the base's naming pattern; those there were by the head's, when the policy changes."""
    for model in after.models.values():
        new = layout.model_path(model.name) not in before
        if new and policy is not None:
            yield from pattern_findings(model, policy, new=True)
        elif not new and after.policy is not None and policy != after.policy:
            yield from pattern_findings(model, after.policy, new=False)
