"""Which MLflow the store is for, and is tested with."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]


def test_the_oldest_mlflow_that_is_tested_is_the_oldest_that_is_said_to_work() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    (said,) = Requirement(extras["mlflow"][0]).specifier
    (line,) = [line for line in (ROOT / ".ci/run").read_text().splitlines() if "readonly MLFLOW=" in line]
    tested = line.partition("=")[2].split()[0]
    assert (said.operator, tested.rpartition(".")[0]) == (">=", said.version)


@pytest.mark.skipif("ROLLBOOK_TEST_MLFLOW" not in os.environ, reason="runs with a named version of MLflow")
def test_these_tests_and_what_they_start_run_with_the_version_asked_for() -> None:
    import mlflow

    told = subprocess.run(
        [sys.executable, "-m", "mlflow", "--version"], capture_output=True, text=True, check=True
    )
    assert mlflow.__version__ == os.environ["ROLLBOOK_TEST_MLFLOW"]
    assert told.stdout.split()[-1] == os.environ["ROLLBOOK_TEST_MLFLOW"]
