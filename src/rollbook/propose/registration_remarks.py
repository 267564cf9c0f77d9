"""What is remarked of a registration: what it lacks, what it repeats, whom it breaks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.check.gates.required_fields import unpinned
from rollbook.check.signature_contract import breaks, is_told, lower_releases, major, told_breaks
from rollbook.errors import InvalidFile
from rollbook.git.trees import files_holding
from rollbook.records.manifest import parse_manifest
from rollbook.records.signature import Illegible
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.text import decoded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rollbook.git.repository import Repository

_SHOWN = 3
# An abbreviated id of a commit: digits and letters both.
_COMMIT = re.compile(r"(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{7,40}")
_UNKNOWN_FORMATS = frozenset(["binary", "folder"])


def signature_remarks(
    repository: Repository, base: str, model: str, version: str, facts: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return a line when a new version breaks callers of the release before it without a new MAJOR number;
    none where that can't be told."""
    before, found = broken_contract(repository, base, model, version, facts)
    if not found:
        return ()
    told = told_breaks(f"{model}@{before}", found, _SHOWN)
    return (f"{told}. A new MAJOR number says so: --bump major",)


def broken_contract(
    repository: Repository, base: str, model: str, version: str, facts: Mapping[str, Any]
) -> tuple[str, list[str]]:
    """Return the release before a new version, and what in the new one's signature breaks its callers without
    a new MAJOR number; nothing where that can't be told."""
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        known = registry.model(model).version_names if registry.has_model(model) else []
        lower = lower_releases(version, known)[:1]
        if not lower or major(lower[0]) < major(version):
            return "", []
        path = layout.manifest_path(model, lower[0])
        (data,) = registry.snapshot.read_many([path])
    try:
        before = parse_manifest(data or b"", path).signature
        after = facts.get("signature") or {}
        return lower[0], breaks(before, after) if is_told(before) and is_told(after) else []
    except (InvalidFile, Illegible):  # what is wrong with a file is for the check to say
        return lower[0], []


def pre_release_remarks(version: str) -> tuple[str, ...]:
    """Return a line on a pre-release that looks like the id of a commit: it may be meant as a build."""
    release, _, last = version.partition("-")
    if not _COMMIT.fullmatch(last):
        return ()
    return (f"{version} is a pre-release, which comes before {release}; a build is written {release}+{last}",)


def lacking(facts: Mapping[str, Any], attachments: Mapping[str, bytes], form: str) -> Iterator[str]:
    """Yield what a manifest does not say that will be missed: it is written once."""
    if not facts.get("lineage", {}).get("code"):
        yield "which commit of the code trained it: --code DIR"
    dependencies = facts.get("environment", {}).get("dependencies")
    files = {name: decoded(attachments[name]) for name in layout.ENVIRONMENT_FILES if name in attachments}
    if loose := unpinned(dependencies, files):
        yield f"a pinned environment ({loose}): --requirements FILE"
    if form in _UNKNOWN_FORMATS and not facts.get("framework"):
        yield "what reads the artifact, whose format is not known: --framework NAME"
    if not facts.get("signature"):
        yield "what goes in and comes out (signature): --sample-input FILE"


def twins(repository: Repository, base: str, md5: str) -> tuple[str, ...]:
    """Return the versions in `base` whose pointer names the same bytes."""
    paths = files_holding(repository, base, f"md5: {md5}", f"{layout.ROOT}/**/*.dvc")
    places = (layout.place(path) for path in paths)
    return tuple(
        sorted(f"{place.model}@{place.version}" for place in places if place.kind is layout.Kind.POINTER)
    )
