"""The opinion of `modelaudit-picklescan` on a pickle, behind one function."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from rollbook.artifact.scan.engine_report import engine_report

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAME = "modelaudit-picklescan"
_MOST_OPCODES = 20_000_000
_SECONDS = 600.0
_POST_BUDGET_BYTES = 100 << 20  # looked through behind the opcodes that are too many
_NESTED_DEPTH = 2
_COMPLETE, _ATTACK = "complete", "critical"  # as the engine calls them
# What it says of globals that are on no list of its own, of texts, of tensors, and of pickles within
# literals, which only a global that isn't on ours could unpickle.
_LEFT_TO_THE_LIST = frozenset(
    [
        *("NON_ALLOWLISTED_GLOBAL", "S203", "SUSPICIOUS_STRING", "PERSISTENT_ID", "POST_BUDGET_GLOBAL"),
        *("S213", "S601", "S602"),
    ]
)
# What writes functions and classes by their code: teams do, for models of their own. What the code does
# nobody can tell, so it is suspicious, as all that is not on the list; an attack it need not be.
_BY_CODE = frozenset(["cloudpickle", "dill"])


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the engine says of a pickle: the globals it sees, what it holds for an attack, what for odd, and
    why it could not tell, empty where it could."""

    globals: tuple[tuple[str, str], ...] = ()
    attacks: tuple[str, ...] = ()
    oddities: tuple[str, ...] = ()
    is_untold: str = ""


def engine_name() -> str:
    """Return the engine's name and version."""
    try:
        return f"{_NAME} {version(_NAME)}"
    except PackageNotFoundError:
        return f"{_NAME}, which is not installed"


def opinion(pickle: bytes) -> Opinion:
    """Return the engine's opinion on one whole pickle. What it thinks of the libraries that are installed
    here is left out: a verdict is the same on every computer."""
    most = max(len(pickle), 2)
    options = {
        "timeout_s": _SECONDS,
        "max_opcodes": _MOST_OPCODES,
        "post_budget_scan_bytes": _POST_BUDGET_BYTES,
        "max_string_literal_scan_chars": most,
        "max_nested_pickle_bytes": most,
        "max_nested_depth": _NESTED_DEPTH,
    }
    try:
        report = engine_report(pickle, options)
    except ImportError:
        return Opinion(is_untold=f"{_NAME} is not installed: pip install {_NAME}")
    except Exception as error:  # noqa: BLE001 - whatever it fails with, it could not tell
        return Opinion(is_untold=f"{_NAME} could not tell: {error}")
    return _opinion_of(report)


def _opinion_of(report: Mapping[str, Any]) -> Opinion:
    told = [finding for finding in report["findings"] if finding.get("rule_code") not in _LEFT_TO_THE_LIST]
    references = report["metadata"].get("import_references", ())
    untold = ""
    if report["status"] != _COMPLETE or report["metadata"].get("import_references_truncated"):
        why = [each["message"] for each in (*report["errors"], *report["notices"])]
        untold = f"{_NAME} could not tell" + (f": {why[0]}" if why else "")
    attacks = [finding for finding in told if finding["severity"] == _ATTACK and not _is_by_code(finding)]
    return Opinion(
        tuple((str(reference.get("module")), str(reference.get("name"))) for reference in references),
        tuple(finding["message"] for finding in attacks),
        tuple(finding["message"] for finding in told if finding not in attacks),
        untold,
    )


def _is_by_code(finding: Mapping[str, Any]) -> bool:
    return str(finding.get("details", {}).get("module")).partition(".")[0].strip("_") in _BY_CODE
