"""Histories of a registry's main branch, written by `git fast-import` into a bare repository."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from building.bare import START, Bare
from building.texts import manifest
from building.world import git

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

POLICY = """\
rollbook: 1
stages:
  - {name: development, next: [staging, archived]}
  - {name: staging, next: [development, production, archived]}
  - {name: production, exclusive: true, next: [archived], displaced_to: archived}
  - {name: archived, next: [production]}
"""


def registration(model: str, version: str, extra: str = "") -> dict[str, str]:
    said = f'description: "what {version} brings"\n{extra}'
    return {f"registry/{model}/versions/{version}/version.yaml": manifest(model, version, said, size=1200)}


@dataclass
class History(Bare):
    """A bare repository whose main is written commit by commit; nothing is checked."""

    clock: int = START

    def commit(
        self, files: Mapping[str, str | None], *, at: int | None = None, merge: str = "", message: str = "x"
    ) -> str:
        """Add a commit to main that writes these files (None: removes); return its id."""
        return self._land(files, ["refs/heads/main^0"], at=at, merge=merge, message=message)

    def begin(self, files: Mapping[str, str | None], *, at: int | None = None) -> str:
        """The first commit of main."""
        return self._land(files, [], at=at)

    def _land(
        self,
        files: Mapping[str, str | None],
        parents: list[str],
        *,
        at: int | None = None,
        merge: str = "",
        message: str = "x",
    ) -> str:
        self.clock += 60
        merged = [merge] if merge else []
        second = self.clock if at is None else at
        return self.put("refs/heads/main", files, parents=parents + merged, at=second, message=message)

    def tags(self) -> dict[str, str]:
        """Every tag's object by its name."""
        listed = git(self.directory, "for-each-ref", "--format=%(refname:strip=2) %(objectname)", "refs/tags")
        pairs = (line.rpartition(" ") for line in listed.splitlines())
        return {name: oid for name, _, oid in pairs}

    def trailer(self, tag: str, key: str) -> str:
        """A trailer of a tag as git itself reads it."""
        form = f"--format=%(contents:trailers:key={key},valueonly)"
        return git(self.directory, "for-each-ref", form, f"refs/tags/{tag}").strip()


def new_history(directory: Path, policy: str = POLICY) -> History:
    git(directory.parent, "init", "-q", "--bare", directory.name)
    history = History(directory)
    history.begin({"registry/policy.yaml": policy})
    return history
