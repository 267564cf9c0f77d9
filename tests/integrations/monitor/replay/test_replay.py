"""What the monitor would have seen and done over a past period."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from building.past_production import (
    BAD,
    CAME_BACK,
    GOOD,
    PERIOD,
    PROMOTED,
    WENT_BAD,
    WENT_WELL,
    figures,
    monitoring,
    past_registry,
)
from building.texts import POLICY, stages
from building.work_tree import commit, write
from building.world import Ran, rollbook
from rollbook import Registry
from rollbook.errors import BadCall, InvalidFile, NotFound
from rollbook.integrations.monitor.outcome import State
from rollbook.integrations.monitor.sources.file_source import OpenFile

if TYPE_CHECKING:
    from rollbook.integrations.monitor.question import Answer, Question
    from rollbook.integrations.monitor.replay.replay_result import Replay

HOUR = timedelta(hours=1)
NONE_GOOD = "a person is called, as no version to go back to is good: "
NONE_BEFORE = f"{NONE_GOOD}none held it before"


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    return past_registry(tmp_path)


def replayed(registry: Path, period: str = PERIOD, **options: Any) -> Replay:
    with Registry.open(registry) as opened:
        return opened.monitor.replay(period, **options)


def judged(registry: Path, check: str, more: str = "", **options: Any) -> Replay:
    """The period by another policy, in a file that is not committed."""
    tried = registry.parent / "tried.yaml"
    tried.write_text(POLICY + monitoring(registry.parent / "live.json", check, more))
    return replayed(registry, policy=tried, **options)


def breaches(replay: Replay) -> list[tuple[str, datetime, datetime | None]]:
    return [(one.episode.version, one.episode.started, one.episode.ended) for one in replay.episodes]


def would(replay: Replay, deed: str) -> list[str]:
    return [one.says for past in replay.episodes for one in past.deeds if one.name == deed]


def whole(registry: Path) -> dict[str, str]:
    """Every file of the repository, the git directory too, with its digest."""
    return {
        str(path.relative_to(registry)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(registry.rglob("*"))
        if path.is_file()
    }


def test_a_breach_is_found_at_the_step_at_which_it_is_confirmed(registry: Path) -> None:
    assert breaches(replayed(registry)) == [("1.1.0", WENT_BAD + HOUR, WENT_WELL + HOUR)]


def test_one_look_is_enough_where_the_policy_says_so(registry: Path) -> None:
    assert breaches(judged(registry, "max: 0.05, confirm: 1")) == [("1.1.0", WENT_BAD, WENT_WELL)]


def test_a_longer_step_sees_it_later(registry: Path) -> None:
    replay = replayed(registry, step="4h")
    assert breaches(replay)[0][1] == datetime(2026, 3, 5, 12, tzinfo=UTC)


def test_other_bounds_change_the_outcome(registry: Path) -> None:
    assert not breaches(judged(registry, "max: 0.1"))
    (version, started, _), *_ = breaches(judged(registry, "max: 0.005"))
    assert (version, started) == ("1.0.0", datetime(2026, 3, 1, 1, tzinfo=UTC))


def test_how_long_a_breach_has_to_last_changes_the_outcome(registry: Path) -> None:
    assert breaches(judged(registry, "max: 0.05, for: 6h"))[0][1] == WENT_BAD + 6 * HOUR
    assert not breaches(judged(registry, "max: 0.05, for: 13h"))


def test_each_version_counts_while_main_had_it_in_the_stage(registry: Path) -> None:
    looks = {track.version: [look.at for look in track.looks] for track in replayed(registry).tracks}
    assert looks["1.1.0"] == [PROMOTED + hour * HOUR for hour in range((CAME_BACK - PROMOTED) // HOUR)]
    assert not set(looks["1.0.0"]) & set(looks["1.1.0"])
    assert CAME_BACK in looks["1.0.0"]


def test_figures_of_the_other_version_never_count(registry: Path) -> None:
    live = registry.parent / "live.json"
    live.write_text(json.dumps(figures(lambda version, _: BAD if version == "1.0.0" else GOOD)))
    assert {version for version, *_ in breaches(replayed(registry))} == {"1.0.0"}


def test_a_figure_that_came_later_is_not_known_before(registry: Path) -> None:
    track = next(track for track in replayed(registry, step="30m").tracks if track.version == "1.1.0")
    seen = {look.at: look.value for look in track.looks}
    assert seen[WENT_BAD - timedelta(minutes=30)] == GOOD
    assert seen[WENT_BAD] == seen[WENT_BAD + timedelta(minutes=30)] == BAD


def test_a_version_is_held_against_the_one_before_as_main_had_it_then(registry: Path) -> None:
    tried = registry.parent / "tried.yaml"
    rules = monitoring(registry.parent / "live.json", "to: previous, max_rise: 0.03")
    tried.write_text(POLICY + rules.replace("threshold", "relative"))
    replay = replayed(registry, policy=tried)
    assert breaches(replay) == [("1.1.0", WENT_BAD + HOUR, WENT_WELL + HOUR)]
    looks = {look.at: look for track in replay.tracks for look in track.looks}
    assert looks[PROMOTED - HOUR].seen is State.UNKNOWN  # there was none before
    assert looks[PROMOTED + HOUR].baseline == GOOD
    assert "0.01 of 1.0.0" in looks[PROMOTED + HOUR].message
    assert "of 1.1.0" in looks[CAME_BACK + HOUR].message


def test_what_was_filed_about_a_version_since_counts(registry: Path) -> None:
    path = "registry/credit/versions/1.1.0/evidence/evaluation-1.yaml"
    evidence = (
        'kind: evaluation\nmodel: credit\nversion: "1.1.0"\npassed: true\nmetrics: {error_rate: 0.01}\n'
        f"artifact_sha256: {'a' * 64}\ncreated_at: 2026-03-07T00:00:00Z\ncreated_by: ann@example.com\n"
    )
    write(registry, {path: evidence})
    commit(registry, date=(CAME_BACK + HOUR).isoformat())
    tried = registry.parent / "tried.yaml"
    rules = monitoring(registry.parent / "live.json", "to: registered, max_rise: 0.03")
    tried.write_text(POLICY + rules.replace("threshold", "relative"))
    assert breaches(replayed(registry, policy=tried)) == [("1.1.0", WENT_BAD + HOUR, WENT_WELL + HOUR)]


def test_what_has_no_figures_is_unknown_never_ok(registry: Path) -> None:
    gone = WENT_WELL - 3 * HOUR
    live = registry.parent / "live.json"
    live.write_text(json.dumps(figures(lambda _, at: None if at >= gone else GOOD)))
    track = next(track for track in replayed(registry).tracks if track.version == "1.1.0")
    assert track.looks[-1].stood is State.UNKNOWN
    assert 0 < track.shares["unknown"] < 0.5
    assert sum(track.shares.values()) == pytest.approx(1, abs=1e-3)


def test_a_source_that_fails_leaves_all_unknown(registry: Path) -> None:
    (registry.parent / "live.json").write_text("no JSON")
    assert all(track.shares["unknown"] == 1 for track in replayed(registry).tracks)


def test_a_breach_that_comes_back_within_a_day_flaps(registry: Path) -> None:
    def rate(version: str, at: datetime) -> float:
        return BAD if version == "1.1.0" and at.hour // 4 % 2 else GOOD

    (registry.parent / "live.json").write_text(json.dumps(figures(rate)))
    track = next(track for track in replayed(registry).tracks if track.version == "1.1.0")
    assert (track.breaches, track.flaps) == (8, 7)
    damped = judged(registry, "max: 0.05, for: 6h").tracks
    assert all(track.flaps == 0 for track in damped)
    assert max(track.undamped_changes for track in damped) > 10


def test_a_rollback_would_go_to_the_version_that_held_production_before(registry: Path) -> None:
    replay = judged(registry, "max: 0.05", "  on_breach: {rollback: land}\n")
    assert [past.back_to for past in replay.episodes] == ["1.0.0"]
    assert would(replay, "rollback") == [
        "a rollback to 1.0.0 would land, where the gates let it, once its evidence has landed"
    ]


def test_nothing_would_be_rolled_back_unless_the_policy_says_so(registry: Path) -> None:
    replay = judged(registry, "max: 0.05", "  on_breach: {evidence: none, notify: false}\n")
    assert replay.episodes[0].deeds == ()


def test_without_a_version_before_a_person_is_called(registry: Path) -> None:
    replay = judged(registry, "max: 0.005", "  on_breach: {rollback: propose}\n")
    assert would(replay, "rollback")[0] == NONE_BEFORE


def test_a_second_rollback_within_the_time_is_held_off(registry: Path) -> None:
    def rate(version: str, at: datetime) -> float:
        return BAD if version == "1.1.0" and at.day in (4, 5) and at.hour < 6 else GOOD

    (registry.parent / "live.json").write_text(json.dumps(figures(rate)))
    first, second = would(judged(registry, "max: 0.05", "  on_breach: {rollback: land}\n"), "rollback")
    assert first.startswith("a rollback to 1.0.0")
    assert second == "held off until 2026-03-11T01:00:00Z: one was made on 2026-03-04T01:00:00Z"
    free = "  on_breach: {rollback: land, stop_loops_for: 12h}\n"
    assert would(judged(registry, "max: 0.05", free), "rollback") == [first, first]


def test_a_rollback_that_the_monitor_did_make_holds_off_the_next_one_too(registry: Path) -> None:
    held = "registry/credit/stages.yaml"
    back = stages(production=["1.0.0"], archived=["1.1.0"])
    automatic = "Z, automatic: {version: 1.1.0, evidence: monitoring-1}}"
    write(registry, {held: back.replace("Z}", automatic, 1)})
    commit(registry, date=(CAME_BACK + HOUR).isoformat())
    live = registry.parent / "live.json"
    live.write_text(json.dumps(figures(lambda _, at: BAD if at > CAME_BACK + 2 * HOUR else GOOD)))
    (said,) = would(judged(registry, "max: 0.05", "  on_breach: {rollback: land}\n"), "rollback")
    assert said.startswith("held off until 2026-03-13T01:00:00Z")


def test_without_evidence_a_person_is_called_for_the_rollback(registry: Path) -> None:
    replay = judged(registry, "max: 0.05", "  on_breach: {rollback: land, evidence: none}\n")
    assert would(replay, "rollback") == [
        "a person is called: a rollback rests on evidence, of which none is made"
    ]


def test_a_version_with_failed_evidence_of_its_own_is_nothing_to_go_back_to(registry: Path) -> None:
    path = "registry/credit/versions/1.0.0/evidence/monitoring-1.yaml"
    evidence = (
        'kind: monitoring\nmodel: credit\nversion: "1.0.0"\npassed: false\n'
        f"artifact_sha256: {'a' * 64}\ncreated_at: 2026-03-02T00:00:00Z\ncreated_by: bot@example.com\n"
    )
    held = "registry/credit/stages.yaml"
    write(registry, {path: evidence, held: stages(production=["1.1.0"], archived=["1.0.0"])})
    commit(registry, date=(CAME_BACK + HOUR).isoformat())
    live = registry.parent / "live.json"
    live.write_text(json.dumps(figures(lambda _, at: BAD if at > CAME_BACK + 2 * HOUR else GOOD)))
    (said,) = would(judged(registry, "max: 0.05", "  on_breach: {rollback: land}\n"), "rollback")
    assert said == f"{NONE_GOOD}1.0.0 has failed evidence itself: monitoring-1"


def test_a_version_past_its_sunset_is_nothing_to_go_back_to(registry: Path) -> None:
    held = "registry/credit/stages.yaml"
    archived = stages(archived=["1.0.0"]).replace("Z}", 'Z, sunset: "2026-03-04"}')
    write(registry, {held: stages(production=["1.1.0"]) + archived})
    commit(registry, date=(CAME_BACK + HOUR).isoformat())
    live = registry.parent / "live.json"
    live.write_text(json.dumps(figures(lambda version, at: BAD if at > CAME_BACK + HOUR else GOOD)))
    replay = judged(registry, "max: 0.05", "  on_breach: {rollback: land}\n")
    assert would(replay, "rollback") == [f"{NONE_GOOD}1.0.0 had its sunset on 2026-03-04"]


def test_the_moves_of_the_period_are_told(registry: Path) -> None:
    moves = [(move.at, str(move)) for move in replayed(registry).moves if move.stage == "production"]
    assert moves[1:] == [(PROMOTED, "1.1.0 to production"), (CAME_BACK, "1.0.0 back in production")]


def test_nothing_is_written(registry: Path) -> None:
    before = whole(registry)
    ran = rollbook(registry, "monitor", "run", "--replay", PERIOD, "--json")
    assert ran.code == 0
    assert len(json.loads(ran.out)["episodes"]) == 1
    assert whole(registry) == before


def test_a_source_is_asked_once_for_the_period(registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Question] = []

    def counted(self: OpenFile, question: Question, step: timedelta) -> Answer:
        asked.append(question)
        return self.figures(question)

    monkeypatch.setattr(OpenFile, "series", counted)
    replayed(registry)
    assert sorted(question.version for question in asked) == ["1.0.0", "1.1.0"]


def test_history_that_nobody_can_read_is_passed_over_and_noted(registry: Path) -> None:
    held = "registry/credit/stages.yaml"
    good = (registry / held).read_text()
    write(registry, {held: "production: [[["})
    commit(registry, date=(CAME_BACK + HOUR).isoformat())
    write(registry, {held: good})
    commit(registry, date=(CAME_BACK + 3 * HOUR).isoformat())
    replay = replayed(registry)
    looks = {look.at for track in replay.tracks if track.version == "1.0.0" for look in track.looks}
    assert CAME_BACK + 2 * HOUR not in looks
    assert CAME_BACK + 4 * HOUR in looks
    assert any("can't be read as main had it on 2026-03-06T01:00:00Z" in note for note in replay.notes)


def test_before_there_was_a_registry_nothing_is_asked(registry: Path) -> None:
    replay = replayed(registry, "2026-02-01..2026-02-02")
    assert (replay.steps, list(replay.tracks), list(replay.episodes)) == (48, [], [])


@pytest.mark.parametrize(
    ("period", "step", "says"),
    [
        ("2026-03-01", "1h", "is no period"),
        ("..2026-03-01", "1h", "is no period"),
        ("2026-03-02..2026-03-01", "1h", "nothing lies between"),
        ("2999-01-01..", "1h", "nothing lies between"),
        ("yesterday..", "1h", "is not a date"),
        ("2026-03-01..2026-03-07", "soon", "is no step"),
        ("2026-03-01..2026-03-07", "2d", "a day is the most"),
        ("2026-03-01..2026-03-07", "1s", "steps are too many"),
        ("999999w..", "1h", "is not a date"),
    ],
)
def test_a_period_or_a_step_that_can_not_be_used_is_refused(
    registry: Path, period: str, step: str, says: str
) -> None:
    with pytest.raises(BadCall, match=says) as raised:
        replayed(registry, period, step=step)
    assert raised.value.hint


def test_a_span_begins_so_long_before_now(registry: Path) -> None:
    replay = replayed(registry, "2d..")
    assert (replay.period.end - replay.period.start, replay.steps) == (timedelta(days=2), 49)


def test_an_unknown_model_and_a_policy_that_can_not_be_used_are_errors(registry: Path) -> None:
    with pytest.raises(NotFound):
        replayed(registry, model="credi")
    with pytest.raises(InvalidFile, match="can't fail"):
        judged(registry, "confirm: 1")
    with pytest.raises(BadCall, match="can't be read"):
        replayed(registry, policy=registry / "none.yaml")


def test_a_policy_without_end_is_refused(registry: Path) -> None:
    with pytest.raises(BadCall, match="too large for a policy"):
        replayed(registry, policy=Path("/dev/zero"))


def test_the_command_prints_shares_changes_and_episodes(registry: Path) -> None:
    ran = rollbook(registry, "monitor", "run", "credit", "--replay", PERIOD)
    assert ran.code == 0
    assert "credit@1.1.0\terrors\t80.0%\t0.0%\t20.0%\t0.0%\t1\t0\t2\t2" in ran.out
    assert "2026-03-05T07:00:00Z\t2026-03-05T19:00:00Z\tcredit@1.1.0\terrors" in ran.out
    assert "checks that the policy has now" in ran.err


def test_step_and_policy_go_with_a_replay(registry: Path) -> None:
    for option in ("--step", "--policy"):
        ran: Ran = rollbook(registry, "monitor", "run", option, "1h")
        assert ran.code == 2
        assert "go with --replay" in ran.err
