"""A bare repository whose branches and tags are moved about freely, and what its index says of any commit."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from from_scratch import FromScratch, Rows, in_order

from building.bare import START, Bare
from building.texts import POLICY
from building.world import git
from rollbook import Registry
from rollbook.git.write import Identity
from rollbook.insight.query.index.lookup import ask
from rollbook.insight.query.sql import prepare
from rollbook.insight.query.views import VIEWS
from rollbook.trail.event import Action, Event
from rollbook.trail.tag import tag_object

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

JANE = Identity("Jane Doe", "jane@example.com")
# How versions are ordered is tested with their names.
_LEFT_OUT = {"sort_key"}


@dataclass
class Desk(Bare):
    """A repository, and its commits so far. Nothing is checked: files and tags may be anything."""

    commits: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--bare", "--initial-branch=main", ".")
        self.commit({"registry/policy.yaml": POLICY}, base=None)

    @property
    def indexes(self) -> list[Path]:
        found = (self.directory / "rollbook" / "index").glob("*.sqlite")
        return sorted(path for path in found if path.is_file())

    def commit(self, files: Mapping[str, str | bytes | None], base: str | None = "") -> str:
        """A commit with these files written (None: removed) after `base`, by default the last one."""
        parent = self.commits[-1] if base == "" else base
        contents = {
            path: ("100644", each) if isinstance(each, bytes) else each for path, each in files.items()
        }
        at = START + 60 * len(self.commits)
        made = self.put("refs/heads/main", contents, parents=[parent] if parent else [], at=at)
        self.commits.append(made)
        return made

    def tag(self, name: str, landed_in: str, **facts: Any) -> None:
        """Put a tag of the trail there, or move it."""
        event = Event(
            action=Action.REGISTERED, number=1, model="a", version="1.0.0", start="", target="", reason="",
            requested_by="jane@example.com", requested_at="2026-01-01T10:00:00+01:00", approved_by=(),
            landed_in=landed_in, commit=landed_in, recorded_at=1_767_225_600, manifest_digest="b" * 64,
            artifact_digest="",
        )  # fmt: skip
        data = tag_object(replace(event, **facts), JANE, "")
        oid = self.git("hash-object", "-t", "tag", "-w", "--literally", "--stdin", stdin=data)
        self.git("update-ref", f"refs/tags/{name}", oid)

    def indexed(self, commit: str) -> Rows:
        """The rows of every view at a commit, as the index has them."""
        with Registry.open(self.directory, rev=commit) as registry:
            return ask(registry, lambda connection: _rows(connection, registry), events=True)

    def from_scratch(self, commit: str) -> Rows:
        with Registry.open(self.directory, rev=commit) as registry:
            return in_order(FromScratch(registry).rows)


def _rows(connection: sqlite3.Connection, registry: Registry) -> Rows:
    prepare(connection, registry)
    found = {}
    for view in VIEWS:
        names = [column.name for column in view.columns if column.name not in _LEFT_OUT]
        found[view.name] = connection.execute(f"SELECT {', '.join(names)} FROM {view.name}").fetchall()
    return in_order(found)


def collect_garbage(directory: Path) -> None:
    """Throw away what no ref reaches any more."""
    git(directory, "reflog", "expire", "--expire=now", "--all")
    subprocess.run(["git", "prune", "--expire=now"], cwd=directory, check=True)
