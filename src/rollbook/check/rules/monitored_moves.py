"""Rules about what an entry says of monitoring: that the monitor made a move, or that it is made in spite."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from rollbook.check.gates.monitoring import failed_monitoring, monitoring_evidence, unanswered
from rollbook.check.rules.transition_rules import at_stage, entry_key, entry_keys, is_displaced
from rollbook.errors import InvalidFile
from rollbook.records.model import ModelRecord
from rollbook.records.monitoring import AUTONOMY, monitoring_of
from rollbook.records.stages import differences

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.check.document import Document
    from rollbook.check.finding import Finding
    from rollbook.check.gate_context import Ground
    from rollbook.check.registry_files import ModelFiles
    from rollbook.records.evidence import Evidence
    from rollbook.records.monitoring import CanarySettings, Monitoring
    from rollbook.records.stages import AutomaticMove, StageEntry
    from rollbook.registry.change import Transition

# How far the clock of who monitors may be from that of who lands.
_SKEW = timedelta(minutes=10)
_NONE, *_ACTS = AUTONOMY
_BY_HAND = "Only what the monitor does by itself says `automatic`: leave it out, and say why in `reason`."


def automatic_findings(
    model: ModelFiles, moves: Sequence[Transition], ground: Ground, base_record: Document | None
) -> Iterator[Finding]:
    """Yield the moves that say the monitor made them by itself and for which that is not so, or that the
    base's policy, or the model's own monitoring there (`base_record` is its model.yaml), does not let it
    make."""
    keys, judged = entry_keys(model), None
    for move in moves:
        if move.entry is None or move.entry.automatic is None:
            continue
        judged = judged or _Judgement(model, moves, ground, _monitored(ground, base_record))
        if fault := judged.fault(move, move.entry, move.entry.automatic):
            message = f"{model.name}@{move.version} says that it moved automatically, and {fault}"
            key = (*(entry_key(keys, move) or ()), "automatic")
            yield at_stage(model, key, "RB319", message, _BY_HAND)


def despite_findings(model: ModelFiles, moves: Sequence[Transition]) -> Iterator[Finding]:
    """Yield the moves that set evidence aside which is no failed evidence of monitoring about their
    version: what is still to come is not set aside beforehand."""
    keys = entry_keys(model)
    for move in moves:
        if move.entry is None or move.entry.despite is None:
            continue
        known = {evidence.name for evidence in failed_monitoring(model.versions.get(move.version))}
        for position, name in enumerate(move.entry.despite.evidence):
            if name not in known:
                message = f"{model.name}@{move.version} has no failed evidence {name[:40]} to set aside"
                key = (*(entry_key(keys, move) or ()), "despite", "evidence", position)
                hint = "Name evidence of monitoring that stands with this very version, and failed."
                yield at_stage(model, key, "RB320", message, hint)


def _monitored(ground: Ground, base_record: Document | None) -> Monitoring | None:
    """Return what is monitored of the model by the base; None where that can't be read."""
    record = base_record.record if base_record is not None else None
    if base_record is not None and (base_record.findings or not isinstance(record, ModelRecord)):
        return None
    try:
        return monitoring_of(ground.policy, record if isinstance(record, ModelRecord) else None)
    except InvalidFile:
        return None


def _is_next_share(before: StageEntry, entry: StageEntry, canary: CanarySettings) -> bool:
    """Return whether an entry's share of the traffic is the one that follows by the policy's own list."""
    larger = (share for share in canary.shares if share > (before.traffic or 0))
    return entry.traffic is not None and entry.traffic == min(larger, default=None)


