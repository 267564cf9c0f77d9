"""What the pages of one build share: found once for all models, so that a page asks for its own files
only."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.errors import RollbookError
from rollbook.snapshot.partial_snapshot import PartialSnapshot
from rollbook.web.catalog.model_timeline import timeline_of
from rollbook.web.catalog.page_frame import page_frame
from rollbook.web.catalog.version_sources import VersionSources, version_sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.api.public_registry import Registry
    from rollbook.check.gates.gate import Circumstances
    from rollbook.records.policy import Policy
    from rollbook.trail.tag import RecordedTag
    from rollbook.web.catalog.model_timeline import TimelineEntry
    from rollbook.web.catalog.page_frame import PageFrame


@dataclass(frozen=True, slots=True)
class ModelTimeline:
    """What happened to a model, the newest first: all of it, and by version."""

    entries: Sequence[TimelineEntry] = ()
    by_version: Mapping[str, Sequence[TimelineEntry]] = field(default_factory=dict)

    @classmethod
    def of(cls, tags: Sequence[RecordedTag]) -> ModelTimeline:
        """Return what the events of a model tell."""
        entries = timeline_of(tags)
        by_version: dict[str, list[TimelineEntry]] = defaultdict(list)
        for entry in entries:
            for version in entry.versions:
                by_version[version].append(entry)
        return cls(entries, by_version)


@dataclass(frozen=True)
class CatalogFacts:
    """What stands around every page, the policy (None where it can't be read), what versions came from, by
    model the events of its trail, the oldest first (None where there are no tags to ask), and the branches
    on which something about it is proposed.

    `address` is where the registry can be cloned from, empty where that is not known.
    """

    registry: Registry
    frame: PageFrame
    policy: Policy | None
    versions: VersionSources
    events: Mapping[str, Sequence[RecordedTag]] | None
    requests: Mapping[str, Sequence[str]]
    address: str = ""

    @cached_property
    def timelines(self) -> Mapping[str, ModelTimeline]:
        """What happened to each model, the newest first."""
        return {model: ModelTimeline.of(tags) for model, tags in (self.events or {}).items()}

    @property
    def first_stage(self) -> str:
        """The stage of versions that no stage names; empty where the policy can't be read."""
        return self.policy.first_stage.name if self.policy else ""

    @cached_property
    def circumstances(self) -> Circumstances | None:
        """What gates are judged by today; None where they can't be: of a registry without a repository, or
        of one as it was."""
        if not self.registry.has_repository or self.frame.as_of or self.policy is None:
            return None
        from rollbook.check.base_context import circumstances
        from rollbook.snapshot.tree_snapshot import TreeSnapshot

        snapshot = self.registry.snapshot
        if not isinstance(snapshot, TreeSnapshot):
            return None
        return circumstances(self.registry.repository, snapshot, of_all=True)


def catalog_facts(registry: Registry, as_of: str = "", frame: PageFrame | None = None) -> CatalogFacts:
    """Return what the pages of a registry share; `frame` stands around them, where it is known already. Raises
    NotFound where there is no registry."""
    registry.require()
    has_history = registry.has_repository and not isinstance(registry.snapshot, PartialSnapshot)
    return CatalogFacts(
        registry=registry,
        frame=frame or page_frame(registry, as_of),
        policy=_policy(registry),
        versions=version_sources(registry),
        events=_events(registry) if has_history else None,
        requests=_requests(registry) if has_history and not as_of else {},
        address=_address(registry) if has_history else "",
    )


def _policy(registry: Registry) -> Policy | None:
    try:
        return registry.policy
    except RollbookError:
        return None


def _events(registry: Registry) -> Mapping[str, Sequence[RecordedTag]]:
    from rollbook.trail.history import each_event

    by_model: dict[str, list[RecordedTag]] = defaultdict(list)
    for tag in each_event(registry.repository, registry.snapshot.commit or "HEAD"):
        by_model[tag.event.model].append(tag)
    return dict(by_model)


def _requests(registry: Registry) -> Mapping[str, Sequence[str]]:
    from rollbook.registry.main_branch import published_commit
    from rollbook.registry.request_branches import open_branches, request_branches

    try:
        base = published_commit(registry.repository)
        branches = open_branches(registry.repository, request_branches(registry.repository), base)
    except RollbookError:  # which branch is main can't be told
        return {}
    by_model: dict[str, list[str]] = defaultdict(list)
    for branch in branches:
        _, _, rest = branch.name.partition("/")
        parts = rest.partition("/")[2].split("/")
        for length in (2, 1):
            if len(parts) > length or length == 1:
                by_model["/".join(parts[:length])].append(branch.name)
    return dict(by_model)


def _address(registry: Registry) -> str:
    from rollbook.git.address import without_credentials
    from rollbook.registry.main_branch import remote_url

    try:
        return without_credentials(remote_url(registry.repository) or "")
    except RollbookError:
        return ""
