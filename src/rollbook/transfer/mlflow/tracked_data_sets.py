"""The data sets that MLflow tracked as a run's inputs, as `lineage.data` lists them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rollbook.transfer.mlflow.stranger_text import kept_address, kept_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mlflow.entities import Dataset, DatasetInput

_MOST = 1000  # the schema's
_MOST_TEXT = 40_000  # characters of all of them
_CONTEXT = "mlflow.data.context"
# What a run read without being trained on it, by the words of those who call `log_input(context=...)`.
_NOT_TRAINED_ON = frozenset(
    ["eval", "evaluation", "test", "testing", "val", "valid", "validation", "holdout", "inference", "scoring"]
)
# Where MLflow's sources say the address, the first that they have.
_ADDRESSES = ("uri", "url", "path", "table_name", "delta_table_name")
_LONGEST_DOCUMENT = 1 << 20
_MOST_ROWS = 2**53 - 1


def tracked_data_sets(
    inputs: Iterable[DatasetInput],
) -> tuple[list[dict[str, Any]], list[dict[str, str]], list[str]]:
    """Return the data sets that a run was trained on, as items of `lineage.data`; those that it read for
    another reason, each with its context; and a line for what was left out.

    MLflow's digest of a data set is its version: it is no SHA-256 of it.
    """
    trained_on: dict[tuple[str, str], dict[str, Any]] = {}
    others: dict[tuple[str, str, str], dict[str, str]] = {}
    budget, missing = _MOST_TEXT, 0
    for number, one in enumerate(inputs):
        context = next((kept_line(tag.value) for tag in one.tags or [] if tag.key == _CONTEXT), "")
        item = _item(one.dataset)
        budget -= sum(len(str(value)) for value in item.values())
        if not item or number >= _MOST or budget < 0:
            missing += 1
            continue
        known = (item["name"], item.get("version", ""))
        if context.casefold() in _NOT_TRAINED_ON:
            told = {key: str(value) for key, value in item.items()}
            others[(*known, context)] = {**told, "context": context}
        else:
            trained_on.setdefault(known, item)
    left_out = [f"data sets: {missing} that a manifest can't hold"] if missing else []
    return [*trained_on.values()], [*others.values()], left_out


def _item(data: Dataset) -> dict[str, Any]:
    name = kept_line(data.name or "")
    if not name:
        return {}
    found: dict[str, Any] = {"name": name, "version": kept_line(data.digest or "")}
    found["uri"] = _address(data)
    rows = _document(data.profile).get("num_rows")
    if type(rows) is int and 0 <= rows <= _MOST_ROWS:
        found["rows"] = rows
    return {key: value for key, value in found.items() if value != ""}


def _address(data: Dataset) -> str:
    source = _document(data.source)
    told = next((source[key] for key in _ADDRESSES if isinstance(source.get(key), str)), "")
    return kept_address(told)


def _document(text: str | None) -> dict[str, Any]:
    if not text or len(text) > _LONGEST_DOCUMENT:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
