"""Each benchmark runs at its smallest size and gives its ratios. No time is asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parents[2]


def _measured(name: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", name, "--toy", "--json"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    measured: list[dict[str, Any]] = json.loads(done.stdout)
    return measured


@pytest.mark.parametrize(
    ("name", "peers"),
    [
        ("resolve", ["python: import click, yaml; git cat-file", "git cat-file blob"]),
        ("list", ["gto show (18 tags)"]),
        ("register", ["dvc add + dvc push + sha256sum"]),
        ("check", ["git ls-tree -r HEAD", "parsing the files with libyaml"]),
        ("history", ["git for-each-ref, all messages"]),
        ("record", ["git for-each-ref, all messages"]),
    ],
)
def test_a_benchmark_gives_a_ratio_to_each_peer(name: str, peers: list[str]) -> None:
    measured = _measured(name)
    ratios = {item["other"]: item["ratio"] for item in measured}
    assert all(item["benchmark"] == name and item["seconds"] > 0 for item in measured)
    assert all(ratios[peer] > 0 for peer in peers)


def test_an_unknown_benchmark_is_refused_with_the_list_of_those_there_are() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "resolving"],
        cwd=_ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "register" in done.stderr
