"""What a pull request's comment says: the check's findings, what would change, the gates, and the figures
beside those of the version in production. All in Markdown, in which nothing that a file says can act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook import layout
from rollbook.check.finding import errors_among
from rollbook.check.gate_markdown import as_markdown
from rollbook.check.promotion_report import proposed_gate_reports
from rollbook.check.report.findings_text import summary as counts
from rollbook.errors import RollbookError
from rollbook.git.merge import merge
from rollbook.git.repository import resolve_commit
from rollbook.insight.compare.comparison import compare
from rollbook.layout import Kind
from rollbook.names import PRODUCTION
from rollbook.registry.change import changed_files, transitions
from rollbook.registry.registry import Registry, stage_table
from rollbook.snapshot.tree_snapshot import TreeSnapshot
from rollbook.text import inert_code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rollbook.access.roles import Person
    from rollbook.check.finding import Finding
    from rollbook.git.repository import Repository
    from rollbook.registry.change import FileChange

# By this the comment is found again.
MARKER = "<!-- rollbook check -->"
# GitHub takes 65,536 characters; what goes from one job to another has to fit into a variable, in base64.
_LONGEST = 60_000
_MOST_ROWS = 100
_LONGEST_CELL = 300


@dataclass(frozen=True, slots=True)
class _Merge:
    """The registry before and after the merge, and the files that differ."""

    before: Registry
    after: Registry
    changes: Sequence[FileChange]


def summary(
    repository: Repository,
    base: str,
    head: str,
    findings: Sequence[Finding],
    reviews: tuple[Person, ...] = (),
) -> str:
    """Write the comment on merging the revision `head` into `base`, without its marker.

    `findings` and `reviews` are those of the check. What can't be told because a file is broken is left out:
    a finding says so. At most some 60,000 bytes.
    """
    sections = [f"### rollbook check: {_state(findings)}\n", _findings(findings)]
    base, head = resolve_commit(repository, base), resolve_commit(repository, head)
    tree = merge(repository, base, head).tree
    if tree is not None:
        before = TreeSnapshot(repository, base, base, base)
        after = TreeSnapshot(repository, tree, "the merge")
        with Registry(repository, before) as old, Registry(repository, after) as new:
            changes = changed_files(repository, before.treeish, after.treeish)
            merged = _Merge(old, new, changes)
            sections += [_changes(merged), _gates(repository, base, head, reviews), _figures(merged)]
    return _cut("\n".join(section for section in sections if section))


def _state(findings: Sequence[Finding]) -> str:
    errors = errors_among(findings)
    if errors.standing:
        return "❌ refused"
    return "⏳ waiting" if errors.waiting else "✅ passed"


def _findings(findings: Sequence[Finding]) -> str:
    if not findings:
        return "Nothing is wrong.\n"
    rows = [
        (
            finding.code,
            f"{finding.path}:{finding.line}" if finding.line else finding.path,
            f"{finding.key}: {finding.message}" if finding.key else finding.message,
            finding.hint,
        )
        for finding in findings
    ]
    return f"{counts(list(findings))}\n\n{_table(('Code', 'Where', 'What is wrong', 'What to do'), rows)}"


def _changes(merged: _Merge) -> str:
    rows = [*_registrations(merged), *_moves(merged)]
    rows += [
        ("the policy", "", "", "")
        for change in merged.changes
        if change.path in {layout.POLICY, layout.ALLOWED_SIGNERS}
    ]
    if not rows:
        return ""
    return f"#### What changes\n\n{_table(('Version', 'From', 'To', 'Why'), rows)}"


def _registrations(merged: _Merge) -> Iterator[tuple[str, str, str, str]]:
    for name, version in _added(merged):
        yield f"{name}@{version}", "new", _stage_of(merged.after, name, version), ""


def _stage_of(registry: Registry, name: str, version: str) -> str:
    try:
        return registry.model(name).version(version).stage
    except RollbookError:
        return ""


def _added(merged: _Merge) -> Iterator[tuple[str, str]]:
    for change in merged.changes:
        place = change.place
        if change.added and place.kind is Kind.MANIFEST and place.model and place.version:
            yield place.model, place.version


def _moves(merged: _Merge) -> Iterator[tuple[str, str, str, str]]:
    added = set(_added(merged))
    for change in merged.changes:
        name = change.place.model
        if change.place.kind is not Kind.STAGES or name is None:
            continue
        try:
            old, new = (
                stage_table(name, *registry.snapshot.read_many([change.path]))
                for registry in (merged.before, merged.after)
            )
            moves = transitions(old, new, merged.before.policy.first_stage.name)
        except RollbookError:
            continue
        for move in moves:
            if (name, move.version) not in added:
                yield f"{name}@{move.version}", move.start, move.target, move.recorded_reason


def _gates(repository: Repository, base: str, head: str, reviews: tuple[Person, ...]) -> str:
    try:
        reports = proposed_gate_reports(repository, base, head, reviews=reviews)
    except RollbookError:
        return ""
    return as_markdown(reports) if reports else ""


def _figures(merged: _Merge) -> str:
    """Return the figures of new versions, and of those on their way into another stage, beside the
    version now in production.
    """
    comparisons = [(merged.after, name, version) for name, version in _added(merged)]
    for subject, *_ in _moves(merged):
        name, _, version = subject.rpartition("@")
        comparisons.append((merged.before, name, version))
    return "\n".join(filter(None, (_compared(*arguments) for arguments in comparisons[:_MOST_ROWS])))


def _compared(registry: Registry, name: str, version: str) -> str:
    try:
        model = registry.model(name)
        holders = [entry.version for entry in model.stages.holders(PRODUCTION)]
        if not holders or version in holders:
            return ""
        comparison = compare(model, [holders[0], version])
    except RollbookError:
        return ""
    old, new = comparison.versions
    rows = [
        (
            metric,
            _number(old.metrics[metric].value),
            _number(new.metrics[metric].value),
            _signed(figure.change),
        )
        for metric, figure in new.metrics.items()
    ]
    head = ("Metric", f"{old.version} (production)", new.version, "Difference")
    return f"#### {_cell(name)}: figures\n\n{_table(head, rows)}" if rows else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:g}"


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+g}"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [columns, ["---"] * len(columns)]
    lines += [[_cell(cell) for cell in row] for row in rows[:_MOST_ROWS]]
    text = "".join(f"| {' | '.join(line)} |\n" for line in lines)
    remainder = len(rows) - _MOST_ROWS
    return f"{text}\nAnd {remainder} more.\n" if remainder > 0 else text


def _cell(text: str) -> str:
    return inert_code(text if len(text) <= _LONGEST_CELL else f"{text[:_LONGEST_CELL]} ...")


def _cut(text: str) -> str:
    """Return the text, or as many of its lines as there is room for."""
    data = text.encode()
    if len(data) <= _LONGEST:
        return text
    whole = data[:_LONGEST].rpartition(b"\n")[0].decode()
    return f"{whole}\n\nThere is more: see the log of the check.\n"
