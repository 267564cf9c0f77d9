"""Judging versions in several processes, each a share of them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.check.finding import Finding
from rollbook.check.version_rules import version_findings
from rollbook.git.repository import discover
from rollbook.snapshot.snapshot import TreeSnapshot, WorktreeSnapshot
from rollbook.snapshot.workers import spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.check.version_rules import Key
    from rollbook.snapshot.snapshot import Snapshot

    Item = tuple[str, str, Mapping[str, str]]  # model, version, and the modes of their paths

# A process starts in a tenth of a second, in which some 500 files are judged.
_LEAST_FILES = 2_000


def judged_in_shares(
    snapshot: Snapshot, modes: Mapping[str, str], versions: Mapping[Key, Sequence[str]], processes: int
) -> dict[Key, list[Finding]]:
    """`version_findings`, by up to so many processes."""
    count = min(processes, sum(map(len, versions.values())) // _LEAST_FILES)
    if count < 2 or not isinstance(snapshot, TreeSnapshot | WorktreeSnapshot):
        return version_findings(snapshot, modes, versions)
    items: list[Item] = [(*key, {path: modes[path] for path in paths}) for key, paths in versions.items()]
    answers = spread(judge_share, _place(snapshot), items, count)
    return {
        (model, version): [Finding(**finding) for finding in findings]
        for (model, version, _), findings in answers
        if findings
    }


def _place(snapshot: TreeSnapshot | WorktreeSnapshot) -> tuple[str, str | None]:
    if isinstance(snapshot, WorktreeSnapshot):
        return str(snapshot.root), None
    return str(snapshot.repository.directory), snapshot.treeish


def judge_share(place: tuple[str, str | None], items: Sequence[Item]) -> Iterator[list[dict[str, Any]]]:
    """Yield what is wrong with each version, of a tree or, without one, of the files in a directory."""
    directory, tree = place
    repository = discover(Path(directory))
    snapshot: Snapshot = WorktreeSnapshot(repository, Path(directory))
    if tree is not None:
        snapshot = TreeSnapshot(repository, tree, "")
    modes = {path: mode for *_, own in items for path, mode in own.items()}
    versions = {(model, version): list(own) for model, version, own in items}
    found = version_findings(snapshot, modes, versions)
    for key in versions:
        yield [asdict(finding) for finding in found.get(key, ())]
