"""What is told of the data that a version was trained on, brought into the shape of `lineage.data`.

A data set is written in one of two ways: shortly as `NAME[@VERSION][=URI]`, or as fields, as in
`name=loans,version=3,rows=1200,file=data/loans.csv,uri=s3://datasets/loans/3`. `from`, which may come several
times, names what it was made from; `step`, `commit` and `repository` say by what.
"""

from __future__ import annotations

import csv
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.propose.sample_files import DELIMITERS, PARQUET

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# What may be said of a data set. `uri` is the last: an address may hold commas.
_FIELDS = ("name", "version", "rows", "digest", "file", "from", "step", "commit", "repository", "uri")
_CODE = ("repository", "commit")
_WRITTEN = f"{','.join(f'{name}=...' for name in _FIELDS)}"
_SHORT = "NAME[@VERSION][=URI]"
_HINT = f"Write --data {_SHORT}, or the fields of it: --data {_WRITTEN} (the name first, the address last)."
_LINES = (".jsonl", ".ndjson")


def data_sets(told: Iterable[str | Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the items of `lineage.data` that are told, each as text or as a mapping of its fields.

    A field `file` names the data itself, a file or a folder here: its SHA-256 becomes the `digest`, and the
    `rows` are counted where its format tells them. Raises BadCall for what has no such shape, and for a file
    that isn't there.
    """
    return [_from_file(dict(one) if not isinstance(one, str) else _read(one)) for one in told]


def _read(text: str) -> dict[str, Any]:
    if text.startswith("name="):
        return _fields(text)
    label, _, uri = text.partition("=")
    name, _, version = label.partition("@")
    if not name:
        raise BadCall(f"--data {text[:80]!r} is not {_SHORT}", hint=_HINT)
    item = {"name": name, "version": version, "uri": uri}
    return {key: value for key, value in item.items() if value}


def _fields(text: str) -> dict[str, Any]:
    item: dict[str, Any] = {}
    rest = text
    while rest:
        field, equals, rest = rest.partition("=")
        value, rest = (rest, "") if field == "uri" else rest.partition(",")[::2]
        if not equals or field not in _FIELDS:
            known = ", ".join(_FIELDS)
            raise BadCall(f"--data {text[:80]!r}: {field[:40]!r} is none of {known}", hint=_HINT)
        if field in item and field != "from":
            raise BadCall(f"--data {text[:80]!r} gives {field} twice", hint=_HINT)
        if not value:
            raise BadCall(f"--data {text[:80]!r}: {field} is empty", hint="Leave out what is not known.")
        if field == "from":
            item.setdefault("from", []).append(value)
        else:
            item[field] = _whole(text, value) if field == "rows" else value
    code = {field: item.pop(field) for field in _CODE if field in item}
    if code and "commit" not in code:
        raise BadCall(f"--data {text[:80]!r} gives a repository and no commit", hint=_HINT)
    return {**item, "code": code} if code else item


def _whole(text: str, value: str) -> int:
    # No more digits than a manifest can hold, before they are made into a number.
    if not (value.isascii() and value.isdecimal() and len(value) <= 16):
        raise BadCall(f"--data {text[:80]!r}: {value[:40]!r} is no number of rows", hint="E.g. rows=120000")
    return int(value)


def _from_file(item: dict[str, Any]) -> dict[str, Any]:
    """Return the data set with what its `file` tells in the place of it."""
    told = item.pop("file", None)
    if told is None:
        return item
    if "digest" in item:
        raise BadCall(
            f"the data set {str(item.get('name'))[:80]!r} has both a file and a digest",
            hint="Give one of the two: the digest is that of the file.",
        )
    from rollbook.artifact.artifact_files import list_source, require_unchanged
    from rollbook.artifact.digest import combine, digest_file
    from rollbook.artifact.links import LinkRule
    from rollbook.artifact.unfetched import require_there

    path = Path(told)
    require_there(path)
    source = list_source(path, LinkRule.NAMED)
    digest = combine((digest_file(source, file) for file in source.files), is_directory=source.is_directory)
    rows = item.get("rows", None if source.is_directory else _rows(path))
    require_unchanged(source)
    return {**item, "digest": digest.sha256, **({} if rows is None else {"rows": rows})}


def _rows(path: Path) -> int | None:
    """Return the rows of a file whose format tells them: records of CSV below its header, lines of JSON, the
    rows of Parquet where pyarrow is installed. None for any other format."""
    ending = path.suffix.lower()
    try:
        if ending in DELIMITERS:
            with path.open(encoding="utf-8", errors="replace", newline="") as file:
                records = sum(1 for record in csv.reader(file, delimiter=DELIMITERS[ending]) if record)
            return max(records - 1, 0)
        if ending in _LINES:
            with path.open("rb") as lines:
                return sum(1 for line in lines if line.strip())
        return _parquet_rows(path) if ending in PARQUET else None
    except (OSError, csv.Error, ValueError) as error:
        hint = "Say how many there are: rows=N"
        raise BadCall(f"the rows of {path} can't be counted: {str(error)[:200]}", hint=hint) from error


def _parquet_rows(path: Path) -> int | None:
    try:
        parquet = import_module("pyarrow.parquet")
    except ImportError:
        return None
    return int(parquet.read_metadata(path).num_rows)
