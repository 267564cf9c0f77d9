"""Findings as SARIF 2.1.0, which code-scanning services read.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rollbook import __version__
from rollbook.check.codes import rules
from rollbook.check.report.findings_json import well_formed

if TYPE_CHECKING:
    from rollbook.check.finding import Finding, Rule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(findings: list[Finding]) -> str:
    """One run with every rule there is and a result for each finding."""
    order = {code: index for index, code in enumerate(rules())}
    seen: Counter[tuple[str, str, str]] = Counter()
    results = []
    for finding in findings:
        same = (finding.code, finding.path, finding.key)
        results.append(_result(finding, order[finding.code], seen[same]))
        seen[same] += 1
    driver = {"name": "rollbook", "version": __version__, "rules": [_rule(*item) for item in rules().items()]}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: str, rule: Rule) -> dict[str, Any]:
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in rule.title.replace("-", " ").split()),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.explanation},
    }


def _result(finding: Finding, index: int, ordinal: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(finding.path), "uriBaseId": "%SRCROOT%"}}
    if finding.line:
        place["region"] = {"startLine": finding.line}
    parts = (f"{finding.key}: " if finding.key else "", finding.message, f" {finding.hint}".rstrip())
    return {
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": finding.severity,
        "message": {"text": well_formed("".join(parts))},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"rollbookFinding/v1": _fingerprint(finding, ordinal)},
    }


def _uri(path: str) -> str:
    return quote(path.encode(errors="surrogateescape"))


def _fingerprint(finding: Finding, ordinal: int) -> str:
    """Return the same for the same problem when lines move or a figure changes; `ordinal` tells equal ones
    apart.
    """
    facts = "\0".join((finding.code, finding.path, finding.key, str(ordinal)))
    return hashlib.sha256(facts.encode(errors="surrogateescape")).hexdigest()
