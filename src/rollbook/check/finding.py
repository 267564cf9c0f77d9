"""What a check finds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from rollbook.layout import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.errors import Severity

# Of a kind: what waits, other errors, warnings.
MOST_SHOWN = 5_000


@dataclass(frozen=True, slots=True)
class Rule:
    """What the code of a finding stands for: a short title and one sentence that explains it."""

    title: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: its code, where it stands (`line` counts from 1), and what to do about it.

    `key` is the place inside a YAML file, such as `artifact.size`; empty when the whole file is meant. What
    is `waiting` is an error that time or other people still put right, such as an approval that is not given
    yet: a proposal may be made with it, and nothing lands with it.
    """

    code: str
    path: str
    message: str
    line: int | None = None
    key: str = ""
    hint: str = ""
    severity: Severity = "error"
    waiting: bool = False


class Errors(NamedTuple):
    """The errors among findings: those that time or other people still put right, and those that stand."""

    waiting: tuple[Finding, ...]
    standing: tuple[Finding, ...]


def errors_among(findings: Iterable[Finding]) -> Errors:
    """Return the errors, those that wait apart from those that only another change puts right."""
    errors = [finding for finding in findings if finding.severity == "error"]
    return Errors(
        tuple(finding for finding in errors if finding.waiting),
        tuple(finding for finding in errors if not finding.waiting),
    )


def arranged(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings by path, line and code, each once; of errors, of what waits, and of warnings as
    many as anybody reads, each with one more that counts the others and is as grave.
    """
    kept: dict[tuple[Severity, bool], dict[Finding, None]] = {}
    more: Counter[tuple[Severity, bool]] = Counter()
    for finding in findings:
        grave = finding.severity, finding.waiting
        alike = kept.setdefault(grave, {})
        if len(alike) < MOST_SHOWN or finding in alike:
            alike[finding] = None
        else:
            more[grave] += 1
    shown = sorted((finding for alike in kept.values() for finding in alike), key=_place)
    return [*shown, *(_not_shown(*grave, count) for grave, count in more.items())]


def _not_shown(severity: Severity, waiting: bool, count: int) -> Finding:
    what = "that wait" if waiting else f"of the severity {severity}"
    message = f"{count:,} more findings {what} are not shown"
    hint = "Correct those that are; then check again."
    return Finding("RB110", ROOT, message, hint=hint, severity=severity, waiting=waiting)


def _place(finding: Finding) -> tuple[str, int, str, str, str]:
    return finding.path, finding.line or 0, finding.code, finding.key, finding.message
