"""Several changes that are to be one commit: each planned upon the one before, none of them on a branch."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.errors import AlreadySo
from rollbook.git.write import ObjectWriter, commit
from rollbook.layout import Kind, place
from rollbook.propose.proposal import PlannedChange, Proposal
from rollbook.propose.round_trips import without_round_trips
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rollbook.git.repository import Repository


def planned_together(
    repository: Repository, base: str, plans: Iterable[Callable[[str], PlannedChange]], subject: str
) -> PlannedChange:
    """Return what `plans` make, each upon the commit that it is given, as one change upon `base`; those of
    what is so already are passed over. Raises AlreadySo when all are, and as they do."""
    series, made = ChangeSeries(repository, base), list[PlannedChange]()
    for plan in plans:
        with suppress(AlreadySo):
            made.append(plan(series.tip))
            series.add(made[-1])
    if not made:
        raise AlreadySo(f"there is nothing to change: {subject}")
    return made[0] if len(made) == 1 else series.as_one(subject)


@dataclass(slots=True)
class ChangeSeries:
    """Changes upon `base`, a commit of main. `tip` is a commit that holds them all, and that no ref names;
    `branches` are those that they would have had one by one."""

    repository: Repository
    base: str
    tip: str = ""
    subjects: list[str] = field(default_factory=list)
    branches: list[str] = field(default_factory=list)
    files: dict[str, bytes | None] = field(default_factory=dict)
    _uploads: list[Callable[[], object]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.tip = self.tip or self.base

    def add(self, planned: PlannedChange, upload: Callable[[], object] | None = None) -> None:
        """Add a change that was planned upon `tip`. `upload` sends what it names, once all is checked."""
        proposal = planned.proposal
        tree = ObjectWriter(self.repository).tree(self.tip, proposal.files)
        self.tip = commit(self.repository, tree, [self.tip], proposal.message)
        self.subjects.append(proposal.message.partition("\n")[0])
        self.branches.append(proposal.branch)
        self.files |= proposal.files
        if upload:
            self._uploads.append(upload)

    def upload(self) -> None:
        """Send what the changes name."""
        for upload in self._uploads:
            upload()

    def as_one(self, subject: str) -> PlannedChange:
        """Return all changes as one, whose message lists them below `subject`. Raises AlreadySo when they
        lead back to where they began."""
        files = self._differing()
        if not files:
            raise AlreadySo(f"nothing is changed in the end: {subject}")
        message = "\n".join([subject, "", *(f"- {line}" for line in self.subjects), ""])
        # The same changes asked for again have the same branch, whenever that is.
        told = "\n".join(self.branches).encode()
        branch = f"rollbook/batch/{hashlib.sha256(told).hexdigest()[:12]}"
        proposal = Proposal(branch, self.base, message, files)
        return PlannedChange(proposal, "these changes can't be made", may_wait=True)

    def _differing(self) -> dict[str, bytes | None]:
        """Return the files that are others than at the base, by path."""
        snapshot = commit_snapshot(self.repository, self.base)
        try:
            standing = dict(zip(self.files, snapshot.read_many([*self.files]), strict=True))
        finally:
            snapshot.close()
        files = dict(self.files)
        for path, data in self.files.items():
            before = standing[path]
            if before and data and place(path).kind is Kind.STAGES:
                files[path] = without_round_trips(before, data, path)
        return {path: data for path, data in files.items() if data != standing[path]}
