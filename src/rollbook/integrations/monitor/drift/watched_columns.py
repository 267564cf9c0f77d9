"""Which columns of the live rows a check is about, and what the signature says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollbook.check.gates.gate import ref, setting
from rollbook.errors import InvalidFile
from rollbook.integrations.monitor.question import SourceFailed
from rollbook.propose.reference_table import is_column
from rollbook.records.signature import HALVES, Column, Illegible, columns

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import Any

    from rollbook.records.fields import Fields

TARGETS = "targets"
SETTINGS: Mapping[str, dict[str, Any]] = {
    "of": setting(
        "Of what",
        "Whether it is about the model's `inputs`, its `outputs`, or the `targets` that came to be known; "
        "inputs unless set.",
        "inputs",
        type="string",
        enum=[*HALVES, TARGETS],
        default=HALVES[0],
    ),
    "columns": setting(
        "Columns",
        "Only these columns; those that the signature names unless set.",
        ["income", "age"],
        type="array",
        minItems=1,
        maxItems=1000,
        uniqueItems=True,
        items=ref("line"),
    ),
    "target": setting(
        "Target", "The column of the live rows that holds the target.", "defaulted", **ref("line")
    ),
}


@dataclass(frozen=True, slots=True)
class WatchedColumns:
    """The columns that a check is about, by name, each with what the signature says of it, None where it says
    nothing. `are_named`: the policy names each of them, so that none may be passed over."""

    columns: Mapping[str, Column | None]
    are_named: bool


def watched_columns(
    signature: Mapping[str, Any], fields: Fields, reference: Collection[str]
) -> WatchedColumns:
    """Return the columns that a check with these settings is about: those it names, the target, or those of
    the signature; of a model whose inputs are no columns, all those of the reference that are nothing else.

    Raises InvalidFile for targets without a target, SourceFailed where nothing says which columns there are.
    """
    of, target, named = fields.optional_text("of") or HALVES[0], fields.optional_text("target"), fields
    if of == TARGETS:
        if not target:
            message = "which column holds the target is not said"
            raise InvalidFile(
                message, path=fields.path, key=fields.key_of("target"), hint="Set target: COLUMN."
            )
        return WatchedColumns({target: None}, are_named=True)
    told, other = (_columns(signature, half) for half in (HALVES if of == HALVES[0] else HALVES[::-1]))
    if names := named.texts("columns"):
        return WatchedColumns({name: told.get(name) for name in names}, are_named=True)
    if told:
        return WatchedColumns(told, are_named=False)
    if of == HALVES[0] and reference:
        rest = [name for name in reference if name not in other and name != target]
        return WatchedColumns(dict.fromkeys(rest), are_named=False)
    raise SourceFailed(f"the signature names no {of} that are columns", hint="Name them: columns: [...].")


def _columns(signature: Mapping[str, Any], half: str) -> dict[str, Column | None]:
    try:
        found = columns(signature, half)
    except Illegible as error:
        raise SourceFailed(f"the signature can't be read: {error}") from error
    return {name: column for name, column in found.items() if is_column(column)}
