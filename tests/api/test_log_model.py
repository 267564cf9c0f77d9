"""A model in memory is registered in one line: `Registry.log_model`."""

from __future__ import annotations

import json
import sys
import tempfile
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy
import pandas
import pytest
import yaml
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from building.world import World, git
from rollbook import BadCall, Conflict, Refused, Registry, document

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rollbook import LoggedVersion

FRAME = pandas.DataFrame(numpy.random.RandomState(7).rand(60, 3), columns=["age", "income", "debt"])
LABELS = (FRAME.sum(axis=1) > 1.5).astype(int)


def trained(**settings: Any) -> LogisticRegression:
    return LogisticRegression(**settings).fit(FRAME, LABELS)


@pytest.fixture
def world(new_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A registry of one's own; the session runs in a folder that is in no repository, and leaves no files."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    monkeypatch.setattr(sys.modules["__main__"], "__file__", None, raising=False)
    monkeypatch.delenv("JPY_SESSION_NAME", raising=False)
    monkeypatch.chdir(tmp_path)
    yield new_world.copy(tmp_path / "world")
    assert [*scratch.glob("rollbook-*")] == []


def log(world: World, model: object, **told: Any) -> LoggedVersion:
    return Registry.open(world.registry).log_model(model, "churn", **told)


def manifest(world: World, logged: LoggedVersion) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(beside(world, logged, "version.yaml"))
    return content


def beside(world: World, logged: LoggedVersion, name: str) -> str:
    return world.git("show", f"{logged.commit}:registry/churn/versions/{logged.version}/{name}")


def test_an_estimator_is_written_described_tested_and_proposed(world: World):
    logged = log(
        world,
        make_pipeline(StandardScaler(), LogisticRegression(C=0.5)).fit(FRAME, LABELS),
        sample_input=FRAME.head(),
        metrics={"auc": numpy.float32(0.5)},
        comment="With the debts",
        tags={"team": "risk"},
        dependencies=["joblib"],
    )
    assert (logged.version, logged.format, logged.landing) == ("0.1.0", "skops", None)
    found = manifest(world, logged)
    assert found["framework"]["name"] == "scikit-learn"
    assert (found["algorithm"], found["hyperparameters"]["C"]) == ("LogisticRegression", 0.5)
    assert (found["description"], found["metrics"], found["tags"]) == (
        "With the debts",
        {"auc": 0.5},
        {"team": "risk"},
    )
    assert [one["name"] for one in found["signature"]["inputs"]] == ["age", "income", "debt"]
    assert found["signature"]["outputs"] == [
        {"name": "prediction", "dtype": "int64", "shape": [-1]},
        {"name": "probabilities", "dtype": "float64", "shape": [-1, 2]},
    ]
    assert found["environment"]["python"] == ".".join(map(str, sys.version_info[:3]))
    pinned = {line.partition("==")[0] for line in beside(world, logged, "requirements.txt").split()}
    assert {"scikit-learn", "skops", "numpy", "pandas", "joblib"} <= pinned
    assert len(json.loads(beside(world, logged, "sample-input.json"))) == 5
    tested = yaml.safe_load(beside(world, logged, "evidence/smoke-test-1.yaml"))
    assert tested["passed"] is True


def test_with_land_it_is_on_main_and_what_is_returned_says_so(world: World):
    logged = log(world, trained(), sample_input=FRAME.head(), land=True, test=False)
    assert logged.landing is not None
    assert logged.landing.commit == world.git("rev-parse", "main")
    assert document(logged)["landing"]["tags"] == ["churn@v0.1.0"]
    assert Registry.open(world.registry).version("churn@0.1.0").artifact.format == "skops"


def test_the_same_model_again_is_the_same_proposal(world: World):
    first = log(world, trained(), sample_input=FRAME.head(), test=False, version="1.0.0")
    again = log(world, trained(), sample_input=FRAME.head(), test=False, version="1.0.0")
    assert (again.commit, again.sha256) == (first.commit, first.sha256)


def test_what_is_told_wins_over_what_is_inferred(world: World):
    requirements = world.root / "requirements.txt"
    requirements.write_text("numpy==1.0\n")
    logged = log(
        world,
        trained(),
        sample_input=FRAME.head(),
        test=False,
        algorithm="logit",
        params={"C": 9, "seed": numpy.int64(7)},
        framework="sklearn==1.0",
        outputs=["score:float64:-1"],
        requirements=requirements,
        python="3.10",
        bump="major",
    )
    found = manifest(world, logged)
    assert logged.version == "1.0.0"
    assert (found["algorithm"], found["hyperparameters"]["C"]) == ("logit", 9)
    assert found["hyperparameters"]["seed"] == 7
    assert found["framework"] == {"name": "sklearn", "version": "1.0"}
    assert found["signature"]["outputs"] == [{"name": "score", "dtype": "float64", "shape": [-1]}]
    assert found["environment"]["python"] == "3.10"
    assert beside(world, logged, "requirements.txt") == "numpy==1.0"


def test_facts_that_make_no_sense_are_refused_before_anything_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("rollbook.propose.in_memory.logged_model._written", pytest.fail)
    for told in ({"metrics": {"auc": float("nan")}}, {"version": "1.0.0", "bump": "major"}):
        with pytest.raises(BadCall):
            log(world, trained(), **told)


def test_a_told_environment_of_conda_takes_the_place_of_the_sessions(world: World):
    environment = world.root / "environment.yml"
    environment.write_text("dependencies:\n  - numpy=2.1.3\n")
    logged = log(world, trained(), test=False, requirements=environment)
    assert manifest(world, logged)["environment"]["requirements"] == "environment.yml"
    folder = f"registry/churn/versions/{logged.version}"
    names = world.git("ls-tree", "--name-only", logged.commit, f"{folder}/")
    assert f"{folder}/environment.yml" in names
    assert "requirements.txt" not in names


def test_a_pickle_is_written_only_when_it_is_asked_for_and_said(world: World):
    logged = log(world, trained(), sample_input=FRAME.head(), format="joblib")
    assert logged.format == "joblib"
    assert any("unpickled" in remark for remark in logged.remarks)
    assert yaml.safe_load(beside(world, logged, "evidence/smoke-test-1.yaml"))["passed"] is True


def test_types_that_skops_does_not_know_are_named_with_how_to_trust_them(world: World):
    from building import own_estimator

    model = own_estimator.Shifted().fit(FRAME, LABELS)
    with pytest.raises(Refused, match=r"building\.own_estimator\.Shifted") as caught:
        log(world, model, sample_input=FRAME.head(), test=False)
    assert 'trusted_types=["building.own_estimator.Shifted"]' in caught.value.hint
    assert 'format="joblib"' in caught.value.hint
    logged = log(world, model, test=False, trusted_types=["building.own_estimator.Shifted"])
    assert any("trust the types building.own_estimator.Shifted" in remark for remark in logged.remarks)
    assert any("building" in remark and "no package" in remark for remark in logged.remarks)


def test_types_of_scikit_learn_that_skops_leaves_to_whoever_loads_are_taken_and_said(world: World):
    model = RandomForestClassifier(3, random_state=1).fit(FRAME, LABELS)
    logged = log(world, model, sample_input=FRAME.head())
    assert "whoever loads it has to trust the types sklearn.tree._tree.Tree" in logged.remarks
    assert yaml.safe_load(beside(world, logged, "evidence/smoke-test-1.yaml"))["passed"] is True


def test_what_only_this_session_has_is_not_written(world: World):
    def doubled(values: Any) -> Any:
        return values * 2

    doubled.__module__ = "__main__"
    model = make_pipeline(FunctionTransformer(doubled), LogisticRegression()).fit(FRAME, LABELS)
    with pytest.raises(Refused, match="doubled") as caught:
        log(world, model, sample_input=FRAME.head())
    assert "Move them into a module" in caught.value.hint
    assert caught.value.__notes__ == [f"hint: {caught.value.hint}"]  # below the traceback


def test_rows_that_the_model_does_not_take_are_refused(world: World):
    with pytest.raises(BadCall, match="does not take the sample"):
        log(world, trained(), sample_input=FRAME[["age"]])
    with pytest.raises(BadCall, match="does not take the sample: NotFittedError"):
        log(world, LogisticRegression(), sample_input=FRAME.head())
    assert world.git("branch", "--list", "rollbook/*") == ""


def test_a_file_that_gives_something_else_than_the_object_is_refused(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    model = trained()
    monkeypatch.setattr(LogisticRegression, "predict", lambda self, rows: numpy.full(len(rows), 7))
    with pytest.raises(Refused, match="the smoke test fails: prediction"):
        log(world, model, sample_input=FRAME.head())
    assert world.git("branch", "--list", "rollbook/*") == ""


def test_without_a_sample_it_is_not_run_and_that_is_said(world: World):
    logged = log(world, trained())
    assert "it was not run: there is no sample_input" in logged.remarks


def test_what_nothing_here_can_run_is_said(world: World, monkeypatch: pytest.MonkeyPatch):
    import importlib.util

    monkeypatch.setattr(
        "rollbook.propose.in_memory.logged_model.find_spec",
        lambda name: None if name == "skops" else importlib.util.find_spec(name),
    )
    logged = log(world, trained(), sample_input=FRAME.head())
    assert "it was not run: skops is not installed: pip install rollbook[skops]" in logged.remarks


def test_an_onnx_graph_names_its_own_inputs_and_outputs(world: World):
    from skl2onnx import to_onnx

    rows = FRAME.to_numpy("float32")
    model = LogisticRegression().fit(rows, LABELS)
    graph = to_onnx(model, rows[:1], options={"zipmap": False})
    logged = log(world, graph, sample_input=rows[:4])
    found = manifest(world, logged)
    assert logged.format == "onnx"
    assert [one["name"] for one in found["signature"]["inputs"]] == ["X"]
    assert [one["name"] for one in found["signature"]["outputs"]] == ["label", "probabilities"]
    pinned = {line.partition("==")[0] for line in beside(world, logged, "requirements.txt").split()}
    assert {"onnx", "onnxruntime"} <= pinned
    assert yaml.safe_load(beside(world, logged, "evidence/smoke-test-1.yaml"))["passed"] is True


def test_what_was_written_predicts_the_same(world: World):
    model = trained()
    log(world, model, sample_input=FRAME.head(), land=True)
    version = Registry.open(world.registry).version("churn@0.1.0")
    rows = FRAME.tail(7)
    assert version.predict(rows)["prediction"].tolist() == model.predict(rows).tolist()


def test_what_can_not_land_stays_proposed(world: World, monkeypatch: pytest.MonkeyPatch):
    def land(*_: object) -> None:
        raise Conflict("main has moved on", hint="Land it again.")

    monkeypatch.setattr("rollbook.propose.in_memory.logged_model.land", land)
    with pytest.raises(Conflict):
        log(world, trained(), test=False, land=True)
    assert "rollbook/register/churn/0.1.0" in world.git("branch", "--list", "rollbook/*")


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository in which a notebook runs, one file of it changed since its commit."""
    code = tmp_path / "training"
    (code / "notebooks").mkdir(parents=True)
    notebook = code / "notebooks" / "churn.ipynb"
    notebook.write_text("{}")
    (code / "features.py").write_text("")
    git(tmp_path, "init", "--quiet", "training")
    git(code, "add", ".")
    git(code, "commit", "--quiet", "-m", "Begin")
    monkeypatch.chdir(notebook.parent)
    monkeypatch.setenv("JPY_SESSION_NAME", str(notebook))
    return code


def test_the_notebook_and_the_commit_of_its_code_are_on_record(world: World, session: Path):
    logged = log(world, trained(), test=False)
    found = manifest(world, logged)
    assert found["extra"] == {"notebook": "notebooks/churn.ipynb"}
    assert found["lineage"]["code"]["commit"] == git(session, "rev-parse", "HEAD")
    assert found["lineage"]["code"]["dirty"] is False
    assert not any("commit" in remark for remark in logged.remarks)


def test_code_that_no_commit_holds_is_said(world: World, session: Path, monkeypatch: pytest.MonkeyPatch):
    (session / "features.py").write_text("changed = True")
    (session / "new.ipynb").write_text("{}")
    monkeypatch.setenv("JPY_SESSION_NAME", str(session / "new.ipynb"))
    logged = log(world, trained(), test=False)
    assert manifest(world, logged)["lineage"]["code"]["dirty"] is True
    assert any("changes that are in no commit" in remark for remark in logged.remarks)
    assert "git does not track the notebook new.ipynb" in logged.remarks


def test_a_notebook_shows_a_bar_and_then_how_it_ended(world: World, monkeypatch: pytest.MonkeyPatch):
    shown: list[Any] = []
    pictures: list[tuple[str, str]] = []

    def display(what: Any, *, display_id: bool) -> Any:
        assert display_id
        shown.append(what)
        return SimpleNamespace(update=lambda bar: pictures.append((repr(bar), bar._repr_html_())))

    shell = type("ZMQInteractiveShell", (), {"user_ns": {}})()
    fake = SimpleNamespace(get_ipython=lambda: shell, display=SimpleNamespace(display=display))
    monkeypatch.setitem(sys.modules, "IPython", fake)
    log(world, trained(), test=False)
    assert len(shown) == 1
    assert pictures[-1] == ("done: churn", "<div>done: churn</div>")
    assert any("<progress" in html for _, html in pictures)
