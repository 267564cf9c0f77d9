"""What is told of one model: what it is and whose, what stands where, and what happened to it last."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rollbook.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rollbook.git.repository import Repository
    from rollbook.records.model import ModelRecord
    from rollbook.registry.listing import ListedVersion
    from rollbook.registry.registry import Model, Registry

_NEWEST = 5  # versions that are told more of
_LAST = 50  # events, of which the last are one change


@dataclass(frozen=True, slots=True)
class ModelGate:
    """A gate that versions of a model meet. `to` are the stages before which it stands, empty for all;
    `source` is the file that asks for it, `settings` are as in the file."""

    gate: str
    to: tuple[str, ...]
    source: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LastChange:
    """What somebody changed about a model last, as the audit trail tells it."""

    at: str
    change: str
    requested_by: str
    approved_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShownModel:
    """What is known of a model.

    `record` is its model.yaml, `versions` how many there are, `newest` the newest of them, `stages` who holds
    each stage but the first, which a version whose artifact is removed does not. `last_change` is None where
    no tags tell; `requests` are the branches on which something about it is proposed, as far as they were
    fetched, None where that can't be told.
    """

    model: str
    commit: str | None
    record: ModelRecord
    latest: str | None
    versions: int
    stages: Mapping[str, Sequence[str]]
    aliases: Mapping[str, str]
    newest: Sequence[ListedVersion]
    gates: Sequence[ModelGate]
    last_change: LastChange | None
    requests: Sequence[str] | None

    def as_document(self) -> dict[str, Any]:
        """Return it all as JSON data."""
        from rollbook.api.json_document import document

        newest = [document(version) for version in self.newest]
        return {
            **{name: document(getattr(self, name)) for name in self.__slots__ if name != "record"},
            "record": asdict(self.record),
            "newest": newest,
        }

    def _repr_html_(self) -> str:
        from rollbook.api.shown_in_notebooks import shown_model_html

        return shown_model_html(self)


def shown_model(model: Model) -> ShownModel:
    """Return what is known of a model. Raises InvalidFile for one of its files that can't be read."""
    from rollbook.registry.listing import listed_model, listed_versions
    from rollbook.snapshot.partial_snapshot import PartialSnapshot

    registry = model.registry
    listed = listed_model(model)
    has_trail = registry.has_repository and not isinstance(registry.snapshot, PartialSnapshot)
    return ShownModel(
        model=model.name,
        commit=registry.snapshot.commit,
        record=model.record,
        latest=listed.latest,
        versions=len(model.version_names),
        stages=listed.stages,
        aliases=listed.aliases,
        newest=listed_versions(model, model.version_names[-_NEWEST:]),
        gates=tuple(_gates(model)),
        last_change=_last_change(registry, model.name) if has_trail else None,
        requests=_requests(registry.repository, model.name) if has_trail else None,
    )


def _gates(model: Model) -> Iterator[ModelGate]:
    from rollbook import layout

    own, all_models = layout.model_path(model.name), model.registry.policy.gates
    for source, gates in ((layout.POLICY, all_models), (own, model.record.gates)):
        for settings in gates:
            stages = settings.get("to")
            to = tuple(map(str, stages)) if isinstance(stages, list | tuple) else ()
            yield ModelGate(str(settings.get("gate", "")), to, source, settings)


def _last_change(registry: Registry, model: str) -> LastChange | None:
    from rollbook.trail.history import history
    from rollbook.trail.told_changes import change_rows

    tags = history(registry.repository, registry.snapshot.commit or "HEAD", model)
    *_, last = [None, *change_rows(tags[-_LAST:])]
    if last is None:
        return None
    at, _, change, by, approved, reason = last
    return LastChange(at, change, by, approved, reason)


def _requests(repository: Repository, model: str) -> tuple[str, ...] | None:
    from rollbook.registry.main_branch import published_commit
    from rollbook.registry.request_branches import open_branches, request_branches

    branches = [
        branch
        for branch in request_branches(repository)
        if f"{branch.name}/".partition("/")[2].partition("/")[2].startswith(f"{model}/")
    ]
    if not branches:
        return ()
    try:
        base = published_commit(repository)
    except Refused:
        return None  # which branch is main can't be told
    return tuple(branch.name for branch in open_branches(repository, branches, base))
