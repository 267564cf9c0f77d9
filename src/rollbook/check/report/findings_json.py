"""Findings for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rollbook.check.finding import Finding


def as_json(findings: list[Finding]) -> str:
    """Return an object with the counts `errors` and `warnings` and the list `findings`, whose fields are
    those of `Finding`. `line` is null where none is meant; bytes of a path that are no UTF-8 stand as
    `\\xNN`.
    """
    return json.dumps(as_data(findings), indent=2, allow_nan=False) + "\n"


def as_data(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return what `as_json` writes, as JSON data."""
    errors = sum(finding.severity == "error" for finding in findings)
    return {
        "errors": errors,
        "warnings": len(findings) - errors,
        "findings": [as_mapping(finding) for finding in findings],
    }


def as_mapping(finding: Finding) -> dict[str, Any]:
    """Return a finding as a JSON object."""
    return {
        name: well_formed(value) if isinstance(value, str) else value
        for name, value in asdict(finding).items()
    }


def well_formed(text: str) -> str:
    """`text` without the lone surrogates that stand for bytes of a path: JSON readers refuse them."""
    return text.encode(errors="surrogateescape").decode(errors="backslashreplace")
