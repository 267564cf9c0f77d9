"""By whom and when a version was made: now, by whoever registers it; or, back-filled, before, by others."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.git.write import identity
from rollbook.names import moment_text, time_now
from rollbook.propose.described_facts import told_moment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rollbook.git.repository import Repository

FIELDS = ("created_at", "created_by", "backfilled")


def authorship(repository: Repository, created_at: str | None, created_by: str | None) -> dict[str, Any]:
    """Return the fields of a manifest that say by whom and when the version was made.

    With either given the version is back-filled, and the manifest says who registers it, and when. Raises
    BadCall for what is no date, and for one in the future.
    """
    now, who = time_now(), identity(repository).email
    made = {"created_at": _past(created_at) if created_at else now, "created_by": created_by or who}
    if not created_at and not created_by:
        return made
    return {**made, "backfilled": {"registered_by": who, "registered_at": now}}


def registrar(facts: Mapping[str, Any]) -> str:
    """Return who registers the version with such a manifest."""
    who: str = facts["backfilled"]["registered_by"] if "backfilled" in facts else facts["created_by"]
    return who


def of_the_run_before(facts: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an earlier run said in a manifest of by whom and when, when it says the same as `facts` in
    all but what the clock gave; else nothing."""
    if _but_for_now(facts) != _but_for_now(before):
        return {}
    return {name: before[name] for name in FIELDS if name in before}


def _but_for_now(facts: Mapping[str, Any]) -> dict[str, Any]:
    told, made = facts.get("backfilled"), facts.get("created_at")
    if not isinstance(told, dict):
        return {**facts, "created_at": None}
    is_now = made == told.get("registered_at")
    return {**facts, "created_at": None if is_now else made, "backfilled": {**told, "registered_at": None}}


def _past(text: str) -> str:
    """Return the moment that a date names. Raises BadCall for one in the future."""
    moment = told_moment("--created-at", text)
    if moment > datetime.now(UTC):
        raise BadCall(
            f"--created-at: {text[:60]!r} is in the future",
            hint="Give when the version was made; a day without a time begins at midnight, UTC.",
        )
    return moment_text(moment)