class _Judgement:
    """What the automatic moves of one model are held against."""

    def __init__(
        self, model: ModelFiles, moves: Sequence[Transition], ground: Ground, monitoring: Monitoring | None
    ) -> None:
        self._model, self._ground, self._monitoring = model, ground, monitoring
        self._known = ground.circumstances
        self._moves = {move.version: move for move in moves}
        self._standing = {entry.version: entry for entry in reversed(ground.standing.entries)}
        self._evidence: dict[str, Mapping[str, Evidence]] = {}

    def fault(self, move: Transition, entry: StageEntry, claim: AutomaticMove) -> str:
        """Return what is not so of a move that claims to be automatic; empty when all is."""
        if self._monitoring is None:
            return "the base's settings of monitoring can't be read"
        evidence = self._evidence_of(claim.version).get(claim.evidence)
        if evidence is None:
            return f"no {claim.evidence} of monitoring is about {claim.version} and its artifact"
        if entry.despite is not None:
            return "it sets evidence aside, which is left to people"
        if claim.version != move.version:
            no_rollback = self._no_rollback(move, claim, self._monitoring)
            return no_rollback or self._unfit(move.target, claim, evidence, passed=False)
        canary = self._monitoring.canary
        if canary is None or canary.act not in _ACTS:
            return "the policy lets the monitor move no canary (monitoring.canary.act)"
        no_canary = self._no_canary(move, entry, canary)
        return no_canary or self._unfit(canary.stage, claim, evidence, passed=self._grows(move, entry))

    def _evidence_of(self, version: str) -> Mapping[str, Evidence]:
        """Return the evidence of monitoring about a version's very artifact, by its name."""
        if version not in self._evidence:
            found = monitoring_evidence(self._model.versions.get(version))
            self._evidence[version] = {evidence.name: evidence for evidence in found}
        return self._evidence[version]

    def _no_rollback(self, move: Transition, claim: AutomaticMove, monitoring: Monitoring) -> str:
        """Return why a move is no rollback that the monitor may make; empty when it is one."""
        stage, out = move.target, self._moves.get(claim.version)
        if monitoring.on_breach.rollback == _NONE:
            return "the policy lets the monitor roll nothing back (monitoring.on_breach.rollback)"
        if out is None or out.start != stage or not is_displaced(out, {stage}, self._ground.policy):
            return f"it does not take {claim.version} out of {stage}"
        if all(stay.stage != stage for stay in self._known.stays(self._model.name, move.version)):
            return f"{move.version} never held {stage} before, so it is no way back"
        failed = failed_monitoring(self._model.versions.get(move.version))
        left = unanswered(failed, self._known, stage)
        return f"{move.version} has failed evidence itself: {', '.join(left[:3])}" if left else ""

    def _grows(self, move: Transition, entry: StageEntry) -> bool:
        before = self._standing.get(move.version)
        return move.stays and before is not None and (entry.traffic or 0) > (before.traffic or 0)

    def _no_canary(self, move: Transition, entry: StageEntry, canary: CanarySettings) -> str:
        """Return why a move is no step of a canary that the monitor may make; empty when it is one."""
        before = self._standing.get(move.version)
        if before is None or before.stage != canary.stage:
            return f"{move.version} is no canary"
        if self._grows(move, entry) and not _is_next_share(before, entry, canary):
            return f"{entry.traffic} % is not the next share of the traffic (monitoring.canary.shares)"
        if move.stays and differences(replace(before, traffic=entry.traffic), entry):
            return "it changes more than the share of the traffic"
        if not move.stays and move.target != canary.back_to:
            return f"{move.target} is no way back for a canary (monitoring.canary.back_to)"
        return ""

    def _unfit(self, stage: str, claim: AutomaticMove, evidence: Evidence, *, passed: bool) -> str:
        """Return why evidence is no ground for a move out of a stage, or in it; empty when it is one."""
        standing = self._standing.get(claim.version)
        if evidence.passed is not passed:
            return f"{evidence.name} says {'passed' if evidence.passed else 'failed'}"
        if (
            standing is not None
            and standing.despite is not None
            and evidence.name in standing.despite.evidence
        ):
            return f"{evidence.name} was set aside when {claim.version} came to {stage}"
        said = self._known.said_of_evidence
        if said and evidence.name in said.acted_on(self._model.name, claim.version):
            return f"{evidence.name} was acted on already"
        stays = self._known.stays(self._model.name, claim.version)
        if not stays or stays[-1].stage != stage or stays[-1].left is not None:
            return f"main's trail does not have {claim.version} in {stage}"
        if not stays[-1].entered - _SKEW <= evidence.moment <= self._known.now + _SKEW:
            return f"{evidence.name} is not of its time in {stage}, since {stays[-1].entered:%Y-%m-%dT%H:%MZ}"
        return ""
