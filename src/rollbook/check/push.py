"""Judging a push on a git server, before any ref moves: what a `pre-receive` hook asks.

Main only moves forward along its own line, by changes that the check lets pass. The trail's tags are never
moved or deleted, and created only as main's history calls for them. Besides branches and tags nothing is
taken that could change what objects say, or that Rollbook has no use for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.check.judge import check_push
from rollbook.check.pushed_tags import may_mend, tag_faults
from rollbook.errors import Refused
from rollbook.git.config import flag
from rollbook.git.main_history import is_first_parent, undated_commit
from rollbook.git.receipts import receipts, write_receipts
from rollbook.git.refs import TAGS, ref_id
from rollbook.git.repository import is_ancestor
from rollbook.registry.main_branch import main_branch
from rollbook.trail.condemned_tags import commits_of, condemned_tags, mends
from rollbook.trail.tag import is_trail_name

if TYPE_CHECKING:
    from rollbook.check.finding import Finding
    from rollbook.git.pushed import PushedRef
    from rollbook.git.repository import Repository

# Whether `command` gates may run their programs on this server.
RUN_COMMANDS = "rollbook.runCommands"
# Where Rollbook itself puts something, besides branches and tags: how far notifications were delivered, and
# what the monitor remembers.
_OWN = re.compile(r"refs/heads/|refs/tags/|refs/rollbook/(?:notified/[0-9a-f]{64}|monitor)\Z")
_ELSEWHERE = "only branches and tags are taken here"
_FOXTROT = (
    "main would go on along another line: its last commit must stay on the line of first parents. Rebase "
    "your commits on main, or merge them into main rather than main into them"
)


@dataclass(frozen=True, slots=True)
class Objection:
    """Why a push is refused: what is wrong with a ref, and the check's findings where it is a change."""

    ref: str
    message: str
    findings: tuple[Finding, ...] = ()


def judge_push(repository: Repository, pushed: list[PushedRef]) -> list[Objection]:
    """Everything that speaks against a push; none when it may pass."""
    main = f"refs/heads/{main_branch(repository)}"
    objections = [Objection(moved.ref, _ELSEWHERE) for moved in pushed if not _OWN.match(moved.ref)]
    base = tip = ref_id(repository, main)
    for moved in pushed:
        if moved.ref == main:
            objections += _main_objections(repository, moved)
            tip = None if moved.deleted else moved.new
    tags = [moved for moved in pushed if moved.ref.startswith(TAGS)]
    mended = _mended(repository, tags, tip, base) if tip and base and not objections else frozenset[str]()
    return objections + _tag_objections(repository, [tag for tag in tags if tag.ref not in mended], tip, base)


def _mended(repository: Repository, tags: list[PushedRef], tip: str, base: str) -> frozenset[str]:
    """Return the tags that this push removes and may: an admin's commit, which it brings onto main, says so,
    and verifying condemns them.
    """
    deleted_tags = [tag for tag in tags if tag.deleted and is_trail_name(tag.ref[len(TAGS) :])]
    if not deleted_tags or tip == base:
        return frozenset()
    recorded = [item for item in commits_of(repository, tip, base) if may_mend(repository, base, item)]
    condemned = {(tag.name, tag.oid) for tag in condemned_tags(repository)} if recorded else set()
    return frozenset(
        tag.ref
        for tag in deleted_tags
        if (tag.ref[len(TAGS) :], tag.old) in condemned
        and any(mends(item, tag.ref[len(TAGS) :], tag.old) for item in recorded)
    )


def _main_objections(repository: Repository, moved: PushedRef) -> list[Objection]:
    if moved.deleted:
        return [Objection(moved.ref, "main can't be deleted")]
    if not moved.created and not is_ancestor(repository, moved.old, moved.new):
        return [Objection(moved.ref, "main can't be rewritten: push commits on top of it")]
    if not moved.created and not is_first_parent(repository, moved.old, moved.new):
        return [Objection(moved.ref, _FOXTROT)]
    if undated := undated_commit(repository, moved.new, None if moved.created else moved.old):
        return [Objection(moved.ref, f"commit {undated[:12]} has no date that counts: make it anew")]
    may_run = flag(repository, RUN_COMMANDS) is True
    findings = check_push(repository, None if moved.created else moved.old, moved.new, may_run=may_run)
    if any(finding.severity == "error" for finding in findings):
        return [Objection(moved.ref, "the check does not let this change pass", tuple(findings))]
    return []


def _tag_objections(
    repository: Repository, tags: list[PushedRef], tip: str | None, base: str | None
) -> list[Objection]:
    objections = [
        Objection(tag.ref, "a tag of the audit trail is never moved or deleted")
        for tag in tags
        if not tag.created and is_trail_name(tag.ref[len(TAGS) :])
    ]
    if objections:
        return objections
    new = {tag.ref[len(TAGS) :]: tag.new for tag in tags if not tag.deleted}
    return [Objection(f"{TAGS}{name}", why) for name, why in tag_faults(repository, new, tip, base)]


def record_receipt(repository: Repository, pushed: list[PushedRef], now: int) -> None:
    """Write down that main was received as it was pushed, at `now` (Unix time, seconds).

    The first receipt of all also says that what main was before stood there already. Raises Conflict when
    somebody else's push is written down at the same moment.
    """
    main = f"refs/heads/{main_branch(repository)}"
    for moved in pushed:
        if moved.ref == main and not moved.deleted:
            first = [] if moved.created or receipts(repository) else [moved.old]
            write_receipts(repository, [*first, moved.new], now)


def refuse(objections: list[Objection]) -> None:
    """Raise Refused naming the first objection, when there is one."""
    if objections:
        raise Refused(
            f"{objections[0].ref}: {objections[0].message}", hint="Nothing was changed on the server."
        )
