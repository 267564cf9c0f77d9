"""Which writer an object gets, and what is told of one that gets none."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from rollbook import BadCall, Refused
from rollbook.artifact.formats.detection import UNSAFE_FORMATS
from rollbook.propose.in_memory.model_parts import algorithm, libraries, of_this_session
from rollbook.propose.in_memory.writers import FAMILIES, choose_writer


def of(module: str, *bases: type) -> Any:
    """An object of a class from that module."""
    return type("Model", bases or (object,), {"__module__": module})()


@pytest.mark.parametrize(
    ("module", "form"),
    [
        ("sklearn.svm._classes", "skops"),
        ("xgboost.core", "xgboost-ubj"),
        ("lightgbm.sklearn", "lightgbm-text"),
        ("catboost.core", "catboost"),
        ("torch.nn.modules.container", "torchscript"),
        ("keras.src.models.sequential", "keras"),
        ("onnx.onnx_ml_pb2", "onnx"),
        ("transformers.models.bert.modeling_bert", "hugging-face"),
    ],
)
def test_the_library_is_told_by_the_class(module: str, form: str):
    assert choose_writer(of(module), None, None).format == form


def test_an_own_class_is_written_as_what_it_derives_from():
    base = type("Module", (), {"__module__": "torch.nn"})
    between = type("PreTrainedModel", (base,), {"__module__": "transformers"})
    assert choose_writer(of("__main__", base), None, None).library == "torch"
    assert choose_writer(of("__main__", between), None, None).library == "transformers"


def test_no_library_has_a_default_format_that_runs_code_when_it_is_loaded():
    defaults = {next(iter(family.writers)) for family in FAMILIES.values()}
    assert not defaults & (UNSAFE_FORMATS | {"torch-export", "mlflow-model"})


def test_another_format_is_had_by_asking_for_it():
    assert choose_writer(of("sklearn.svm"), "joblib", None).format == "joblib"
    assert choose_writer(of("xgboost.core"), "json", None).format == "xgboost-json"
    assert choose_writer(of("sklearn.svm"), None, "sklearn").format == "mlflow-model"


def test_a_format_that_the_library_has_not_is_refused_with_those_that_it_has():
    with pytest.raises(BadCall, match="isn't written as 'onnx'") as caught:
        choose_writer(of("sklearn.svm"), "onnx", None)
    assert "skops" in caught.value.hint


@pytest.mark.parametrize(
    ("module", "way"),
    [
        ("statsmodels.api", 'flavor="statsmodels"'),
        ("mlflow.pyfunc.model", 'flavor="pyfunc"'),
        ("__main__", "PythonModel"),
    ],
)
def test_an_unknown_object_is_refused_with_what_to_do(module: str, way: str):
    with pytest.raises(Refused, match="no safe format") as caught:
        choose_writer(of(module), None, None)
    assert way in caught.value.hint


def test_a_path_is_for_register():
    with pytest.raises(BadCall, match="not a path") as caught:
        choose_writer("model.onnx", None, None)
    assert "Registry.register" in caught.value.hint


def test_a_flavour_and_another_format_contradict_each_other():
    with pytest.raises(BadCall, match="flavour"):
        choose_writer(of("sklearn.svm"), "skops", "sklearn")


def test_the_algorithm_is_that_of_a_pipelines_last_step_with_what_is_set():
    name, settings = algorithm(make_pipeline(StandardScaler(), RandomForestClassifier(max_depth=3)))
    assert (name, settings["max_depth"]) == ("RandomForestClassifier", 3)
    assert "random_state" not in settings  # None, which sets nothing


def test_the_algorithm_of_a_search_is_that_of_the_best_estimator():
    search = GridSearchCV(LogisticRegression(), {"C": [1]})
    search.best_estimator_ = LogisticRegression(C=2.5)
    name, settings = algorithm(search)
    assert (name, settings["C"]) == ("LogisticRegression", 2.5)


def test_the_libraries_are_those_of_all_steps():
    step = type("Encoder", (StandardScaler,), {"__module__": "category_encoders.basen"})()
    assert {"sklearn", "category_encoders"} <= {*libraries(make_pipeline(step, LogisticRegression()))}


def test_classes_and_functions_of_the_running_session_are_named():
    def squared(values: Any) -> Any:
        return values**2

    squared.__module__ = "__main__"
    assert of_this_session(make_pipeline(FunctionTransformer(squared), LogisticRegression()))[0].endswith(
        "squared"
    )
    assert of_this_session(make_pipeline(StandardScaler(), LogisticRegression())) == ()
