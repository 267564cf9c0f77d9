"""Who contributed to a change: the authors of its commits, but for those that only give approvals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.errors import InvalidFile
from rollbook.git.objects import ObjectReader
from rollbook.layout import Kind
from rollbook.records.stages import NO_STAGES
from rollbook.snapshot.snapshot import MAX_FILE
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.check.authors import AuthoredCommit
    from rollbook.git.repository import Repository


def contributors(repository: Repository, commits: Sequence[AuthoredCommit]) -> frozenset[str]:
    """The email addresses of those whose commits change anything but approvals. A merge without a change of
    its own contributes nothing."""
    reader = ObjectReader(repository)
    try:
        return frozenset(
            commit.author.email for commit in commits if commit.paths and not _only_approves(reader, commit)
        )
    finally:
        reader.close()


def _only_approves(reader: ObjectReader, commit: AuthoredCommit) -> bool:
    if commit.is_merge or any(layout.place(path).kind is not Kind.STAGES for path in commit.paths):
        return False
    return all(
        _same_but_for_approvals(
            _read(reader, f"{commit.oid}^:{path}"), _read(reader, f"{commit.oid}:{path}"), commit.author.email
        )
        for path in commit.paths
    )


def _read(reader: ObjectReader, name: str) -> object:
    """A file's content; None when it isn't there or can't be read."""
    blob = reader.read(name, MAX_FILE)
    if blob is None or blob.data is None:
        return None
    try:
        return load(blob.data)
    except InvalidFile:
        return None


def _same_but_for_approvals(old: object, new: object, author: str) -> bool:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    given, after = _approvals(old), _approvals(new)
    others = (item for item in given if not isinstance(item, dict) or item.get("by") != author)
    kept = all(approval in after for approval in others)
    return kept and _bare(old) == _bare(new)


def _bare(document: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        if name in NO_STAGES
        else [
            {key: part for key, part in entry.items() if key != "approvals"}
            if isinstance(entry, dict)
            else entry
            for entry in _entries(value)
        ]
        for name, value in document.items()
    }


def _approvals(document: dict[str, Any]) -> list[Any]:
    return [
        approval
        for name, value in document.items()
        if name not in NO_STAGES
        for entry in _entries(value)
        if isinstance(entry, dict) and isinstance(entry.get("approvals"), list)
        for approval in entry["approvals"]
    ]


def _entries(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
