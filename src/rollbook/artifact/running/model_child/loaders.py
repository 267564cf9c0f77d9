"""How a model of each format is opened, and how it is then asked.

What asks takes the model and the request, and returns what prepares the rows; that returns what is called
to get the outputs, each a name and a value.
"""

from __future__ import annotations

from typing import Any

from . import model_openers as openers
from .model_rows import Failed, Rows, library, shaped

# ONNX's names for the types of elements, where NumPy has others.
ONNX_TYPES = {"float": "float32", "double": "float64", "string": "object"}


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


def xgboost_booster(booster: Any, request: dict[str, Any]) -> Any:
    """Return how a booster of XGBoost's is asked."""
    xgb = library("xgboost")
    rows = Rows(request)

    def prepare() -> Any:
        names = booster.feature_names
        data = xgb.DMatrix(rows.matrix("float32", names), feature_names=names)
        return lambda: [("prediction", booster.predict(data))]

    return prepare


def lightgbm_booster(booster: Any, request: dict[str, Any]) -> Any:
    """Return how a booster of LightGBM's is asked."""
    rows = Rows(request)

    def prepare() -> Any:
        data = rows.matrix("float64", booster.feature_name())
        return lambda: [("prediction", booster.predict(data))]

    return prepare


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


def unpickled_module(model: Any, request: dict[str, Any]) -> Any:
    """Return how what PyTorch unpickled is asked."""
    if not isinstance(model, library("torch").nn.Module):
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


def keras_model(model: Any, request: dict[str, Any]) -> Any:
    """Return how a model of Keras' is asked."""
    rows = Rows(request)

    def prepare() -> Any:
        several = rows.tensors()
        data = rows.single() if several is None else several
        return lambda: named(model(data, training=False))

    return prepare


def saved_model(loaded: Any, request: dict[str, Any]) -> Any:
    """Return how a SavedModel of TensorFlow's is asked."""
    tensorflow = library("tensorflow")
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


# By the format: what opens a model, how it is then asked (None: it only can be opened), and the library.
LOADERS: dict[str, tuple[Any, Any, str]] = {
    "onnx": (openers.onnx, onnx_session, "onnxruntime"),
    "skops": (openers.skops, estimator, "skops"),
    "joblib": (openers.joblib, estimator, "joblib"),
    "pickle": (openers.pickled, estimator, ""),
    "xgboost-json": (openers.xgboost, xgboost_booster, "xgboost"),
    "xgboost-ubj": (openers.xgboost, xgboost_booster, "xgboost"),
    "lightgbm-text": (openers.lightgbm, lightgbm_booster, "lightgbm"),
    "catboost": (openers.catboost, catboost_model, "catboost"),
    "torchscript": (openers.torchscript, torch_module, "torch"),
    "torch-export": (openers.torch_export, torch_module, "torch"),
    "pytorch": (openers.pytorch, unpickled_module, "torch"),
    "safetensors": (openers.safetensors, None, "safetensors"),
    "hugging-face": (openers.transformers, None, "transformers"),
    "keras": (openers.keras, keras_model, "keras"),
    "tf-saved-model": (openers.saved_model, saved_model, "tensorflow"),
    "mlflow-model": (openers.mlflow_model, mlflow_function, "mlflow"),
}
