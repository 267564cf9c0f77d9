"""Which writer an object gets, and what is told of one that gets none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from building.model_files import safetensors, tensor
from rollbook import BadCall, Refused
from rollbook.artifact.formats.detection import UNSAFE_FORMATS, detect_format
from rollbook.artifact.running.model_run import Rows, run_model
from rollbook.propose.in_memory.asked_outputs import asked_outputs
from rollbook.propose.in_memory.model_parts import algorithm, libraries, of_this_session
from rollbook.propose.in_memory.sample_table import sample_table
from rollbook.propose.in_memory.sklearn_writer import write_joblib
from rollbook.propose.in_memory.writers import FAMILIES, choose_writer
from rollbook.propose.in_memory.written_model import WritingRequest


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


def test_what_is_of_transformers_becomes_a_folder_as_the_hub_has_them(tmp_path: Path):
    def save_pretrained(self: object, folder: str) -> None:
        Path(folder).mkdir()
        Path(folder, "config.json").write_text('{"model_type": "bert"}')
        Path(folder, "model.safetensors").write_bytes(safetensors({"w": [2, 2]}))

    base = type("PreTrainedModel", (), {"__module__": "transformers", "save_pretrained": save_pretrained})
    chosen = choose_writer(of("__main__", base), None, None)
    made = chosen.writer(of("__main__", base), WritingRequest("hugging-face", tmp_path))
    assert detect_format(made.path) == chosen.format == "hugging-face"
    assert not made.needs_trust


def test_a_pipeline_of_texts_is_asked_with_texts(tmp_path: Path):
    texts = ["good and fine", "bad and sad", "fine", "sad"]
    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(texts, [1, 0, 1, 0])
    made = write_joblib(model, WritingRequest("joblib", tmp_path))
    assert made.ask is not None
    outputs, kept = asked_outputs(made.ask, sample_table(texts))
    assert outputs[0]["values"] == [1, 0, 1, 0]
    assert list(kept.inputs) == [{"name": "input", "dtype": "string", "shape": [-1]}]
    run = run_model(
        made.path, "joblib", Rows(None, kept.cells), inputs=tensor("input", "string", -1), trust=True
    )
    assert run.outputs[0].values == [1, 0, 1, 0]


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
