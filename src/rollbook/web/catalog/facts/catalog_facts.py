"""What the pages of one build share: found once for all models, so that a page asks for its own files
only."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from rollbook.errors import RollbookError
from rollbook.snapshot.partial_snapshot import PartialSnapshot
from rollbook.snapshot.tree_snapshot import TreeSnapshot
from rollbook.web.catalog.drawing.lineage_graph import GENERATIONS
from rollbook.web.catalog.facts.model_timeline import timeline_of
from rollbook.web.catalog.facts.version_sources import VersionSources, version_sources
from rollbook.web.catalog.pages.page_frame import page_frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rollbook.api.public_registry import Registry
    from rollbook.check.gates.gate import Circumstances
    from rollbook.check.promotion_report import GatesAhead
    from rollbook.records.policy import Policy
    from rollbook.trail.tag import RecordedTag
    from rollbook.web.catalog.facts.model_timeline import TimelineEntry
    from rollbook.web.catalog.pages.page_frame import PageFrame

_MODELS_KEPT = 4  # whose files are held to judge their versions one after another


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


@dataclass(frozen=True, eq=False)
class CatalogFacts:
    """What stands around every page, the policy, what versions came from, by
    model the events of its trail, the oldest first (None where there are no tags to ask), and the branches
    on which something about it is proposed.

    `address` is where the registry can be cloned from, empty where that is not known.
    """

    registry: Registry
    frame: PageFrame
    policy: Policy
    versions: VersionSources
    events: Mapping[str, Sequence[RecordedTag]] | None
    requests: Mapping[str, Sequence[str]]
    address: str = ""

    def timeline(self, model: str) -> ModelTimeline:
        """Return what happened to a model, the newest first; nothing where no event tells."""
        if model not in self._timelines:
            self._timelines[model] = ModelTimeline.of((self.events or {}).get(model, ()))
        return self._timelines[model]

    @cached_property
    def _timelines(self) -> dict[str, ModelTimeline]:
        return {}

    @property
    def first_stage(self) -> str:
        """The stage of versions that no stage names."""
        return self.policy.first_stage.name

    def inputs_of(self, model: str) -> str:
        """Return a digest of what the pages of a model and its versions take from here: while it and the
        model's own files stay the same, so do they, but for what gates say as time goes on."""
        events = (self.events or {}).get(model, ())
        told = hashlib.sha256(repr((len(events), events[-1].oid if events else "")).encode())
        told.update(repr((self.requests.get(model, ()), self.address, self.events is None)).encode())
        own = self.references_of(model)
        for replacement in self.versions.replacements.get(model, ()):
            told.update(
                repr((replacement, replacement in self.versions.stages)).encode(errors="surrogatepass")
            )
        for reference in self.versions.near(own, GENERATIONS + 1):
            told.update(self.told_of(reference))
        return told.hexdigest()

    def references_of(self, model: str) -> Sequence[str]:
        """Return the versions of a model, as `churn@1.0.0`."""
        return self._by_model.get(model, ())

    def told_of(self, reference: str) -> bytes:
        """Return what other pages tell of a version, as bytes to be compared."""
        told = self._told.get(reference)
        if told is None:
            versions = self.versions
            stage, deployments = versions.stages.get(reference), versions.deployments.get(reference)
            sources = versions.told_sources.get(reference)
            told = self._told[reference] = f"{reference}\0{stage}\0{sources}\0{deployments}\0".encode(
                errors="surrogatepass"
            )
        return told

    @cached_property
    def _told(self) -> dict[str, bytes]:
        return {}

    @cached_property
    def _by_model(self) -> Mapping[str, Sequence[str]]:
        by_model: dict[str, list[str]] = defaultdict(list)
        for reference in self.versions.stages:
            by_model[reference.rpartition("@")[0]].append(reference)
        return by_model

    def gates_ahead(self, model: str) -> GatesAhead | None:
        """Return what the versions of a model are judged by today; None where they can't be: of a registry
        without a repository, or of one as it was. Raises NotFound and InvalidFile for a model that can't be
        read.
        """
        if self.circumstances is None:
            return None
        if model not in self._ahead:
            from rollbook.check.promotion_report import GatesAhead

            if len(self._ahead) >= _MODELS_KEPT:
                self._ahead.clear()
            snapshot = self.registry.snapshot
            assert isinstance(snapshot, TreeSnapshot)
            self._ahead[model] = GatesAhead.of(snapshot, self.policy, model, self.circumstances)
        return self._ahead[model]

    @property
    def are_gates_judged(self) -> bool:
        """Whether pages tell what gates say today."""
        return self.circumstances is not None

    @cached_property
    def circumstances(self) -> Circumstances | None:
        if not self.registry.has_repository or self.frame.as_of:
            return None
        if not isinstance(self.registry.snapshot, TreeSnapshot):
            return None
        from rollbook.check.base_context import circumstances

        return circumstances(self.registry.repository, self.registry.snapshot, of_all=True)

    @cached_property
    def _ahead(self) -> dict[str, GatesAhead]:
        return {}


def catalog_facts(
    registry: Registry,
    as_of: str = "",
    frame: PageFrame | None = None,
    events: Sequence[RecordedTag] | None = None,
) -> CatalogFacts:
    """Return what the pages of a registry share; `frame` stands around them and `events` are those of its
    trail, where they are known already.

    Raises NotFound where there is no registry, InvalidFile for a policy that can't be read.
    """
    registry.require()
    has_history = registry.has_repository and not isinstance(registry.snapshot, PartialSnapshot)
    return CatalogFacts(
        registry=registry,
        frame=frame or page_frame(registry, as_of),
        policy=registry.policy,
        versions=version_sources(registry),
        events=_by_model(_events(registry) if events is None else events) if has_history else None,
        requests=_requests(registry) if has_history and not as_of else {},
        address=_address(registry) if has_history else "",
    )


def _events(registry: Registry) -> Iterable[RecordedTag]:
    from rollbook.trail.history import each_event

    return each_event(registry.repository, registry.snapshot.commit or "HEAD")


def _by_model(events: Iterable[RecordedTag]) -> Mapping[str, Sequence[RecordedTag]]:
    by_model: dict[str, list[RecordedTag]] = defaultdict(list)
    for tag in events:
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
