"""What is remarked of a new version's signature: that it breaks callers, while another number can be had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook import layout
from rollbook.check.signature_contract import Illegible, breaks, is_told, lower_releases, major
from rollbook.errors import InvalidFile
from rollbook.records.manifest import parse_manifest
from rollbook.registry.registry import Registry
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.git.repository import Repository

_SHOWN = 3


def signature_remarks(
    repository: Repository, base: str, model: str, version: str, facts: Mapping[str, Any]
) -> tuple[str, ...]:
    """Return a line when a new version breaks callers of the release before it without a new MAJOR number;
    none where that can't be told."""
    with Registry(repository, commit_snapshot(repository, base)) as registry:
        known = registry.model(model).version_names if registry.has_model(model) else []
        lower = lower_releases(version, known)[:1]
        if not lower or major(lower[0]) < major(version):
            return ()
        path = layout.manifest_path(model, lower[0])
        (data,) = registry.snapshot.read_many([path])
    try:
        before = parse_manifest(data or b"", path).signature
        after = facts.get("signature") or {}
        found = breaks(before, after) if is_told(before) and is_told(after) else []
    except (InvalidFile, Illegible):  # what is wrong with a file is for the check to say
        return ()
    if not found:
        return ()
    more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    told = f"breaks callers of {model}@{lower[0]}: {'; '.join(found[:_SHOWN])}{more}"
    return (f"{told}. A new MAJOR number says so: --bump major",)
