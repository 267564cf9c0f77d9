"""What an ONNX model says of itself: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.

Its protocol buffer is walked field by field: the bytes of weights are passed over, so that a model of many
gigabytes is read in kilobytes.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rollbook.artifact.formats.byte_cursor import ByteCursor
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.formats.folder_detection import ONNX_SUFFIX
from rollbook.artifact.formats.onnx_attributes import LISTED, pass_values
from rollbook.artifact.formats.onnx_tensors import ExternalFile, OnnxTensor, read_tensor, require_inside
from rollbook.artifact.formats.onnx_types import read_column
from rollbook.artifact.formats.protobuf import protobuf_fields

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rollbook.artifact.formats.artifact_bytes import ArtifactBytes
    from rollbook.artifact.formats.contents import Fact
    from rollbook.artifact.formats.protobuf import ProtobufField
    from rollbook.records.signature import Column

_MOST_FIELDS = 1_000_000  # of the model and its graph
_MOST_INSIDE = 1_000_000  # more, of what stands in the graph's nodes
_MOST_PASSED = 128 << 20  # bytes of attributes' values
_MOST_NAMES = 16 << 20  # characters of all tensors' names, with something for each
_MOST_METADATA = 50
_MOST_WORDS = 1_000  # operators, and domains of them
_LONGEST_WORD = 100
_DEEPEST = 32  # graphs in graphs; a protocol buffer's own readers end at 100 messages, three for each
# What ONNX itself defines: https://github.com/onnx/onnx/blob/main/docs/Operators.md
_STANDARD = frozenset(
    ["", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training"]
)


def onnx_model(artifact: ArtifactBytes) -> str:
    """Return the path of the model in an artifact: the one `.onnx` at a folder's root. Raises Broken."""
    if not artifact.is_folder:
        return artifact.name
    models = [path for path in artifact.files if "/" not in path and path.lower().endswith(ONNX_SUFFIX)]
    if len(models) != 1:
        raise Broken(f"at its root are {len(models)} files named *{ONNX_SUFFIX}, where one is due")
    return models[0]


def read(artifact: ArtifactBytes) -> Contents:
    """Read a model: its versions, its inputs and outputs, what it is made of, and where its weights are.

    Raises Broken for what is no whole model, and where weights in other files would be outside of the
    artifact, or are not all there.
    """
    path = onnx_model(artifact)
    with artifact.open(path) as file:
        model = _Model()
        model.read(ByteCursor(file, artifact.size(path)))
    require_inside(model.graph.external.values(), artifact)
    return Contents(
        model.facts(),
        {"name": model.texts.get("producer", ""), "version": model.texts.get("producer_version", "")},
        tuple(column for column in model.graph.inputs if column.name not in model.graph.initializers),
        tuple(model.graph.outputs),
        remarks=tuple(model.remarks(artifact)),
    )


@dataclass
class _Graph:
    """What was read of the graph so far, with the graphs in its nodes: `left` is how many more fields of
    these may be read."""

    inputs: list[Column] = field(default_factory=list)
    outputs: list[Column] = field(default_factory=list)
    initializers: set[str] = field(default_factory=set)
    external: dict[str, ExternalFile] = field(default_factory=dict)
    operators: Counter[str] = field(default_factory=Counter)
    name: str = ""
    nodes: int = 0
    parameters: int = 0
    names: int = 0
    left: int = _MOST_INSIDE
    passed: int = 0

    def read(self, graph: ByteCursor) -> None:
        for part in protobuf_fields(graph, _MOST_FIELDS):
            if part.number == 1:
                self.nodes += 1
                self._node(part.message(), 1)
            elif part.number == 2:
                self.name = part.text()
            elif part.number in (5, 15):
                self._initializer(part, is_outermost=True)
            elif part.number in (11, 12):
                column = read_column(part.message())
                self._count(column.name)
                (self.inputs if part.number == 11 else self.outputs).append(column)

    def _initializer(self, part: ProtobufField, *, is_outermost: bool) -> None:
        body = part.message()
        if part.number == 15:  # a sparse tensor: its values, and their indices
            found = [
                read_tensor(part.message()) for part in protobuf_fields(body, 100) if part.number in (1, 2)
            ]
        else:
            found = [read_tensor(body)]
        self._take(found[0] if found else OnnxTensor(), is_outermost=is_outermost)
        for tensor in found[1:]:
            self._keep_place(tensor)

    def _take(self, tensor: OnnxTensor, *, is_outermost: bool) -> None:
        self.parameters += math.prod(tensor.shape)
        self._keep_place(tensor)
        if is_outermost:
            self._count(tensor.name)
            self.initializers.add(tensor.name)

    def _keep_place(self, tensor: OnnxTensor) -> None:
        if tensor.external is not None:
            known = self.external.get(tensor.external.location)
            self._count(tensor.external.location if known is None else "")
            self.external[tensor.external.location] = tensor.external.with_end_of(known)

    def _count(self, name: str) -> None:
        self.names += len(name) + 50
        if self.names > _MOST_NAMES:
            raise Broken(f"the names of its tensors have more than {_MOST_NAMES:,} characters")

    def _fields(self, message: ByteCursor) -> Iterator[ProtobufField]:
        """Yield the fields of what stands in a node, until there were too many of all."""
        if self.left > 0:
            for part in protobuf_fields(message, _MOST_FIELDS):
                yield part
                self.left -= 1
                if self.left <= 0:
                    return

    def _node(self, node: ByteCursor, depth: int) -> None:
        """Count a node's operator, and look for weights in its attributes."""
        operator = domain = ""
        for part in self._fields(node):
            if part.number == 4:
                operator = part.text()
            elif part.number == 7:
                domain = part.text()
            elif part.number == 5:
                self._attribute(part.message(), depth)
        shown = (operator if domain in _STANDARD else f"{domain}.{operator}")[:_LONGEST_WORD]
        if operator and (shown in self.operators or len(self.operators) < _MOST_WORDS):
            self.operators[shown] += 1

    def _attribute(self, attribute: ByteCursor, depth: int) -> None:
        for part in self._fields(attribute):
            if part.number in LISTED:
                self.passed += pass_values(attribute, _MOST_PASSED - self.passed)
            elif part.number in (5, 10):
                self._keep_place(read_tensor(part.message()))
            elif part.number in (6, 11):
                self._inner_graph(part.message(), depth + 1)

    def _inner_graph(self, graph: ByteCursor, depth: int) -> None:
        if depth > _DEEPEST:
            raise Broken(f"its graphs stand in one another, {depth} deep")
        for part in self._fields(graph):
            if part.number == 1:
                self.nodes += 1
                self._node(part.message(), depth)
            elif part.number in (5, 15):
                self._initializer(part, is_outermost=False)


