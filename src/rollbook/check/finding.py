"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rollbook.errors import Severity


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


def arranged(findings: Iterable[Finding]) -> list[Finding]:
    """The findings by path, line and code, each once."""
    return sorted(dict.fromkeys(findings), key=_place)


def _place(finding: Finding) -> tuple[str, int, str, str, str]:
    return finding.path, finding.line or 0, finding.code, finding.key, finding.message
