"""A commit of code that a version, or a data set that it was trained on, was made with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollbook.records.fields import Fields


@dataclass(frozen=True, slots=True)
class TrainingCode:
    """The commit of the training code; `dirty` says that files differed from it. `role` is what the code was
    for, where a version has several, such as `features`."""

    commit: str
    repository: str = ""
    branch: str = ""
    dirty: bool = False
    role: str = ""

    def __str__(self) -> str:
        where = f"{self.repository}@" if self.repository else ""
        role = f"{self.role}: " if self.role else ""
        return f"{role}{where}{self.commit[:12]}{' (with changes)' if self.dirty else ''}"


def read_code(fields: Fields) -> TrainingCode:
    """Return a commit of code as a manifest has it. Raises InvalidFile."""
    return TrainingCode(
        commit=fields.text("commit"),
        repository=fields.optional_text("repository"),
        branch=fields.optional_text("branch"),
        dirty=fields.flag("dirty", default=False),
        role=fields.optional_text("role"),
    )
