"""What became of a version: the stages it stood in, and where it is deployed."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rollbook.git.repository import commit_or_none
from rollbook.git.shallow import is_shallow
from rollbook.insight.lineage.trace import Stood
from rollbook.names import moment_text
from rollbook.registry.deployments import deployments

if TYPE_CHECKING:
    from rollbook.insight.lineage.trace import Lineage
    from rollbook.registry.model_version import ModelVersion
    from rollbook.registry.registry import Registry


def followed(registry: Registry, lineage: Lineage) -> Lineage:
    """Return a lineage with what became of the version that was asked for.

    The stages are those of main's history as the snapshot's commit has it. Where there is no history, as in a
    shallow clone, they are the present one. Raises InvalidFile for evidence of a
    deployment that can't be read.
    """
    version = registry.version(lineage.reference)
    return dataclasses.replace(
        lineage,
        stood=_history(registry, version) or (_present(version),),
        deployments=deployments(version.model).get(lineage.reference, ()),
    )


def _history(registry: Registry, version: ModelVersion) -> tuple[Stood, ...]:
    repository, snapshot = registry.repository, registry.snapshot
    snapshot.bring_history()
    commit = snapshot.commit or commit_or_none(repository, "HEAD")
    if not commit or is_shallow(repository):
        return ()
    from rollbook.trail.known_stays import known_stays

    stays = known_stays(repository, commit, version.model.name, version.version)
    if not stays or stays[-1].stage != version.stage or stays[-1].left is not None:
        return ()  # what is staged or checked out is ahead of its history
    return tuple(
        Stood(
            stay.stage,
            moment_text(stay.entered),
            "" if stay.left is None else moment_text(stay.left),
        )
        for stay in stays
    )


def _present(version: ModelVersion) -> Stood:
    entry = version.entry
    return Stood(version.stage, entry.requested_at if entry else version.manifest.registered_at)
