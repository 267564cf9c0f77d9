from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from artifact.formats.protobuf_message import field, number
from artifact.formats.samples import FOLDER, artifact_at, sample
from rollbook.artifact.formats.contents import Broken, Contents
from rollbook.artifact.formats.detection import detect_format
from rollbook.artifact.formats.reading import read_contents
from rollbook.records.dtypes import DTYPES
from rollbook.records.signature import Column


def _read(path: Path) -> Contents:
    return read_contents(artifact_at(path), "onnx")


def _saved(folder: Path, model: onnx.ModelProto) -> Path:
    onnx.save(model, folder / "model.onnx")
    return folder / "model.onnx"


def _model(*nodes: onnx.NodeProto, inputs: list[onnx.ValueInfoProto] | None = None) -> onnx.ModelProto:
    return helper.make_model(helper.make_graph([*nodes], "g", inputs or [], []))


def test_a_classifier_of_skl2onnx_has_a_label_and_a_sequence_of_maps() -> None:
    contents = read_contents(sample("onnx/classifier.onnx"), "onnx")
    assert contents.inputs == (Column("X", "float32", (-1, 2)),)
    assert contents.outputs == (
        Column("output_label", "int64", (-1,)),
        Column("output_probability", "sequence(map(int64,float32))", None),
    )
    assert contents.framework["name"] == "skl2onnx"
    assert contents.facts["operators"] == {"LinearClassifier": 1, "Cast": 1, "ZipMap": 1}


def test_weights_are_no_inputs_even_where_the_graph_lists_them() -> None:
    contents = read_contents(sample("onnx/old.onnx"), "onnx")
    assert contents.facts["ir_version"] == 3
    assert contents.inputs == (Column("x", "float32", (-1, 2)),)
    assert contents.facts["initializers"] == 1
    assert contents.facts["parameters"] == 6


def test_operators_of_another_domain_are_told() -> None:
    contents = read_contents(sample("onnx/foreign.onnx"), "onnx")
    (remark,) = contents.remarks
    assert "com.example" in remark


def test_operators_that_the_model_defines_itself_are_not(tmp_path: Path) -> None:
    node = helper.make_node("Twice", ["x"], ["y"], domain="own")
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    body = [helper.make_node("Add", ["a", "a"], ["b"])]
    function = helper.make_function("own", "Twice", ["a"], ["b"], body, opsets[:1])
    graph = helper.make_graph([node], "g", [], [])
    model = helper.make_model(graph, functions=[function], opset_imports=opsets)
    assert _read(_saved(tmp_path, model)).remarks == ()


@pytest.mark.parametrize("number_of_type", [kind for kind in TensorProto.DataType.values() if kind])
def test_each_type_of_a_tensor_has_a_word(number_of_type: int, tmp_path: Path) -> None:
    model = _model(inputs=[helper.make_tensor_value_info("x", number_of_type, [1])])
    contents = _read(_saved(tmp_path, model))
    assert contents.inputs is not None
    (column,) = contents.inputs
    assert column.dtype in {dtype.name for dtype in DTYPES if dtype.onnx == number_of_type}


def test_types_that_are_no_tensors_have_words_of_their_parts(tmp_path: Path) -> None:
    tensor = helper.make_tensor_type_proto(TensorProto.FLOAT, [2])
    types = {
        "sequence(float32)": helper.make_sequence_type_proto(tensor),
        "optional(float32)": helper.make_optional_type_proto(tensor),
        "map(string,float32)": helper.make_map_type_proto(TensorProto.STRING, tensor),
        "sparse(float32)": helper.make_sparse_tensor_type_proto(TensorProto.FLOAT, [2]),
    }
    inputs = [helper.make_value_info(word, kind) for word, kind in types.items()]
    contents = _read(_saved(tmp_path, _model(inputs=inputs)))
    assert contents.inputs is not None
    assert [column.dtype for column in contents.inputs] == [*types]


_NAMES = st.text("ab c", min_size=1, max_size=5)
_SIZES = st.one_of(st.integers(1, 1 << 40), st.sampled_from(["batch", None]))


_INPUTS = st.dictionaries(_NAMES, st.none() | st.lists(_SIZES, max_size=4), max_size=4)


@settings(max_examples=50, deadline=None)
@given(_INPUTS)
def test_inputs_are_those_that_the_library_wrote(
    tmp_path_factory: pytest.TempPathFactory, inputs: dict[str, list[int | str | None] | None]
) -> None:
    infos = [helper.make_tensor_value_info(name, TensorProto.INT64, shape) for name, shape in inputs.items()]
    contents = _read(_saved(tmp_path_factory.mktemp("m"), _model(inputs=infos)))
    assert contents.inputs == tuple(
        Column(
            name,
            "int64",
            None if shape is None else tuple(size if isinstance(size, int) else -1 for size in shape),
        )
        for name, shape in inputs.items()
    )


def test_a_folder_of_a_model_and_its_weights_is_onnx() -> None:
    assert detect_format(FOLDER / "onnx" / "external") == "onnx"
    assert read_contents(sample("onnx/external"), "onnx").facts["external_data"] == ["weights.bin"]


