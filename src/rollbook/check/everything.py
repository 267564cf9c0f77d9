"""Judging all of a registry: the whole, then the versions, which depend on nothing else, then the models."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.clean_files import fingerprint
from rollbook.check.document import read_documents
from rollbook.check.finding import arranged
from rollbook.check.registry_files import Part, by_owner, model_names, policy_of, read_part, readable_places
from rollbook.check.rules.attribute_rules import attribute_findings
from rollbook.check.rules.dvc_entries import entry_findings
from rollbook.check.rules.monitoring_rules import autonomy_findings
from rollbook.check.rules.name_rules import namespace_findings, pattern_findings
from rollbook.check.rules.policy_rules import grant_findings
from rollbook.check.rules.standing_rules import contents_findings, overall_findings, places_findings
from rollbook.check.shares import judged_in_shares

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from rollbook.check.clean_files import Fingerprint, Remembered
    from rollbook.check.document import Document
    from rollbook.check.finding import Finding
    from rollbook.check.registry_files import ModelFiles
    from rollbook.check.rules.version_rules import Key
    from rollbook.records.policy import Policy
    from rollbook.snapshot.snapshot import FileIdentity, Snapshot

# Paths of the models that are judged together.
_PATHS = 20_000


@dataclass(frozen=True)
class Everything:
    """A registry's files in one snapshot. `rules` names what judges them."""

    snapshot: Snapshot
    entries: Mapping[str, FileIdentity]
    rules: str

    @cached_property
    def modes(self) -> dict[str, str]:
        return {path: entry.mode for path, entry in self.entries.items()}

    @cached_property
    def names(self) -> frozenset[str]:
        return model_names(self.entries)

    @cached_property
    def owned(self) -> dict[str | None, list[str]]:
        """The paths by model; None for what belongs to none."""
        return by_owner(self.entries, self.names)

    @cached_property
    def loose(self) -> dict[str, Document]:
        """The files that belong to no model."""
        return read_documents(self.snapshot, readable_places(self.modes, self.owned.get(None, [])))

    @cached_property
    def policy(self) -> Policy | None:
        return policy_of(self.loose.get(layout.POLICY))

    def versions(self, name: str) -> dict[Key, list[str]]:
        """Return the paths in a model's folder that stand where a version's do, by that version."""
        paths: dict[Key, list[str]] = {}
        for path in self.owned[name]:
            place = layout.place(path)
            if place.model and place.version:
                paths.setdefault((place.model, place.version), []).append(path)
        return paths

    def model_fingerprint(self, name: str) -> Fingerprint:
        """Return what the verdict on a model by itself follows from: its files and the policy."""
        policy_file = self.loose.get(layout.POLICY)
        policy = hashlib.sha256(policy_file.data).digest() if policy_file else b""
        return fingerprint(["model", self.rules, policy, name], self.entries, self.owned[name])

    def version_fingerprint(self, key: Key, paths: Sequence[str]) -> Fingerprint:
        """Return what the verdict on a version by itself follows from: its files."""
        return fingerprint(["version", self.rules, *key], self.entries, paths)


def findings(
    whole: Everything, only: Collection[str] | None, known: Remembered, processes: int
) -> list[Finding]:
    """Everything that is wrong with a registry, or with the models in `only` and what belongs to none."""
    marks = {name: whole.model_fingerprint(name) for name in sorted(whole.names)} if known.keeps else {}
    names = whole.names if only is None else whole.names.intersection(only)
    judged = [name for name in sorted(names) if name not in marks or marks[name] not in known]
    entered = whole.policy is not None and whole.policy.dvc_artifacts
    wrong: set[str] = set()

    def noted(findings: Iterable[Finding]) -> Iterator[Finding]:
        for finding in findings:
            wrong.update(_around(finding.path))
            yield finding

    all_findings = chain(
        _overall(whole, judged, only),
        _versions(whole, judged, known, processes),
        _models(whole, judged),
        entry_findings(whole.snapshot, list(_with_paths(whole, names)), {}) if entered else (),
    )
    shown = arranged(noted(all_findings))
    for name in judged:
        if name in marks and name not in wrong:
            known.add(marks[name])
    return shown


def _overall(whole: Everything, judged: Collection[str], only: Collection[str] | None) -> Iterator[Finding]:
    """Yield what is wrong apart from the models' contents. Names are compared across all models, known or
    not.
    """
    yield from overall_findings(whole.snapshot, whole.loose.get(layout.POLICY), whole.policy)
    yield from grant_findings(whole.loose.get(layout.POLICY), whole.names)
    yield from autonomy_findings(whole.loose.get(layout.POLICY))
    yield from attribute_findings(whole.snapshot, whole.entries)
    for document in whole.loose.values():
        yield from document.findings
    paths = [*whole.owned.get(None, ()), *(path for name in judged for path in whole.owned[name])]
    others = [layout.model_directory(name) for name in whole.names.difference(judged)]
    scope = None if only is None else frozenset(paths)
    yield from places_findings({path: whole.modes[path] for path in paths}, scope, others)
    yield from namespace_findings(whole.names, None if only is None else frozenset(judged))


def _versions(
    whole: Everything, judged: Sequence[str], known: Remembered, processes: int
) -> Iterator[Finding]:
    versions = {key: paths for name in judged for key, paths in whole.versions(name).items()}
    marks = {}
    if known.keeps:
        marks = {key: whole.version_fingerprint(key, paths) for key, paths in versions.items()}
        versions = {key: paths for key, paths in versions.items() if marks[key] not in known}
    faults = judged_in_shares(whole.snapshot, whole.modes, versions, processes)
    for key in versions:
        if key in marks and key not in faults:
            known.add(marks[key])
    for wrong in faults.values():
        yield from wrong


def _models(whole: Everything, judged: Sequence[str]) -> Iterator[Finding]:
    for names in _together(whole, judged):
        modes = {path: whole.modes[path] for name in names for path in whole.owned[name]}
        part = Part(modes, frozenset(names), None, frozenset())
        contents = read_part(whole.snapshot, part)
        yield from contents_findings(contents, whole.policy, None)
        if whole.policy is not None:
            for model in contents.models.values():
                yield from pattern_findings(model, whole.policy, new=False)


def _together(whole: Everything, names: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    count = 0
    for name in names:
        part.append(name)
        count += len(whole.owned[name])
        if count >= _PATHS:
            yield part
            part, count = [], 0
    if part:
        yield part


def _with_paths(whole: Everything, names: Collection[str]) -> Iterator[ModelFiles]:
    """Models with the paths of their versions, of which nothing is read until it is asked for."""
    for name in sorted(names):
        modes = {path: whole.modes[path] for paths in whole.versions(name).values() for path in paths}
        part = Part(modes, frozenset([name]), None, frozenset())
        yield from read_part(whole.snapshot, part).models.values()


def _around(path: str) -> list[str]:
    """Return the names of the models that a finding at `path` may be about."""
    parts = path.split("/")[1:3]
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
