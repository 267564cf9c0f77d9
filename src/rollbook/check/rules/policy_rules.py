"""Rules about the policy by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.access.roles import ADMIN
from rollbook.check.finding import Finding
from rollbook.check.rules.attestation_rules import signer_findings
from rollbook.check.rules.monitoring_rules import monitoring_findings
from rollbook.check.rules.name_rules import unreachable
from rollbook.errors import InvalidFile
from rollbook.layout import POLICY
from rollbook.names import is_alias_target, meets_pattern, reads_as_version
from rollbook.records.policy import MODELS, Policy
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from typing import Any

    from rollbook.check.document import Document
    from rollbook.records.retention import OwnRetention


def policy_file_findings(document: Document | None) -> Iterator[Finding]:
    """Whether there is a policy, and whether what it names exists in it."""
    if document is None:
        yield Finding("RB103", POLICY, "the registry has no policy", hint="Write one with `rollbook init`.")
        return
    policy = document.record
    if document.findings or not isinstance(policy, Policy):
        return
    names = [stage.name for stage in policy.stages]
    stages_hint = f"The policy's stages are: {', '.join(names)}."
    for index, stage in enumerate(policy.stages):
        if stage.name in names[:index]:
            message = f"the stage {shown(stage.name)} stands in the policy twice"
            yield document.finding("RB212", message, "stages", index, "name", hint="Keep one of the two.")
        if reads_as_version(stage.name):
            yield unreachable(document, "stage", stage.name, "stages", index, "name")
        for position, target in enumerate(stage.next):
            if target not in names:
                yield _unknown(document, target, stages_hint, "stages", index, "next", position)
        if stage.displaced_to is not None and stage.displaced_to not in names:
            yield _unknown(document, stage.displaced_to, stages_hint, "stages", index, "displaced_to")
        if stage.displaced_to == stage.name:
            message = f"the version displaced from {stage.name} can't stay in it"
            yield document.finding("RB212", message, "stages", index, "displaced_to", hint=stages_hint)
    if policy.has_stage(policy.default_alias):
        message = f"the default alias {shown(policy.default_alias)} is named like a stage"
        yield document.finding(
            "RB224", message, "default_alias", hint="Name an alias, which no stage is called."
        )
    yield from _out_of_reach(document, policy)
    yield from gate_stage_findings(document, policy.gates, policy)
    for index, settings in enumerate(policy.freezes):
        yield from _unknown_stages(document, settings.get("stages"), policy, "freezes", index, "stages")
    yield from _retention_findings(document, policy)
    for index, settings in enumerate(policy.notify):
        yield from _unknown_stages(document, settings.get("stages"), policy, "notify", index, "stages")
    if policy.notify:
        yield from _receiver_findings(document, policy)
    yield from signer_findings(document, policy)
    yield from monitoring_findings(document, policy)


def _out_of_reach(document: Document, policy: Policy) -> Iterator[Finding]:
    """Yield the stages that are kept for roles which nobody has."""
    given = [policy.roles, *(grant.roles for grant in policy.grants)]
    held = {role for roles in given for role, members in roles.items() if members}
    for index, stage in enumerate(policy.stages):
        if stage.by is not None and held.isdisjoint([ADMIN, *stage.by]):
            message = f"{shown(stage.name)} is kept for {' and '.join(stage.by)}, and nobody has such a role"
            hint = "Name members of it under `roles:`, or an admin."
            yield document.finding("RB507", message, "stages", index, "by", hint=hint)


def grant_findings(document: Document | None, names: Collection[str]) -> Iterator[Finding]:
    """Yield the patterns that roles are given for and that mean none of all the models there are."""
    policy = document.record if document is not None else None
    if document is None or document.findings or not isinstance(policy, Policy):
        return
    within: dict[str, list[str]] = {}
    for name in names if policy.grants else ():
        within.setdefault(name.rpartition("/")[0], []).append(name)
    for grant in policy.grants:
        namespace = grant.pattern.rpartition("/")[0]
        among = names if "*" in namespace else within.get(namespace, ())
        if not any(meets_pattern(name, grant.pattern) for name in among):
            message = f"no model has a name that {shown(grant.pattern)} means"
            hint = "It gives these roles for models to come; correct it where it should mean those there are."
            yield document.finding(
                "RB506", message, "roles", MODELS, grant.pattern, hint=hint, severity="warning"
            )


def _retention_findings(document: Document, policy: Policy) -> Iterator[Finding]:
    """Yield the unknown stages that the retention names, and those it must not take artifacts from."""
    value = document.value
    retention = value.get("retention", {}) if isinstance(value, dict) else {}
    for name in ("keep_stages", "remove_from"):
        yield from _unknown_stages(document, retention.get(name, ()), policy, "retention", name)
    for position, stage in enumerate(retention.get("remove_from", ())):
        if policy.has_stage(stage) and policy.stage(stage).exclusive:
            message = f"{shown(stage)} is exclusive: the version in it is in use"
            hint = "Archive it first: artifacts go from a stage for what is out of use."
            yield document.finding("RB212", message, "retention", "remove_from", position, hint=hint)


def own_retention_findings(document: Document, own: OwnRetention, policy: Policy) -> Iterator[Finding]:
    """Yield the unknown stages that a model's own retention names."""
    yield from _unknown_stages(document, own.keep_stages, policy, "retention", "keep_stages")


def gate_stage_findings(
    document: Document, gates: Sequence[Mapping[str, Any]], policy: Policy
) -> Iterator[Finding]:
    """Yield the unknown stages that any setting of the gates of a policy, or of a model.yaml, names."""
    if not gates:
        return
    from rollbook.check.gate_judgement import GATES

    for index, settings in enumerate(gates):
        for name in GATES[settings["gate"]].schema.stage_settings():
            yield from _unknown_stages(document, settings.get(name), policy, "gates", index, name)


def _unknown_stages(document: Document, named: object, policy: Policy, *key: str | int) -> Iterator[Finding]:
    """Yield the unknown ones of what a setting names: one stage, or a list of them. Of an alias, `@champion`,
    nobody asks.
    """
    stages_hint = f"The policy's stages are: {', '.join(stage.name for stage in policy.stages)}."
    if isinstance(named, str) and not is_alias_target(named) and not policy.has_stage(named):
        yield _unknown(document, named, stages_hint, *key)
    for position, stage in enumerate(named if isinstance(named, list | tuple) else ()):
        if not is_alias_target(stage) and not policy.has_stage(stage):
            yield _unknown(document, stage, stages_hint, *key, position)


def _receiver_findings(document: Document, policy: Policy) -> Iterator[Finding]:
    """Yield the first receiver that nothing could be sent to."""
    from rollbook.trail.subscription import subscriptions

    try:
        subscriptions(policy)
    except InvalidFile as error:
        key = [int(part) if part.isdecimal() else part for part in error.key.split(".")]
        yield document.finding("RB212", error.message, *key, hint=error.hint)


def _unknown(document: Document, stage: str, known: str, *key: str | int) -> Finding:
    return document.finding("RB212", f"there is no stage {shown(stage)}", *key, hint=known)
