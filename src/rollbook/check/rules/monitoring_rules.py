"""Rules about what a policy and a model.yaml say of monitoring: that it can be asked, and acted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.access.roles import ADMIN, AUTOMATION
from rollbook.errors import BadCall, InvalidFile
from rollbook.git.address import require_safe
from rollbook.names import PRODUCTION
from rollbook.records.monitoring import AUTONOMY, monitoring_of
from rollbook.records.policy import Policy
from rollbook.schema.explanation import shown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.check.document import Document
    from rollbook.check.finding import Finding
    from rollbook.records.model import ModelRecord
    from rollbook.records.monitoring import CheckSettings, Monitoring

_NONE = AUTONOMY[0]
_CHECKS = ("monitoring", "checks")
# Each pair of bounds, the lower one first: what stands outside of the second can't be within the first.
_ORDERED = (
    ("min", "max"),
    ("min", "warn_max"),
    ("warn_min", "max"),
    ("warn_min", "warn_max"),
    ("min", "warn_min"),
    ("warn_max", "max"),
)
# Of which a check of a kind needs one: without a bound it can't fail.
_BOUNDS = {
    "threshold": ("max", "min", "warn_max", "warn_min"),
    "relative": tuple(
        f"{warn}max_{way}{unit}"
        for unit in ("", "_percent")
        for warn in ("", "warn_")
        for way in ("drop", "rise")
    ),
}
_P_VALUES = ("ks", "chi-square")


def monitoring_findings(document: Document, policy: Policy) -> Iterator[Finding]:
    """Yield what is wrong with a policy's monitoring."""
    if not policy.monitoring:
        return
    try:
        told = monitoring_of(policy)
    except InvalidFile as error:
        yield _unreadable(document, error)
        return
    yield from _source_findings(document, told)
    yield from _check_findings(document, told.checks, told, policy)
    yield from _named_findings(document, told, policy)
    if told.on_breach.rollback != _NONE and told.on_breach.evidence == _NONE:
        message = "a rollback rests on evidence, and none is filed of a breach"
        hint = "Set on_breach.evidence to propose or land, or on_breach.rollback to none."
        yield document.finding("RB234", message, "monitoring", "on_breach", "rollback", hint=hint)


def autonomy_findings(document: Document | None) -> Iterator[Finding]:
    """Yield a warning of what the monitor may do by a policy, and of what is missing for it: asked of all of
    a registry, and of a change of its policy."""
    policy = document.record if document is not None else None
    if document is None or document.findings or not isinstance(policy, Policy) or not policy.monitoring:
        return
    try:
        told = monitoring_of(policy)
    except InvalidFile:
        return
    yield from _kept_out(document, told, policy)
    yield from _unguarded(document, told, policy)


def own_monitoring_findings(document: Document, record: ModelRecord, policy: Policy) -> Iterator[Finding]:
    """Yield what is wrong with a model's own monitoring under a policy, whose own faults are told there."""
    if not record.monitoring:
        return
    try:
        common = monitoring_of(policy)
    except InvalidFile:
        return
    try:
        told = monitoring_of(policy, record)
    except InvalidFile as error:
        yield _unreadable(document, error)
        return
    yield from _check_findings(document, told.checks[len(common.checks) :], told, policy)


def _check_findings(
    document: Document, checks: Sequence[CheckSettings], told: Monitoring, policy: Policy
) -> Iterator[Finding]:
    stages_hint = f"The policy's stages are: {', '.join(stage.name for stage in policy.stages)}."
    for index, check in enumerate(checks):
        if check.source not in told.sources:
            message = f"there is no source {shown(check.source)}"
            named = ", ".join(list(told.sources)[:10])
            hint = f"The policy's sources are: {named}." if named else "Name one in the policy's monitoring."
            yield document.finding("RB234", message, *_CHECKS, index, "source", hint=hint)
        for position, stage in enumerate(check.stages if "stages" in _written(document, index) else ()):
            if not policy.has_stage(stage):
                message = f"there is no stage {shown(stage)}"
                key = (*_CHECKS, index, "stages", position)
                yield document.finding("RB234", message, *key, hint=stages_hint)
        yield from _bound_findings(document, check, index)
        for name, message, hint in _contradictions(check):
            yield document.finding("RB234", message, *_CHECKS, index, *name, hint=hint)


def _source_findings(document: Document, told: Monitoring) -> Iterator[Finding]:
    """Yield the addresses that would not be asked, and the programs that are none."""
    for name, source in told.sources.items():
        key = ("monitoring", "sources", name)
        url, run = source.settings.get("url"), source.settings.get("run")
        if isinstance(url, str):
            try:
                require_safe(url)
            except BadCall as error:
                yield document.finding("RB234", str(error), *key, "url", hint=error.hint)
                continue
            if "{" in url.split("/")[2]:
                message = "nothing is filled in a host"
                yield document.finding("RB234", message, *key, "url", hint="Write the host out.")
        if isinstance(run, list) and run[:1] == [""]:
            hint = "Write the program first, then its arguments."
            yield document.finding("RB234", "no program is named", *key, "run", hint=hint)


