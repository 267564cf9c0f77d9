"""Where versions run, as evidence of the kind `deployment` tells it.

One target runs one version of a model. The newest deployment that passed says which; one that failed says
that its version does not run there, or no longer does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rollbook import layout
from rollbook.layout import Kind
from rollbook.names import moment_text
from rollbook.records.evidence import DEPLOYMENT, evidence_kind, parse_evidence

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from rollbook.records.evidence import Evidence
    from rollbook.registry.registry import Model

Status = Literal["running", "replaced", "failed"]


@dataclass(frozen=True, slots=True)
class Deployed:
    """What one piece of evidence says: of a version (`reference`), on one target, at one time (UTC).

    The target of evidence that names none is its address, else empty.
    """

    reference: str
    number: int
    target: str
    passed: bool
    at: str
    by: str
    uri: str

    @property
    def order(self) -> tuple[str, int]:
        return self.at, self.number

    @property
    def evidence(self) -> str:
        """The evidence's name."""
        return f"{DEPLOYMENT}-{self.number}"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A version on one target, by the newest evidence of it there. `evidence` is that one's name; `at` is
    when it was gathered (UTC). `replaced_by` is the version that runs there since, empty without one."""

    target: str
    status: Status
    at: str
    by: str
    uri: str
    evidence: str
    replaced_by: str = ""


def newest(told: Iterable[Deployed]) -> Mapping[str, tuple[Deployment, ...]]:
    """Return the deployments of each version of one model, the newest of each target, sorted by target.

    What is told last wins; of what is told at one time, the higher number.
    """
    last: dict[tuple[str, str], Deployed] = {}
    for each in sorted(told, key=lambda each: each.order):
        last[each.target, each.reference] = each
    running: dict[str, Deployed] = {}
    for each in last.values():
        if each.passed and (each.target not in running or each.order >= running[each.target].order):
            running[each.target] = each
    by_reference: dict[str, tuple[Deployment, ...]] = {}
    for target, reference in sorted(last):
        deployment = _standing(last[target, reference], running.get(target))
        by_reference[reference] = (*by_reference.get(reference, ()), deployment)
    return by_reference


def _standing(own: Deployed, running: Deployed | None) -> Deployment:
    status: Status = "failed" if not own.passed else "running" if own == running else "replaced"
    return Deployment(
        target=own.target,
        status=status,
        at=own.at,
        by=own.by,
        uri=own.uri,
        evidence=own.evidence,
        replaced_by=running.reference if running and status == "replaced" else "",
    )


def deployments(model: Model) -> Mapping[str, tuple[Deployment, ...]]:
    """Return the deployments of each version of a model that has any. Evidence that is about another artifact
    than the version's own tells nothing. Raises InvalidFile for a file that can't be read.
    """
    return newest(deployed(reference, said) for reference, said in told_of(model, (DEPLOYMENT,)))


def told_of(model: Model, kinds: Collection[str]) -> Iterator[tuple[str, Evidence]]:
    """Yield the evidence of some kinds on a model's versions, each with its version (`m@1.0.0`).

    What is about another artifact than the version's own is left out. Raises InvalidFile for a file that
    can't be read.
    """
    snapshot = model.registry.snapshot
    directories = {layout.evidence_directory(model.name, name): name for name in model.version_names}
    paths = [
        (name, f"{directory}/{file}")
        for (directory, name), files in zip(
            directories.items(), snapshot.children([*directories]), strict=True
        )
        for file in files
        if evidence_kind(file) in kinds and layout.place(f"{directory}/{file}").kind is Kind.EVIDENCE
    ]
    contents = snapshot.read_many([path for _, path in paths])
    told: dict[str, list[Evidence]] = {}
    for (name, path), data in zip(paths, contents, strict=True):
        told.setdefault(name, []).append(parse_evidence(data or b"", path))
    for version in model.versions([*told]):
        for evidence in told[version.version]:
            if evidence.is_about(model.name, version.version, version.manifest.artifact.sha256):
                yield str(version), evidence


def deployed(reference: str, said: Evidence) -> Deployed:
    """Return what evidence says of where a version runs. Raises InvalidFile for no time."""
    at = moment_text(said.moment)
    target = said.target or said.uri
    return Deployed(reference, said.number, target, said.passed, at, said.created_by, said.uri)
