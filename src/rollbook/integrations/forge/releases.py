"""Releases: for each version that came into production, what it is, and who let it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.errors import RollbookError
from rollbook.integrations.forge.interface import Release
from rollbook.names import time_text
from rollbook.registry.main_branch import main_commit
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.text import inert_code
from rollbook.trail.chain import chain
from rollbook.trail.event import Action

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.git.repository import Repository
    from rollbook.integrations.forge.interface import Forge
    from rollbook.registry.model_version import ModelVersion
    from rollbook.trail.tag import RecordedTag

_MOST_FACTS = 100


@dataclass(frozen=True, slots=True)
class Released:
    """A release that was made: the tag it stands on, and its address."""

    tag: str
    url: str


def publish(repository: Repository, forge: Forge, stage: str) -> list[Released]:
    """Release each version whose coming into `stage` is recorded and that has no release yet.

    A release stands on the tag of the version's registration, so a version that comes back has one already.
    Returns the new ones, oldest first. Raises what the forge raises; the next run goes on
    from there.
    """
    trail = chain(repository)
    arrivals = [tag for tag in trail if tag.event.action is Action.ASSIGNED and tag.event.target == stage]
    if not arrivals:
        return []
    released = forge.released()
    first = {f"{tag.event.model}@v{tag.event.version}": tag for tag in reversed(arrivals)}
    with Registry(repository, commit_snapshot(repository, main_commit(repository))) as registry:
        return [
            Released(name, forge.release(Release(name, f"{tag.event.model} {tag.event.version}", text)))
            for name, tag in reversed(first.items())
            if name not in released
            for text in [_body(registry, tag, trail[-1])]
        ]


def _body(registry: Registry, arrival: RecordedTag, head: RecordedTag) -> str:
    event = arrival.event
    rows = [
        ("In", event.target),
        ("Since", time_text(arrival.recorded_at)),
        ("Reason", event.reason),
        ("Requested by", event.requested_by),
        *(("Approved by", name) for name in event.approved_by),
        ("Pull request", arrival.pull_request),
        ("Landed in", event.landed_in),
        *_facts(registry, event.model, event.version),
        ("Manifest, SHA-256", event.manifest_digest),
        ("Artifact, SHA-256", event.artifact_digest),
        ("Audit event", f"{arrival.name} ({arrival.oid})"),
        ("Head of the trail", head.oid),
    ]
    lines = [f"| {name} | {inert_code(value[:1000])} |\n" for name, value in rows if value]
    fetch = f"rollbook fetch {event.model}@{event.version}"
    return f"| | |\n| --- | --- |\n{''.join(lines)}\nGet it, verified: {inert_code(fetch)}\n"


def _facts(registry: Registry, model: str, version: str) -> Iterator[tuple[str, str]]:
    try:
        released: ModelVersion = registry.model(model).version(version)
        manifest = released.manifest
    except RollbookError:
        return  # its artifact may be gone by now; the record stays
    artifact = manifest.artifact
    yield "Description", manifest.description
    yield "Registered by", f"{manifest.registered_by}, {manifest.registered_at}"
    yield "Made by", f"{manifest.created_by}, {manifest.created_at}" if manifest.backfilled else ""
    yield "Artifact", f"{artifact.format}, {artifact.size:,} bytes"
    for name, value in list(manifest.metrics.items())[:_MOST_FACTS]:
        yield f"Metric {inert_code(name)}", f"{value:g}"
