"""A real Prometheus that has a past is looked at again."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from building.past_production import END, WENT_BAD, WENT_WELL, error_rate, past_registry
from building.work_tree import commit, write
from rollbook import Registry
from rollbook.integrations.monitor.observing import observe
from rollbook.integrations.monitor.replay.past_main import PastMain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rollbook.integrations.monitor.replay.replay_result import Replay

MINUTES = timedelta(minutes=5)
BEGINS, PAST = WENT_BAD - timedelta(hours=4), timedelta(hours=20)
PERIOD = "2026-03-05T04:00:00Z..2026-03-05T22:00:00Z"
SILENT_FROM, SILENT_UNTIL = WENT_WELL + timedelta(hours=1), WENT_WELL + timedelta(hours=3)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Prometheus with figures of both versions, five minutes apart, but for two silent hours."""
    if shutil.which("prometheus") is None or shutil.which("promtool") is None:
        pytest.skip("Prometheus is not installed")
    folder = tmp_path_factory.mktemp("prometheus")
    _write_past(folder)
    (folder / "prometheus.yml").write_text("{}\n")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    command = [
        "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=50y",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log)
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}/-/ready", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def _write_past(folder: Path) -> None:
    lines = ["# TYPE error_rate gauge"]
    for version in ("1.0.0", "1.1.0"):
        for place in range(PAST // MINUTES):
            at = BEGINS + place * MINUTES
            if not SILENT_FROM <= at < SILENT_UNTIL:
                labels = f'model="credit",version="{version}"'
                lines.append(f"error_rate{{{labels}}} {error_rate(version, at)} {int(at.timestamp())}")
    (folder / "past.txt").write_text("\n".join([*lines, "# EOF", ""]))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "past.txt", "data"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("Prometheus was not ready in a minute")


@pytest.fixture(scope="module")
def registry(url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("watched")
    registry = past_registry(root)
    policy = (registry / "registry/policy.yaml").read_text()
    live = f"source: file, path: {json.dumps(str(root / 'live.json'))}"
    query = 'query: "avg_over_time(error_rate{model=\\"{model}\\", version=\\"{version}\\"}[{window}s])"'
    policy = policy.replace(live, f"source: prometheus, url: {url}").replace(
        "max: 0.05", f"max: 0.05, {query}"
    )
    write(registry, {"registry/policy.yaml": policy})
    commit(registry, date=END.isoformat())
    return registry


@pytest.fixture(scope="module")
def replay(registry: Path) -> Replay:
    with Registry.open(registry) as opened:
        return opened.monitor.replay(PERIOD, step="15m")


def test_the_breach_is_found_once_the_average_of_the_window_is_above_the_bound(replay: Replay) -> None:
    (past,) = replay.episodes
    assert WENT_BAD + timedelta(minutes=30) < past.episode.started <= WENT_BAD + timedelta(hours=1)
    assert past.episode.ended is not None
    assert WENT_WELL < past.episode.ended <= WENT_WELL + timedelta(hours=1, minutes=15)


def test_each_step_says_what_a_run_at_that_moment_would_have_said(registry: Path, replay: Replay) -> None:
    (track,) = replay.tracks
    unknown = 0
    with Registry.open(registry) as opened, PastMain(opened.repository, "HEAD") as past:
        for look in track.looks[::3]:
            then = past.registry_at(look.at)
            assert then is not None
            then.policy = opened.policy
            (outcome,) = observe(then, look.at)
            assert (look.value, look.seen) == (outcome.value, outcome.state)
            unknown += outcome.value is None
    assert unknown
