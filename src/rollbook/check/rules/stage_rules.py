"""Rules about one model's stages.yaml by itself, under a policy."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from rollbook.check.rules.name_rules import unreachable
from rollbook.names import LATEST, is_version, precedence, reads_as_version
from rollbook.records.stages import ALIASES
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.check.document import Document, Key
    from rollbook.check.finding import Finding
    from rollbook.check.registry_files import ModelFiles
    from rollbook.records.policy import Policy
    from rollbook.records.stages import StageEntry, StageTable

_SHOWN = 5


def stage_findings(model: ModelFiles) -> Iterator[Finding]:
    """Yield what is wrong with a model's stages and aliases under any policy."""
    document, table = model.stages_file, model.stages
    if document is None or table is None:
        return
    yield from _unknown_versions(model, document, table)
    for alias in filter(reads_as_version, table.aliases):
        yield unreachable(document, "alias", alias, ALIASES, alias)
    stages = defaultdict(list)
    for entry, key in located(document, table):
        stages[entry.version].append((entry.stage, key))
    for version, places in stages.items():
        if len(places) > 1:
            names = " and ".join(shown(stage) for stage, _ in places[:_SHOWN])
            yield document.finding(
                "RB207",
                f"{shown(version)} stands in {names}",
                *places[-1][1],
                hint="Keep the line of the stage it is in now.",
            )


def policy_findings(model: ModelFiles, policy: Policy, whose: str = "the policy") -> Iterator[Finding]:
    """Yield what is wrong with a model's stages and aliases under a policy; `whose` names it."""
    document, table = model.stages_file, model.stages
    if document is None or table is None:
        return
    stages_hint = f"The policy's stages are: {', '.join(stage.name for stage in policy.stages)}."
    counts = Counter(entry.stage for entry in table.entries)
    for name, count in counts.items():
        if not policy.has_stage(name):
            yield document.finding("RB206", f"{whose} has no stage {shown(name)}", name, hint=stages_hint)
        elif count > 1 and policy.stage(name).exclusive:
            message = f"{count} versions stand in {name}, which {whose} makes exclusive"
            ways = policy.stage(name).displaced_to or "another stage"
            yield document.finding("RB204", message, name, hint=f"Keep one, and move the others to {ways}.")
    for alias in table.aliases:
        if alias == LATEST or policy.has_stage(alias):
            called = "the newest version" if alias == LATEST else "a stage"
            message = f"the alias {shown(alias)} is named like {called}"
            yield document.finding("RB208", message, ALIASES, alias, hint="Give the alias another name.")


def located(document: Document, table: StageTable) -> list[tuple[StageEntry, Key]]:
    """Each entry of a stages.yaml with the key it stands at."""
    value = document.value if isinstance(document.value, dict) else {}
    counts: Counter[str] = Counter()
    keyed_entries: list[tuple[StageEntry, Key]] = []
    for entry in table.entries:
        is_list = isinstance(value.get(entry.stage), list)
        keyed_entries.append((entry, (entry.stage, counts[entry.stage]) if is_list else (entry.stage,)))
        counts[entry.stage] += 1
    return keyed_entries


def _unknown_versions(model: ModelFiles, document: Document, table: StageTable) -> Iterator[Finding]:
    newest = sorted(filter(is_version, model.versions), key=precedence)[-_SHOWN:]
    hint = f"The newest versions are: {', '.join(newest)}." if newest else "The model has no versions yet."
    for entry, key in located(document, table):
        if entry.version not in model.versions:
            yield document.finding(
                "RB203", f"there is no version {shown(entry.version)}", *key, "version", hint=hint
            )
    for alias, version in table.aliases.items():
        if version not in model.versions:
            yield document.finding(
                "RB203", f"there is no version {shown(version)}", ALIASES, alias, hint=hint
            )
