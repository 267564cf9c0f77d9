"""What a change does: the files it touches, and the stages its versions move between."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.git.changes import ABSENT, changed_paths
from rollbook.names import alias_target, is_version, precedence
from rollbook.records.stages import differences

if TYPE_CHECKING:
    from rollbook.git.repository import Repository
    from rollbook.layout import Place
    from rollbook.records.stages import StageEntry, StageTable


@dataclass(frozen=True, slots=True)
class FileChange:
    """A path whose mode or content differs. Modes and ids are git's; `000000` where there is no file."""

    path: str
    old_mode: str
    new_mode: str
    old_oid: str
    new_oid: str
    place: Place = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "place", layout.place(self.path))

    @property
    def added(self) -> bool:
        return self.old_mode == ABSENT

    @property
    def removed(self) -> bool:
        return self.new_mode == ABSENT


@dataclass(frozen=True, slots=True)
class Transition:
    """A version that moves from one stage to another. `entry` is its new line in stages.yaml, None when
    it goes back to the first stage, which needs none. An alias stands in a stage's place as `@champion`.

    Where the version stays and its entry has another revision, `start` is the stage too, and `before` the
    entry as it was.
    """

    version: str
    start: str
    target: str
    entry: StageEntry | None
    before: StageEntry | None = None

    @property
    def stays(self) -> bool:
        """Whether the version stays where it is, and its entry says something else."""
        return self.start == self.target

    @property
    def differences(self) -> str:
        """What changed of an entry whose version stays, such as `traffic 10 -> 50`."""
        return differences(self.before, self.entry) if self.before and self.entry else ""

    @property
    def recorded_reason(self) -> str:
        """The reason as the audit trail records it: with what was waived, or what changed in place."""
        reason = self.entry.recorded_reason if self.entry else ""
        return f"{reason} ({changed})" if (changed := self.differences) else reason


def changed_files(
    repository: Repository, base: str, head: str, directory: str = layout.ROOT
) -> list[FileChange]:
    """Return the files below `directory` (empty: all) that differ between two trees or commits, in git's
    order.

    Renames are not guessed: a moved file is one removed and one added.
    """
    scope = [directory] if directory else []
    return [FileChange(*change) for change in changed_paths(repository, base, head, scope)]


def transitions(before: StageTable, after: StageTable, first_stage: str) -> list[Transition]:
    """Return the moves that lead from one table of stages to another, ordered by version, and the entries
    that got another revision where they are.

    A version that a table doesn't name is at the first stage.
    """
    olds, news = _by_version(before), _by_version(after)
    # Of two neighbours in a long history nearly all entries are the same objects.
    changed = [version for version in olds.keys() | news.keys() if olds.get(version) is not news.get(version)]
    moves = []
    for version in sorted(filter(is_version, changed), key=precedence):
        old, new = olds.get(version), news.get(version)
        start = old.stage if old else first_stage
        target = new.stage if new else first_stage
        if start != target:
            moves.append(Transition(version, start, target, new))
        elif old and new and old.revision != new.revision:
            moves.append(Transition(version, start, target, new, before=old))
    return moves


def alias_records(before: StageTable, after: StageTable) -> list[Transition]:
    """Return how the aliases that are on record change, as the trail tells it: what each no longer points to,
    by name, then what each points to.

    An alias without an entry of its own, a version alone, is on no record: of it nothing is told.
    """
    olds, news = before.alias_entries, after.alias_entries
    if olds == news:
        return []
    changed = [
        name
        for name in sorted(olds.keys() | news.keys())
        if name not in olds or name not in news or olds[name].version != news[name].version
    ]
    left = [
        Transition(
            olds[name].version, alias_target(name), "", news.get(name) or _removal(name, before, after)
        )
        for name in changed
        if name in olds
    ]
    set_anew = [
        Transition(news[name].version, "", alias_target(name), news[name]) for name in changed if name in news
    ]
    return [*left, *set_anew]


def _removal(name: str, before: StageTable, after: StageTable) -> StageEntry | None:
    """Return the entry that says why an alias was taken away; None where none does, or of another version."""
    entry = after.alias_removals.get(name)
    return entry if entry and entry.version == before.alias_entries[name].version else None


def alias_changes(before: StageTable, after: StageTable, first_stage: str) -> list[Transition]:
    """Return the aliases that a change points to a version, or puts on record, whatever their form; by name.

    The start of each is the stage in which the version stood before; the entry is None where an alias is a
    version alone.
    """
    stages = _by_version(before)
    changes = []
    for name, version in sorted(after.aliases.items()):
        entry = after.alias_entries.get(name)
        is_new_record = entry is not None and name not in before.alias_entries
        if before.aliases.get(name) != version or is_new_record:
            start = stages[version].stage if version in stages else first_stage
            changes.append(Transition(version, start, alias_target(name), entry))
    return changes


def _by_version(table: StageTable) -> dict[str, StageEntry]:
    """Each version's first entry."""
    return {entry.version: entry for entry in reversed(table.entries)}
