"""Evidence of a breach, one for each episode: what it says, and how it is told from that of another."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

from rollbook import __version__
from rollbook.integrations.monitor.query_setting import LONGEST_QUERY
from rollbook.integrations.monitor.standing_evidence import Sought
from rollbook.names import moment_text
from rollbook.propose.new_evidence import Examination
from rollbook.records.evidence import MONITORING
from rollbook.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.integrations.monitor.breach.breach import Breach
    from rollbook.integrations.monitor.outcome import Outcome
    from rollbook.records.evidence import Evidence

_EPISODE = "episode"
_MOST_CHECKS = 50
_MOST_FIGURES = 200  # of all checks together
_MOST_FINDINGS = 20
_LINE, _SUMMARY = 500, 2000  # characters
# What the name of a metric may not have; see schemas/evidence.schema.json.
_NO_METRIC = re.compile(r"[^A-Za-z0-9_.@:/()\[\],+%=| -]")
_LONGEST_METRIC = 100


def examination(breach: Breach) -> Examination:
    """Return what is on record about a breach: the figures, and how they were come by."""
    shown = breach.shown[:_MOST_CHECKS]
    messages = "; ".join(f"{outcome.check}: {outcome.message or outcome.state.value}" for outcome in shown)
    since = moment_text(breach.episode.started)
    return Examination(
        kind=MONITORING,
        passed=False,
        summary=one_line(f"In breach since {since}. {messages}", _SUMMARY),
        metrics=dict(list(_metrics(shown))[:_MOST_FIGURES]),
        tool={"name": "rollbook", "version": __version__},
        extra={
            _EPISODE: breach.episode.id,
            "since": since,
            "stage": breach.stage,
            "checks": [_told(outcome) for outcome in shown],
        },
    )


def sought_of(breach: Breach) -> Sought:
    """Return what to look for where the evidence of a breach is wanted."""
    episode = breach.episode

    def is_of(evidence: Evidence) -> bool:
        return not evidence.passed and evidence.extra.get(_EPISODE) == episode.id

    return Sought(episode.model, episode.version, is_of)


def _metrics(shown: Sequence[Outcome]) -> Iterator[tuple[str, float]]:
    """Yield the figures of checks by name: a check's own first, then those behind it."""
    for outcome in shown:
        if outcome.value is not None and math.isfinite(outcome.value):
            yield _metric_name(outcome.check), outcome.value
    for outcome in shown:
        for name, figure in outcome.figures.items():
            if math.isfinite(figure):
                yield _metric_name(f"{outcome.check}.{name}"), float(figure)


def _metric_name(text: str) -> str:
    """Return a text as the name of a metric: what such a name may not have becomes `_`."""
    name = _NO_METRIC.sub("_", text)[:_LONGEST_METRIC].strip(" ")
    return name if name[:1].isalnum() or name[:1] == "_" else f"_{name}"[:_LONGEST_METRIC].strip(" ")


def _told(outcome: Outcome) -> dict[str, Any]:
    """Return what a check says as evidence keeps it: cleaned, and of a bounded size."""
    document = outcome.as_document()
    told = {
        "check": one_line(outcome.check, _LINE),
        "state": outcome.state.value,
        "window": document["window"],
        "source": one_line(outcome.source, _LINE),
        "query": one_line(outcome.query, LONGEST_QUERY),
        "bound": one_line(outcome.bound, _LINE),
        "message": one_line(outcome.message, _LINE),
        "value": outcome.value if outcome.value is not None and math.isfinite(outcome.value) else None,
        "samples": outcome.samples,
        "findings": [one_line(finding, _LINE) for finding in outcome.findings[:_MOST_FINDINGS]],
    }
    return {name: value for name, value in told.items() if value not in (None, "", [])}
