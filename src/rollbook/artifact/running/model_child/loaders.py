"""How a model of each format is loaded and asked.

A loader takes the path and the request, and returns what prepares the rows; that returns what is called to
get the outputs, each a name and a value.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from .model_rows import Failed, Rows, library, shaped

# ONNX's names for the types of elements, where NumPy has others.
ONNX_TYPES = {"float": "float32", "double": "float64", "string": "object"}


def onnx(path: str, request: dict[str, Any]) -> Any:
    """https://onnxruntime.ai/docs/api/python/api_summary.html"""
    runtime = library("onnxruntime")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    session = runtime.InferenceSession(only_file(path, ".onnx"), options, providers=["CPUExecutionProvider"])
    return onnx_session(session, request)


def onnx_session(session: Any, request: dict[str, Any]) -> Any:
    """Return how a session of ONNX Runtime's is asked."""
    rows, outputs = Rows(request), [one.name for one in session.get_outputs()]

    def prepare() -> Any:
        feed = onnx_feed(rows, session.get_inputs())
        return lambda: list(zip(outputs, session.run(outputs, feed)))

    return prepare


def onnx_feed(rows: Rows, inputs: Any) -> dict[str, Any]:
    """Return the arrays by the names of the graph's inputs: each its column, or one all columns."""
    types = {one.name: one.type.partition("(")[2].rstrip(")") for one in inputs}
    dtypes = {name: ONNX_TYPES.get(kind, kind) for name, kind in types.items()}
    ranks = {one.name: len(one.shape or ()) for one in inputs}
    if len(inputs) == 1 and (rows.names is None or inputs[0].name not in rows.names):
        (name,) = dtypes
        return {name: shaped(rows.matrix(dtypes[name]), ranks[name])}
    order = rows.order(list(dtypes))
    return {name: shaped(rows.column(place, dtypes[name]), ranks[name]) for name, place in zip(dtypes, order)}


def only_file(path: str, suffix: str) -> str:
    """Return the file that a folder holds with that ending; the path itself where it is a file."""
    if not Path(path).is_dir():
        return path
    found = [str(file) for file in Path(path).rglob(f"*{suffix}")]
    if len(found) != 1:
        raise Failed("format", f"the folder holds {len(found)} files of the kind {suffix}; one is needed")
    return found[0]


def skops(path: str, request: dict[str, Any]) -> Any:
    return estimator(trusted_skops(path, request), request)


def trusted_skops(path: str, request: dict[str, Any]) -> Any:
    """Return what a file holds, unless it needs types that nobody trusts.

    https://skops.readthedocs.io/en/stable/persistence.html
    """
    persistence = library("skops.io")
    foreign = persistence.get_untrusted_types(file=path)
    given = foreign if request["trust"] else [name for name in foreign if name in request["trusted_types"]]
    if refused := [name for name in foreign if name not in given]:
        raise Failed("trust", f"it needs types that skops does not know: {', '.join(sorted(refused)[:8])}")
    return persistence.load(path, trusted=given)


def joblib(path: str, request: dict[str, Any]) -> Any:
    """https://joblib.readthedocs.io/en/stable/persistence.html"""
    return estimator(library("joblib").load(path), request)


def pickled(path: str, request: dict[str, Any]) -> Any:
    """https://docs.python.org/3/library/pickle.html"""
    with Path(path).open("rb") as file:
        model = pickle.load(file)  # noqa: S301 - only what is trusted comes here
    return estimator(model, request)


def estimator(model: Any, request: dict[str, Any]) -> Any:
    """Return how an object is asked that predicts as scikit-learn's do."""
    rows = Rows(request)
    if not hasattr(model, "predict"):
        raise Failed("model", f"what it holds can't predict: {type(model).__name__}")

    def prepare() -> Any:
        table = rows.table(getattr(model, "feature_names_in_", None))

        def answer() -> Any:
            found = [("prediction", model.predict(table))]
            if hasattr(model, "predict_proba"):
                found.append(("probabilities", model.predict_proba(table)))
            return found

        return answer

    return prepare


def xgboost(path: str, request: dict[str, Any]) -> Any:
    """https://xgboost.readthedocs.io/en/stable/python/python_api.html"""
    return xgboost_booster(library("xgboost").Booster(model_file=path), request)


def xgboost_booster(booster: Any, request: dict[str, Any]) -> Any:
    """Return how a booster of XGBoost's is asked."""
    xgb = library("xgboost")
    rows = Rows(request)

    def prepare() -> Any:
        names = booster.feature_names
        data = xgb.DMatrix(rows.matrix("float32", names), feature_names=names)
        return lambda: [("prediction", booster.predict(data))]

    return prepare


def lightgbm(path: str, request: dict[str, Any]) -> Any:
    """https://lightgbm.readthedocs.io/en/stable/Python-API.html"""
    return lightgbm_booster(library("lightgbm").Booster(model_file=path), request)


def lightgbm_booster(booster: Any, request: dict[str, Any]) -> Any:
    """Return how a booster of LightGBM's is asked."""
    rows = Rows(request)

    def prepare() -> Any:
        data = rows.matrix("float64", booster.feature_name())
        return lambda: [("prediction", booster.predict(data))]

    return prepare


def catboost(path: str, request: dict[str, Any]) -> Any:
    """https://catboost.ai/docs/en/concepts/python-reference_catboost_load_model"""
    return catboost_model(library("catboost").CatBoost().load_model(path, format="cbm"), request)


