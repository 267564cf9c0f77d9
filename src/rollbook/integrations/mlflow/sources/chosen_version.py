"""Which version becomes of what MLflow registers: the one that a tag names, or the next one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rollbook.names import bump, normalise_version, precedence
from rollbook.propose.file_facts import completed
from rollbook.propose.registration_remarks import broken_contract
from rollbook.registry.registry import Registry
from rollbook.registry.request_branches import requested_versions
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.transfer.mlflow.version_tags import PLAIN_TAG, VERSION_TAG, version_in

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.git.repository import Repository
    from rollbook.propose.received_artifact import ReceivedArtifact
    from rollbook.propose.registration_request import Registration


def chosen_version(tags: Mapping[str, str]) -> tuple[str | None, dict[str, str]]:
    """Return the version that the tags choose, None without one, and the tags that are left.

    `rollbook.version` chooses, else a tag `version` that is one; a `version` of another form (`2024-Q3`) is a
    tag like any other. Raises BadCall where `rollbook.version` is no version.
    """
    left = dict(tags)
    if own := left.pop(VERSION_TAG, ""):
        chosen = normalise_version(own)
        if version_in(left.get(PLAIN_TAG, "")) == chosen:
            left.pop(PLAIN_TAG)
        return chosen, left
    if chosen_plainly := version_in(left.get(PLAIN_TAG, "")):
        left.pop(PLAIN_TAG)
        return chosen_plainly, left
    return None, left


def with_next_version(
    repository: Repository, base: str, registration: Registration, received: ReceivedArtifact
) -> Registration:
    """Return a registration with how its version follows those in the commit `base`, unless it is chosen.

    The first is 1.0.0, as MLflow's is 1; then the minor number is raised, and the major one where what goes
    in and comes out breaks those who call the release before.
    """
    if registration.version:
        return registration
    model = registration.model
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        known = registry.model(model).version_names if registry.has_model(model) else []
    known = [*known, *requested_versions(repository, model, known)]
    if not known:
        return replace(registration, bump="major")
    version = bump(max(known, key=precedence), "minor")
    facts = completed(registration.facts, received.stored.format, received.stored.contents)
    _, broken = broken_contract(repository, base, model, version, facts)
    return replace(registration, bump="major" if broken else "minor")