@dataclass
class _Model:
    numbers: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    opset: dict[str, int] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    own_domains: set[str] = field(default_factory=set)
    graph: _Graph = field(default_factory=_Graph)
    functions: int = 0
    has_graph: bool = False

    def read(self, model: ByteCursor) -> None:
        texts = {2: "producer", 3: "producer_version", 4: "domain"}
        messages: dict[int, Callable[[ByteCursor], None]] = {
            7: self._main_graph,
            8: self._operator_set,
            14: self._property,
            25: self._function,
        }
        for part in protobuf_fields(model, _MOST_FIELDS):
            if part.number in (1, 5):
                self.numbers["ir_version" if part.number == 1 else "model_version"] = part.value
            elif part.number in texts:
                self.texts[texts[part.number]] = part.text()
            elif part.number in messages:
                messages[part.number](part.message())
        if not self.numbers.get("ir_version") or not self.has_graph or not self.opset:
            raise Broken("it is no whole ONNX model: an IR version, a graph or an operator set is missing")

    def _main_graph(self, graph: ByteCursor) -> None:
        if self.has_graph:
            raise Broken("it has two graphs")
        self.has_graph = True
        self.graph.read(graph)

    def _operator_set(self, body: ByteCursor) -> None:
        domain, version = "", 0
        for part in protobuf_fields(body, 100):
            if part.number == 1:
                domain = part.text()[:_LONGEST_WORD]
            elif part.number == 2:
                version = part.value
        if len(self.opset) < _MOST_WORDS:
            self.opset[domain or "ai.onnx"] = version

    def _property(self, body: ByteCursor) -> None:
        """Keep an entry of the metadata. A long value, such as a whole vocabulary, is told by its size."""
        key = value = ""
        for part in protobuf_fields(body, 100):
            text = part.message()
            if part.number == 1:
                key = part.text()
            elif part.number == 2:
                value = part.text() if text.left < 10_000 else f"{text.left:,} bytes"
        if len(self.metadata) <= _MOST_METADATA:
            self.metadata[key[:200]] = value[:200]

    def _function(self, body: ByteCursor) -> None:
        self.functions += 1
        for part in protobuf_fields(body, _MOST_FIELDS):
            if part.number == 10 and len(self.own_domains) < _MOST_WORDS:
                self.own_domains.add(part.text()[:_LONGEST_WORD])

    def facts(self) -> dict[str, Fact]:
        graph = self.graph
        return {
            "ir_version": self.numbers["ir_version"],
            "opset": {**dict(sorted(self.opset.items()))},
            **{name: text for name, text in self.texts.items() if text},
            **({"model_version": version} if (version := self.numbers.get("model_version")) else {}),
            "graph": graph.name,
            "nodes": graph.nodes,
            "operators": dict(graph.operators.most_common(30)),
            "initializers": len(graph.initializers),
            "parameters": graph.parameters,
            **({"functions": self.functions} if self.functions else {}),
            **({"metadata": {**self.metadata}} if self.metadata else {}),
            **({"external_data": sorted(graph.external)} if graph.external else {}),
        }

    def remarks(self, artifact: ArtifactBytes) -> Iterator[str]:
        graph = self.graph
        foreign = sorted({*self.opset} - _STANDARD - self.own_domains)
        if foreign:
            yield (
                f"It uses operators that ONNX does not define, of {', '.join(foreign[:10])}: what runs it has"
                " to bring them along."
            )
        if graph.external and not artifact.is_folder:
            yield (
                f"Its weights stand in other files ({', '.join(sorted(graph.external)[:3])}), which are no"
                " part of the artifact: it can't be loaded without them. Register the folder of all of them."
            )
        if graph.left <= 0:
            yield "It has so many nodes that not all of them were looked into for weights in other files."
