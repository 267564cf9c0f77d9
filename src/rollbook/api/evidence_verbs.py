"""Evidence: `registry.evidence.add()`, `.list()` and `.fetch()`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.api.results import EvidenceOnVersion, FetchedEvidence
from rollbook.artifact.progress import quiet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.api.reading import ReadOnlyRegistry
    from rollbook.artifact.progress import Progress
    from rollbook.propose.new_evidence import AddedEvidence
    from rollbook.propose.told_facts import PathLike


class EvidenceVerbs:
    """What was learnt about versions after their registration."""

    def __init__(self, registry: ReadOnlyRegistry) -> None:
        self._registry = registry

    def add(
        self,
        reference: str,
        kind: str,
        *,
        status: str,
        file: PathLike | None = None,
        metrics: Mapping[str, float] | None = None,
        summary: str = "",
        tool: str | None = None,
        data: str | None = None,
        target: str = "",
        attach: Sequence[PathLike] = (),
        uri: str = "",
        progress: Progress = quiet,
    ) -> AddedEvidence:
        """Propose evidence on a version, bound to its artifact's digest; return what was proposed.

        `status` is `passed` or `failed`; the numbers in the report `file` become metrics, and `metrics` win;
        `tool` is `NAME[==VERSION]`, `data` `NAME[@VERSION]`; `target` says where a deployment runs; what is
        to `attach` goes to the DVC remote. Raises BadCall for what the schema does not allow, NotFound for an
        unknown version, StorageFailed when the bytes can't be stored.
        """
        from rollbook.errors import BadCall
        from rollbook.propose import manifest_facts
        from rollbook.propose.facts_files import report_metrics
        from rollbook.propose.new_evidence import Examination, add_evidence, named

        if status not in ("passed", "failed"):
            raise BadCall(f"{status[:40]!r} is no status of evidence", hint="It has passed or failed.")
        report = report_metrics(Path(file)) if file else {}
        examination = Examination(
            kind=kind,
            passed=status == "passed",
            summary=summary,
            metrics={**report, **manifest_facts.finite(metrics or {})},
            data=named("--data", data, "@") if data else {},
            tool=named("--tool", tool, "==") if tool else {},
            uri=uri,
            target=target,
            attachments=[Path(path) for path in attach],
        )
        return add_evidence(self._registry.repository, reference, examination, progress)

    def fetch(
        self,
        reference: str,
        name: str,
        output: PathLike = ".",
        *,
        force: bool = False,
        remote: str | None = None,
        progress: Progress = quiet,
    ) -> FetchedEvidence:
        """Get what is attached to the evidence `name` (such as `fairness-1`) of a version into the folder
        `output`, verified, whole or not at all; return where it was put.

        `force` replaces what stands there; `remote` (a path or URL) takes the place of the DVC remote. Open a
        report as carefully as any download. Raises NotFound for evidence that isn't there, StorageFailed when
        the bytes can't be had.
        """
        version = self._registry.version(reference)
        paths = version.fetch_evidence(name, output, overwrite=force, progress=progress, remote=remote)
        return FetchedEvidence(version.model.name, version.version, name, paths)

    def list(self, reference: str) -> EvidenceOnVersion:
        """Return the evidence on a version. Raises NotFound for an unknown one, InvalidFile for a broken
        file."""
        version = self._registry.version(reference)
        return EvidenceOnVersion(version.model.name, version.version, version.evidence())
