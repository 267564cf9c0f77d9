"""Which models, or versions of one, a listing is asked for, and in which order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from rollbook.errors import BadCall
from rollbook.names import precedence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rollbook.records.policy import Policy
    from rollbook.registry.listing import Listed, ListedVersion, ModelFacts

    Item = TypeVar("Item")


class Wanted(TypedDict, total=False):
    """What may be asked for of models and of versions alike, as `list_filter` takes it."""

    stage: str | None
    tags: Sequence[str]
    sort: str | None
    reverse: bool


MODEL_ORDERS = ("name", "created", "stage", "owner", "team", "task")
VERSION_ORDERS = ("name", "created", "stage")
_FACTS = ("created", "owner", "team", "task")


@dataclass(frozen=True, slots=True)
class ListFilter:
    """What is asked for; what is empty is not asked about. `tags` are names with the value that is asked for,
    or None for any; `order` is one of `MODEL_ORDERS`. Owner, team and task count whatever their case."""

    stage: str = ""
    owner: str = ""
    team: str = ""
    task: str = ""
    tags: tuple[tuple[str, str | None], ...] = ()
    order: str = ""
    reverse: bool = False

    @property
    def needs_facts(self) -> bool:
        """Whether more must be known of a model than its versions and stages."""
        return bool(self.owner or self.team or self.task or self.tags) or self.order in _FACTS

    def require_of_versions(self) -> None:
        """Raise BadCall where it asks for what only models have."""
        if self.owner or self.team or self.task or self.order not in ("", *VERSION_ORDERS):
            raise BadCall(
                "owner, team and task are a model's, and all its versions have the same",
                hint=f"Versions are narrowed by stage and tags, and sorted by {', '.join(VERSION_ORDERS)}.",
            )

    def require_nothing(self) -> None:
        """Raise BadCall where anything is asked for."""
        if self != ListFilter():
            raise BadCall(
                "what is stale is listed whole", hint="Leave out the filters and the order, or `stale`."
            )

    def models(self, listed: Sequence[Listed], policy: Policy) -> list[Listed]:
        """Return the models that are asked for, in the order that is asked for. Raises NotFound for no stage
        of the policy."""
        if self.stage:
            policy.stage(self.stage)
        first = policy.first_stage.name
        return self._sorted((item for item in listed if self._includes(item, first)), self._model_key(policy))

    def versions(
        self, listed: Sequence[ListedVersion], tags: Callable[[str], Mapping[str, Any]], policy: Policy
    ) -> list[ListedVersion]:
        """Return the versions that are asked for, in the order that is asked for; `tags` gives a version's.
        Raises NotFound for no stage of the policy."""
        if self.stage:
            policy.stage(self.stage)
        stages = [stage.name for stage in policy.stages]
        keys: dict[str, Callable[[ListedVersion], Any]] = {
            "name": lambda item: precedence(item.version),
            "created": lambda item: item.created_at,
            "stage": lambda item: _place(stages, item.stage),
        }
        chosen = (
            item
            for item in listed
            if (not self.stage or (item.stage == self.stage and not item.removed))
            and (not self.tags or self._has_tags(tags(item.version)))
        )
        return self._sorted(chosen, keys.get(self.order))

    def _includes(self, item: Listed, first_stage: str) -> bool:
        if self.stage and not _holders(item, self.stage, first_stage):
            return False
        facts = item.facts
        if facts is None:
            return True
        return (
            _same(self.owner, facts.owner)
            and _same(self.team, facts.team)
            and _same(self.task, facts.task)
            and self._has_tags(facts.tags)
        )

    def _has_tags(self, tags: Mapping[str, Any]) -> bool:
        return all(name in tags and (value is None or str(tags[name]) == value) for name, value in self.tags)

    def _model_key(self, policy: Policy) -> Callable[[Listed], Any] | None:
        stages = [stage.name for stage in policy.stages]
        if self.order in ("", "name"):
            return None
        if self.order == "stage":
            return lambda item: _place(stages, _stage_of_newest(item, stages))
        return lambda item: _fact(item.facts, self.order)

    def _sorted(self, items: Iterable[Item], key: Callable[[Item], Any] | None) -> list[Item]:
        chosen = list(items) if key is None else sorted(items, key=key)
        return chosen[::-1] if self.reverse else chosen


def list_filter(
    *,
    stage: str | None = None,
    owner: str | None = None,
    team: str | None = None,
    task: str | None = None,
    tags: Sequence[str] = (),
    sort: str | None = None,
    reverse: bool = False,
) -> ListFilter:
    """Return what these texts ask for; a tag is `NAME` or `NAME=TEXT`. Raises BadCall for no such order."""
    if sort is not None and sort not in MODEL_ORDERS:
        raise BadCall(f"{sort[:40]!r} is nothing to sort by", hint=f"There is {', '.join(MODEL_ORDERS)}.")
    asked_tags = []
    for tag in tags:
        name, equals, value = tag.partition("=")
        if not name:
            raise BadCall(f"{tag[:80]!r} names no tag", hint="Write NAME or NAME=TEXT.")
        asked_tags.append((name, value if equals else None))
    return ListFilter(
        stage or "", owner or "", team or "", task or "", tuple(asked_tags), sort or "", reverse
    )


def _same(asked: str, told: str) -> bool:
    return not asked or asked.casefold() == told.casefold()


def _holders(item: Listed, stage: str, first_stage: str) -> Sequence[str]:
    if stage != first_stage:
        return item.holders(stage)
    held = {version for _, version in item.held}
    return [version for version in item.versions if version not in held and version not in item.removed]


def _stage_of_newest(item: Listed, stages: Sequence[str]) -> str:
    return next((stage for stage, version in item.held if version == item.latest), stages[0])


def _place(stages: Sequence[str], stage: str) -> int:
    return stages.index(stage) if stage in stages else len(stages)


def _fact(facts: ModelFacts | None, name: str) -> tuple[bool, str]:
    """Return what models are sorted by; one that doesn't say it comes last."""
    value = str(getattr(facts, name)).casefold() if facts else ""
    return (not value, value)
