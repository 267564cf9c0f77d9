"""Judging versions in several processes, each a share of them.

The others are this program again, told by a pipe what to judge: nothing is forked, nothing unpickled, and it
works from any thread of any program. A share whose process fails is judged here.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

from rollbook.check.finding import Finding
from rollbook.check.version_rules import version_findings
from rollbook.snapshot.snapshot import OnDisk
from rollbook.snapshot.worktree_snapshot import snapshot_on_disk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.check.version_rules import Key
    from rollbook.snapshot.snapshot import Snapshot

    Versions = Mapping[Key, Sequence[str]]

# A process starts in a tenth of a second, in which some 500 files are judged.
_LEAST_FILES = 2_000


def judged_in_shares(
    snapshot: Snapshot, modes: Mapping[str, str], versions: Versions, processes: int
) -> dict[Key, list[Finding]]:
    """`version_findings`, by up to so many processes."""
    files = sum(map(len, versions.values()))
    count = max(1, min(processes, files // _LEAST_FILES))
    place = snapshot.on_disk()
    if count == 1 or not sys.executable or place is None:
        return version_findings(snapshot, modes, versions)
    own, *others = _shares(versions, files / count)
    started = [(share, _start(place, modes, share)) for share in others]
    found = version_findings(snapshot, modes, own)
    for share, process in started:
        theirs = _finish(*process)
        found |= version_findings(snapshot, modes, share) if theirs is None else theirs
    return found


def _shares(versions: Versions, size: float) -> Sequence[Versions]:
    """The versions in parts of about so many files."""
    shares: list[dict[Key, Sequence[str]]] = [{}]
    count = 0
    for key, paths in versions.items():
        if count >= size * len(shares):
            shares.append({})
        shares[-1][key] = paths
        count += len(paths)
    return shares


def _start(
    place: OnDisk, modes: Mapping[str, str], share: Versions
) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    question = {
        "place": place,
        "versions": [[*key, {path: modes[path] for path in paths}] for key, paths in share.items()],
    }
    # Files, not pipes: neither side ever waits for the other to read.
    answer = tempfile.TemporaryFile()  # noqa: SIM115 - `_finish` closes it
    with tempfile.TemporaryFile() as asked:
        asked.write(json.dumps(question).encode())
        asked.seek(0)
        # -P: a folder named like a module, in the directory where this runs, must not be imported.
        command = [sys.executable, "-P", "-m", __spec__.name, __file__]
        process = subprocess.Popen(command, stdin=asked, stdout=answer, stderr=subprocess.DEVNULL)
    return process, answer


def _finish(process: subprocess.Popen[bytes], answer: IO[bytes]) -> dict[Key, list[Finding]] | None:
    """What a process found; None when it failed."""
    with answer:
        if process.wait() != 0:
            return None
        answer.seek(0)
        try:
            told: list[tuple[str, str, list[dict[str, Any]]]] = json.load(answer)
            return {(model, version): [Finding(**each) for each in found] for model, version, found in told}
        except (ValueError, TypeError):
            return None


def _answer() -> None:
    question = json.load(sys.stdin.buffer)
    snapshot = snapshot_on_disk(OnDisk(*question["place"]))
    modes = {path: mode for *_, own in question["versions"] for path, mode in own.items()}
    versions = {(model, version): list(own) for model, version, own in question["versions"]}
    found = version_findings(snapshot, modes, versions)
    json.dump([[*key, [asdict(each) for each in wrong]] for key, wrong in found.items()], sys.stdout)


if __name__ == "__main__":
    if sys.argv[1:] != [__file__]:
        sys.exit("another installation of Rollbook than the one that asks")
    _answer()
