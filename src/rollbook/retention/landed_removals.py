"""The removals that main holds: when each landed, and whether it may be acted upon."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rollbook.errors import InvalidFile, NotFound
from rollbook.git.main_history import first_parents
from rollbook.git.repository import commit_or_none
from rollbook.registry.main_branch import has_remote, landed_commit, remote_name
from rollbook.registry.registry import Registry
from rollbook.retention.stored_objects import pointers, removals
from rollbook.retention.subjects import judged
from rollbook.snapshot.tree_snapshot import commit_snapshot
from rollbook.trail.derive import derive
from rollbook.trail.event import Action
from rollbook.trail.landings import landed_changes

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from rollbook.check.retention_fate import Fate
    from rollbook.git.repository import Repository
    from rollbook.records.removal import Removal


@dataclass(frozen=True, slots=True)
class LandedRemoval:
    """A removal that main holds. `landed_at` is when (Unix time, seconds), `stay_days` how long the bytes
    stay after that by the policy, `doubt` why they must stay anyway; empty where they may go."""

    removal: Removal
    landed_at: int
    stay_days: int
    doubt: str

    @property
    def key(self) -> tuple[str, str]:
        return self.removal.model, self.removal.version


def landed_removals(
    repository: Repository, stored: Callable[[Sequence[str]], Collection[str]]
) -> list[LandedRemoval]:
    """Return the removals on main as everybody has it, by model and version.

    Each whose object is still `stored` is judged once more by the rules that stood before it landed: what
    got onto main past the check frees no byte. Raises Refused when main here is ahead of the remote's.
    """
    tip = landed_commit(repository, remote_name(repository) if has_remote(repository) else None)
    with Registry(repository, commit_snapshot(repository, tip)) as registry:
        recorded, standing = removals(registry.snapshot), pointers(registry.snapshot)
        stay_days = registry.policy.retention.bytes_stay_days
        in_use = {
            (model.name, version)
            for model in registry.models()
            for version in (*model.stages.aliases.values(), *_serving(registry, model.name))
        }
    moments = _landings(repository, tip) if recorded else {}
    still_stored = stored([removal.md5 for removal in recorded.values()]) if recorded else ()
    courts = _Courts(repository)
    landed = []
    for key in sorted(recorded):
        landed_in, landed_at = moments.get(key, ("", 0))
        if key in standing:
            doubt = "a pointer to it stands on main"
        elif key in in_use:
            doubt = "a stage or an alias names it"
        else:
            doubt = courts.doubt(landed_in, landed_at, key) if recorded[key].md5 in still_stored else ""
        landed.append(LandedRemoval(recorded[key], landed_at, stay_days, doubt))
    return landed


def _serving(registry: Registry, model: str) -> list[str]:
    exclusive = [stage.name for stage in registry.policy.stages if stage.exclusive]
    stages = registry.model(model).stages
    return [entry.version for name in exclusive for entry in stages.holders(name)]


def _landings(repository: Repository, tip: str) -> dict[tuple[str, str], tuple[str, int]]:
    """For each removal the commit of main that brought it, and when that landed at the earliest."""
    times = {landed.commit: landed.landed_at for landed in first_parents(repository, tip)}
    events = derive(repository, landed_changes(repository, tip), {}, with_manifests=False)
    return {
        (event.model, event.version): (event.landed_in, times[event.landed_in])
        for event in events
        if event.action is Action.REMOVED
    }


class _Courts:
    """Judges removals by what main was before each landed; those that landed together are judged at once."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._fates: dict[str, dict[tuple[str, str], Fate] | str] = {}

    def doubt(self, landed_in: str, landed_at: int, key: tuple[str, str]) -> str:
        """Why a removal must not be acted upon; empty when the rules before it let the artifact go."""
        if landed_in not in self._fates:
            self._fates[landed_in] = self._before(landed_in, landed_at)
        fates = self._fates[landed_in]
        if isinstance(fates, str):
            return fates
        if key not in fates:
            return "it had no artifact that could be removed"
        return "" if fates[key].goes else f"it landed against the rules: {fates[key].why}"

    def _before(self, landed_in: str, landed_at: int) -> dict[tuple[str, str], Fate] | str:
        """Return the fate of each version before a commit of main, or why that can't be told."""
        commit = commit_or_none(self._repository, f"{landed_in}^1") if landed_in else None
        if commit is None:
            return "main's history does not tell how it landed"
        try:
            with Registry(self._repository, commit_snapshot(self._repository, commit)) as registry:
                judgements = judged(registry, registry.models(), datetime.fromtimestamp(landed_at, UTC))
        except (InvalidFile, NotFound) as error:
            return f"the rules before it can't be read: {error}"
        return {
            (judgement.model.name, fate.version): fate for judgement in judgements for fate in judgement.fates
        }
