"""What MLflow's runs and logged models say of a version, in a manifest's fields."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import mlflow
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from mlflow.data.http_dataset_source import HTTPDatasetSource
from mlflow.data.meta_dataset import MetaDataset
from mlflow.entities import (
    Dataset,
    DatasetInput,
    Experiment,
    InputTag,
    LoggedModel,
    Metric,
    Param,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunTag,
)

from building.mlflow_tracking import REQUIREMENTS, model_folder
from rollbook.schema.schemas import violations
from rollbook.transfer.mlflow.parameter_values import parameter_value
from rollbook.transfer.mlflow.run_facts import (
    MlflowFacts,
    joined,
    logged_model_facts,
    manifest_fields,
    run_facts,
)
from rollbook.yaml.strict import load
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from building.mlflow_tracking import Tracked

RUN_ID = "0123456789abcdef0123456789abcdef"
COMMIT = "1f7a7a472abf3dd9643fd615f6da379c4acb3e3a"
LAWFUL = {
    "model": "churn",
    "version": "1.0.0",
    "created_at": "2026-01-01T00:00:00Z",
    "created_by": "ana@example.com",
    "artifact": {"path": "model", "format": "mlflow", "size": 1, "sha256": "0" * 64},
}


def run_of(
    params: dict[str, str] | None = None,
    metrics: dict[str, float] | None = None,
    tags: dict[str, str] | None = None,
    data: list[DatasetInput] | None = None,
    start: int = 1_700_000_000_000,
    end: int | None = 1_700_000_100_500,
) -> Run:
    return Run(
        RunInfo(RUN_ID, "7", "ana", "FINISHED", start, end, "active", "/artifacts", "best"),
        RunData(
            [Metric(name, value, 0, 0) for name, value in (metrics or {}).items()],
            [Param(name, value) for name, value in (params or {}).items()],
            [RunTag(name, value) for name, value in (tags or {}).items()],
        ),
        RunInputs(data or []),
    )


def data_set(name: str, context: str = "", **more: str) -> DatasetInput:
    fields = {"digest": "abc", "source_type": "http", "source": "{}", **more}
    return DatasetInput(
        Dataset(name, **fields), [InputTag("mlflow.data.context", context)] if context else []
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("6", 6),
        ("-1", -1),
        ("0.1", 0.1),
        ("1e-05", 1e-05),
        ("True", True),
        ("None", None),
        ("[64, 32]", [64, 32]),
        ("gini", "gini"),
        # Not written as Python or JSON writes it, so it may be another thing.
        ("007", "007"),
        ("0.10", "0.10"),
        ("1_000", "1_000"),
        ("nan", "nan"),
        ("inf", "inf"),
        ("9007199254740993", "9007199254740993"),
        ("[[1], 2]", "[[1], 2]"),
        ("[1, nan]", "[1, nan]"),
        ("['a']", "['a']"),
        ("[" * 2000, "[" * 2000),
        ("\x1b[31m", "\N{REPLACEMENT CHARACTER}[31m"),
    ],
)
def test_a_parameter_is_what_its_text_was_written_from(text: str, value: Any) -> None:
    assert parameter_value(text) == value
    assert type(parameter_value(text)) is type(value)


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.none(), st.text()))
def test_no_parameter_loses_anything(told: object) -> None:
    value = parameter_value(str(told))
    assert str(value) == str(told) or isinstance(told, str)


def test_a_run_tells_parameters_metrics_and_when_it_ran() -> None:
    facts = run_facts(run_of({"depth": "3"}, {"auc": 0.9}))
    assert facts.fields["hyperparameters"] == {"depth": 3}
    assert facts.fields["metrics"] == {"auc": 0.9}
    assert facts.fields["training"] == {
        "started_at": "2023-11-14T22:13:20Z",
        "ended_at": "2023-11-14T22:15:00Z",
        "duration_seconds": 100.5,
    }


def test_metrics_that_a_manifest_can_not_hold_are_kept_beside_them() -> None:
    long = "x" * 101
    facts = run_facts(
        run_of(metrics={"loss": math.nan, "big": 1.7976931348623157e308, long: 1.0, "auc": 0.5})
    )
    assert facts.fields["metrics"] == {"auc": 0.5}
    assert facts.extra["other_metrics"] == {"loss": "nan", "big": "1.7976931348623157e+308", long: 1.0}


def test_the_commit_of_the_code_is_its_lineage() -> None:
    tags = {
        "mlflow.source.git.commit": COMMIT,
        "mlflow.source.git.repoURL": "https://ana:secret@git.example.com/train.git",
        "mlflow.source.git.branch": "main",
    }
    assert run_facts(run_of(tags=tags)).fields["lineage"]["code"] == {
        "repository": "https://git.example.com/train.git",
        "commit": COMMIT,
        "branch": "main",
    }


def test_a_commit_that_is_none_is_told() -> None:
    facts = run_facts(run_of(tags={"mlflow.source.git.commit": "HEAD"}))
    assert "code" not in facts.fields["lineage"]
    assert facts.left_out == ("mlflow.source.git.commit: 'HEAD' is no full id of a commit",)


def test_input_data_is_its_lineage_and_what_it_was_evaluated_on_is_not() -> None:
    told = [
        data_set("loans", "training", source='{"uri": "s3://data/loans"}', profile='{"num_rows": 1200}'),
        data_set("loans", "training"),
        data_set("rates"),
        data_set("holdout", "eval"),
        data_set("broken", source="{", profile="[1]"),
    ]
    facts = run_facts(run_of(data=told))
    assert facts.fields["lineage"]["data"] == [
        {"name": "loans", "version": "abc", "uri": "s3://data/loans", "rows": 1200},
        {"name": "rates", "version": "abc"},
        {"name": "broken", "version": "abc"},
    ]
    assert facts.extra["other_data"] == [{"name": "holdout", "version": "abc", "context": "eval"}]


def test_what_a_manifest_has_no_field_for_goes_beside() -> None:
    tags = {
        "mlflow.source.name": "train.py",
        "mlflow.user": "ana",
        "team": "risk",
        "mlflow.log-model.history": "[]",
        "mlflow.note.content": "the best",
    }
    facts = run_facts(run_of(tags=tags), Experiment("7", "churn", "/artifacts", "active"), "https://m/#/r")
    assert facts.extra == {
        "run_id": RUN_ID,
        "run_name": "best",
        "run_status": "FINISHED",
        "experiment_id": "7",
        "experiment": "churn",
        "user": "ana",
        "source_name": "train.py",
        "run_note": "the best",
        "run_tags": {"team": "risk"},
    }
    assert facts.fields["lineage"]["run"] == {"tool": "mlflow", "id": RUN_ID, "uri": "https://m/#/r"}


def test_autologging_tells_the_algorithm() -> None:
    assert run_facts(run_of(tags={"estimator_name": "SVC"})).fields["algorithm"] == "SVC"


@pytest.mark.parametrize("end", [1, None, 10**18])
def test_an_end_that_can_not_be_is_left_out(end: int | None) -> None:
    assert run_facts(run_of(end=end)).fields["training"] == {"started_at": "2023-11-14T22:13:20Z"}


def test_a_logged_model_tells_the_last_of_its_metrics() -> None:
    metrics = [
        Metric("auc", value, timestamp, step, model_id="m-1")
        for value, timestamp, step in ((0.9, 5, 2), (0.7, 9, 1), (0.8, 4, 2))
    ]
    model = LoggedModel(
        "7", "m-1", "tree", "/a", 1, 1, source_run_id=RUN_ID, params={"depth": "3"}, metrics=metrics
    )
    facts = logged_model_facts(model)
    assert facts.fields["metrics"] == {"auc": 0.9}
    assert facts.fields["hyperparameters"] == {"depth": 3}
    assert facts.fields["lineage"]["run"] == {"tool": "mlflow", "id": RUN_ID}
    assert facts.extra["run_id"] == RUN_ID


def test_of_the_same_entry_the_later_is_kept() -> None:
    one = MlflowFacts({"metrics": {"a": 1, "b": 1}}, {"user": "ana"}, ("x",))
    two = MlflowFacts({"metrics": {"b": 2}}, {"user": "ben"}, ("x", "y"))
    assert joined(one, two) == MlflowFacts({"metrics": {"a": 1, "b": 2}}, {"user": "ben"}, ("x", "y"))


def test_a_run_and_its_model_together_are_not_more_than_a_manifest_holds() -> None:
    run = run_facts(run_of({f"a{number}": "1" for number in range(1000)}))
    model = run_facts(run_of({f"b{number}": "1" for number in range(1000)}))
    facts = joined(run, model)
    assert len(facts.fields["hyperparameters"]) == 1000
    assert facts.left_out == ("hyperparameters: 1000 that a manifest can't hold",)


def test_more_than_a_manifest_holds_is_left_out_and_told() -> None:
    wide = "\U0001f600" * 500  # four bytes each
    facts = run_facts(
        run_of(
            {f"p{number:05}": wide for number in range(3000)},
            {f"m{number:05}{'x' * 90}": 1.0 for number in range(3000)},
            {f"t{number:05}": wide * 10 for number in range(3000)},
            [data_set(f"{number}{wide}") for number in range(3000)],
        )
    )
    assert len(dump({**LAWFUL, **manifest_fields(facts)})) < 1 << 20
    told = [line.partition(":")[0] for line in facts.left_out]
    assert told == ["parameters", "metrics", "data sets", "tags"]


texts = st.text(st.characters(exclude_categories=()), max_size=300)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(texts, texts, max_size=5),
    st.dictionaries(texts, st.floats(), max_size=5),
    st.dictionaries(texts, texts, max_size=5),
    st.lists(st.tuples(texts, texts, texts), max_size=3),
    st.integers(-(2**63), 2**63),
)
@example({}, {"\ud800": 0.0}, {}, [], 0)
def test_whatever_a_run_says_is_written_and_read_back(
    params: dict[str, str],
    metrics: dict[str, float],
    tags: dict[str, str],
    data: list[tuple[str, str, str]],
    end: int,
) -> None:
    own = dict.fromkeys(["mlflow.source.git.repoURL", "mlflow.user", "estimator_name"], next(iter(tags), ""))
    inputs = [data_set(name, context, source=source) for name, context, source in data]
    told = {**tags, **own, "mlflow.source.git.commit": COMMIT}
    fields = manifest_fields(run_facts(run_of(params, metrics, told, inputs, end=end)), source="x\x00y")
    manifest = {**LAWFUL, **fields}
    assert violations("version", manifest) == []
    assert load(dump(manifest)) == manifest


class TestOfARegisteredVersion:
    """Lineage is complete without a word from whoever registers."""

    def test_all_of_it_stands_in_the_manifest(self, tracked: Tracked) -> None:
        run = tracked.run(
            params={"depth": 3},
            metrics={"auc": 0.9},
            tags={"mlflow.source.git.commit": COMMIT, "mlflow.source.name": "train.py"},
        )
        loans = MetaDataset(
            HTTPDatasetSource("https://data.example.com/loans.csv"), name="loans", digest="d1"
        )
        tracked.client.log_inputs(run.info.run_id, [DatasetInput(loans._to_mlflow_entity())])
        tracked.with_model(run)
        made = mlflow.register_model(f"runs:/{run.info.run_id}/model", "churn", tags={"team": "risk"})
        manifest = tracked.manifest("1.0.0")
        assert manifest["hyperparameters"] == {"depth": 3}
        assert manifest["metrics"] == {"auc": 0.9}
        assert manifest["algorithm"] == "XGBClassifier"
        assert manifest["framework"] == {"name": "xgboost", "version": "3.0.1"}
        assert manifest["signature"]["inputs"][0]["name"] == "age"
        assert manifest["tags"] == {"team": "risk"}
        assert manifest["lineage"] == {
            "data": [{"name": "loans", "version": "d1", "uri": "https://data.example.com/loans.csv"}],
            "code": {"commit": COMMIT},
            "run": {"tool": "mlflow", "id": run.info.run_id},
        }
        assert manifest["environment"]["python"] == "3.11.7"
        path = "registry/churn/versions/1.0.0/requirements.txt"
        assert tracked.world.git("show", f"main:{path}") == REQUIREMENTS.rstrip()
        assert manifest["extra"]["mlflow"]["experiment"] == "churn"
        assert (made.run_id, made.source) == (run.info.run_id, f"{run.info.artifact_uri}/model")

    def test_a_link_to_the_run_is_where_it_can_be_looked_at(self, tracked: Tracked) -> None:
        run = tracked.run()
        folder = tracked.with_model(run)
        tracked.client.create_registered_model("churn")
        made = tracked.client.create_model_version(
            "churn", str(folder), run.info.run_id, run_link="https://m.example.com/r/1"
        )
        assert made.run_link == "https://m.example.com/r/1"
        assert tracked.manifest("1.0.0")["lineage"]["run"]["uri"] == "https://m.example.com/r/1"

    def test_a_run_is_found_by_what_stands_among_its_artifacts(self, tracked: Tracked) -> None:
        run = tracked.run(metrics={"auc": 0.9})
        folder = tracked.with_model(run)
        tracked.client.create_registered_model("churn")
        made = tracked.client.create_model_version("churn", str(folder))
        assert made.run_id == run.info.run_id
        assert tracked.manifest("1.0.0")["metrics"] == {"auc": 0.9}

    def test_a_run_that_a_folder_elsewhere_claims_is_not_believed(self, tracked: Tracked) -> None:
        run = tracked.run(metrics={"auc": 0.9})
        folder = model_folder(tracked.root / "elsewhere", run_id=run.info.run_id)
        tracked.client.create_registered_model("churn")
        made = tracked.client.create_model_version("churn", str(folder))
        assert made.run_id is None
        assert "metrics" not in tracked.manifest("1.0.0")

    def test_a_logged_model_whose_run_is_gone_keeps_its_id_and_says_so(self, tracked: Tracked) -> None:
        experiment = tracked.experiment()
        logged = tracked.client.create_logged_model(experiment, name="tree", source_run_id=RUN_ID)
        model_folder(tracked.root / "artifacts" / "models" / logged.model_id / "artifacts")
        made = mlflow.register_model(f"models:/{logged.model_id}", "churn")
        assert made.run_id == RUN_ID
        manifest = tracked.manifest("1.0.0")
        assert manifest["lineage"]["run"] == {"tool": "mlflow", "id": RUN_ID}
        assert "is not in MLflow's tracking store" in manifest["extra"]["mlflow"]["left_out"][0]
