"""Evidence of monitoring and where it stands: on main, in a request, or turned down.

A fact is put on record once, by whichever monitor: main and the open requests are looked through before it is
proposed.
"""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.errors import InvalidFile
from rollbook.integrations.monitor.own_requests import rejected_requests
from rollbook.propose.new_evidence import add_evidence
from rollbook.records.evidence import MONITORING, parse_evidence
from rollbook.registry.registry import Registry
from rollbook.registry.request_branches import HERE, RequestBranch
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from rollbook.git.repository import Repository
    from rollbook.propose.new_evidence import Examination
    from rollbook.records.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Sought:
    """The evidence that is looked for: about which version, and how to tell it from other evidence of
    monitoring about that version's artifact."""

    model: str
    version: str
    is_it: Callable[[Evidence], bool]

    def __str__(self) -> str:
        return f"{self.model}@{self.version}"


@dataclass(frozen=True, slots=True)
class StandingEvidence:
    """Evidence that there is: its name, its file, and the request that adds it, None where it is on main."""

    name: str
    path: str
    request: RequestBranch | None = None


@dataclass(frozen=True, slots=True)
class KnownEvidence:
    """What there is on main and in requests: the evidence that was looked for, None where there is none, and
    the numbers that requests have taken."""

    standing: StandingEvidence | None
    taken: frozenset[int] = frozenset()


def evidence_folder(model: str) -> str:
    """Return where the branches of requests for evidence about a model stand."""
    return f"rollbook/evidence/{model}/"


def known_evidence(
    repository: Repository, sought: Sought, main: str, requests: Iterable[RequestBranch]
) -> KnownEvidence:
    """Look for evidence on main at a commit, then in requests."""
    with Registry(repository, commit_snapshot(repository, main)) as registry:
        version = registry.version(str(sought))
        sha256 = version.artifact.sha256
        on_main = next((one for one in version.evidence() if _is_sought(one, sought, sha256)), None)
    if on_main is not None:
        return KnownEvidence(StandingEvidence(on_main.name, on_main.path))
    standing, taken = None, set[int]()
    for request, version_name, name in _adding_evidence(requests, sought.model):
        if version_name != sought.version:
            continue
        taken.add(int(name.rpartition("-")[2]))
        if standing is None and _adds(repository, request, name, sought, sha256):
            standing = StandingEvidence(name, _path(sought.model, sought.version, name), request)
    return KnownEvidence(standing, frozenset(taken))


def is_evidence_rejected(repository: Repository, sought: Sought, main: str) -> bool:
    """Return whether somebody turned down a request for evidence."""
    with Registry(repository, commit_snapshot(repository, main)) as registry:
        sha256 = registry.version(str(sought)).artifact.sha256
    rejected = rejected_requests(repository, evidence_folder(sought.model))
    return any(
        _adds(repository, request, name, sought, sha256)
        for request, version, name in _adding_evidence(rejected, sought.model)
        if version == sought.version
    )


def proposed_evidence(
    repository: Repository, reference: str, examination: Examination, taken: Collection[int]
) -> StandingEvidence:
    """Propose evidence here. Raises as `add_evidence` does."""
    made = add_evidence(repository, reference, examination, taken=taken)
    request = RequestBranch(made.branch, made.commit, (HERE,))
    return StandingEvidence(f"{made.kind}-{made.number}", made.path, request)


def suspected_versions(
    repository: Repository, requests: Iterable[RequestBranch], model: str
) -> frozenset[str]:
    """Return the versions of a model about which requests would add failed evidence of monitoring."""
    told = (
        (version, _evidence_in(repository, request.commit, _path(model, version, name)))
        for request, version, name in _adding_evidence(requests, model)
    )
    return frozenset(version for version, evidence in told if evidence is not None and not evidence.passed)


def _adding_evidence(
    requests: Iterable[RequestBranch], model: str
) -> Iterator[tuple[RequestBranch, str, str]]:
    """Yield the requests for evidence of monitoring about a model, each with the version and its name."""
    pattern = re.compile(
        rf"{re.escape(evidence_folder(model))}(?P<version>[^/]+)-(?P<name>{MONITORING}-[1-9][0-9]{{0,8}})"
    )
    for request in requests:
        if found := pattern.fullmatch(request.name):
            yield request, found["version"], found["name"]


def _adds(repository: Repository, request: RequestBranch, name: str, sought: Sought, sha256: str) -> bool:
    evidence = _evidence_in(repository, request.commit, _path(sought.model, sought.version, name))
    return evidence is not None and _is_sought(evidence, sought, sha256)


def _evidence_in(repository: Repository, revision: str, path: str) -> Evidence | None:
    with closing(commit_snapshot(repository, revision)) as snapshot:
        (data,) = snapshot.read_many([path])
    try:
        return parse_evidence(data, path) if data is not None else None
    except InvalidFile:
        return None  # anybody's branch, which the check refuses


def _is_sought(evidence: Evidence, sought: Sought, sha256: str) -> bool:
    is_about = evidence.is_about(sought.model, sought.version, sha256)
    return evidence.kind == MONITORING and is_about and sought.is_it(evidence)


def _path(model: str, version: str, name: str) -> str:
    return f"{layout.evidence_directory(model, version)}/{name}.yaml"
