"""Rules about what a change does to a model's stages and versions, by the policy of the base."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from rollbook.check.finding import Finding
from rollbook.check.rules.stage_rules import located
from rollbook.errors import NotFound, Refused
from rollbook.layout import stages_path
from rollbook.names import alias_of, is_alias_target, is_version, precedence
from rollbook.records.stages import ALIASES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from rollbook.check.document import Key
    from rollbook.check.registry_files import ModelFiles
    from rollbook.errors import Severity
    from rollbook.records.policy import Policy
    from rollbook.registry.change import Transition


def transition_findings(model: ModelFiles, moves: Sequence[Transition], policy: Policy) -> Iterator[Finding]:
    """Yield the moves that the policy has no transition for."""
    entered = entered_stages(moves)
    keys = entry_keys(model)
    for move in moves:
        if move.stays or is_displaced(move, entered, policy):
            continue
        try:
            policy.require_transition(move.version, move.start, move.target)
        except (Refused, NotFound) as error:
            message = f"{model.name}@{move.version}: {error}"
            yield at_stage(model, keys.get(move.version), "RB303", message, error.hint)


def entered_stages(moves: Sequence[Transition]) -> frozenset[str]:
    """Return the stages that versions come to."""
    return frozenset(move.target for move in moves if not move.stays)


def is_displaced(move: Transition, entered: Collection[str], policy: Policy) -> bool:
    """Whether a version only makes room for one that enters its stage, and goes where the policy says."""
    return move.start in entered and _displaced_to(policy, move.start) == move.target


def _displaced_to(policy: Policy, stage: str) -> str | None:
    definition = policy.stage(stage) if policy.has_stage(stage) else None
    return definition.displaced_to if definition and definition.exclusive else None


def entry_keys(model: ModelFiles) -> dict[str, Key]:
    """Where each version stands in the model's stages.yaml."""
    if model.stages_file is None or model.stages is None:
        return {}
    return {entry.version: key for entry, key in located(model.stages_file, model.stages)}


def entry_key(keys: Mapping[str, Key], move: Transition) -> Key | None:
    """Where the entry of a move stands; `keys` are those of the versions in stages."""
    if is_alias_target(move.target):
        return (ALIASES, alias_of(move.target))
    return keys.get(move.version)


def at_stage(
    model: ModelFiles, key: Key | None, code: str, message: str, hint: str, *, waiting: bool = False
) -> Finding:
    """Return a finding at a key of the model's stages.yaml, which may be gone."""
    if model.stages_file is None:
        return Finding(code, stages_path(model.name), message, hint=hint, waiting=waiting)
    return replace(model.stages_file.finding(code, message, *(key or ()), hint=hint), waiting=waiting)


def version_findings(model: ModelFiles, existing: Sequence[str], added: Sequence[str]) -> Iterator[Finding]:
    """Whether new versions are the newest or patches to a line that exists, and come one at a time."""
    versions = [version for version in existing if is_version(version)]
    lines = defaultdict(list)
    for version in versions:
        lines[precedence(version)[:2]].append(version)
    releases = [version for version in versions if "-" not in version]
    newest = max(releases or versions, key=precedence, default=None)
    for version in added:
        line = lines.get(precedence(version)[:2])
        floor = max(line, key=precedence) if line else newest
        if floor is not None and precedence(version) < precedence(floor):
            yield _at_version(
                model,
                version,
                "RB304",
                f"{version} is lower than {floor}, the newest {'of its line' if line else 'version'}",
                f"Take a number above {floor}, or patch a line that exists.",
            )
    if len(added) > 1:
        first, *others = sorted(added, key=precedence)
        for version in others:
            message = (
                f"{version} comes in one change with {first}; GTO knows one version of a model per commit"
            )
            yield _at_version(model, version, "RB306", message, "Register one version per pull request.")


def _at_version(model: ModelFiles, version: str, code: str, message: str, hint: str) -> Finding:
    document = model.versions[version].manifest_file
    assert document is not None
    severity: Severity = "warning" if code == "RB306" else "error"
    return document.finding(code, message, "version", hint=hint, severity=severity)
