"""The verb `scan`: what loading an artifact would run."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.artifact.progress import quiet
from rollbook.registry import registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.artifact.progress import Progress
    from rollbook.artifact.scan.verdict import ScanReport
    from rollbook.propose.new_evidence import AddedEvidence
    from rollbook.propose.told_facts import PathLike


@dataclass(frozen=True, slots=True)
class Scanned:
    """A scan: what was scanned, what was found, and the evidence that was proposed on it, None for none."""

    target: str
    report: ScanReport
    evidence: AddedEvidence | None = None

    def as_document(self) -> dict[str, Any]:
        """Return it as JSON data."""
        from rollbook.api.json_document import document

        return {
            "target": self.target,
            **self.report.as_document(),
            "evidence": document(self.evidence) if self.evidence else None,
        }


def scan_at(path: PathLike, allow: Sequence[str] = ()) -> Scanned:
    """Scan the file or folder at a path, which no registry needs to know."""
    from rollbook.artifact.scan.stored_scan import scan_path

    return Scanned(str(path), scan_path(Path(path), allow))


class Scans(registry.Registry):
    """What scans artifacts."""

    def scan(
        self,
        target: str,
        *,
        allow: Sequence[str] = (),
        record: bool = False,
        remote: str | None = None,
        progress: Progress = quiet,
    ) -> Scanned:
        """Scan a version's artifact, or the file or folder that stands at the path `target`, for what loading
        it would run; nothing of it is loaded.

        `allow` are further globals that may be imported, as `module.Name`. With `record`, evidence on the
        version is proposed, which says passed for a clean one; `remote` (a path or URL) takes the place of
        the DVC remote. Raises NotFound for an unknown version, StorageFailed when its bytes can't be had,
        BadCall for `record` with a path or with `allow`.
        """
        from rollbook.artifact.retrieval import fetch_version
        from rollbook.artifact.scan.stored_scan import scan_path
        from rollbook.errors import BadCall
        from rollbook.propose.new_evidence import add_evidence
        from rollbook.propose.scan_evidence import scan_examination

        is_path = Path(target).exists()
        if record and (is_path or allow):
            what = "a file is no version" if is_path else "it stands for the list that everyone has"
            raise BadCall(f"this scan can't be put on record: {what}", hint="Give MODEL@VERSION alone.")
        if is_path:
            return scan_at(target, allow)
        version = self.version(target)
        with tempfile.TemporaryDirectory(prefix="rollbook-") as directory:
            path = fetch_version(version, Path(directory), progress=progress, remote=remote)
            report = scan_path(path, allow)
        if not record:
            return Scanned(str(version), report)
        examination = scan_examination(report)
        return Scanned(str(version), report, add_evidence(self.repository, str(version), examination))
