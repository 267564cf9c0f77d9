"""How a model of one format is written in another.

A converter takes the path and the request, and returns what it made.
"""

from __future__ import annotations

import hashlib
import io
import json
from functools import partial
from typing import Any, NamedTuple

from .graph_inputs import put_columns_before
from .loaders import ONNX_TYPES
from .model_openers import skops
from .model_process import guarded
from .model_rows import Failed, Rows, library
from .steady_skops import in_fixed_form

_NUMBERS = ("int", "uint", "float", "bool")
# What scikit-learn's trees use of it is in every version of ONNX Runtime; later operators are not.
_ML_OPSET = 3
_LONGEST_REASON = 200
_TRACED = "traced on the sample, whose way through its branches is all that is in it, as it can't be scripted"
_NAME = "model"  # of the graph; by default it is another each time
# Which output of ONNX's has become of XGBoost's prediction, by the objective, where there are several.
_PREDICTIONS = {
    "binary:logistic": "probabilities",
    "multi:softprob": "probabilities",
    "multi:softmax": "label",
}


class Made(NamedTuple):
    """What a converter made: the file's bytes; its inputs and outputs, where the format tells of them; types
    that whoever loads it must trust; each tensor's dtype, shape and SHA-256, where it holds weights alone; by
    the names of outputs before those of what they have become, where the converter knows; in `notes` what
    whoever takes it has to know."""

    data: bytes
    inputs: Any = None
    outputs: Any = None
    trusted_types: Any = ()
    tensors: Any = None
    counterparts: Any = ()
    notes: Any = ()


def pickle_to_onnx(path: str, request: dict[str, Any]) -> Made:
    return _onnx_of_estimator(_unpickled(path), request)


def skops_to_onnx(path: str, request: dict[str, Any]) -> Made:
    return _onnx_of_estimator(skops(path, request), request)


def pickle_to_skops(path: str, request: dict[str, Any]) -> Made:
    """https://skops.readthedocs.io/en/stable/persistence.html"""
    persistence = library("skops.io")
    data = in_fixed_form(persistence.dumps(_unpickled(path)))
    return Made(data, trusted_types=persistence.get_untrusted_types(data=data))


def _unpickled(path: str) -> Any:
    """https://joblib.readthedocs.io/en/stable/persistence.html: it reads pickles that are not its own too."""
    return guarded("load", lambda: library("joblib").load(path))


def _onnx_of_estimator(model: Any, request: dict[str, Any]) -> Made:
    """Convert with doubles where that gives a model that ONNX Runtime takes, else with floats.

    https://onnx.ai/sklearn-onnx/api_summary.html
    """
    skl2onnx, runtime = library("skl2onnx"), library("onnxruntime")
    rows = Rows(request)
    known: Any = getattr(model, "feature_names_in_", None)
    names = [] if known is None or rows.names is None else [str(name) for name in known]
    whole = _by_column(model, names) if names else model
    # Without the option, probabilities come as maps by label, which no tensor holds.
    options = {"zipmap": False} if hasattr(model, "predict_proba") else None

    def attempt(types: Any) -> Made:
        opsets = {"": skl2onnx.__max_supported_opset__, "ai.onnx.ml": _ML_OPSET}
        made = skl2onnx.convert_sklearn(
            whole, name=_NAME, initial_types=types, options=options, target_opset=opsets
        )
        return _made_onnx(made, runtime)

    failures = []
    for types in _column_types(rows, names) if names else _matrix_types(rows):
        try:
            made: Made = guarded("convert", partial(attempt, types))
        except Failed as failure:
            failures.append(failure)
        else:
            return made
    raise failures[0]


def _by_column(model: Any, names: list[str]) -> Any:
    """Return a model that knows its columns by name as one that skl2onnx takes so."""
    compose, pipeline = library("sklearn.compose"), library("sklearn.pipeline")
    first = model.steps[0][1] if isinstance(model, pipeline.Pipeline) else model
    if isinstance(first, compose.ColumnTransformer):
        return model
    table = library("pandas").DataFrame([[0.0] * len(names)], columns=names)
    columns = compose.ColumnTransformer([("columns", "passthrough", names)]).fit(table)
    return pipeline.Pipeline([("columns", columns), ("model", model)])


def _column_types(rows: Rows, names: list[str]) -> list[list[Any]]:
    """Return what the columns may be as inputs: all numbers alike, in double or single precision, else
    whole numbers apart."""
    order = rows.order(names)
    kinds = {name: _dtype(rows, place) for name, place in zip(names, order)}
    numeric = [kind for kind in kinds.values() if kind.startswith(_NUMBERS)]
    precise = ["float32"] if numeric and set(numeric) == {"float32"} else ["float64", "float32"]
    alike = [
        {name: float_ if kind.startswith(_NUMBERS) else kind for name, kind in kinds.items()}
        for float_ in precise
    ]
    apart = [
        {name: float_ if kind.startswith("float") else kind for name, kind in kinds.items()}
        for float_ in precise
    ]
    return [[(name, _tensor(kind, 1)) for name, kind in one.items()] for one in [*alike, *apart]]


