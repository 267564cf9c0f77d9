"""A file of a registry, read once: its content, its record, and everything that is wrong with it alone."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.check.finding import MOST_SHOWN, Finding
from rollbook.errors import InvalidFile
from rollbook.git.work_limit import require_time
from rollbook.layout import SCHEMAS, Kind, Place
from rollbook.records.evidence import evidence_from
from rollbook.records.fields import Fields
from rollbook.records.imported import imported_from
from rollbook.records.manifest import manifest_from
from rollbook.records.model import model_from
from rollbook.records.model_signature import parse_model_signature
from rollbook.records.origin import origin_from
from rollbook.records.policy import FORMAT, policy_from
from rollbook.records.provenance import parse_provenance
from rollbook.records.removal import removal_from
from rollbook.records.stages import stages_from
from rollbook.schema import schemas as contract
from rollbook.yaml.strict import dotted, load, locate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rollbook.errors import Severity
    from rollbook.snapshot.snapshot import Snapshot

Key = tuple[str | int, ...]

_RECORDS: dict[Kind, Callable[[object, str], object]] = {
    Kind.POLICY: lambda value, path: policy_from(Fields(value, path), path),
    Kind.MODEL: lambda value, path: model_from(Fields(value, path)),
    Kind.MANIFEST: lambda value, path: manifest_from(Fields(value, path)),
    Kind.STAGES: stages_from,
    Kind.ORIGIN: lambda value, path: origin_from(Fields(value, path), path),
    Kind.EVIDENCE: lambda value, path: evidence_from(Fields(value, path), path),
    Kind.REMOVAL: lambda value, path: removal_from(Fields(value, path)),
    Kind.IMPORT: lambda value, path: imported_from(Fields(value, path), path),
}
# What is no YAML, and is more than a text.
_SIGNED: dict[Kind, Callable[[bytes, str], object]] = {
    Kind.MODEL_SIGNATURE: parse_model_signature,
    Kind.PROVENANCE: parse_provenance,
}
_MAY_BE_EMPTY = frozenset([Kind.STAGES, Kind.NOTES])
_CHUNK = 500
_MOST_VIOLATIONS = 100


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it stands. `value` is its parsed YAML, `record` what the records make of it: each None
    where there is none. `findings` are those of the file by itself."""

    path: str
    place: Place
    data: bytes = b""
    value: object = None
    record: object = None
    findings: tuple[Finding, ...] = ()

    def finding(
        self, code: str, message: str, *key: str | int, hint: str = "", severity: Severity = "error"
    ) -> Finding:
        """Return a finding at a key of this file."""
        return Finding(code, self.path, message, line_of(self.data, key), dotted(key), hint, severity)


def line_of(data: bytes, key: Key) -> int | None:
    """Return the line of a key in a YAML file, or of the nearest key around it; None where there is none."""
    lines = _lines(data)
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key)


@functools.lru_cache(maxsize=4)
def _lines(data: bytes) -> dict[Key, int]:
    # A file with many findings is asked for many lines; it is parsed for them once.
    try:
        return locate(data) if data else {}
    except InvalidFile:
        return {}


def read_documents(snapshot: Snapshot, places: dict[str, Place]) -> dict[str, Document]:
    """Read and judge files, each by itself. A file that can't be read hides no other."""
    paths = list(places)
    documents = {}
    told = 0
    for start in range(0, len(paths), _CHUNK):
        chunk = paths[start : start + _CHUNK]
        for path, content in zip(chunk, contents(snapshot, chunk), strict=True):
            require_time()
            document = _document(path, places[path], content, explained=told < MOST_SHOWN)
            told += len(document.findings)
            documents[path] = document
    return documents


def contents(snapshot: Snapshot, paths: Sequence[str]) -> list[bytes | InvalidFile | None]:
    """Return what is in each file, or why it can't be read; None where there is none."""
    try:
        return list(snapshot.read_many(paths))
    except InvalidFile as error:
        if len(paths) == 1:
            return [error]
    return [content for path in paths for content in contents(snapshot, [path])]


