"""Judging versions in several processes, each a share of them."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rollbook.check.finding import Finding
from rollbook.check.rules.version_rules import version_findings
from rollbook.snapshot.snapshot import OnDisk
from rollbook.snapshot.workers import spread
from rollbook.snapshot.worktree_snapshot import snapshot_on_disk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.check.rules.version_rules import Key
    from rollbook.snapshot.snapshot import Snapshot

    Item = tuple[str, str, Mapping[str, str]]  # model, version, and the modes of their paths

# A process starts in a tenth of a second, in which some 500 files are judged.
LEAST_FILES = 2_000


def judged_in_shares(
    snapshot: Snapshot, modes: Mapping[str, str], versions: Mapping[Key, Sequence[str]], processes: int
) -> dict[Key, list[Finding]]:
    """Return what `version_findings` does, judged by up to so many processes."""
    count = min(processes, sum(map(len, versions.values())) // LEAST_FILES)
    place = snapshot.on_disk()
    if count < 2 or place is None:
        return version_findings(snapshot, modes, versions)
    items: list[Item] = [(*key, {path: modes[path] for path in paths}) for key, paths in versions.items()]
    answers = spread(judge_share, place, items, count)
    return {
        (model, version): [Finding(**finding) for finding in findings]
        for (model, version, _), findings in answers
        if findings
    }


def judge_share(place: Sequence[Any], items: Sequence[Item]) -> Iterator[list[dict[str, Any]]]:
    """Yield what is wrong with each version, of the files at a place (the fields of `OnDisk`)."""
    modes = {path: mode for *_, own in items for path, mode in own.items()}
    versions = {(model, version): list(own) for model, version, own in items}
    findings = version_findings(snapshot_on_disk(OnDisk(*place)), modes, versions)
    for key in versions:
        yield [asdict(finding) for finding in findings.get(key, ())]
