"""Rules about what serves after a change: the shares of the traffic, and that something is in production."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from rollbook.check.rules.transition_rules import at_stage, entry_keys
from rollbook.names import PRODUCTION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.check.finding import Finding
    from rollbook.check.registry_files import ModelFiles
    from rollbook.records.stages import StageTable
    from rollbook.registry.change import Transition

_WHOLE = 100  # per cent


def share_findings(
    model: ModelFiles, before: StageTable, after: StageTable, moves: Sequence[Transition]
) -> Iterator[Finding]:
    """Yield the versions whose share of the traffic makes that of their stage more than the whole."""
    keys, shared, shared_before = entry_keys(model), _shared(after), _shared(before)
    for move in moves:
        total, share = shared[move.target], move.entry.traffic if move.entry else None
        if share and total > max(_WHOLE, shared_before[move.target]):
            message = f"the shares of the traffic in {move.target} add up to {total} % with {move.version}"
            hint = f"Give it {max(0, share + _WHOLE - total)} % at most, or first the others less."
            yield at_stage(model, (*keys[move.version], "traffic"), "RB317", message, hint)


def vacancy_findings(model: ModelFiles, before: StageTable, after: StageTable) -> Iterator[Finding]:
    """Yield a warning when a model that had a version in production has none any more."""
    left = [entry.version for entry in before.holders(PRODUCTION)]
    if left and not after.holders(PRODUCTION):
        message = f"{model.name} has nothing in {PRODUCTION} any more: {', '.join(left[:5])} leaves it"
        hint = f"Is it meant so? Who asks for {model.name}@{PRODUCTION} gets an error from then on."
        finding = at_stage(model, entry_keys(model).get(left[0]), "RB318", message, hint)
        yield replace(finding, severity="warning")


def _shared(table: StageTable) -> Counter[str]:
    shared: Counter[str] = Counter()
    for entry in table.entries:
        shared[entry.stage] += entry.traffic or 0
    return shared
