"""A signature that a file tells: as a manifest has it, as MLflow wrote it, or as a server's metadata."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rollbook.errors import BadCall
from rollbook.propose.manifest_facts import mapping_file
from rollbook.records.dtypes import word_for
from rollbook.records.mlflow_schema import of_mlflow
from rollbook.records.open_inference import of_open_inference
from rollbook.records.signature import HALVES, Illegible, columns_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rollbook.records.signature import Column


def signature_file(path: Path) -> dict[str, Any]:
    """Read a signature in JSON or YAML, also in a file that has it under `signature`, such as an `MLmodel`.
    Types are put in the words of the vocabulary. Raises BadCall."""
    document = mapping_file(path)
    inner = document.get("signature")
    whole = inner if isinstance(inner, dict) else document
    try:
        halves = _halves(whole)
    except Illegible as error:
        raise BadCall(f"{path}: the signature can't be read: {error}") from error
    if not any(halves.values()):
        raise BadCall(
            f"{path}: no signature is in it",
            hint="It has `inputs` and `outputs`, as `rollbook signature REF --as rollbook` prints them.",
        )
    return {
        half: [replace(column, dtype=word_for(column.dtype)).as_mapping() for column in columns]
        for half, columns in halves.items()
        if columns
    }


def _halves(document: Mapping[str, Any]) -> Mapping[str, tuple[Column, ...]]:
    """Read both halves in the form that they are in, which the first entry tells."""
    told = [document.get(half) for half in HALVES]
    first = next((half[0] for half in told if isinstance(half, list) and half), None)
    if any(isinstance(half, str) for half in told) or (isinstance(first, dict) and "type" in first):
        return of_mlflow(document)
    if isinstance(first, dict) and "datatype" in first:
        return of_open_inference(document)
    return {half: columns_of(document, half) for half in HALVES}
