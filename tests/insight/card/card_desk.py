"""Making the card of one version of a registry that stands in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from building.memory import registry_of
from rollbook.check.card_sections import front_matter
from rollbook.propose.card_proposal import make_card

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.propose.card_proposal import Card

HERE = "registry/credit/versions/1.0.0"
CARD = f"{HERE}/card.md"
EVIDENCE: dict[str, Any] = {
    "kind": "evaluation",
    "model": "credit",
    "version": "1.0.0",
    "artifact_sha256": "a" * 64,
    "passed": True,
    "created_at": "2026-02-01T09:00:00Z",
    "created_by": "ci@example.com",
}


def made(
    *,
    manifest: Mapping[str, Any] | None = None,
    record: Mapping[str, Any] | None = None,
    evidence: Mapping[str, Mapping[str, Any]] | None = None,
    files: Mapping[str, str] | None = None,
    start: str | None = None,
) -> Card:
    """The card of a version with these facts; `evidence` by its name, such as `fairness-1`; `files` are
    further files, by path; `start` is what a person wrote."""
    known = dict(files or {})
    if record:
        known["registry/credit/model.yaml"] = _yaml({"name": "credit", "owner": "jane@example.com", **record})
    for name, facts in (evidence or {}).items():
        kind = name.rpartition("-")[0]
        known[f"{HERE}/evidence/{name}.yaml"] = _yaml({**EVIDENCE, "kind": kind, **facts})
    registry = registry_of({"credit@1.0.0": manifest or {}}, more=known)
    return make_card(registry.version("credit@1.0.0"), start)


def text(**facts: Any) -> str:
    return made(**facts).text


def front(**facts: Any) -> dict[str, Any]:
    """The front matter of the card."""
    return dict(front_matter(text(**facts)))


def _yaml(data: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(data), sort_keys=False)
