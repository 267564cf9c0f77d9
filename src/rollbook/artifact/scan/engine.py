"""The opinion of `modelaudit-picklescan` on a pickle, behind one function."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelaudit_picklescan import Finding

_NAME = "modelaudit-picklescan"
_MOST_OPCODES = 20_000_000
_SECONDS = 600.0
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
    try:
        from modelaudit_picklescan import ScanOptions, ScanStatus, Severity, scan_bytes
    except ImportError:
        return Opinion(is_untold=f"{_NAME} is not installed: pip install {_NAME}")
    most = max(len(pickle), 2)
    options = ScanOptions(
        timeout_s=_SECONDS,
        max_opcodes=_MOST_OPCODES,
        max_known_stream_read_bytes=most,
        max_string_literal_scan_chars=most,
        max_nested_pickle_bytes=most,
    )
    report = scan_bytes(pickle, source="pickle", options=options, enrich_call_graph=False)
    told = [finding for finding in report.findings if finding.rule_code not in _LEFT_TO_THE_LIST]
    references = report.metadata.get("import_references", ())
    untold = ""
    if report.status is not ScanStatus.COMPLETE or report.metadata.get("import_references_truncated"):
        why = [*(error.message for error in report.errors), *(notice.message for notice in report.notices)]
        untold = f"{_NAME} could not tell" + (f": {why[0]}" if why else "")
    attacks = [
        finding for finding in told if finding.severity is Severity.CRITICAL and not _is_by_code(finding)
    ]
    return Opinion(
        tuple((str(reference.get("module")), str(reference.get("name"))) for reference in references),
        tuple(finding.message for finding in attacks),
        tuple(finding.message for finding in told if finding not in attacks),
        untold,
    )


def _is_by_code(finding: Finding) -> bool:
    return str(finding.details.get("module")).partition(".")[0].strip("_") in _BY_CODE
