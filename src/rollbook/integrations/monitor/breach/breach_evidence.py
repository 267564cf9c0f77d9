"""Evidence of a breach: what it says, and where that of an episode stands already.

There is one for each episode, by whichever monitor: main and the open requests are looked through before one
is made.
"""

from __future__ import annotations

import math
import re
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook import __version__, layout
from rollbook.errors import InvalidFile
from rollbook.git.refs import TAGS, tag_ids
from rollbook.names import time_text
from rollbook.propose.new_evidence import Examination
from rollbook.records.evidence import MONITORING, parse_evidence
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.git.repository import Repository
    from rollbook.integrations.monitor.breach.breach import Breach
    from rollbook.integrations.monitor.outcome import Outcome
    from rollbook.records.evidence import Evidence
    from rollbook.registry.request_branches import RequestBranch

_EPISODE = "episode"
_MOST_CHECKS = 50
_MOST_FIGURES = 200  # of all checks together
_MOST_FINDINGS = 20
_LINE, _QUERY, _SUMMARY = 500, 4000, 2000  # characters
# What the name of a metric may not have; see schemas/evidence.schema.json.
_NO_METRIC = re.compile(r"[^A-Za-z0-9_.@:/()\[\],+%=| -]")
_LONGEST_METRIC = 100


@dataclass(frozen=True, slots=True)
class StandingEvidence:
    """Evidence of an episode: its name, and the request that adds it, None where it is on main."""

    name: str
    request: RequestBranch | None = None


@dataclass(frozen=True, slots=True)
class KnownEvidence:
    """What there is on main and in requests: the evidence of the episode, None where there is none, and the
    numbers that requests have taken."""

    standing: StandingEvidence | None
    taken: frozenset[int]


def examination(breach: Breach) -> Examination:
    """Return what is on record about a breach: the figures, and how they were come by."""
    shown = breach.shown[:_MOST_CHECKS]
    messages = "; ".join(f"{outcome.check}: {outcome.message or outcome.state.value}" for outcome in shown)
    since = time_text(int(breach.episode.started.timestamp()))
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


def known_evidence(breach: Breach, main: str, requests: Sequence[RequestBranch]) -> KnownEvidence:
    """Look for evidence of a breach on main at a commit, then in requests."""
    model, version = breach.episode.model, breach.episode.version
    with Registry(breach.repository, commit_snapshot(breach.repository, main)) as registry:
        found = registry.version(str(breach))
        sha256 = found.artifact.sha256
        on_main = next((one.name for one in found.evidence() if _is_of(one, breach, sha256)), "")
    if on_main:
        return KnownEvidence(StandingEvidence(on_main), frozenset())
    standing, taken = None, set[int]()
    for request, name in _adding_evidence(requests, model, version):
        taken.add(int(name.rpartition("-")[2]))
        evidence = _evidence_in(breach.repository, request.commit, model, version, name)
        if standing is None and evidence is not None and _is_of(evidence, breach, sha256):
            standing = StandingEvidence(name, request)
    return KnownEvidence(standing, frozenset(taken))


def was_rejected(breach: Breach, main: str) -> bool:
    """Return whether somebody turned down a request for the evidence of a breach."""
    model, version = breach.episode.model, breach.episode.version
    with Registry(breach.repository, commit_snapshot(breach.repository, main)) as registry:
        sha256 = registry.version(str(breach)).artifact.sha256
    pattern = re.compile(
        rf"rejected/evidence/{re.escape(model)}/{re.escape(version)}-(?P<name>{MONITORING}-[1-9][0-9]{{0,8}})/.+"
    )
    tags = ((tag, pattern.fullmatch(tag)) for tag in tag_ids(breach.repository))
    told = (
        _evidence_in(breach.repository, f"{TAGS}{tag}^{{commit}}", model, version, named["name"])
        for tag, named in tags
        if named is not None
    )
    return any(evidence is not None and _is_of(evidence, breach, sha256) for evidence in told)


def suspected_versions(
    repository: Repository, requests: Sequence[RequestBranch], model: str
) -> frozenset[str]:
    """Return the versions of a model about which requests would add failed evidence of monitoring."""
    pattern = re.compile(
        rf"rollbook/evidence/{re.escape(model)}/(?P<version>[^/]+)-(?P<name>{MONITORING}-[1-9][0-9]{{0,8}})"
    )
    found = ((request, pattern.fullmatch(request.name)) for request in requests)
    told = (
        (named["version"], _evidence_in(repository, request.commit, model, named["version"], named["name"]))
        for request, named in found
        if named is not None
    )
    return frozenset(version for version, evidence in told if evidence is not None and not evidence.passed)


def _adding_evidence(
    requests: Sequence[RequestBranch], model: str, version: str
) -> Iterator[tuple[RequestBranch, str]]:
    """Yield the requests for evidence of monitoring about a version, with its name."""
    pattern = re.compile(
        rf"rollbook/evidence/{re.escape(model)}/{re.escape(version)}-(?P<name>{MONITORING}-[1-9][0-9]{{0,8}})"
    )
    for request in requests:
        if found := pattern.fullmatch(request.name):
            yield request, found["name"]


def _evidence_in(
    repository: Repository, revision: str, model: str, version: str, name: str
) -> Evidence | None:
    path = f"{layout.evidence_directory(model, version)}/{name}.yaml"
    with closing(commit_snapshot(repository, revision)) as snapshot:
        (data,) = snapshot.read_many([path])
    try:
        return parse_evidence(data, path) if data is not None else None
    except InvalidFile:
        return None  # anybody's branch, which the check refuses


def _is_of(evidence: Evidence, breach: Breach, sha256: str) -> bool:
    episode = breach.episode
    return (
        evidence.kind == MONITORING
        and not evidence.passed
        and evidence.extra.get(_EPISODE) == episode.id
        and evidence.is_about(episode.model, episode.version, sha256)
    )


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
        "query": one_line(outcome.query, _QUERY),
        "bound": one_line(outcome.bound, _LINE),
        "message": one_line(outcome.message, _LINE),
        "value": outcome.value if outcome.value is not None and math.isfinite(outcome.value) else None,
        "samples": outcome.samples,
        "findings": [one_line(finding, _LINE) for finding in outcome.findings[:_MOST_FINDINGS]],
    }
    return {name: value for name, value in told.items() if value not in (None, "", [])}