def _named_findings(document: Document, told: Monitoring, policy: Policy) -> Iterator[Finding]:
    """Yield the sources and stages that usage and canaries name and that there are not."""
    asked = {"canary": told.canary, "usage": told.usage}
    for name, settings in asked.items():
        if settings is not None and settings.source not in told.sources:
            message = f"there is no source {shown(settings.source)}"
            hint = f"The policy's sources are: {', '.join(list(told.sources)[:10]) or 'none'}."
            yield document.finding("RB234", message, "monitoring", name, "source", hint=hint)
    if told.canary is None:
        return
    for name, stage in (("stage", told.canary.stage), ("back_to", told.canary.back_to)):
        if not policy.has_stage(stage):
            message = f"there is no stage {shown(stage)}"
            hint = f"Set canary.{name} to one of: {', '.join(one.name for one in policy.stages)}."
            yield document.finding("RB234", message, "monitoring", "canary", name, hint=hint)


def _written(document: Document, index: int) -> dict[str, object]:
    """Return a check as it stands in the file."""
    value = document.value if isinstance(document.value, dict) else {}
    written: dict[str, object] = value["monitoring"]["checks"][index]
    return written


def _bound_findings(document: Document, check: CheckSettings, index: int) -> Iterator[Finding]:
    """Yield the bounds of a check of which one leaves nothing to the other."""
    for low, high in _ORDERED:
        least, most = check.settings.get(low), check.settings.get(high)
        if isinstance(least, int | float) and isinstance(most, int | float) and least > most:
            message = f"{low} {least:g} is above {high} {most:g}"
            hint = "A warning begins within the bounds of a breach, and the least is below the most."
            yield document.finding("RB234", message, *_CHECKS, index, low, hint=hint)


def _contradictions(check: CheckSettings) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield the settings by which a check could not be asked: each with what is wrong, and what to do."""
    said = check.settings
    needed = _BOUNDS.get(check.kind, ())
    if needed and not any(said.get(name) is not None for name in needed):
        yield (), "a check without a bound can't fail", f"Give one of {', '.join(needed)}."
    if check.kind != "drift":
        return
    method = said.get("method", "auto")
    has_distance = said.get("max") is not None or said.get("warn_max") is not None
    if said.get("alpha") is not None and (has_distance or method not in (*_P_VALUES, "auto")):
        message = "alpha is for p-values, of ks and chi-square; max and warn_max are for distances"
        yield ("alpha",), message, "Give the one or the other."
    elif method == "chi-square" and has_distance:
        name = "max" if said.get("max") is not None else "warn_max"
        message = "the statistic of chi-square grows with the rows: it has no bound"
        yield (name,), message, "Set alpha, or another method."
    if said.get("of") == "targets" and not said.get("target"):
        yield ("of",), "which column holds the target is not said", "Set target: COLUMN."


def _kept_out(document: Document, told: Monitoring, policy: Policy) -> Iterator[Finding]:
    """Yield a warning of each stage that the monitor is to move versions in, and has no role to."""
    moved = [(PRODUCTION, told.on_breach.rollback)]
    if told.canary is not None:
        moved += [(told.canary.stage, told.canary.act), (told.canary.back_to, told.canary.act)]
    acts = {stage for stage, act in moved if act != _NONE}
    for index, stage in enumerate(policy.stages if policy.roles.get(AUTOMATION) else ()):
        if stage.name in acts and stage.by is not None and AUTOMATION not in stage.by:
            message = f"{shown(stage.name)} is kept for {' and '.join(stage.by)}: the monitor can't act there"
            hint = f"Add {AUTOMATION} to `by`, or let the monitor be run by one who is {ADMIN}."
            yield document.finding("RB508", message, "stages", index, "by", hint=hint, severity="warning")


def _unguarded(document: Document, told: Monitoring, policy: Policy) -> Iterator[Finding]:
    """Yield a warning where the monitor may take a version out of production, and no gate of the policy asks
    whoever puts it back."""
    from rollbook.check.gate_judgement import guards_stage

    own = [gate for gate in policy.gates if gate.get("gate") == "monitoring"]
    if told.on_breach.rollback != _NONE and not guards_stage(own, PRODUCTION):
        message = "what the monitor takes out of production may come back without a word"
        hint = f"Add a gate: {{gate: monitoring, to: [{PRODUCTION}]}}"
        key = ("monitoring", "on_breach", "rollback")
        yield document.finding("RB235", message, *key, hint=hint, severity="warning")


def _unreadable(document: Document, error: InvalidFile) -> Finding:
    key = [int(part) if part.isdecimal() else part for part in error.key.split(".")]
    return document.finding("RB234", error.message, *key, hint=error.hint)