def _document(path: str, place: Place, content: bytes | InvalidFile | None, *, explained: bool) -> Document:
    if isinstance(content, InvalidFile):
        # A snapshot refuses a file for its size, or because the operating system does.
        code = "RB101" if isinstance(content.__cause__, OSError) else "RB107"
        return Document(path, place, findings=(_unreadable(content, path, code),))
    if content is None:
        finding = Finding("RB101", path, "the file can't be read", hint="Give it a shorter, plain name.")
        return Document(path, place, findings=(finding,))
    try:
        if place.kind in SCHEMAS:
            return _yaml_document(path, place, content, explained=explained)
        if place.kind in _SIGNED:
            return Document(path, place, content, record=_SIGNED[place.kind](content, path))
        _require_text(path, place, content)
    except InvalidFile as error:
        return Document(path, place, content, findings=(_unreadable(error, path, "RB101"),))
    return Document(path, place, content)


def _yaml_document(path: str, place: Place, data: bytes, *, explained: bool) -> Document:
    value = load(data, path)
    if value is None and place.kind in _MAY_BE_EMPTY:
        value = {}
    if place.kind is Kind.POLICY and (newer := _newer(value)):
        finding = _newer_format(path, data, newer)
        return Document(path, place, data, value, findings=(finding,))
    findings = _violations(path, place, data, value) if explained else _violated(path, place, value)
    record: object = None
    try:
        record = _RECORDS[place.kind](value, path) if place.kind in _RECORDS else None
    except InvalidFile as error:
        # The schema has said so already, and better; if it hasn't, this must not be lost.
        findings = findings or [_unreadable(error, path, "RB102")]
    return Document(path, place, data, value, record, tuple(findings))


def _violations(path: str, place: Place, data: bytes, value: object) -> list[Finding]:
    violations = contract.violations(SCHEMAS[place.kind], value)
    findings = [
        Finding(
            "RB102",
            path,
            violation.message,
            line_of(data, violation.path),
            dotted(violation.path),
            violation.hint,
        )
        for violation in violations[:_MOST_VIOLATIONS]
    ]
    if more := len(violations) - len(findings):
        findings.append(Finding("RB102", path, f"{more:,} more violations of the schema are not shown"))
    return findings


def _violated(path: str, place: Place, value: object) -> list[Finding]:
    """Return the same in short, for when more is wrong already than anybody reads."""
    if contract.is_valid(SCHEMAS[place.kind], value):
        return []
    return [Finding("RB102", path, "the file violates its schema", hint="Check it alone to be told how.")]


def _newer(value: object) -> int | None:
    version = value.get("rollbook") if isinstance(value, dict) else None
    return version if type(version) is int and version > FORMAT else None


def _newer_format(path: str, data: bytes, version: int) -> Finding:
    return Finding(
        "RB108",
        path,
        f"the registry has format {version:.0f}; this tool knows formats up to {FORMAT}"
        if version < 1_000_000
        else f"the registry's format is unknown; this tool knows formats up to {FORMAT}",
        line_of(data, ("rollbook",)),
        "rollbook",
        "Upgrade the tool: pip install --upgrade rollbook",
    )


def _require_text(path: str, place: Place, data: bytes) -> None:
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise InvalidFile(
            "the file is not UTF-8 text", path=path, line=data[: error.start].count(b"\n") + 1
        ) from error
    if place.kind is not Kind.SAMPLE_INPUT:
        return
    try:
        json.loads(text, parse_constant=_refuse_constant)
    except RecursionError as error:
        raise InvalidFile("the file is nested too deeply", path=path) from error
    except json.JSONDecodeError as error:
        raise InvalidFile(f"the file is not JSON: {error.msg}", path=path, line=error.lineno) from error
    except ValueError as error:
        raise InvalidFile(f"the file is not JSON: {error}", path=path) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _unreadable(error: InvalidFile, path: str, code: str) -> Finding:
    return Finding(code, path, error.message, error.line, error.key, error.hint)
