"""The verbs that judge: check and gates."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rollbook.errors import BadCall, NotFound, RollbookError
from rollbook.registry import registry

if TYPE_CHECKING:
    from rollbook.access.roles import Person
    from rollbook.api.results import Checked, GateReports
    from rollbook.check.finding import Finding
    from rollbook.git.repository import Repository
    from rollbook.propose.told_facts import PathLike


class Checks(registry.Registry):
    """What judges the working tree, what is staged, or what a pull request would merge."""

    def check(
        self,
        *,
        staged: bool = False,
        base: str | None = None,
        head: str | None = None,
        pull_request: str | None = None,
        summary: PathLike | None = None,
        no_cache: bool = False,
    ) -> Checked:
        """Check the working tree; with `staged`, what is staged; with `base` and `head`, what merging does.

        Of the working tree, also what is past its sunset today, or near it.

        `pull_request` is the number of the one on GitHub whose approvals count; what its comment says is
        written to the file `summary`. `no_cache` judges also the files that were found right before. Raises
        BadCall when these don't go together.
        """
        from rollbook.api.results import Checked

        if (base is None) != (head is None) or (staged and base is not None):
            raise BadCall("base and head go together, and not with staged")
        if base is not None and head is not None:
            return _judge_merge(self.repository, base, head, pull_request, summary)
        if pull_request or summary:
            raise BadCall("a pull request and its summary need base and head")
        return Checked(
            _staged_findings(self.repository) if staged else _all_findings(self.repository, not no_cache)
        )

    def gates(
        self,
        reference: str | None = None,
        stage: str | None = None,
        *,
        base: str | None = None,
        head: str | None = None,
    ) -> GateReports:
        """Return gate by gate what moving a version to a stage meets, or what each promotion meets that
        merging `head` into `base` makes.

        Of a version that holds the stage, it is what today's gates say of it as it stands; see
        `standing_gates`.

        Raises BadCall unless either pair is given, NotFound for an unknown version, stage or revision.

        >>> registry.gates("churn@1.1.0", "production")
        """
        from rollbook.api.results import GateReports
        from rollbook.check.promotion_report import proposed_gate_reports
        from rollbook.check.standing_report import gate_report

        if reference is not None and stage is not None and base is head is None:
            return GateReports((gate_report(self.repository, reference, stage),))
        if base is not None and head is not None and reference is stage is None:
            return GateReports(proposed_gate_reports(self.repository, base, head))
        raise BadCall("gates are asked of a version and a stage, or of base and head")

    def standing_gates(self) -> GateReports:
        """Return what today's gates say of every version that holds a stage which gates guard.

        Each is judged as if it came from where it came from: with the approvals that are on record, by keys
        that are allowed today. Raises CannotTell in a shallow clone.
        """
        from rollbook.api.results import GateReports
        from rollbook.check.standing_report import standing_reports

        return GateReports(standing_reports(self.repository))


def _judge_merge(
    repository: Repository, base: str, head: str, pull_request: str | None, summary: PathLike | None
) -> Checked:
    from rollbook.api.results import Checked
    from rollbook.check.judge import check_merge
    from rollbook.git.repository import resolve_commit

    if pull_request or summary:  # one answer, whatever moves meanwhile
        base, head = resolve_commit(repository, base), resolve_commit(repository, head)
    reviews, why_none = _reviews(repository, pull_request, base, head) if pull_request else ((), "")
    findings, _ = check_merge(repository, base, head, reviews=reviews)
    if summary is not None:
        from rollbook.artifact.placed_file import write_whole
        from rollbook.integrations.forge.pull_request import summary as written

        write_whole(Path(summary), written(repository, base, head, findings, reviews).encode())
    return Checked(findings, why_none)


def _reviews(
    repository: Repository, pull_request: str, base: str, head: str
) -> tuple[tuple[Person, ...], str]:
    """Who approved on GitHub. Where that can't be told, nobody did, and why."""
    from rollbook.integrations.forge.configured_forge import github, pull_request_number
    from rollbook.integrations.forge.reviews import reviews

    number, forge = pull_request_number(pull_request), github()
    try:
        return reviews(forge, repository, number, base, head), ""
    except RollbookError as error:
        return (), str(error)


def _all_findings(repository: Repository, cached: bool) -> list[Finding]:
    from rollbook.check.clean_files import Remembered
    from rollbook.check.whole_tree import check_tree
    from rollbook.snapshot.workers import processors
    from rollbook.snapshot.worktree_snapshot import worktree_snapshot

    remembered, today = Remembered(repository if cached else None), datetime.now(UTC).date()
    snapshot = worktree_snapshot(repository)
    return check_tree(snapshot, None, remembered, processes=processors(), today=today)


def _staged_findings(repository: Repository) -> list[Finding]:
    from rollbook.check.judge import check_change
    from rollbook.check.whole_tree import check_tree
    from rollbook.snapshot.tree_snapshot import commit_snapshot, index_snapshot

    index = index_snapshot(repository)
    try:
        findings = check_change(repository, commit_snapshot(repository, "HEAD"), index)
        # What waits for time or for other people can't hold up the commit that asks for it.
        return [replace(finding, severity="warning") if finding.waiting else finding for finding in findings]
    except NotFound:
        return check_tree(index)
