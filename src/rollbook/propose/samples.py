"""Sample rows, in JSON, CSV or Parquet: what they tell of a signature, and what of them is kept."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.propose.sample_files import DELIMITERS, PARQUET, csv_table, parquet_table
from rollbook.propose.sample_orientations import parse_json, table_of
from rollbook.records.dtypes import kind_of
from rollbook.snapshot.snapshot import MAX_FILE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

KEPT_ROWS = 100
_KINDS = {bool: "true or false", int: "numbers", float: "numbers", str: "texts"}
_LARGEST = 1 << 63


@dataclass(frozen=True, slots=True)
class Sample:
    """Sample rows: the names of their columns (None: they have none), and the values. `given` is the file
    that they came in, where it is a list of rows in JSON, which is how rows are kept; `types` are those of
    the columns, where the file says them."""

    path: Path
    names: tuple[str, ...] | None
    rows: Sequence[Sequence[Any]]
    given: bytes | None = None
    types: tuple[str, ...] = ()

    def tensors(self, called: str) -> list[dict[str, Any]]:
        """Infer one half of a signature.

        Each column gives its name, its dtype and the shape `[-1]`: the type that the file says, or else that
        of its values (`int64`, `float64`, `bool`, `string`). Columns without names give one tensor
        `[-1, columns]`, which is `called` so.
        """
        if self.names is None:
            values = [value for row in self.rows for value in row]
            return [{"name": called, "dtype": self._dtype(called, values), "shape": [-1, len(self.rows[0])]}]
        columns = zip(self.names, zip(*self.rows, strict=True), strict=True)
        inferred = [(name, self._dtype(name, values)) for name, values in columns]
        told = [word if kind_of(word) else "" for word in self.types] or [""] * len(inferred)
        return [
            {"name": name, "dtype": word or dtype, "shape": [-1]}
            for (name, dtype), word in zip(inferred, told, strict=True)
        ]

    def kept(self) -> bytes:
        """Return the rows as they stand beside a manifest: a list of rows in JSON, as it was given, or else
        the first KEPT_ROWS as objects, fewer where they are long. Raises BadCall for a row that is too
        long."""
        if self.given is not None or self.names is None:
            return self.given or b""
        lines: list[str] = []
        size = 4
        for row in self.rows[:KEPT_ROWS]:
            line = json.dumps(dict(zip(self.names, row, strict=True)), ensure_ascii=False)
            size += len(line.encode()) + 4
            if size > MAX_FILE:
                break
            lines.append(f"  {line}")
        if not lines:
            raise BadCall(f"{self.path}: a row has more than {MAX_FILE:,} bytes")
        return ("[\n" + ",\n".join(lines) + "\n]\n").encode()

    def _dtype(self, name: str, values: Sequence[Any]) -> str:
        """Return the type that holds all values; a missing one turns whole numbers into floats, as in
        pandas."""
        kinds = {type(value) for value in values}
        present = kinds - {type(None)}
        where = f"{self.path}: column {name[:80]!r}"
        if other := next((kind for kind in present if kind not in _KINDS), None):
            message = f"{where} holds more than texts, numbers, true and false: {other.__name__}"
            raise BadCall(message, hint="Give a list of rows of plain values.")
        called = sorted({_KINDS[kind] for kind in present})
        if len(called) > 1:
            raise BadCall(
                f"{where} mixes {' and '.join(called)}", hint="Give each column values of one type."
            )
        if any(isinstance(value, float) and not math.isfinite(value) for value in values):
            raise BadCall(
                f"{where} holds what is no finite number", hint="Leave out a value that is missing."
            )
        if present == {bool}:
            return "bool"
        if kinds == {int} and all(-_LARGEST <= value < _LARGEST for value in values):
            return "int64"
        return "float64" if present and present <= {int, float} else "string"


def read_sample(data: bytes, path: Path) -> Sample:
    """Read sample rows: CSV, TSV and Parquet by the file's ending, anything else as JSON. Raises BadCall."""
    ending, given = path.suffix.lower(), None
    types: list[str] = []
    if ending in DELIMITERS:
        names, rows = csv_table(data, path, DELIMITERS[ending])
    elif ending in PARQUET:
        (names, rows), types = parquet_table(data, path)
    else:
        content = parse_json(data, path)
        names, rows = table_of(content, path)
        given = data if isinstance(content, list) else None
    if not rows or names == []:
        raise BadCall(f"{path}: no row is in it", hint="Give a few rows as the model takes them.")
    return Sample(path, None if names is None else tuple(names), rows, given, tuple(types))