def _matrix_types(rows: Rows) -> list[list[Any]]:
    width = len(rows.cells[0])
    kinds = {_dtype(rows, place) for place in range(width)}
    if kinds == {"string"}:
        return [[("X", _tensor("string", width))]]
    if not all(kind.startswith(_NUMBERS) for kind in kinds):
        raise Failed("convert", "texts and numbers in one array can't be written as ONNX; fit it on a table")
    precise = ["float32"] if kinds == {"float32"} else ["float64", "float32"]
    return [[("X", _tensor(kind, width))] for kind in precise]


def _dtype(rows: Rows, place: int) -> str:
    """Return a column's dtype: the signature's, else that of its cells."""
    name = rows.names[place] if rows.names else ""
    told = next((str(one["dtype"]) for one in rows.inputs if one["name"] == name), "")
    if told:
        return told
    found = {type(row[place]) for row in rows.cells if row[place] is not None}
    if str in found:
        return "string"
    if found == {bool}:
        return "bool"
    return "int64" if found == {int} else "float64"


def _tensor(dtype: str, width: int) -> Any:
    types = library("skl2onnx.common.data_types")
    made = {
        "float32": types.FloatTensorType,
        "float64": types.DoubleTensorType,
        "bool": types.BooleanTensorType,
        "string": types.StringTensorType,
        "int32": types.Int32TensorType,
    }.get(dtype, types.Int64TensorType)
    return made([None, width])


def _made_onnx(model: Any, runtime: Any) -> Made:
    """Return an ONNX model whose rows may be as many as one likes. Raises for one that can't be run."""
    for end in (*model.graph.input, *model.graph.output):
        shape = end.type.tensor_type.shape
        if len(shape.dim):
            shape.dim[0].Clear()
            shape.dim[0].dim_param = "rows"
    # Converters keep these in a set, whose order is another one in each process.
    model.opset_import.sort(key=lambda one: str(one.domain))
    data = model.SerializeToString(deterministic=True)
    session = runtime.InferenceSession(data, providers=["CPUExecutionProvider"])
    inputs, outputs = _described(session.get_inputs()), _described(session.get_outputs())
    return Made(data, inputs=inputs, outputs=outputs)


def _described(ends: Any) -> list[dict[str, Any]]:
    described = []
    for end in ends:
        kind = end.type.partition("(")[2].rstrip(")")
        shape = [size if isinstance(size, int) else -1 for size in end.shape or ()]
        described.append({"name": end.name, "dtype": ONNX_TYPES.get(kind, kind), "shape": shape})
    return described


def xgboost_to_onnx(path: str, request: dict[str, Any]) -> Made:
    """https://github.com/onnx/onnxmltools"""
    booster = library("xgboost").Booster(model_file=path)
    # The converter knows columns by their numbers alone.
    names, booster.feature_names = booster.feature_names, None
    tools, runtime = library("onnxmltools"), library("onnxruntime")
    inputs = [("X", _float_matrix(booster.num_features()))]
    made = tools.convert_xgboost(booster, name=_NAME, initial_types=inputs)
    objective = json.loads(booster.save_config())["learner"]["objective"]["name"]
    if objective == "multi:softmax":  # what is called probabilities are the sums of the trees then
        kept = [one for one in made.graph.output if one.name != "probabilities"]
        del made.graph.output[:]
        made.graph.output.extend(kept)
    prediction = _PREDICTIONS.get(objective)
    _keep_columns(made, names, booster.num_features(), request)
    return _made_onnx(made, runtime)._replace(counterparts={"prediction": prediction} if prediction else {})


def lightgbm_to_onnx(path: str, request: dict[str, Any]) -> Made:
    """https://github.com/onnx/onnxmltools"""
    booster = library("lightgbm").Booster(model_file=path)
    tools, runtime = library("onnxmltools"), library("onnxruntime")
    inputs = [("X", _float_matrix(booster.num_feature()))]
    made = tools.convert_lightgbm(booster, name=_NAME, initial_types=inputs, zipmap=False)
    _keep_columns(made, booster.feature_name(), booster.num_feature(), request)
    return _made_onnx(made, runtime)


def _float_matrix(width: int) -> Any:
    return library("onnxmltools.convert.common.data_types").FloatTensorType([None, width])


