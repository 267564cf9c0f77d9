"""The rules of retention by themselves: what they keep, and that a model's own rules only keep more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from rollbook.check.retention_fate import ModelStanding, fates
from rollbook.records.policy import Policy, Stage
from rollbook.records.retention import OwnRetention, Retention
from rollbook.records.stages import StageEntry, StageTable
from rollbook.trail.stage_times import Stay

NOW = datetime(2026, 11, 21, tzinfo=UTC)
STAGES = ("development", "staging", "production", "archived")
POLICY = Policy(tuple(Stage(name, name == "production", STAGES, None, "") for name in STAGES))
LOOSE = Retention(keep_unpromoted=1, keep_days=0, days_there=0)


def stays(*path: tuple[str, int]) -> tuple[Stay, ...]:
    """A way through stages: each with how many days ago it was entered."""
    moments = [NOW - timedelta(days=days) for _, days in path]
    left = [*moments[1:], None]
    return tuple(Stay(name, at, gone) for (name, _), at, gone in zip(path, moments, left, strict=True))


def standing(histories: dict[str, tuple[Stay, ...]]) -> ModelStanding:
    entries = tuple(
        StageEntry(way[-1].stage, version, "", "", "") for version, way in histories.items() if len(way) > 1
    )
    return ModelStanding(list(histories), (), StageTable(entries), lambda version: histories[version])


def goes(rules: Retention, histories: dict[str, tuple[Stay, ...]]) -> list[str]:
    newest = {"9.0.0": stays(("development", 900))}
    return [fate.version for fate in fates(POLICY, rules, standing(histories | newest), NOW) if fate.goes]


ARCHIVED = stays(("development", 100), ("archived", 40))


def test_what_was_archived_long_enough_goes() -> None:
    assert goes(Retention(keep_unpromoted=1), {"1.0.0": ARCHIVED}) == ["1.0.0"]


def test_without_a_number_to_keep_nothing_goes() -> None:
    assert goes(Retention(), {"1.0.0": ARCHIVED}) == []


def test_the_days_in_the_stage_count_from_when_it_came_there_last() -> None:
    assert goes(Retention(keep_unpromoted=1, days_there=41), {"1.0.0": ARCHIVED}) == []


def test_the_days_since_registration_count() -> None:
    assert goes(Retention(keep_unpromoted=1, keep_days=101), {"1.0.0": ARCHIVED}) == []


def test_so_many_of_the_newest_unpromoted_versions_stay() -> None:
    histories = {f"1.{number}.0": ARCHIVED for number in (1, 2, 10)}
    assert goes(Retention(keep_unpromoted=3), histories) == ["1.1.0"]


def test_promoted_versions_do_not_take_the_place_of_unpromoted_ones() -> None:
    tried = stays(("development", 100), ("staging", 90), ("archived", 40))
    histories = {"1.1.0": ARCHIVED, "1.2.0": tried}
    assert goes(Retention(keep_unpromoted=2), histories) == ["1.2.0"]


def test_production_long_ago_keeps_for_ever() -> None:
    served = stays(("development", 2000), ("production", 1900), ("archived", 1800))
    assert goes(LOOSE, {"1.0.0": served}) == []
    assert goes(Retention(keep_unpromoted=1, keep_stages=()), {"1.0.0": served}) == ["1.0.0"]


def test_a_version_that_the_history_does_not_know_stays() -> None:
    table = StageTable((StageEntry("archived", "1.0.0", "", "", ""),))
    model = ModelStanding(["1.0.0", "2.0.0"], (), table, lambda _: ())
    assert not any(fate.goes for fate in fates(POLICY, LOOSE, model, NOW))


RULES = st.builds(
    OwnRetention,
    keep_all=st.booleans(),
    keep_unpromoted=st.integers(0, 5),
    keep_days=st.integers(0, 200),
    keep_stages=st.lists(st.sampled_from(STAGES), max_size=2).map(tuple),
    days_there=st.integers(0, 100),
)
WAY = st.lists(st.sampled_from(STAGES[1:]), max_size=3).map(
    lambda names: stays(*((name, 150 - 40 * place) for place, name in enumerate(["development", *names])))
)


@given(RULES, st.integers(1, 4), st.lists(WAY, min_size=1, max_size=8))
def test_a_model_with_rules_of_its_own_never_keeps_less(
    own: OwnRetention, keep: int, ways: list[tuple[Stay, ...]]
) -> None:
    histories = {f"{number}.0.0": way for number, way in enumerate(ways)}
    policy = Retention(keep_unpromoted=keep, keep_days=60, days_there=20)
    assert set(goes(own.tightened(policy), histories)) <= set(goes(policy, histories))
