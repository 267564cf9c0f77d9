"""What MLflow is asked beside Rollbook, in this process: each process of its own would load MLflow again."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from benchmarks.peers import mlflow_peer, mlflow_reads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from building.once import Template
    from building.world import World

MODELS = [{"name": "risk/credit", "versions": ["1.0.0", "1.1.0", "1.2.0"]}]


@pytest.fixture(scope="module", autouse=True)
def _filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A directory with MLflow's registry in a SQLite file, as a process of the benchmarks has it."""
    before = Path.cwd()
    os.chdir(tmp_path_factory.mktemp("mlflow"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", io.StringIO(json.dumps(MODELS)))
        mlflow_peer.main("fill")
    yield
    os.chdir(before)


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("resolve", "2 s3://models/risk--credit/1.1.0\n"),
        ("list", "risk--credit [3] {production: 2}\n"),
        ("versions", "3 None Version 1.2.0, retrained on the newest data.\n"),
        ("show", "<ModelVersion: aliases=[production], "),
        ("register", "4\n"),
    ],
)
def test_mlflow_answers_what_it_is_asked(
    action: str, answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mlflow_peer.main(action, "risk--credit")
    assert answer in capsys.readouterr().out.replace("'", "")  # numbers are texts in older ones


def test_a_client_that_is_asked_again_and_again_tells_the_seconds_of_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    mlflow_peer.main("warm", "risk--credit")
    assert float(capsys.readouterr().out) > 0


def _in_production(world: World) -> None:
    world.register("credit", "1.0.0")
    world.promote("credit@1.0.0", "staging")
    world.run("alias", "credit@1.0.0", "champion", "--reason", "best", "--land")


@pytest.mark.parametrize("action", ["alias", "stage", "name", "list", "cold"])
@pytest.mark.parametrize("store", ["MLflow", "Rollbook"])
def test_each_store_tells_the_seconds_of_each_read(
    action: str, store: str, template: Template, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(mlflow_reads, "_TIMES", 2)
    address = (
        "sqlite:///mlflow.db" if store == "MLflow" else f"rollbook://{template(_in_production).registry}"
    )
    mlflow_reads.main(action, address)
    assert float(capsys.readouterr().out) > 0
