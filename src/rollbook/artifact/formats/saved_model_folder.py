"""What a folder of TensorFlow's SavedModel says of itself: https://www.tensorflow.org/guide/saved_model.

Its `saved_model.pb` is a message of `tensorflow/core/protobuf/saved_model.proto` and `meta_graph.proto`; the
weights are a checkpoint in `variables/`.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.artifact.formats.byte_cursor import ByteCursor
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.formats.protobuf import ProtobufField, protobuf_fields
from rollbook.records.dtypes import DTYPES
from rollbook.records.signature import Column

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact

_GRAPH = "saved_model.pb"
_MOST_FIELDS = 1_000_000  # of a message
_MOST_PARTS = 10_000  # of a message that no model repeats as often as that
_MOST_GRAPHS = 20
_MOST_OPERATORS = 5_000  # that differ; TensorFlow has 1,500
_MOST_COLUMNS = 20_000  # of all signatures of a graph
_LONGEST_NAME = 1_000  # bytes
_DEFAULT_SIGNATURE = "serving_default"
_NO_SIGNATURE = "__saved_model_init_op"
_DTYPES = {dtype.tensorflow: dtype.name for dtype in DTYPES if dtype.tensorflow}
_REFERENCE = 100  # a type that refers to another one, by that many more
# What does more than compute, and stands in no model for its own sake: a checkpoint's own operators do not.
_OF_NOTE = re.compile(
    r"(Eager)?PyFunc(Stateless)?|Print(V2)?|RemoteCall|RpcCall|TryRpcCall|ImmutableConst"
    r"|(Read|Write)File|MatchingFiles|(WholeFile|FixedLengthRecord|TextLine|TFRecord|LMDB)Reader(V2)?"
    r"|(Experimental)?(CSV|Sql|LMDB|TextLine|TFRecord|FixedLengthRecord|MatchingFiles)Dataset(V2)?"
    r"|(Save|Load)Dataset(V2)?|DatasetToTFRecord|Experimental\w*ToTFRecord|DataServiceDataset(V\d)?"
    r"|Create\w*SummaryFileWriter|InitializeTableFromTextFile(V2)?|InitializeTableFromDataset|Debug\w+|DumpTensor"
)
_SHARD = re.compile(r"variables/variables\.data-([0-9]{5})-of-([0-9]{5})")


@dataclass(slots=True)
class _Graph:
    """What is told of one of the graphs; they differ in their tags."""

    tags: list[str] = field(default_factory=list)
    version: str = ""
    operators: Counter[str] = field(default_factory=Counter)
    signatures: dict[str, _Signature] = field(default_factory=dict)


@dataclass(slots=True)
class _Signature:
    inputs: list[Column] = field(default_factory=list)
    outputs: list[Column] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{', '.join(map(_shown, self.inputs))} -> {', '.join(map(_shown, self.outputs))}"


def read(artifact: ArtifactBytes) -> Contents:
    """Read the signatures, operators and weights' files. Raises Broken where the graph is cut off, or a shard
    of the weights is missing."""
    variables = _variables(artifact)
    if _GRAPH not in artifact.files:
        remark = f"Only {_GRAPH} is read; its graph is text, in saved_model.pbtxt."
        return Contents({**variables}, {"name": "tensorflow"}, remarks=(remark,))
    with artifact.open(_GRAPH) as file:
        graphs = [*_graphs(ByteCursor(file, artifact.size(_GRAPH)))]
    if not graphs:
        raise Broken(f"{_GRAPH} has no graph")
    graph = next((each for each in graphs if "serve" in each.tags), graphs[0])
    names = sorted(name for name in graph.signatures if name != _NO_SIGNATURE)
    chosen = _DEFAULT_SIGNATURE if _DEFAULT_SIGNATURE in names else next(iter(names), "")
    operators = sum((each.operators for each in graphs), Counter[str]())
    notable = {name: operators[name] for name in sorted(operators) if _OF_NOTE.fullmatch(name) or ">" in name}
    facts: dict[str, Fact] = {
        "tags": [*graph.tags],
        **({"graphs": len(graphs)} if len(graphs) > 1 else {}),
        "signatures": {name: str(graph.signatures[name]) for name in names},
        **({"signature": chosen} if chosen else {}),
        "operators": sum(graph.operators.values()),
        **({"ops_of_note": {**notable}} if notable else {}),
        **variables,
        "assets": sum(name.startswith("assets/") for name in artifact.files),
    }
    framework = {"name": "tensorflow", **({"version": graph.version} if graph.version else {})}
    signature = graph.signatures.get(chosen)
    return Contents(
        facts,
        framework,
        tuple(signature.inputs) if signature else None,
        tuple(signature.outputs) if signature else None,
        remarks=tuple(_remarks(graph, names, notable, variables)),
    )


def _remarks(
    graph: _Graph, names: list[str], notable: dict[str, int], variables: dict[str, int]
) -> Iterator[str]:
    if notable:
        yield f"Running it can do more than compute, by the operators {', '.join([*notable][:10])}."
    if not names:
        yield "It has no signature."
    if graph.operators["VarHandleOp"] and not variables:
        yield "Its graph has variables, and the folder has no variables/."


def _variables(artifact: ArtifactBytes) -> dict[str, int]:
    """Count the shards of the weights and their bytes. Raises Broken unless all and their index are there."""
    shards = [shard for name in artifact.files if (shard := _SHARD.fullmatch(name))]
    is_indexed = "variables/variables.index" in artifact.files
    if not shards and not is_indexed:
        return {}
    counts = {int(shard[2]) for shard in shards}
    if len(counts) != 1 or {int(shard[1]) for shard in shards} != {*range(len(shards))}:
        raise Broken(f"its weights are in shards of which some are missing: {len(shards)} are there")
    if counts != {len(shards)}:
        raise Broken(f"its weights are in {counts.pop()} shards, and {len(shards)} are there")
    if not is_indexed:
        raise Broken("its weights have no index, variables/variables.index")
    size = sum(artifact.size(shard[0]) for shard in shards)
    return {"variable_shards": len(shards), "variable_bytes": size}


def _graphs(message: ByteCursor) -> Iterator[_Graph]:
    for part in protobuf_fields(message, _MOST_GRAPHS):
        if part.number == 2:
            yield _graph(part.message())


def _graph(message: ByteCursor) -> _Graph:
    """Read a MetaGraphDef."""
    graph = _Graph()
    columns = 0
    for part in protobuf_fields(message, _MOST_PARTS):
        if part.number == 1:
            for told in protobuf_fields(part.message(), _MOST_PARTS):
                if told.number == 4:
                    graph.tags.append(_name(told))
                elif told.number == 5:
                    graph.version = _name(told)
        elif part.number == 2:
            for operator in _operators(part.message()):
                graph.operators[operator] += 1
                if len(graph.operators) > _MOST_OPERATORS:
                    raise Broken(f"its graph has more than {_MOST_OPERATORS:,} kinds of operators")
        elif part.number == 5:
            name, signature = _entry(part)
            graph.signatures[name] = _signature(signature)
            columns += len(graph.signatures[name].inputs) + len(graph.signatures[name].outputs)
            if columns > _MOST_COLUMNS:
                raise Broken(f"its signatures have more than {_MOST_COLUMNS:,} inputs and outputs")
    return graph


def _operators(message: ByteCursor) -> Iterator[str]:
    """Yield the operator of each node of a GraphDef: of the graph itself, and of the functions beside it."""
    for part in protobuf_fields(message, _MOST_FIELDS):
        if part.number == 1:
            yield _operator(part.message())
        elif part.number == 2:
            for function in protobuf_fields(part.message(), _MOST_FIELDS):
                if function.number == 1:
                    nodes = protobuf_fields(function.message(), _MOST_FIELDS)
                    yield from (_operator(node.message()) for node in nodes if node.number == 3)


def _operator(message: ByteCursor) -> str:
    for part in protobuf_fields(message, _MOST_PARTS):
        if part.number == 2:
            return _name(part)
    return ""


def _name(part: ProtobufField) -> str:
    if part.message().left > _LONGEST_NAME:
        raise Broken(f"a name in {_GRAPH} has {part.message().left:,} bytes")
    return part.text()


def _entry(entry: ProtobufField) -> tuple[str, ByteCursor]:
    """Return an entry of a map: its key, and the message that is its value."""
    key, value = "", None
    for part in protobuf_fields(entry.message(), _MOST_PARTS):
        if part.number == 1:
            key = _name(part)
        elif part.number == 2:
            value = part.message()
    if value is None:
        raise Broken(f"{key[:80]!r} has no value in {_GRAPH}")
    return key, value


def _signature(message: ByteCursor) -> _Signature:
    signature = _Signature()
    for part in protobuf_fields(message, _MOST_PARTS):
        if part.number in (1, 2):
            name, tensor = _entry(part)
            (signature.inputs if part.number == 1 else signature.outputs).append(_column(name, tensor))
    signature.inputs.sort(key=lambda column: column.name)  # a map has no order
    signature.outputs.sort(key=lambda column: column.name)
    return signature


def _column(name: str, message: ByteCursor) -> Column:
    """Read a TensorInfo."""
    dtype, shape = 0, None
    for part in protobuf_fields(message, _MOST_PARTS):
        if part.number == 2:
            dtype = part.value
        elif part.number == 3:
            shape = _shape(part.message())
    return Column(name, _DTYPES.get(dtype % _REFERENCE, "unknown"), shape)


def _shape(message: ByteCursor) -> tuple[int, ...] | None:
    sizes: list[int] = []
    for part in protobuf_fields(message, _MOST_PARTS):
        if part.number == 2:
            told = [each.value for each in protobuf_fields(part.message(), _MOST_PARTS) if each.number == 1]
            size = told[-1] if told else 0
            sizes.append(-1 if size >> 63 else size)
        elif part.number == 3 and part.value:
            return None
    return tuple(sizes)


def _shown(column: Column) -> str:
    shape = "" if column.shape is None else str([*column.shape])
    return f"{column.name}: {column.dtype}{shape}"
