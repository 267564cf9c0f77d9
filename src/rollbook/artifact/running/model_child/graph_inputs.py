"""The inputs of an ONNX graph: one for each column, where it took one matrix of them all."""

from __future__ import annotations

from typing import Any

from .model_rows import Failed, library

_ELEMENTS = {"float32": "FLOAT", "float64": "DOUBLE"}  # others are called as the dtype is
_OPSET = 9  # has what is put in front, and every ONNX Runtime takes it


def put_columns_before(model: Any, columns: list[tuple[str, str]]) -> None:
    """Give a model an input for each column, a name and a dtype, in place of its matrix of floats.

    https://onnx.ai/onnx/operators/onnx__Concat.html, https://onnx.ai/onnx/operators/onnx__Cast.html. Raises
    Failed for a column that is called as something else in the graph is.
    """
    helper, elements, graph = library("onnx.helper"), library("onnx").TensorProto, model.graph
    (matrix,) = graph.input
    inner = {name for node in graph.node for name in (*node.input, *node.output)}
    inner |= {one.name for one in graph.initializer}
    names = [name for name, _ in columns]
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
    floats, casts = [], []
    for name, dtype in columns:
        element = getattr(elements, _ELEMENTS.get(dtype, dtype.upper()), elements.FLOAT)
        graph.input.append(helper.make_tensor_value_info(name, element, [None, 1]))
        floats.append(name)
        if element != elements.FLOAT:
            floats[-1] = _free(f"{name} as float", taken)
            casts.append(helper.make_node("Cast", [name], floats[-1:], name=floats[-1], to=elements.FLOAT))
    before = [*casts, helper.make_node("Concat", floats, [whole], name=whole, axis=1), *graph.node]
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
