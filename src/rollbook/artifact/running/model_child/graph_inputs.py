"""The inputs of an ONNX graph: one for each column, where it took one matrix of them all."""

from __future__ import annotations

from typing import Any

from .model_rows import Failed, library

_ELEMENTS = {"float32": "FLOAT", "float64": "DOUBLE"}  # others are called as the dtype is
_OPSET = 9  # has what is put in front, and every ONNX Runtime takes it


def put_columns_before(model: Any, columns: list[tuple[str, str, int]]) -> None:
    """Give a model an input for each column, by name, dtype and rank, 1 or 2, not one matrix.

    https://onnx.ai/onnx/operators/onnx__Concat.html, https://onnx.ai/onnx/operators/onnx__Cast.html,
    https://onnx.ai/onnx/operators/onnx__Reshape.html. Raises Failed for a column that is
    called as something else in the graph is.
    """
    helper, elements, graph = library("onnx.helper"), library("onnx").TensorProto, model.graph
    (matrix,) = graph.input
    inner = {name for node in graph.node for name in (*node.input, *node.output)}
    inner |= {one.name for one in graph.initializer}
    names = [name for name, _, _ in columns]
    if meant_twice := sorted((inner - {matrix.name}) & {*names}):
        raise Failed(
            "convert", f"its graph has an own meaning for {', '.join(meant_twice)}: rename the column"
        )
    taken = inner.union(names)
    whole = _free("columns", taken)
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name == matrix.name:
                node.input[place] = whole
    del graph.input[:]
    upright = _free("upright", taken)  # the shape of one column in a matrix
    shape = helper.make_tensor(upright, elements.INT64, [2], [-1, 1])
    parts, before = [], []
    if any(rank == 1 for _, _, rank in columns):
        before.append(helper.make_node("Constant", [], [upright], name=upright, value=shape))
    for name, dtype, rank in columns:
        element = getattr(elements, _ELEMENTS.get(dtype, dtype.upper()), elements.FLOAT)
        graph.input.append(helper.make_tensor_value_info(name, element, [None, 1][:rank]))
        part = name
        if element != elements.FLOAT:
            given, part = part, _free(f"{name} as float", taken)
            before.append(helper.make_node("Cast", [given], [part], name=part, to=elements.FLOAT))
        if rank == 1:
            given, part = part, _free(f"{name} upright", taken)
            before.append(helper.make_node("Reshape", [given, upright], [part], name=part))
        parts.append(part)
    before += [helper.make_node("Concat", parts, [whole], name=whole, axis=1), *graph.node]
    del graph.node[:]
    graph.node.extend(before)
    if not any(one.domain in ("", "ai.onnx") for one in model.opset_import):
        model.opset_import.append(helper.make_opsetid("", _OPSET))
    library("onnx.checker").check_model(model)


def _free(name: str, taken: set[str]) -> str:
    """Return the name, longer where it is taken, and take it."""
    while name in taken:
        name += "_"
    taken.add(name)
    return name
