"""`rollbook signature`, and `register --signature`: a signature goes out, and comes in again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from building.world import rollbook
from rollbook import NotFound, Registry

if TYPE_CHECKING:
    from building.world import World

TOLD = ("--input", "age:int64", "--input", "income:double:-1", "--output", "p:float32:-1x2")


def described(world: World) -> None:
    world.register("m", "1.0.0", *TOLD)


def test_it_prints_a_line_for_each_column(world: World) -> None:
    described(world)
    assert world.run("signature", "m@1.0.0").out.splitlines() == [
        "side\tname\ttype\tshape\trequired",
        "input\tage\tint64\tany\t",
        "input\tincome\tfloat64\t[-1]\t",
        "output\tp\tfloat32\t[-1, 2]\t",
    ]


def test_as_mlflow_has_it(world: World) -> None:
    described(world)
    told = json.loads(world.run("signature", "m@1.0.0", "--as", "mlflow").out)
    assert json.loads(told["inputs"]) == [
        {"type": "long", "name": "age", "required": True},
        {"type": "double", "name": "income", "required": True},
    ]
    assert told["params"] is None


def test_as_a_server_of_the_open_inference_protocol_has_it(world: World) -> None:
    described(world)
    assert json.loads(world.run("signature", "m@1.0.0", "--as", "open-inference").out) == {
        "name": "m",
        "versions": ["1.0.0"],
        "platform": "binary",
        "inputs": [
            {"name": "age", "datatype": "INT64", "shape": [-1]},
            {"name": "income", "datatype": "FP64", "shape": [-1]},
        ],
        "outputs": [{"name": "p", "datatype": "FP32", "shape": [-1, 2]}],
    }


@pytest.mark.parametrize("form", ["rollbook", "mlflow", "open-inference"])
def test_what_it_prints_can_be_told_of_the_next_version(world: World, form: str) -> None:
    described(world)
    path = world.root / "signature.json"
    path.write_text(world.run("signature", "m@1.0.0", "--as", form).out)
    world.register("m", "1.1.0", "--signature", str(path))
    again = json.loads(world.run("signature", "m@1.1.0", "--as", "open-inference").out)
    first = json.loads(world.run("signature", "m@1.0.0", "--as", "open-inference").out)
    assert {**again, "versions": ["1.0.0"]} == first


def test_an_mlmodel_of_mlflow_tells_one(world: World) -> None:
    path = world.root / "MLmodel"
    inputs = json.dumps([{"type": "float", "name": "age"}])
    path.write_text(yaml.safe_dump({"flavors": {}, "signature": {"inputs": inputs}}))
    world.register("m", "1.0.0", "--signature", str(path), "--output", "p:float64")
    assert "input\tage\tfloat32\t[-1]\t\noutput\tp\tfloat64\tany" in world.run("signature", "m@1.0.0").out


def test_options_win_over_the_file_and_the_file_over_a_sample(world: World) -> None:
    path = world.root / "signature.yaml"
    path.write_text("inputs: [{name: age, dtype: int}]\noutputs: [{name: p, dtype: float}]\n")
    rows = world.root / "rows.csv"
    rows.write_text("age,income\n41,3.5\n")
    options = ("--signature", str(path), "--output", "q:int32", "--sample-input", str(rows))
    world.register("m", "1.0.0", *options)
    told: Any = json.loads(world.run("signature", "m@1.0.0", "--json").out)
    assert told["inputs"] == [{"name": "age", "dtype": "int64"}]
    assert told["outputs"] == [{"name": "q", "dtype": "int32"}]


@pytest.mark.parametrize("text", ["inputs: 5\n", "inputs: [{name: a}]\n", "outputs: '['\n", "{}\n"])
def test_a_file_without_a_signature_that_can_be_read_is_a_wrong_call(world: World, text: str) -> None:
    path = world.root / "signature.yaml"
    path.write_text(text)
    ran = rollbook(world.registry, "register", "m", str(world.artifact()), "--signature", str(path))
    assert (ran.code, "signature.yaml: " in ran.err) == (2, True)


def test_a_version_without_one_says_how_to_tell_it(world: World) -> None:
    world.register("m", "1.0.0")
    ran = rollbook(world.registry, "signature", "m@1.0.0")
    assert (ran.code, ran.out) == (1, "")
    assert "no signature is on record of m@1.0.0" in ran.err
    assert "--sample-input" in ran.err


def test_a_type_that_the_form_lacks_is_refused_by_name(world: World) -> None:
    world.register("m", "1.0.0", "--input", "t:category")
    ran = rollbook(world.registry, "signature", "m@1.0.0", "--as", "mlflow")
    assert (ran.code, ran.out) == (1, "")
    assert "MLflow has no type for `t`, which is `category`" in ran.err


def test_programs_ask_the_same_of_the_version(world: World) -> None:
    described(world)
    world.register("m", "1.1.0")
    with Registry.open(world.registry) as registry:
        version = registry.version("m@1.0.0")
        assert version.signature_as("open-inference")["inputs"][0]["datatype"] == "INT64"
        assert version.signature_as() == {
            half: registry.signature("m@1.0.0").as_document()[half] for half in ("inputs", "outputs")
        }
        with pytest.raises(NotFound):
            registry.signature("m@1.1.0")


def test_an_index_answers_it_too(world: World) -> None:
    described(world)
    index = world.root / "index"
    world.run("export", "--index", str(index))
    assert (
        world.run("signature", "m@1.0.0", "--index", str(index)).out == world.run("signature", "m@1.0.0").out
    )
