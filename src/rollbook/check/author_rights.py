"""What the roles of the base's policy let the author of a commit do: which files, which entries of dvc.yaml,
which stages."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rollbook.access.roles import (
    AUTOMATION,
    DATA_SCIENTIST,
    keepers,
    may_change,
    may_move,
    needed_for,
    roles_anywhere,
    roles_for,
)
from rollbook.artifact.dvc_yaml import ARTIFACTS
from rollbook.check.automatic_edits import is_automatic_edit
from rollbook.check.finding import Finding
from rollbook.check.kept_stages import ANY_VERSION, UNREADABLE, keeps_stages, moved
from rollbook.errors import InvalidFile
from rollbook.git.changes import ABSENT
from rollbook.git.objects import ObjectReader
from rollbook.layout import DVC_YAML, Kind, as_meant, place
from rollbook.schema.explanation import shown
from rollbook.snapshot.snapshot import EXECUTABLE, FILE, MAX_FILE
from rollbook.text import printable
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from rollbook.access.roles import Person
    from rollbook.check.authors import AuthoredCommit
    from rollbook.check.kept_stages import Holding, Moved
    from rollbook.git.changes import PathChange
    from rollbook.git.repository import Repository
    from rollbook.records.policy import Policy
    from rollbook.registry.change import FileChange

_MOST_NAMED = 5
_AUTOMATION_HINT = " Automation writes only entries that say `automatic`, and those of what they displace."


class Author(NamedTuple):
    """A commit, and who made it as far as that is proven."""

    commit: AuthoredCommit
    person: Person

    @property
    def called(self) -> str:
        """Who made which commit, for a message."""
        return f"commit {self.commit.oid[:12]} by {printable(str(self.person)) or 'nobody'}"


class AuthorRights:
    """The rights that a policy's roles give; as a context, which reads what commits changed."""

    def __init__(self, repository: Repository, policy: Policy) -> None:
        self._reader = ObjectReader(repository)
        self._policy = policy
        self._held: dict[tuple[Person, str | None], list[str]] = {}
        self._moved: dict[tuple[str, str], Moved] = {}

    def __enter__(self) -> AuthorRights:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()

    def file_findings(self, author: Author, paths: Iterable[str]) -> Iterator[Finding]:
        """Yield the files that the author of a commit changed and may not."""
        for path in paths:
            model = place(as_meant(path)).model
            held = self._roles(author.person, model)
            if may_change(held, path, self._policy) or self._enters_own_models(author, path):
                continue
            if AUTOMATION in held and self._moves_automatically(author, path):
                continue
            what = f"who is {' and '.join(held)}" if held else self._who_has_none(author.person, model)
            message = f"{author.called}, {what}, may not change this file"
            hint = f"Somebody who may has to make this change: {' or '.join(needed_for(path, self._policy))}."
            hint += _AUTOMATION_HINT if AUTOMATION in held and _is_stages(path) else ""
            yield Finding("RB501", path, message, hint=hint)

    def stage_findings(self, authors: Sequence[Author], whole: Iterable[FileChange]) -> Iterator[Finding]:
        """Yield what commits move, and their authors may not, into or out of a stage that is kept for roles.

        What the `whole` change does to a file, and no commit of it by itself, is held against all who had
        a part in that file: none of them may put together what they may not do.
        """
        if not keeps_stages(self._policy):
            return
        makers: dict[str, list[Author]] = {}
        seen: dict[str, set[Holding]] = {}
        for author in authors:
            for path in author.commit.paths:
                if _is_stages(path):
                    makers.setdefault(path, []).append(author)
            for change in filter(lambda change: _is_stages(change.path), author.commit.changes):
                what = self._moves_of(change)
                seen.setdefault(change.path, set()).update(what.holdings)
                yield from self._kept_from(author, change.path, what.holdings)
        for file in whole:
            if _is_stages(file.path):
                left = self._moves_of(file).holdings - seen.get(file.path, set())
                for author in makers.get(file.path, ()):
                    yield from self._kept_from(author, file.path, left)
                if left and file.path not in makers:
                    message = "versions are moved in it by no commit of the change: git's merge made that up"
                    yield Finding("RB505", file.path, message, hint="Rebase the change on its base.")

    def _kept_from(self, author: Author, path: str, holdings: Collection[Holding]) -> Iterator[Finding]:
        held = self._roles(author.person, place(as_meant(path)).model)
        for name in sorted({stage for stage, _ in holdings}):
            stage = self._policy.stage(name)
            if may_move(held, stage):
                continue
            versions = sorted(version for other, version in holdings if other == name)
            named = ", ".join(shown(version) for version in versions[:_MOST_NAMED])
            if versions == [ANY_VERSION]:
                named = "any version, as the file can't be read"
            who = f"who is {' and '.join(held)}" if held else "who has no role here"
            message = f"{author.called}, {who}, may not move into {name}, out of it or in it: {named}"
            roles = " or ".join(keepers(stage))
            hint = f"The policy keeps {name} for others: somebody who is {roles} has to make this change."
            if author.commit.is_merge:
                hint += " A merge answers for how it settles a conflict: rebase instead."
            yield Finding("RB505", path, message, hint=hint)

    def _roles(self, person: Person, model: str | None) -> list[str]:
        key = person, model
        if key not in self._held:
            self._held[key] = roles_for(person, self._policy, model)
        return self._held[key]

    def _who_has_none(self, person: Person, model: str | None) -> str:
        elsewhere = roles_anywhere(person, self._policy) if self._policy.grants else []
        if not elsewhere:
            return "who has no role in the policy"
        return f"who is {' and '.join(elsewhere)} of other models only{'' if model else ', not of all'}"

    def _enters_own_models(self, author: Author, path: str) -> bool:
        """Whether a commit changes nothing of dvc.yaml but entries of models that its author registers."""
        changes = [change for change in author.commit.changes if change.path == path]
        return (
            path == DVC_YAML
            and bool(self._policy.grants)
            and all(
                self._are_own_entries(author.person, self._document(change.old_oid, change.old_mode), new)
                for change in changes
                for new in [self._document(change.new_oid, change.new_mode)]
            )
        )

    def _moves_automatically(self, author: Author, path: str) -> bool:
        """Whether a commit changes nothing of a stages.yaml but by what the monitor did by itself."""
        changes = [change for change in author.commit.changes if change.path == path]
        return _is_stages(path) and all(
            is_automatic_edit(
                self._document(change.old_oid, change.old_mode),
                self._document(change.new_oid, change.new_mode),
                self._policy,
            )
            for change in changes
        )

    def _are_own_entries(self, person: Person, old: object, new: object) -> bool:
        old = {} if old is None else old
        if not isinstance(old, dict) or not isinstance(new, dict):
            return False
        before, after = old.get(ARTIFACTS) or {}, new.get(ARTIFACTS) or {}
        if not isinstance(before, dict) or not isinstance(after, dict):
            return False
        others = [{name: part for name, part in whole.items() if name != ARTIFACTS} for whole in (old, new)]
        names = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
        return others[0] == others[1] and all(DATA_SCIENTIST in self._roles(person, name) for name in names)

    def _moves_of(self, change: PathChange | FileChange) -> Moved:
        old, new = (change.old_oid, change.old_mode), (change.new_oid, change.new_mode)
        key = "".join(old), "".join(new)
        if key not in self._moved:
            self._moved[key] = moved(self._document(*old), self._document(*new), self._policy)
        return self._moved[key]

    def _document(self, oid: str, mode: str) -> object:
        """Return what a YAML file says; None where there is none."""
        if mode == ABSENT:
            return None
        blob = self._reader.read(oid, MAX_FILE) if mode in (FILE, EXECUTABLE) else None
        if blob is None or blob.data is None:
            return UNREADABLE
        try:
            return load(blob.data)
        except InvalidFile:
            return UNREADABLE


def _is_stages(path: str) -> bool:
    return place(as_meant(path)).kind is Kind.STAGES
