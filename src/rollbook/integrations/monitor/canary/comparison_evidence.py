"""A comparison as evidence of monitoring: made once for each verdict since the share changed."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.errors import InvalidFile
from rollbook.git.refs import TAGS, tag_ids
from rollbook.integrations.monitor.canary.sequential_test import Verdict
from rollbook.names import time_text
from rollbook.propose.new_evidence import Examination, add_evidence
from rollbook.records.evidence import parse_evidence
from rollbook.registry.registry import Registry
from rollbook.registry.request_branches import HERE, RequestBranch
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.git.repository import Repository
    from rollbook.integrations.monitor.canary.comparison import Comparison
    from rollbook.records.evidence import Evidence

_KIND = "monitoring"
_EXTRA = "canary"
_SAME = ("production", "since", "traffic", "verdict")  # what makes two comparisons one


@dataclass(frozen=True, slots=True)
class StandingEvidence:
    """Evidence of a comparison: its name, its file, and the request that adds it; None if it is on main."""

    name: str
    path: str
    request: RequestBranch | None = None


def standing_evidence(
    repository: Repository, base: str, requests: Sequence[RequestBranch], comparison: Comparison
) -> StandingEvidence | None:
    """Return the evidence of a comparison that there is, on main at `base` or in an open request; None where
    there is none."""
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        for evidence in registry.version(str(comparison)).evidence():
            if _is_of(evidence, comparison):
                return StandingEvidence(evidence.name, evidence.path)
    for request in requests:
        name = _named(request.name, "rollbook/", comparison)
        if name and _proposes(repository, request.commit, name, comparison):
            return StandingEvidence(name, _path(comparison, name), request)
    return None


def is_rejected(repository: Repository, comparison: Comparison) -> bool:
    """Whether somebody turned down the evidence of a comparison."""
    for tag in tag_ids(repository):
        request, _, _ = tag.rpartition("/")
        name = _named(request, "rejected/", comparison)
        if name and _proposes(repository, f"{TAGS}{tag}^{{commit}}", name, comparison):
            return True
    return False


def propose_evidence(repository: Repository, comparison: Comparison) -> StandingEvidence:
    """Propose the evidence of a comparison. Raises as `add_evidence` does."""
    made = add_evidence(repository, str(comparison), _examination(comparison))
    request = RequestBranch(made.branch, made.commit, (HERE,))
    return StandingEvidence(f"{made.kind}-{made.number}", made.path, request)


def _examination(comparison: Comparison) -> Examination:
    canary, production = comparison.canary_measured, comparison.production_measured
    assert canary is not None, "what has a verdict was measured"
    assert production is not None, "what has a verdict was measured"
    figures = {
        "canary": canary.value,
        "canary_samples": canary.samples,
        "production": production.value,
        "production_samples": production.samples,
        "worse_by": comparison.worse_by,
        "at_least": comparison.least,
        "at_most": comparison.most,
    }
    return Examination(
        kind=_KIND,
        passed=comparison.verdict is Verdict.PROMOTE,
        summary=f"Canary against {comparison.production}, {comparison.verdict.value}: {comparison.message}",
        metrics={name: figure for name, figure in figures.items() if figure is not None},
        tool={"name": "rollbook"},
        extra={_EXTRA: _told(comparison)},
    )


def _told(comparison: Comparison) -> dict[str, Any]:
    document = comparison.as_document()
    window = document["window"]
    kept = (
        "production", "traffic", "verdict", "source", "metric", "queries", "least_difference", "false_alarm",
        "missed",
    )  # fmt: skip
    return {"since": window["from"], "until": window["to"], **{name: document[name] for name in kept}}


def _named(request: str, root: str, comparison: Comparison) -> str:
    """Return the name of the evidence that a request of this name adds; empty for any other request."""
    folder = f"{root}evidence/{comparison.model}/{comparison.version}-"
    name = request.removeprefix(folder)
    number = name.removeprefix(f"{_KIND}-")
    return name if name != request and number != name and number.isdecimal() else ""


def _path(comparison: Comparison, name: str) -> str:
    return f"{layout.evidence_directory(comparison.model, comparison.version)}/{name}.yaml"


def _proposes(repository: Repository, revision: str, name: str, comparison: Comparison) -> bool:
    path = _path(comparison, name)
    with closing(commit_snapshot(repository, revision)) as snapshot:
        (data,) = snapshot.read_many([path])
    try:
        return data is not None and _is_of(parse_evidence(data, path), comparison)
    except InvalidFile:
        return False  # anybody's branch, which the check refuses


def _is_of(evidence: Evidence, comparison: Comparison) -> bool:
    told = evidence.extra.get(_EXTRA)
    if evidence.kind != _KIND or not isinstance(told, dict) or comparison.window is None:
        return False
    since = time_text(int(comparison.window.start.timestamp()))
    wanted = comparison.production, since, comparison.traffic, comparison.verdict.value
    is_about = (evidence.model, evidence.version) == (comparison.model, comparison.version)
    return is_about and tuple(told.get(name) for name in _SAME) == wanted
