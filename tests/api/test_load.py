"""A version's model in the program that asks for it, and asked by rows as notebooks have them."""

from __future__ import annotations

import sys
import tempfile
from typing import TYPE_CHECKING

import numpy
import pandas
import polars
import pytest

from building.models import NAMES, ROWS, graph, running, trained, unscanned
from rollbook import BadCall, ModelFailed, Refused, Registry, StorageFailed
from rollbook.artifact.running.given_rows import given_rows

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World
    from rollbook import ModelVersion

NAME = "churn"
INPUTS = [option for name in NAMES for option in ("--input", f"{name}:float32:-1")]


def _versions(world: World) -> None:
    """A model in ONNX in production, the same by skops in staging, the same by joblib behind both."""
    for place, form in enumerate(("joblib", "skops", "onnx"), 1):
        world.register(NAME, f"{place}.0.0", *INPUTS, content=getattr(trained(), form))
    for version, stage in (("2.0.0", "staging"), ("3.0.0", "staging"), ("3.0.0", "production")):
        world.promote(f"{NAME}@{version}", stage)


@pytest.fixture
def asked(template: Template) -> World:
    return template(_versions)


@pytest.fixture
def changed(started: Template) -> World:
    return started(_versions)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders are made."""
    place = tmp_path / "scratch"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def _version(world: World, version: str) -> ModelVersion:
    return Registry.open(world.registry).model(NAME).version(version)


def _registered(world: World, content: bytes, version: str = "4.0.0", *options: str) -> ModelVersion:
    world.register(NAME, version, *options, content=content)
    return _version(world, version)


def test_the_model_of_a_stage_is_loaded_as_its_library_knows_it(asked: World):
    model = Registry.open(asked.registry).model(NAME).stage("production").load()
    labels, _ = model.run(None, {"X": numpy.array(ROWS, dtype="float32")})
    assert labels.tolist() == trained().labels


def test_an_estimator_that_skops_wrote_is_loaded_without_trust(asked: World):
    assert _version(asked, "2.0.0").load().predict(numpy.array(ROWS)).tolist() == trained().labels


def test_what_is_unpickled_is_refused_without_trust_and_loaded_with_it(asked: World):
    with pytest.raises(Refused, match=r"unpickled \(joblib\)") as refused:
        _version(asked, "1.0.0").load()
    assert "load(trust=True)" in refused.value.hint
    model = _version(asked, "1.0.0").load(trust=True)
    assert model.predict(numpy.array(ROWS)).tolist() == trained().labels


def test_nothing_of_what_was_loaded_or_refused_stays(asked: World, scratch: Path):
    _version(asked, "3.0.0").load()
    with pytest.raises(Refused):
        _version(asked, "1.0.0").load()
    assert [*scratch.iterdir()] == []


def test_a_known_attack_is_refused_although_it_is_trusted(changed: World, tmp_path: Path):
    with pytest.MonkeyPatch.context() as patch:
        unscanned(patch)
        version = _registered(changed, running(f"open({str(tmp_path / 'ran')!r}, 'w')"))
    with pytest.raises(Refused, match="malicious"):
        version.load(trust=True)
    assert not (tmp_path / "ran").exists()


def test_bytes_that_are_not_those_registered_are_never_loaded(changed: World, scratch: Path):
    version = _version(changed, "3.0.0")
    for place in (changed.artifacts, changed.registry / ".dvc" / "cache"):
        for file in place.rglob("*"):
            if file.is_file() and file.stat().st_size == version.artifact.size:
                file.chmod(0o644)
                file.write_bytes(trained().onnx[:-1] + b"\0")
    with pytest.raises(StorageFailed):
        version.load()
    assert [*scratch.iterdir()] == []


def test_where_a_gate_asks_for_a_signature_an_unsigned_version_is_not_loaded(changed: World):
    changed.policy("gates:\n  - gate: signed\n    to: [production]\n")
    with pytest.raises(Refused, match="is not signed, which the gate `signed` of production asks for"):
        _version(changed, "3.0.0").load()
    assert _version(changed, "2.0.0").load()


def test_a_type_that_skops_does_not_know_has_to_be_named(changed: World):
    import skops.io
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    content = skops.io.dumps(make_pipeline(FunctionTransformer(numpy.sqrt), FunctionTransformer(_doubled)))
    version = _registered(changed, content)
    with pytest.raises(Refused, match="types that skops does not know") as refused:
        version.load()
    assert "trusted_types" in refused.value.hint
    named = skops.io.get_untrusted_types(data=content)
    assert version.load(trusted_types=named).transform([[4.0]]).tolist() == [[4.0]]


def _doubled(values: numpy.ndarray) -> numpy.ndarray:
    return values * 2


def test_a_format_that_no_library_loads_is_a_bad_call(changed: World):
    with pytest.raises(BadCall, match="in the format 'binary' can't be loaded"):
        _registered(changed, b"weights").load()


def test_a_library_that_is_missing_is_named_with_what_installs_it(
    asked: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BadCall, match="onnxruntime") as missing:
        _version(asked, "3.0.0").load()
    assert "rollbook[onnx]" in missing.value.hint


def test_what_its_library_does_not_take_fails_as_a_model(changed: World):
    with pytest.raises(ModelFailed, match="can't be loaded"):
        _registered(changed, graph("NoSuchOperator")).load()


def test_of_a_data_frame_of_pandas_the_outputs_are_one_with_its_index(asked: World):
    frame = pandas.DataFrame(ROWS, columns=NAMES, index=list("abcd"))
    got = _version(asked, "3.0.0").predict(frame[["debt", "age", "income"]].assign(other="x"))
    assert got.columns.tolist() == ["label", "probabilities_0", "probabilities_1"]
    assert got["label"].to_dict() == dict(zip("abcd", trained().labels, strict=True))
    assert str(got["probabilities_0"].dtype) == "float32"


def test_of_a_data_frame_of_polars_the_outputs_are_one(asked: World):
    frame = polars.DataFrame(ROWS, schema=list(NAMES), orient="row")
    got = _version(asked, "3.0.0").predict(frame.select("income", "debt", "age"))
    assert isinstance(got, polars.DataFrame)
    assert got["label"].to_list() == trained().labels


def test_a_mapping_is_its_columns_or_one_row(asked: World):
    version = _version(asked, "3.0.0")
    columns = dict(zip(NAMES, zip(*ROWS, strict=True), strict=True))
    assert version.predict(columns)["label"] == trained().labels
    assert version.predict(dict(zip(NAMES, ROWS[1], strict=True)))["label"] == trained().labels[1:2]


def test_columns_that_the_signature_names_and_the_rows_lack_are_told(asked: World):
    with pytest.raises(BadCall, match="the rows lack the columns debt") as lacking:
        _version(asked, "3.0.0").predict(pandas.DataFrame({"age": [1.0], "income": [2.0]}))
    assert "given are age, income" in lacking.value.hint


def test_a_cell_without_a_value_is_passed_on_as_none(asked: World):
    frame = pandas.DataFrame(
        {"when": pandas.to_datetime(["2026-01-01", None]), "n": [1, None]}
    ).convert_dtypes()
    assert given_rows(frame).cells == [["2026-01-01T00:00:00", 1], [None, None]]
