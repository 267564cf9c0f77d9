"""Who contributed to a change: the authors of its commits, but for those that only give approvals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from rollbook import layout
from rollbook.errors import InvalidFile
from rollbook.git.objects import ObjectReader
from rollbook.layout import Kind
from rollbook.records.stages import ALIASES, NO_STAGES
from rollbook.snapshot.snapshot import MAX_FILE
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.check.authors import AuthoredCommit
    from rollbook.git.repository import Repository


class Contributors(NamedTuple):
    """Who contributed to a change. `authors` are the addresses of those who made what it does to the
    registry; `hands` are the addresses and keys of all who may have had a part in any of it: authors,
    committers, signers."""

    authors: frozenset[str]
    hands: frozenset[str]


def contributors(repository: Repository, commits: Sequence[AuthoredCommit]) -> Contributors:
    """Return those whose commits change anything but approvals. A merge without a change of its own
    contributes nothing."""
    reader = ObjectReader(repository)
    try:
        made = [commit for commit in commits if commit.changes and not _only_approves(reader, commit)]
    finally:
        reader.close()
    inside = [commit for commit in made if any(path.startswith(f"{layout.ROOT}/") for path in commit.paths)]
    hands = {
        name
        for commit in made
        for name in (commit.author.email, commit.commit.committer_email, commit.claimed_key)
    }
    return Contributors(frozenset(commit.author.email for commit in inside), frozenset(hands))


def _only_approves(reader: ObjectReader, commit: AuthoredCommit) -> bool:
    if any(layout.place(path).kind is not Kind.STAGES for path in commit.paths):
        return False
    return all(
        change.old_mode == change.new_mode
        and same_but_for_approvals(
            _read(reader, change.old_oid), _read(reader, change.new_oid), commit.author.email
        )
        for change in commit.changes
    )


def _read(reader: ObjectReader, oid: str) -> object:
    """Return a file's content; None when it isn't there or can't be read."""
    blob = reader.read(oid, MAX_FILE)
    if blob is None or blob.data is None:
        return None
    try:
        return load(blob.data)
    except InvalidFile:
        return None


def same_but_for_approvals(old: object, new: object, author: str = "") -> bool:
    """Return whether two tables of stages differ in approvals alone: some came, and none went but those that
    `author` gave."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    after = _approvals(new)
    kept = all(approval in after or (author and by == author) for approval, by in _approvals(old).items())
    return kept and _bare(old) == _bare(new)


def _bare(document: dict[str, Any]) -> dict[str, Any]:
    """Return a table without its approvals: each stage's entries in a list, each alias's by its name."""
    bare = {
        name: value if name in NO_STAGES else [without_approvals(entry) for entry in stage_entries(value)]
        for name, value in document.items()
    }
    aliases = document.get(ALIASES)
    if isinstance(aliases, dict):
        bare[ALIASES] = {alias: without_approvals(entry) for alias, entry in aliases.items()}
    return bare


def without_approvals(entry: Any) -> Any:
    """Return what an entry of a stages.yaml says but for who approved it."""
    if not isinstance(entry, dict):
        return entry
    return {key: part for key, part in entry.items() if key != "approvals"}


def _approvals(document: dict[str, Any]) -> dict[str, object]:
    """Each approval, written alike whatever the order of its keys, and who gives it."""
    return {
        json.dumps(approval, sort_keys=True): approval.get("by") if isinstance(approval, dict) else None
        for name, value in document.items()
        for entry in _entries(name, value)
        if isinstance(entry, dict) and isinstance(entry.get("approvals"), list)
        for approval in entry["approvals"]
    }


def _entries(name: str, value: object) -> list[Any]:
    """Return what may hold approvals under a key of a table: the entries of a stage, or of the aliases."""
    if name in NO_STAGES:
        return [*value.values()] if name == ALIASES and isinstance(value, dict) else []
    return stage_entries(value)


def stage_entries(value: object) -> list[Any]:
    """Return the entries that stand under a stage's name: a list of them, or one of an exclusive stage."""
    return value if isinstance(value, list) else [value]
