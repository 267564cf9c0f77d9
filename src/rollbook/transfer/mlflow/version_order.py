"""What MLflow's version numbers become: semantic versions in the same order.

A version's number is the place at which it was registered, and versions that land in one commit count as
registered in the order of their names: so the order is all that has to be kept.
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from rollbook.check.signature_contract import breaks
from rollbook.errors import InvalidFile
from rollbook.names import bump, precedence
from rollbook.records.mlflow_schema import of_mlflow
from rollbook.records.signature import Illegible
from rollbook.transfer.mlflow.version_tags import FORMER_TAGS, version_in
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rollbook.transfer.mlflow.source_models import SourceVersion

_FIRST = "1.0.0"


def semantic_versions(
    versions: Sequence[SourceVersion], signatures: Mapping[int, Mapping[str, Any]]
) -> tuple[list[str], str]:
    """Return what each version is called, in the order of their numbers; and why no tag has a say, where
    there are such tags, and they don't.

    A tag says which version it is, as long as that keeps the order. Others come after the one before: as a
    new major where the signature breaks what callers rely on, else as a minor.
    """
    told = [_told(version.tags) for version in versions]
    if any(told):
        names = _named(versions, told, signatures)
        if _is_ordered(names):
            return names, ""
    names = _named(versions, [""] * len(told), signatures)
    return names, "the versions in its tags are not in the order of the numbers" if any(told) else ""


def signature_in(marker: bytes) -> dict[str, Any]:
    """Return the signature that an `MLmodel` tells, as a manifest has it; an empty one where it tells none
    that can be read."""
    try:
        document = load(marker)
        halves = document.get("signature") if isinstance(document, dict) else None
        found = of_mlflow(halves) if isinstance(halves, dict) else {}
    except (InvalidFile, Illegible, json.JSONDecodeError):
        return {}
    return {half: [column.as_mapping() for column in columns] for half, columns in found.items() if columns}


def _told(tags: Mapping[str, str]) -> str:
    return next(filter(None, (version_in(tags.get(tag, "").strip()) for tag in FORMER_TAGS)), "")


def _named(
    versions: Sequence[SourceVersion], told: Sequence[str], signatures: Mapping[int, Mapping[str, Any]]
) -> list[str]:
    names: list[str] = []
    before: Mapping[str, Any] = {}
    for version, name in zip(versions, told, strict=True):
        signature = signatures.get(version.number) or {}
        if not names:
            names.append(name or _FIRST)
        else:
            names.append(name or bump(names[-1], "major" if _breaks(before, signature) else "minor"))
        before = signature or before
    return names


def _breaks(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    if not before or not after:
        return False
    try:
        return bool(breaks(before, after))
    except Illegible:
        return False


def _is_ordered(names: Sequence[str]) -> bool:
    return all(precedence(one) < precedence(other) for one, other in pairwise(names))
