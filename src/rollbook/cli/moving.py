"""What promote, rollback, deprecate and archive have in common: propose a move, tell it, carry on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rollbook.cli.output import print_json, say

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.git.repository import Repository


def move(
    repository: Repository,
    reference: str,
    stage: str,
    *,
    action: str,
    reason: str,
    details: Mapping[str, Any],
    draft: bool,
    then: str | None,
    as_json: bool,
) -> None:
    """Propose that a version moves to a stage, print what moves, and push or land it as asked."""
    from rollbook.cli.proposed import carry_on
    from rollbook.propose.promotion import propose_promotion

    proposed = propose_promotion(
        repository, reference, stage, action=action, reason=reason, details=details, draft=draft
    )
    moves = [{"version": item.version, "from": item.start, "to": item.target} for item in proposed.moves]
    if not as_json:
        for item in proposed.moves:
            say(f"{proposed.model}@{item.version}: {item.start} -> {item.target}")
    found = {"model": proposed.model, "moves": moves, "branch": proposed.branch, "commit": proposed.commit}
    carried = carry_on(repository, proposed.branch, then=then, quiet=as_json)
    if as_json:
        print_json({**found, **carried})
