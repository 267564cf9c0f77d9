"""Testing a version, from the command line to evidence on main; and asking it for predictions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from building.models import NAMED_ROWS, ROWS, SAMPLE, graph, running, trained, unscanned
from building.world import git, rollbook
from rollbook import BadCall, ModelFailed, Refused, Registry
from rollbook.artifact.running import sandbox
from rollbook.git.repository import discover

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import World

REF = "credit-approval@1.0.0"
FOLDER = "registry/credit-approval/versions/1.0.0"
OUTPUTS = ("--output", "label:int64:-1", "--output", "probabilities:float32:-1x2")


def sampled(world: World) -> str:
    path = world.root / "sample.json"
    path.write_text(SAMPLE)
    return str(path)


def one_runnable(world: World) -> None:
    """A version in ONNX with a sample and a signature."""
    options = ("--sample-input", sampled(world), *OUTPUTS)
    world.register("credit-approval", "1.0.0", *options, content=trained().onnx)


@pytest.fixture
def ready(started: Template) -> World:
    return started(one_runnable)


def registered(world: World, content: bytes, *options: str) -> str:
    """Register a second version with the sample and these bytes; return its reference."""
    world.register("credit-approval", "2.0.0", "--sample-input", sampled(world), *options, content=content)
    return "credit-approval@2.0.0"


def evidence(world: World, reference: str = REF, number: int = 1) -> dict[str, Any]:
    model, _, version = reference.partition("@")
    path = f"registry/{model}/versions/{version}/evidence/smoke-test-{number}.yaml"
    content: dict[str, Any] = yaml.safe_load(world.git("show", f"main:{path}"))
    return content


def test_a_version_that_does_what_its_manifest_says_passes_and_has_it_on_record(ready: World):
    ran = ready.run("test", REF, "--repeat", "3", "--land", "--json")
    told = json.loads(ran.out)
    assert told["test"]["passed"]
    found = evidence(ready)
    manifest = yaml.safe_load(ready.git("show", f"main:{FOLDER}/version.yaml"))
    assert found["kind"] == "smoke-test"
    assert found["passed"] is True
    assert found["artifact_sha256"] == manifest["artifact"]["sha256"]
    assert found["metrics"]["rows"] == len(ROWS)
    measured = {"latency_p50_ms", "latency_p95_ms", "cold_load_seconds", "peak_memory_mib"}
    assert measured <= found["metrics"].keys()
    assert found["metrics"]["latency_p50_ms"] <= found["metrics"]["latency_p95_ms"]
    assert found["data"]["name"] == "sample-input.json"
    assert found["tool"]["name"] == "rollbook test"
    assert found["extra"]["isolation"] == sandbox.isolation()
    assert found["extra"]["environment"] == "current"
    assert found["extra"]["runtime"].keys() >= {"python", "onnxruntime"}
    assert found["extra"]["outputs"]["probabilities"] == "float32 [4, 2]"


def test_the_digest_on_record_is_that_of_the_sample(ready: World):
    import hashlib

    ready.run("test", REF, "--repeat", "0", "--land")
    sample = (ready.registry / FOLDER / "sample-input.json").read_bytes()
    assert evidence(ready)["data"]["digest"] == hashlib.sha256(sample).hexdigest()


def test_nothing_is_put_on_record_of_what_is_only_looked_at(ready: World):
    ran = ready.run("test", REF, "--no-record")
    assert "passed" in ran.out
    assert ready.git("branch", "--list", "rollbook/*") == ""
    assert rollbook(ready.registry, "test", REF, "--no-record", "--land").code == 2


def test_a_version_that_fails_has_that_on_record_and_the_command_says_no(ready: World):
    ran = rollbook(ready.registry, "test", REF, "--range", "probabilities=0.99:1", "--land")
    assert ran.code == 1
    assert "not in the range 0.99 to 1" in ran.err
    found = evidence(ready)
    assert found["passed"] is False
    assert "not in the range 0.99 to 1" in found["summary"]


def test_outputs_that_contradict_the_signature_fail(ready: World):
    reference = registered(ready, trained().skops, "--output", "score:float64:-1x7")
    ran = rollbook(ready.registry, "test", reference, "--no-record")
    assert ran.code == 1
    assert "no output is the signature's score (float64 [-1, 7])" in ran.err


def test_outputs_that_are_no_finite_numbers_fail(ready: World):
    reference = registered(ready, graph("Log"))
    rows = ready.root / "rows.json"
    rows.write_text("[[-1, 1, 1]]")
    ran = rollbook(ready.registry, "test", reference, "--input", str(rows), "--land")
    assert ran.code == 1
    found = evidence(ready, reference)
    assert "1 of 3 values are no finite numbers" in found["summary"]
    assert found["data"]["name"] == "rows.json"


def test_what_is_expected_is_compared_within_the_tolerance(ready: World):
    expected = {"label": trained().labels, "probabilities": trained().probabilities}
    file = ready.root / "expected.json"
    file.write_text(json.dumps(expected))
    assert ready.run("test", REF, "--expect", str(file), "--no-record", "--tolerance", "1e-4").code == 0
    expected["probabilities"] = [[a + 0.01, b - 0.01] for a, b in trained().probabilities]
    file.write_text(json.dumps(expected))
    ran = rollbook(ready.registry, "test", REF, "--expect", str(file), "--no-record")
    assert ran.code == 1
    assert "probabilities: 8 of 8 values are not as expected" in ran.err
    assert (
        ready.run("test", REF, "--expect", str(file), "--no-record", "--absolute-tolerance", "0.02").code == 0
    )


def test_what_is_expected_may_be_a_table(ready: World):
    file = ready.root / "expected.csv"
    file.write_text("label\n" + "\n".join(map(str, trained().labels)) + "\n")
    assert ready.run("test", REF, "--expect", str(file), "--no-record").code == 0


def test_what_predict_prints_can_be_expected(ready: World):
    file = ready.root / "expected.json"
    file.write_text(ready.run("predict", REF, "--input", sampled(ready)).out)
    assert ready.run("test", REF, "--expect", str(file), "--no-record").code == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [("rows.json", "[1, 2]"), ("rows.json", "{"), ("rows.csv", "a,b\n1\n"), ("rows.json", "[[NaN]]")],
)
def test_rows_that_are_none_are_a_bad_call_and_nothing_is_on_record(ready: World, name: str, content: str):
    rows = ready.root / name
    rows.write_text(content)
    assert rollbook(ready.registry, "test", REF, "--input", str(rows)).code == 2
    assert ready.git("branch", "--list", "rollbook/*") == ""


def test_rows_that_do_not_fit_are_a_bad_call_and_nothing_is_on_record(ready: World):
    rows = ready.root / "rows.json"
    rows.write_text('[["a", "b", "c"]]')
    ran = rollbook(ready.registry, "test", REF, "--input", str(rows))
    assert (ran.code, ready.git("branch", "--list", "rollbook/*")) == (2, "")
    assert "the rows don't fit the model" in ran.err


@pytest.mark.parametrize("words", [["score"], ["score=1"], ["=0:1"], ["score=a:b"], ["score=:"], ["s=0:inf"]])
def test_a_range_has_a_name_and_ends(ready: World, words: list[str]):
    assert rollbook(ready.registry, "test", REF, "--range", *words).code == 2


def test_a_version_without_a_sample_needs_rows(ready: World):
    ready.register("credit-approval", "2.0.0", content=trained().onnx)
    ran = rollbook(ready.registry, "test", "credit-approval@2.0.0")
    assert ran.code == 2
    assert "--input FILE" in ran.err
    assert ready.run("test", "credit-approval@2.0.0", "--input", sampled(ready), "--no-record").code == 0


def test_what_is_unpickled_needs_trust_and_nothing_is_on_record_without(ready: World):
    reference = registered(ready, trained().joblib)
    ran = rollbook(ready.registry, "test", reference)
    assert ran.code == 1
    assert "the model needs trust" in ran.err
    assert ready.git("branch", "--list", "rollbook/*") == ""
    assert ready.run("test", reference, "--trust", "--no-record").code == 0


@pytest.mark.parametrize(
    ("code", "options", "said"),
    [
        ("while True: pass", ("--timeout", "1"), "it was not done after 1 s"),
        ("bytearray(100 << 30)", ("--memory", "512"), "more memory than 512 MiB"),
        ("raise ValueError('\\x1b[2J no')", (), "ValueError: \\x1b[2J no"),
        ("import os; os._exit(7)", (), "exit code 7"),
    ],
)
def test_a_model_that_can_not_be_run_fails_on_record(
    ready: World, code: str, options: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
):
    unscanned(monkeypatch)
    reference = registered(ready, running(code))
    ran = rollbook(ready.registry, "test", reference, "--trust", *options, "--land")
    assert ran.code == 1
    assert said in ran.err
    assert "\x1b" not in ran.err + ran.out
    found = evidence(ready, reference)
    assert found["passed"] is False
    assert said in found["summary"]
    assert found["extra"]["isolation"] == sandbox.isolation()
    assert found["metrics"] == {"rows": len(ROWS)}


@pytest.mark.parametrize(
    "option", [("--timeout", "0"), ("--memory", "1"), ("--repeat", "-1"), ("--tolerance", "-1")]
)
def test_limits_that_let_nothing_run_are_a_bad_call(ready: World, option: tuple[str, str]):
    assert rollbook(ready.registry, "test", REF, *option).code == 2


# While a version is registered.


def test_a_version_that_passes_is_registered_with_its_evidence_in_one_commit(world: World):
    artifact = world.artifact(trained().onnx)
    options = ("--version", "1.0.0", "--sample-input", sampled(world), *OUTPUTS, "--test", "--land")
    world.run("register", "credit-approval", str(artifact), *options)
    assert evidence(world)["passed"] is True
    names = world.git("show", "--name-only", "--format=", "main^2").split("\n")
    assert {name.rpartition("/")[2] for name in names} >= {"version.yaml", "smoke-test-1.yaml"}
    assert world.run("check", "--all").code == 0


def test_registering_again_finds_the_branch_of_the_run_before(world: World):
    artifact = world.artifact(trained().onnx)
    command = ("register", "credit-approval", str(artifact), "--sample-input", sampled(world), "--test")
    before = world.run(*command).out
    commit = world.git("rev-parse", before.strip())
    assert world.run(*command).out == before
    assert world.git("rev-parse", before.strip()) == commit


def test_a_version_that_fails_is_not_proposed(world: World):
    artifact = world.artifact(trained().skops)
    options = ("--sample-input", sampled(world), "--output", "score:float64:-1x7", "--test")
    ran = rollbook(world.registry, "register", "credit-approval", str(artifact), *options)
    assert ran.code == 1
    assert "the smoke test fails: no output is the signature's score" in ran.err
    assert world.git("branch", "--list", "rollbook/*") == ""
    assert [*world.artifacts.rglob("files/md5/*/*")] == []


def test_how_it_is_tested_is_told_only_with_the_test(world: World):
    artifact = world.artifact(trained().joblib)
    command = ("register", "credit-approval", str(artifact), "--sample-input", sampled(world))
    assert rollbook(world.registry, *command, "--trust").code == 2
    assert rollbook(world.registry, *command, "--test").code == 1
    assert world.run(*command, "--test", "--trust").code == 0


# From Python.


def opened(world: World) -> Registry:
    return Registry(discover(world.registry))


@pytest.mark.parametrize("rows", [NAMED_ROWS, ROWS, tuple(map(tuple, ROWS))])
def test_a_version_predicts_rows_of_mappings_and_of_lists(ready: World, rows: Any):
    outputs = opened(ready).version(REF).predict(rows)
    assert outputs["label"] == trained().labels


def test_of_an_array_the_outputs_are_arrays(ready: World):
    import numpy

    outputs = opened(ready).version(REF).predict(numpy.array(ROWS))
    assert outputs["probabilities"].dtype == numpy.float32
    numpy.testing.assert_allclose(outputs["probabilities"], trained().probabilities, rtol=1e-5)


def test_a_data_frame_is_rows_with_names(ready: World):
    import pandas

    frame = pandas.DataFrame(NAMED_ROWS)[["debt", "age", "income"]]
    assert opened(ready).version(REF).predict(frame)["label"].tolist() == trained().labels


@pytest.mark.parametrize(
    "rows", [[], [[]], [1], "rows", [{"a": 1}, [1]], None, [[1], [1, 2]], [[object()] * 3]]
)
def test_what_is_no_rows_is_a_bad_call(ready: World, rows: Any):
    with pytest.raises(BadCall):
        opened(ready).version(REF).predict(rows)


def test_predicting_needs_trust_as_testing_does(ready: World, monkeypatch: pytest.MonkeyPatch):
    unscanned(monkeypatch)
    version = opened(ready).version(registered(ready, running("raise ValueError('run')")))
    with pytest.raises(Refused, match="needs trust"):
        version.predict(ROWS)
    with pytest.raises(ModelFailed, match="run"):
        version.predict(ROWS, trust=True)


def test_the_registry_tests_and_predicts_as_the_commands_do(ready: World, tmp_path: Path):
    rows = tmp_path / "rows.json"
    rows.write_text(SAMPLE)
    registry = opened(ready)
    tested = registry.test(REF, ranges={"probabilities": (0, 1)}, no_record=True)
    assert (tested.test.passed, tested.evidence) == (True, None)
    predicted = registry.predict(REF, rows)
    assert predicted.outputs["label"] == trained().labels
    assert predicted.dtypes["probabilities"] == "float32"
    assert git(ready.registry, "branch", "--list", "rollbook/*") == ""
