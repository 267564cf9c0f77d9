"""What editors and notebooks complete: real names, real parameters, and docstrings with an example."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import jedi
import pytest

from rollbook import Comparison, History, Model, ModelVersion, Registry, document

if TYPE_CHECKING:
    from collections.abc import Callable

    from building.once import Template
    from building.world import World


@pytest.fixture
def objects(template: Template) -> dict[str, object]:
    """What a notebook's program holds: a registry with a model, and that."""
    registry = Registry.open(template(_one).registry)
    return {"registry": registry, "model": registry.model("churn")}


def _one(world: World) -> None:
    world.register("churn", "1.0.0")


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("registry.", {"log_model", "model", "compare", "history", "promote", "rollback", "gates", "land"}),
        ("model.", {"stage", "version", "versions", "compare", "to_pandas", "to_polars"}),
        ("model.stage('production').", {"load", "predict", "fetch", "verify", "manifest"}),
        ("registry.history('churn').", {"to_pandas", "to_polars", "to_arrow", "events"}),
        ("registry.compare('churn').", {"to_pandas", "versions", "baseline"}),
    ],
)
def test_what_follows_a_dot_is_completed(line: str, names: set[str], objects: dict[str, object]) -> None:
    assert names <= {found.name for found in jedi.Interpreter(line, [objects]).complete()}


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("registry.promote(", {"reference", "stage", "reason"}),
        ("registry.log_model(", {"model", "name", "sample_input", "land"}),
        ("model.stage('production').load(", {"trust", "trusted_types"}),
        ("model.stage('production').predict(", {"rows", "trust", "timeout"}),
    ],
)
def test_what_a_call_takes_is_told(line: str, names: set[str], objects: dict[str, object]) -> None:
    (signature,) = jedi.Interpreter(line, [objects]).get_signatures()
    assert names <= {parameter.name for parameter in signature.params}


VERBS: list[Callable[..., object]] = [
    Registry.init, Registry.open, Registry.model, Registry.log_model, Registry.land, Registry.compare,
    Registry.promote, Registry.rollback, Registry.gates, Registry.history, Registry.lineage, Registry.query,
    ModelVersion.load, ModelVersion.predict, Model.to_pandas, History.to_polars, Comparison.to_arrow,
    document,
]  # fmt: skip


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.__qualname__)
def test_a_verb_of_notebooks_has_typed_parameters_and_says_what_it_does(verb: Callable[..., object]) -> None:
    signature = inspect.signature(verb)
    told = [one for one in signature.parameters.values() if one.name != "self"]
    assert all(one.annotation is not one.empty for one in told)
    assert signature.return_annotation is not signature.empty
    assert inspect.getdoc(verb)


EXAMPLES: list[Callable[..., object]] = [
    Registry.init, Registry.log_model, Registry.land, Registry.promote, Registry.rollback, Registry.gates,
    Registry.history, ModelVersion.load, ModelVersion.predict, Model.to_pandas,
]  # fmt: skip


@pytest.mark.parametrize("verb", EXAMPLES, ids=lambda verb: verb.__qualname__)
def test_the_verbs_of_notebooks_have_an_example_that_python_reads(verb: Callable[..., object]) -> None:
    examples = [
        line.strip()[4:] for line in (verb.__doc__ or "").split("\n") if line.strip().startswith(">>> ")
    ]
    assert examples
    for example in examples:
        compile(example, verb.__qualname__, "exec")
