"""What a TensorFlow Lite file says of itself: `tensorflow/compiler/mlir/lite/schema/schema.fbs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rollbook.artifact.formats.byte_cursor import ByteCursor
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.formats.flatbuffer import root_table
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact
    from rollbook.artifact.formats.flatbuffer import FlatTable

_LONGEST_TEXT = 1_000  # bytes
_MOST_COLUMNS = 1_000
_MOST_DIMENSIONS = 64
_CUSTOM = 32  # BuiltinOperator.CUSTOM
_FLEX = "Flex"  # what an operator of TensorFlow itself is called by
# TensorType, by its number.
_DTYPES = (
    *("float32", "float16", "int32", "uint8", "int64", "string", "bool", "int16", "complex64", "int8"),
    *("float64", "complex128", "uint64", "resource", "variant", "uint32", "uint16", "int4", "bfloat16"),
    *("int2", "uint4"),
)


def read(artifact: ArtifactBytes) -> Contents:
    """Read the inputs, outputs and operators of a model. Raises Broken where it leads out of the file."""
    with artifact.open() as file:
        model = root_table(ByteCursor(file, artifact.size()))
        graphs = [*model.tables(2)]
        if not graphs:
            raise Broken("it has no graph")
        codes = [*model.tables(1)]
        custom = sorted({code.text(1, _LONGEST_TEXT) for code in codes if _operator(code) == _CUSTOM})
        tensors = [*graphs[0].tables(0)]
        names = _names(model)
        facts: dict[str, Fact] = {
            "schema_version": model.number(0, "<I"),
            "description": model.text(3, _LONGEST_TEXT),
            **({"graphs": len(graphs)} if len(graphs) > 1 else {}),
            "tensors": len(tensors),
            "operator_kinds": len(codes),
            **({"custom_operators": [*custom]} if custom else {}),
        }
        inputs = _columns(tensors, graphs[0].numbers(1, _MOST_COLUMNS), names.get("inputs", {}))
        outputs = _columns(tensors, graphs[0].numbers(2, _MOST_COLUMNS), names.get("outputs", {}))
    remarks = []
    if flex := [name for name in custom if name.startswith(_FLEX)]:
        remarks.append(f"It runs only with TensorFlow's own operators linked in: {', '.join(flex[:10])}.")
    if other := [name for name in custom if not name.startswith(_FLEX)]:
        remarks.append(f"It runs only where these operators are registered: {', '.join(other[:10])}.")
    return Contents(facts, {}, inputs, outputs, remarks=tuple(remarks))


def _operator(code: FlatTable) -> int:
    # The first field has a byte, which was not enough.
    return max(code.number(0, "<b"), code.number(3, "<i"))


def _names(model: FlatTable) -> dict[str, dict[int, str]]:
    """Return what the first signature calls the tensors, by their numbers, where there is one of graph 0."""
    for signature in model.tables(7):
        if signature.number(4, "<I") == 0:
            return {
                half: {
                    entry.number(1, "<I"): entry.text(0, _LONGEST_TEXT) for entry in signature.tables(field)
                }
                for field, half in enumerate(("inputs", "outputs"))
            }
    return {}


def _columns(tensors: list[FlatTable], places: list[int], names: dict[int, str]) -> tuple[Column, ...]:
    columns = []
    for place in places:
        if not 0 <= place < len(tensors):
            raise Broken(f"its signature names tensor {place:,}, and it has {len(tensors):,}")
        tensor = tensors[place]
        kind = tensor.number(1, "<b")
        dtype = _DTYPES[kind] if 0 <= kind < len(_DTYPES) else "unknown"
        sizes = tensor.numbers(7, _MOST_DIMENSIONS) or tensor.numbers(0, _MOST_DIMENSIONS)
        columns.append(Column(names.get(place) or tensor.text(3, _LONGEST_TEXT), dtype, tuple(sizes)))
    return tuple(columns)
