"""A log of predictions, looked at again: each step says what a run at that moment would have said."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from building.past_production import END, PROMOTED, START, WENT_BAD, past_registry
from building.work_tree import commit, write
from rollbook import Registry
from rollbook.integrations.monitor.observing import observe
from rollbook.integrations.monitor.replay.past_main import PastMain
from rollbook.integrations.monitor.sources.logged_rows import LoggedRows
from rollbook.registry.registry import Registry as ReadRegistry

if TYPE_CHECKING:
    from pathlib import Path

    from rollbook.integrations.monitor.replay.replay_result import Replay

PERIOD = "2026-03-03T00:00:00Z..2026-03-06T12:00:00Z"
SILENT = range(2, 8)  # hours of 4 March without a row


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every five minutes a prediction of each version is logged, with whether it failed."""
    root = tmp_path_factory.mktemp("logged")
    registry = past_registry(root)
    moments = [START + place * timedelta(minutes=5) for place in range((END - START) // timedelta(minutes=5))]
    rows = [
        {"time": at, "model": "credit", "version": version, "failed": float(_fails(version, at, place))}
        for place, at in enumerate(moments)
        for version in ("1.0.0", "1.1.0")
        if not (at.day == 4 and at.hour in SILENT)
    ]
    pq.write_table(pa.Table.from_pylist(rows), root / "log.parquet")
    policy = (registry / "registry/policy.yaml").read_text()
    log = f"live: {{source: log, path: {json.dumps(str(root / 'log.parquet'))}}}"
    policy = policy.replace(f"live: {{source: file, path: {json.dumps(str(root / 'live.json'))}}}", log)
    write(registry, {"registry/policy.yaml": policy.replace("metric: error_rate", "metric: failed")})
    commit(registry, date=END.isoformat())
    return registry


def _fails(version: str, at: object, place: int) -> bool:
    is_bad = version == "1.1.0" and str(WENT_BAD) <= str(at)
    return place % (4 if is_bad else 50) == 0


@pytest.fixture(scope="module")
def replay(registry: Path) -> Replay:
    with Registry.open(registry) as opened:
        return opened.monitor.replay(PERIOD, step="1h")


def test_the_breach_is_found_once_the_window_is_bad(replay: Replay) -> None:
    (past,) = replay.episodes
    assert past.episode.version == "1.1.0"
    assert WENT_BAD < past.episode.started <= WENT_BAD + timedelta(hours=3)


def test_each_step_says_what_a_run_at_that_moment_would_have_said(registry: Path, replay: Replay) -> None:
    looks = {(track.version, look.at): look for track in replay.tracks for look in track.looks[::4]}
    compared = 0
    with Registry.open(registry) as opened, PastMain(opened.repository, "HEAD") as past:
        for (version, at), look in looks.items():
            then = past.registry_at(at)
            assert then is not None
            then.policy = opened.policy
            (outcome,) = observe(then, at)
            assert outcome.subject.version == version
            assert (look.value, look.seen, look.samples) == (outcome.value, outcome.state, outcome.samples)
            compared += 1
    assert compared == len(looks) > 20


def test_hours_without_a_row_are_unknown_although_the_hour_before_had_some(replay: Replay) -> None:
    track = next(track for track in replay.tracks if track.version == "1.1.0")
    values = {look.at: look.value for look in track.looks}
    silent = PROMOTED.replace(day=4, hour=SILENT[-1])
    assert values[silent] is None
    assert values[silent - timedelta(hours=8)] is not None


def test_a_log_is_put_in_order_once(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    windows = []
    covering = LoggedRows._covering

    def counted(self: LoggedRows, window: object) -> object:
        known = self._sorted
        found = covering(self, window)  # type: ignore[arg-type]
        if found is not known:
            windows.append(window)
        return found

    monkeypatch.setattr(LoggedRows, "_covering", counted)
    with Registry.open(registry) as opened:
        opened.monitor.replay(PERIOD)
    assert len(windows) == 1


def test_main_is_read_as_it_was(registry: Path) -> None:
    with Registry.open(registry) as opened, PastMain(opened.repository, "HEAD") as past:
        assert past.registry_at(START - timedelta(days=1)) is None
        then = past.registry_at(PROMOTED)
        assert isinstance(then, ReadRegistry)
        assert then.model("credit").stage("production").version == "1.1.0"