def catboost_model(model: Any, request: dict[str, Any]) -> Any:
    """Return how a model of CatBoost's is asked: for classes and their probabilities where it knows any."""
    rows = Rows(request)

    def prepare() -> Any:
        is_plain = not (model.get_cat_feature_indices() or model.get_text_feature_indices())
        data = rows.matrix("float64" if is_plain else "object", model.feature_names_)
        if len(model.classes_) == 0:
            return lambda: [("prediction", model.predict(data))]
        return lambda: [
            ("prediction", model.predict(data, prediction_type="Class")),
            ("probabilities", model.predict(data, prediction_type="Probability")),
        ]

    return prepare


def torchscript(path: str, request: dict[str, Any]) -> Any:
    """https://docs.pytorch.org/docs/stable/generated/torch.jit.load.html"""
    return torch_module(library("torch").jit.load(path, map_location="cpu").eval(), request)


def torch_export(path: str, request: dict[str, Any]) -> Any:
    """https://docs.pytorch.org/docs/stable/export.html"""
    library("torch")
    return torch_module(library("torch.export").load(path).module(), request)


def pytorch(path: str, request: dict[str, Any]) -> Any:
    """https://docs.pytorch.org/docs/stable/generated/torch.load.html"""
    torch = library("torch")
    model = torch.load(path, map_location="cpu", weights_only=False)
    if not isinstance(model, torch.nn.Module):
        raise Failed("format", f"it holds no module to run, but a {type(model).__name__}, such as weights")
    return torch_module(model.eval(), request)


def torch_module(module: Any, request: dict[str, Any]) -> Any:
    """Return how a module of PyTorch's is asked."""
    torch = library("torch")
    rows = Rows(request)

    def prepare() -> Any:
        several = rows.tensors()
        arrays = [rows.single()] if several is None else list(several.values())
        tensors = [torch.from_numpy(one) for one in arrays]

        def answer() -> Any:
            with torch.no_grad():
                return named(module(*tensors))

        return answer

    return prepare


def named(found: Any) -> Any:
    """Return what a model returned as pairs of a name and a value."""
    if isinstance(found, dict):
        return [(str(name), value) for name, value in found.items()]
    if isinstance(found, (list, tuple)):
        return [(f"output_{place}", value) for place, value in enumerate(found)]
    return [("output", found)]


def keras(path: str, request: dict[str, Any]) -> Any:
    """https://keras.io/api/models/model_saving_apis/"""
    model = library("keras").models.load_model(path, compile=False, safe_mode=not request["trust"])
    return keras_model(model, request)


def keras_model(model: Any, request: dict[str, Any]) -> Any:
    """Return how a model of Keras' is asked."""
    rows = Rows(request)

    def prepare() -> Any:
        several = rows.tensors()
        data = rows.single() if several is None else several
        return lambda: named(model(data, training=False))

    return prepare


def saved_model(path: str, request: dict[str, Any]) -> Any:
    """https://www.tensorflow.org/guide/saved_model"""
    tensorflow = library("tensorflow")
    loaded = tensorflow.saved_model.load(path)
    if "serving_default" not in loaded.signatures:
        raise Failed("model", "it has no signature `serving_default`")
    serve = loaded.signatures["serving_default"]
    rows = Rows(request)

    def prepare() -> Any:
        specs = serve.structured_input_signature[1]
        if len(specs) == 1 and (rows.names is None or next(iter(specs)) not in rows.names):
            arrays = {name: rows.matrix(one.dtype.name) for name, one in specs.items()}
        else:
            order = rows.order(list(specs))
            arrays = {name: rows.column(place, specs[name].dtype.name) for name, place in zip(specs, order)}
        feed = {
            name: tensorflow.constant(shaped(values, len(specs[name].shape or ())))
            for name, values in arrays.items()
        }
        return lambda: named(serve(**feed))

    return prepare


def mlflow_model(path: str, request: dict[str, Any]) -> Any:
    """https://mlflow.org/docs/latest/api_reference/python_api/mlflow.pyfunc.html"""
    library("mlflow")
    return mlflow_function(library("mlflow.pyfunc").load_model(path), request)


def mlflow_function(model: Any, request: dict[str, Any]) -> Any:
    """Return how a model is asked that MLflow loaded as a function of Python's."""
    rows = Rows(request)

    def prepare() -> Any:
        schema = model.metadata.get_input_schema()
        names = schema.input_names() if schema is not None and schema.has_input_names() else None
        if rows.names is None:
            data = rows.single()
        elif schema is not None and schema.is_tensor_spec():
            tensors = rows.tensors()
            data = rows.single() if tensors is None else tensors
        else:
            data = rows.frame(names)
            for column in schema.inputs if names else ():
                data[column.name] = data[column.name].astype(column.type.to_pandas())
        return lambda: named(model.predict(data))

    return prepare


LOADERS = {
    "onnx": (onnx, "onnxruntime"),
    "skops": (skops, "skops"),
    "joblib": (joblib, "joblib"),
    "pickle": (pickled, ""),
    "xgboost-json": (xgboost, "xgboost"),
    "xgboost-ubj": (xgboost, "xgboost"),
    "lightgbm-text": (lightgbm, "lightgbm"),
    "catboost": (catboost, "catboost"),
    "torchscript": (torchscript, "torch"),
    "torch-export": (torch_export, "torch"),
    "pytorch": (pytorch, "torch"),
    "keras": (keras, "keras"),
    "tf-saved-model": (saved_model, "tensorflow"),
    "mlflow-model": (mlflow_model, "mlflow"),
}
