"""The verbs that carry models out of a registry and into it: export and import."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.artifact.progress import quiet
from rollbook.registry import registry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.api.results import ExportedIndex
    from rollbook.artifact.progress import Progress
    from rollbook.insight.query import parquet
    from rollbook.propose.told_facts import PathLike
    from rollbook.transfer.bundle.bundle_export import Packed
    from rollbook.transfer.bundle.bundle_import import Brought
    from rollbook.transfer.gto.takeover import TakenOver
    from rollbook.transfer.gto.takeover_plan import Plan, TakeoverRequest


class Exchange(registry.Registry):
    """What takes models along, and brings them over."""

    def export_index(self, index: PathLike, *, publish: str | None = None) -> ExportedIndex:
        """Write static files that answer for this registry without git to a folder; return what was written.

        Open the registry at a commit of main: consumers are told what main says. `publish` names a branch of
        the remote to push them to. Raises Refused for a folder that holds something else.
        """
        from rollbook.api.results import ExportedIndex

        if publish is None:
            from rollbook.transfer.static_index.index_export import export

            return ExportedIndex(Path(index), export(self, Path(index)), None)
        from rollbook.transfer.static_index.index_branch import publish as publish_index

        published = publish_index(self, Path(index), publish)
        return ExportedIndex(Path(index), published.exported, published)

    def export_parquet(self, parquet: PathLike) -> parquet.ExportedTables:
        """Write the views of `query` to a folder as Parquet files; return how many rows each has.

        Needs the extra `parquet`. Raises Refused for a folder that holds something else.
        """
        from rollbook.insight.query.parquet import export

        return export(self, Path(parquet))

    def export_bundle(self, reference: str, bundle: PathLike, *, progress: Progress = quiet) -> Packed:
        """Write a version, its artifact and its record to one file; return what is in it.

        Raises Refused when its artifact is removed or no tag registers it yet, NotFound for an unknown
        version, StorageFailed when the artifact can't be had.
        """
        from rollbook.transfer.bundle.bundle_export import export_version

        return export_version(self, reference, Path(bundle), progress)

    def import_bundle(
        self,
        file: PathLike,
        *,
        allowed_signers: PathLike | None = None,
        require_signature: bool = False,
        progress: Progress = quiet,
    ) -> Brought:
        """Propose the version in a bundle of another registry; return what was brought.

        What is in it is held against the tags that registered it there. `allowed_signers` is a file of who
        may have signed there, and nothing unsigned passes then. Raises Refused for what its tags contradict
        or nobody vouches for who must, InvalidFile for what is no bundle.
        """
        from rollbook.propose.manifest_facts import small_file
        from rollbook.transfer.bundle.bundle_import import import_bundle

        return import_bundle(
            self.repository,
            Path(file),
            allowed_signers=small_file(Path(allowed_signers)) if allowed_signers else None,
            require_signature=require_signature,
            progress=progress,
        )

    def import_gto(
        self,
        *,
        models: Sequence[str] = (),
        stages: Mapping[str, str] | None = None,
        renames: Mapping[str, str] | None = None,
        paths: Mapping[str, str] | None = None,
        skip_missing: bool = False,
        progress: Progress = quiet,
    ) -> TakenOver:
        """Propose to take over the models that this repository keeps with GTO; return what was proposed.

        `models` narrows it to these artifacts; `stages` says what GTO's stages are called in the policy;
        `renames` gives other names to artifacts or versions; `paths` says where artifacts' files are when
        nothing tells. `skip_missing` leaves out versions whose bytes can't be had. Raises Refused when
        something has to be decided first.
        """
        from rollbook.transfer.gto.takeover import take_over

        wanted = _wanted(models, stages, renames, paths, skip_missing=skip_missing)
        return take_over(self.repository, wanted, progress)

    def plan_gto(
        self,
        *,
        models: Sequence[str] = (),
        stages: Mapping[str, str] | None = None,
        renames: Mapping[str, str] | None = None,
        paths: Mapping[str, str] | None = None,
        skip_missing: bool = False,
    ) -> Plan:
        """Return what `import_gto` would take over, and what has to be decided first; change nothing."""
        from rollbook.transfer.gto.takeover import plan_from_gto

        wanted = _wanted(models, stages, renames, paths, skip_missing=skip_missing)
        return plan_from_gto(self.repository, wanted)


def _wanted(
    models: Sequence[str],
    stages: Mapping[str, str] | None,
    renames: Mapping[str, str] | None,
    paths: Mapping[str, str] | None,
    *,
    skip_missing: bool,
) -> TakeoverRequest:
    from rollbook.transfer.gto.takeover_plan import TakeoverRequest

    return TakeoverRequest(tuple(models), stages or {}, renames or {}, paths or {}, skip_missing)
