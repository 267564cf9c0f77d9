"""The scan of an artifact: every file of it, all that is packed in a file, every pickle in that.

A pickle is followed by `pickle_walk` and judged by the list of `allowed_globals`; `engine` gives its opinion
on it, which can make a verdict worse and never better. Nothing is unpickled, and nothing is unpacked to disk.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.artifact.formats.contents import Broken
from rollbook.artifact.scan.allowed_globals import Allowlist
from rollbook.artifact.scan.blob import Blob
from rollbook.artifact.scan.blob_scan import BlobScan
from rollbook.artifact.scan.engine import engine_name
from rollbook.artifact.scan.verdict import Reason, ScanReport, ScanVerdict, worst

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import IO

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes

_MOST_FILES = 100_000
_MOST_NAMES = 10_000
_MOST_REASONS = 1000


def scan(
    artifact: ArtifactBytes, form: str, *, allow: Collection[str] = (), asks_engine: bool = True
) -> ScanReport:
    """Return what a scan finds in an artifact in the format `form`, as `detect_format` names it.

    `allow` are globals that are admitted too, as `module.name`. Without `asks_engine` nobody else gives an
    opinion: who wants to know what a pickle imports, and no verdict, saves its time. An error while reading
    is a reason to be `inconclusive`, never one to be clean.
    """
    allowlist = Allowlist(frozenset(allow))
    scanned = BlobScan(allowlist, form, asks_engine=asks_engine)
    for path in sorted(artifact.files)[:_MOST_FILES]:
        _scan_file(scanned, artifact, path)
    if len(artifact.files) > _MOST_FILES:
        scanned.add(ScanVerdict.INCONCLUSIVE, artifact.name, f"it has more than {_MOST_FILES:,} files")
    scanned.remark_code(artifact)
    names = sorted({name for stream in scanned.streams for name in stream.globals})
    reasons = _ordered(scanned.reasons)
    return ScanReport(
        worst(reasons),
        tuple(names[:_MOST_NAMES]),
        reasons,
        tuple(scanned.streams),
        engine_name(),
        allowlist.digest,
    )


def _scan_file(scanned: BlobScan, artifact: ArtifactBytes, path: str) -> None:
    def opener(path: str = path) -> IO[bytes]:
        return artifact.open(path)

    try:
        scanned.blob(Blob(path, path.rpartition("/")[2], opener, artifact.size(path)), 0)
    except (Broken, OSError, RecursionError, MemoryError) as error:
        scanned.add(ScanVerdict.INCONCLUSIVE, path, f"it can't be read: {error or type(error).__name__}")


def _ordered(reasons: list[Reason]) -> tuple[Reason, ...]:
    order = list(ScanVerdict)
    kept = sorted(dict.fromkeys(reasons), key=lambda reason: -order.index(reason.verdict))
    return tuple(kept[:_MOST_REASONS])