@pytest.fixture
def external(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER / "onnx" / "external", tmp_path / "external"))


def test_weights_that_are_not_there_are_told(external: Path) -> None:
    (external / "weights.bin").unlink()
    with pytest.raises(Broken, match=r"'weights.bin', which is not there"):
        _read(external)


def test_weights_that_are_cut_off_are_told(external: Path) -> None:
    (external / "weights.bin").write_bytes(b"short")
    with pytest.raises(Broken, match="would have 24 bytes or more of its weights; it has 5"):
        _read(external)


def test_a_model_without_its_folder_says_what_it_lacks(external: Path) -> None:
    (remark,) = _read(external / "model.onnx").remarks
    assert "weights.bin" in remark


def test_two_models_make_no_onnx_folder(external: Path) -> None:
    shutil.copy(external / "model.onnx", external / "other.onnx")
    assert detect_format(external) == "folder"


@pytest.mark.parametrize(
    "location", ["../secret", "/etc/passwd", "a/../../b", "C:\\x", "a\\b", "c:x", "a//b", "x\n"]
)
@pytest.mark.parametrize("where", ["initializer", "attribute", "inner graph", "sparse"])
def test_weights_outside_of_the_folder_are_refused(external: Path, location: str, where: str) -> None:
    tensor = numpy_helper.from_array(np.zeros(2, np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    constant = helper.make_node("Constant", [], ["c"], value=tensor)
    inner = helper.make_graph([constant], "inner", [], [])
    model = _model()
    if where == "initializer":
        model.graph.initializer.append(tensor)
    elif where == "attribute":
        model.graph.node.append(constant)
    elif where == "sparse":
        indices = numpy_helper.from_array(np.zeros(2, np.int64))
        model.graph.sparse_initializer.append(helper.make_sparse_tensor(tensor, indices, [2]))
    else:
        model.graph.node.append(helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner))
    (external / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(Broken, match="outside of its folder"):
        _read(external)
    with pytest.raises(Broken, match="outside of its folder"):
        _read(external / "model.onnx")


_VALUES = st.one_of(
    st.floats(width=32).map(lambda value: helper.make_attribute("f", [value] * 40)),
    st.lists(st.integers(-(1 << 63), (1 << 63) - 1), min_size=1).map(
        lambda values: helper.make_attribute("i", values)
    ),
    st.lists(st.binary(max_size=300), min_size=1).map(lambda texts: helper.make_attribute("s", texts)),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(_VALUES, max_size=4))
def test_weights_behind_long_lists_in_an_attribute_are_found(
    tmp_path_factory: pytest.TempPathFactory, lists: list[onnx.AttributeProto]
) -> None:
    path = tmp_path_factory.mktemp("m") / "model.onnx"
    tensor = field(8, b"w") + field(13, field(1, b"location") + field(2, b"../x")) + number(14, 1)
    lying = b"".join(attribute.SerializeToString() for attribute in lists) + field(5, tensor)
    graph = field(1, field(4, b"Constant") + field(5, lying))
    path.write_bytes(number(1, 8) + field(7, graph) + field(8, number(2, 17)))
    with pytest.raises(Broken, match="outside of its folder"):
        _read(path)


def test_a_forest_of_a_million_values_is_read_whole(tmp_path: Path) -> None:
    values = {"nodes_values": [0.5] * 400_000, "nodes_modes": ["LEAF", "BRANCH_LEQ"] * 300_000}
    node = helper.make_node("TreeEnsembleClassifier", ["x"], ["y"], domain="ai.onnx.ml", **values)
    assert _read(_saved(tmp_path, _model(node))).remarks == ()


def test_graphs_very_deep_in_one_another_are_refused(tmp_path: Path) -> None:
    graph = b""
    for _ in range(100):
        graph = field(1, field(4, b"If") + field(5, field(6, graph)))
    (tmp_path / "model.onnx").write_bytes(number(1, 8) + field(7, graph) + field(8, number(2, 17)))
    with pytest.raises(Broken, match="in one another"):
        _read(tmp_path / "model.onnx")


def test_names_of_many_megabytes_are_refused(tmp_path: Path) -> None:
    graph = field(5, field(8, b"n" * 60_000)) * 300
    (tmp_path / "model.onnx").write_bytes(number(1, 8) + field(7, graph) + field(8, number(2, 17)))
    with pytest.raises(Broken, match="names of its tensors"):
        _read(tmp_path / "model.onnx")


@pytest.mark.parametrize("lacking", [1, 7, 8])
def test_a_part_that_every_model_has_is_missed(lacking: int, tmp_path: Path) -> None:
    parts = {1: number(1, 8), 7: field(7, b""), 8: field(8, number(2, 17))}
    (tmp_path / "m").write_bytes(b"".join(body for part, body in parts.items() if part != lacking))
    with pytest.raises(Broken, match="missing"):
        _read(tmp_path / "m")