def _keep_columns(made: Any, wanted: Any, width: int, request: dict[str, Any]) -> None:
    """Give a graph the inputs by which callers know the columns, in the dtypes and ranks of the signature,
    in the model's order; rows without names go on as one matrix."""
    rows = Rows(request)
    order = rows.order(wanted)
    if rows.names is None or len(order) != width or isinstance(rows.cells[0][order[0]], list):
        return
    shapes = {one["name"]: one.get("shape") for one in rows.inputs}
    columns = []
    for place in order:
        dtype = _dtype(rows, place)
        is_whole = dtype.startswith(_NUMBERS) and not dtype.startswith("float")
        if is_whole and any(row[place] is None for row in rows.cells):
            dtype = "float64"  # whole numbers have no word for a cell that is empty
        name = str(rows.names[place])
        columns.append((name, dtype, 2 if len(shapes.get(name) or ()) > 1 else 1))
    put_columns_before(made, columns)


def pytorch_to_torchscript(path: str, request: dict[str, Any]) -> Made:
    """Script, for that keeps every branch; trace what can't be scripted, or doesn't run then.

    https://docs.pytorch.org/docs/stable/generated/torch.jit.script.html,
    https://docs.pytorch.org/docs/stable/generated/torch.jit.trace.html
    """
    torch = library("torch")
    module = torch.load(path, map_location="cpu", weights_only=False)
    if not isinstance(module, torch.nn.Module):
        raise Failed("format", f"it holds no module, but a {type(module).__name__}, such as weights")
    rows = Rows(request)
    several = rows.tensors()
    arrays = [rows.single()] if several is None else list(several.values())
    tensors = tuple(torch.from_numpy(one) for one in arrays)
    module.eval()
    notes = []
    with torch.no_grad():
        try:
            made = torch.jit.script(module)
            made(*tensors)
        except MemoryError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever its compiler says, or the module itself
            said = " ".join(str(error).split())[:_LONGEST_REASON] or type(error).__name__
            notes.append(f"{_TRACED}: {said}")
            made = torch.jit.trace(module, tensors)
    written = io.BytesIO()
    torch.jit.save(made, written)
    return Made(written.getvalue(), notes=notes)


def pytorch_to_safetensors(path: str, request: dict[str, Any]) -> Made:
    """https://huggingface.co/docs/safetensors/api/torch"""
    torch, written = library("torch"), library("safetensors.torch")
    try:
        held = guarded("load", lambda: torch.load(path, map_location="cpu", weights_only=True))
    except Failed:
        if not request["trust"]:
            raise Failed("trust", "it holds more than weights, and is unpickled") from None
        held = torch.load(path, map_location="cpu", weights_only=False)
    weights = held.state_dict() if isinstance(held, torch.nn.Module) else held
    if not isinstance(weights, dict) or not weights:
        raise Failed("format", f"it holds no weights by name, but a {type(weights).__name__}")
    other = [str(name) for name, value in weights.items() if not isinstance(value, torch.Tensor)]
    if other:
        raise Failed("format", f"not every entry is a tensor: {', '.join(other[:8])}; save the weights alone")
    # Tensors that share memory, which the format has no word for, are written each for itself.
    tensors = {str(name): value.detach().clone().contiguous() for name, value in weights.items()}
    return Made(written.save(tensors), tensors={name: _digest(one) for name, one in tensors.items()})


def _digest(tensor: Any) -> dict[str, Any]:
    torch = library("torch")
    data = tensor.reshape(-1).view(torch.uint8) if tensor.numel() else tensor.reshape(-1)
    return {
        "dtype": str(tensor.dtype).rpartition(".")[2],
        "shape": list(tensor.shape),
        "sha256": hashlib.sha256(data.numpy().tobytes()).hexdigest(),
    }


# By source and target: what converts, and the libraries whose versions are told, the converter first.
CONVERTERS = {
    ("joblib", "onnx"): (pickle_to_onnx, ("skl2onnx", "onnx", "sklearn")),
    ("pickle", "onnx"): (pickle_to_onnx, ("skl2onnx", "onnx", "sklearn")),
    ("skops", "onnx"): (skops_to_onnx, ("skl2onnx", "onnx", "skops", "sklearn")),
    ("joblib", "skops"): (pickle_to_skops, ("skops", "sklearn")),
    ("pickle", "skops"): (pickle_to_skops, ("skops", "sklearn")),
    ("xgboost-json", "onnx"): (xgboost_to_onnx, ("onnxmltools", "onnx", "xgboost")),
    ("xgboost-ubj", "onnx"): (xgboost_to_onnx, ("onnxmltools", "onnx", "xgboost")),
    ("lightgbm-text", "onnx"): (lightgbm_to_onnx, ("onnxmltools", "onnx", "lightgbm")),
    ("pytorch", "torchscript"): (pytorch_to_torchscript, ("torch",)),
    ("pytorch", "safetensors"): (pytorch_to_safetensors, ("safetensors", "torch")),
}
