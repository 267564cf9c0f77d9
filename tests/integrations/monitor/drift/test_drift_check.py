"""The check of drift: rows that are logged, held against the reference that was registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from building.world import rollbook
from rollbook.errors import InvalidFile
from rollbook.integrations.monitor.outcome import State

from .logged import INPUTS, asked, rows, served

if TYPE_CHECKING:
    from building.once import Template
    from building.world import World


@pytest.fixture
def watched(started: Template) -> World:
    """churn@1.0.0 in production, with a reference of a thousand rows."""
    return started(_begin)


def _begin(world: World) -> None:
    served(world, rows())


def _older(seed: int = 2, **columns: object) -> dict[str, Any]:
    live = rows(seed=seed)
    return {**live, "age": live["age"] + 15, **columns}


def test_rows_of_the_same_kind_do_not_drift(watched: World) -> None:
    outcome = asked(watched, rows(seed=2))
    assert outcome.state is State.OK, outcome.message
    assert outcome.samples == 1000
    assert outcome.bound == "<= 0.2"
    assert set(outcome.figures) == {"age", "plan"}
    assert outcome.value == max(outcome.figures.values())


def test_a_column_that_moved_is_a_breach_and_is_named(watched: World) -> None:
    outcome = asked(watched, _older())
    assert outcome.state is State.BREACH
    assert outcome.message.startswith("1 of 2 columns drift; the farthest: `age` psi ")
    assert outcome.findings[0].startswith("`age` psi ")
    assert outcome.value == outcome.figures["age"] > 0.2 > outcome.figures["plan"]


def test_categories_that_are_otherwise_often_drift(watched: World) -> None:
    plans = np.random.default_rng(4).choice(["free", "pro", "team"], 1000, p=[0.1, 0.2, 0.7])
    outcome = asked(watched, rows(seed=2, plan=plans))
    assert outcome.state is State.BREACH
    assert outcome.findings[0].startswith("`plan` jensen-shannon ")


@pytest.mark.parametrize(
    "settings",
    [
        {"method": "psi"},
        {"method": "jensen-shannon"},
        {"method": "wasserstein", "columns": ["age"]},
        {"method": "ks", "columns": ["age"]},
        {"method": "ks", "columns": ["age"], "max": 0.2},
        {"method": "chi-square"},
        {"alpha": 0.01},
        {"alpha": 0.01, "correction": "benjamini-hochberg"},
    ],
)
def test_every_method_tells_what_moved_from_what_did_not(watched: World, settings: dict[str, Any]) -> None:
    assert asked(watched, rows(seed=2), **settings).state is State.OK
    assert asked(watched, _older(), **settings).state is State.BREACH


def test_a_test_is_judged_by_its_corrected_p_value(watched: World) -> None:
    outcome = asked(watched, _older(), alpha=0.01)
    assert outcome.bound == "p >= 0.01 (holm)"
    assert outcome.value == outcome.figures["age"] < 0.01 < outcome.figures["plan"]
    assert outcome.findings[0].startswith("`age` ks ")
    alone = asked(watched, _older(), alpha=0.01, correction="none")
    assert outcome.figures["age"] == pytest.approx(2 * alone.figures["age"])


def test_a_warning_begins_before_a_breach(watched: World) -> None:
    outcome = asked(watched, _older(), max=50, warn_max=0.2)
    assert outcome.state is State.WARNING


def test_a_state_is_left_only_well_within_the_bound(watched: World) -> None:
    value = asked(watched, _older()).value
    assert value is not None
    outcome = asked(watched, _older(), max=value * 1.05)
    assert (outcome.state, outcome.held) == (State.OK, State.BREACH)


@pytest.mark.parametrize(
    ("share", "state"), [(1, State.BREACH), (2, State.OK), (0.4, State.BREACH), (0.6, State.OK)]
)
def test_as_many_columns_must_drift_as_the_policy_says(watched: World, share: float, state: State) -> None:
    outcome = asked(watched, _older(), share=share)
    assert outcome.state is state
    assert outcome.findings[0].startswith("`age` psi ")


def test_outputs_and_targets_are_held_against_it_too(world: World) -> None:
    served(world, rows(defaulted=np.arange(1000) % 10 == 0))
    skewed = rows(seed=2, score=np.random.default_rng(9).beta(5, 1, 1000), defaulted=np.arange(1000) % 2 == 0)
    outputs = asked(world, skewed, of="outputs")
    assert (outputs.state, set(outputs.figures)) == (State.BREACH, {"score"})
    targets = asked(world, skewed, of="targets", target="defaulted")
    assert (targets.state, set(targets.figures)) == (State.BREACH, {"defaulted"})


def test_inputs_that_are_no_columns_are_those_of_the_reference(world: World) -> None:
    served(world, rows(), "--input", "x:float32:-1x2", "--output", "score:float64")
    assert set(asked(world, rows(seed=2)).figures) == {"age", "plan"}


def test_without_a_reference_nobody_knows_and_it_is_said_how_to_give_one(world: World) -> None:
    served(world)
    outcome = asked(world, rows())
    assert outcome.state is State.UNKNOWN
    assert "rollbook evidence add REF reference" in outcome.message


def test_the_rows_of_a_sample_are_too_few_unless_the_policy_says_so(world: World) -> None:
    sample = world.root / "sample.csv"
    sample.write_text("age\n" + "".join(f"{20 + number % 50}\n" for number in range(100)))
    served(world, None, "--sample-input", str(sample))
    live = {"age": 20 + np.arange(1000) % 50}
    few = asked(world, live)
    assert (few.state, "sample-input.json has 100 rows; 500 are needed" in few.message) == (
        State.UNKNOWN,
        True,
    )
    assert asked(world, live, min_samples=100).state is State.OK


def test_too_few_live_rows_tell_nothing(watched: World) -> None:
    outcome = asked(watched, rows(499, seed=2))
    assert outcome.state is State.UNKNOWN
    assert outcome.message == "499 live rows are too few: 500 are needed"


def test_a_column_that_is_missing_can_not_be_told(watched: World) -> None:
    live = rows(seed=2)
    del live["plan"]
    outcome = asked(watched, live)
    assert outcome.state is State.UNKNOWN
    assert outcome.findings == ("`plan` can't be told: in the live rows it is missing",)


def test_what_drifts_is_a_breach_whatever_else_is_missing(watched: World) -> None:
    live = _older()
    del live["plan"]
    assert asked(watched, live).state is State.BREACH


def test_a_column_of_another_kind_can_not_be_told(watched: World) -> None:
    outcome = asked(watched, rows(seed=2, age=["old"] * 1000))
    assert outcome.state is State.UNKNOWN
    assert "it holds texts, and numbers in the reference" in outcome.findings[0]


def test_missing_values_are_left_out_and_counted(watched: World) -> None:
    live = rows(1200, seed=2)
    live["age"] = pa.array([None, float("nan"), float("inf"), *live["age"][3:]])
    outcome = asked(watched, live)
    assert outcome.state is State.OK
    assert outcome.findings == ("`age`: 3 of 1,200 live rows have no finite value, and are left out",)


def test_times_are_passed_over_unless_they_are_named(world: World) -> None:
    times = pa.array(range(1000), pa.timestamp("s"))
    served(world, rows(since=times), "--input", "x:float32:-1x3", "--output", "score:float64")
    live = rows(seed=2, since=times)
    outcome = asked(world, live)
    assert (outcome.state, "passed over" in outcome.findings[0]) == (State.OK, True)
    assert asked(world, live, columns=["since"]).state is State.UNKNOWN


def test_the_newest_reference_is_used(watched: World) -> None:
    pq.write_table(pa.table(_older(seed=3)), watched.root / "reference.parquet")
    watched.run(
        *("evidence", "add", "churn@1.0.0", "reference", "--status", "passed", "--land"),
        *("--attach", str(watched.root / "reference.parquet")),
    )
    assert asked(watched, _older()).state is State.OK


def test_a_reference_that_can_not_be_had_leaves_nobody_knowing(watched: World) -> None:
    for folder in (watched.artifacts, watched.registry / ".dvc" / "cache"):
        for path in folder.rglob("*"):
            if path.is_file():
                path.unlink()
    outcome = asked(watched, rows(seed=2))
    assert outcome.state is State.UNKNOWN
    assert "the reference of churn@1.0.0 can't be read" in outcome.message


@pytest.mark.parametrize(
    "settings",
    [
        {"alpha": 0.05, "max": 0.2},
        {"alpha": 0.05, "method": "psi"},
        {"method": "chi-square", "max": 3},
        {"alpha": 0},
        {"of": "targets"},
    ],
)
def test_settings_that_contradict_each_other_are_refused(watched: World, settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidFile):
        asked(watched, rows(seed=2), **settings)


def test_the_policy_s_schema_knows_the_check(watched: World) -> None:
    asked(watched, rows(seed=2), of="inputs", method="psi", max=0.3, share=0.5, columns=["age"])
    watched.run("check", "--all")
    asked(watched, rows(seed=2), method="guess")
    assert rollbook(watched.registry, "check", "--all").code == 1


def test_the_command_tells_it(watched: World) -> None:
    asked(watched, rows(seed=2))
    ran = rollbook(watched.registry, "monitor", "run", "churn", "--dry-run", "--json")
    assert '"check": "drifts"' in ran.out


def test_inputs_of_the_signature_are_those_that_are_asked(watched: World) -> None:
    assert INPUTS[1].startswith("age")
    assert "score" not in asked(watched, rows(seed=2)).figures


def test_a_reference_that_was_changed_in_the_remote_is_not_believed(watched: World) -> None:
    for folder in (watched.artifacts, watched.registry / ".dvc" / "cache"):
        for path in folder.rglob("*"):
            if path.is_file() and path.read_bytes().startswith(b"PAR1"):
                path.chmod(0o644)
                path.write_bytes(path.read_bytes()[:-1] + b"2")
    outcome = asked(watched, rows(seed=2))
    assert outcome.state is State.UNKNOWN
    assert "the reference of churn@1.0.0 can't be read" in outcome.message


def test_a_reference_is_fetched_once_for_all_checks_of_a_run(
    watched: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rollbook import Registry
    from rollbook.artifact import retrieval
    from rollbook.integrations.monitor.drift import registered_reference

    fetched = []

    def content(*arguments: Any) -> bytes:
        fetched.append(arguments)
        return retrieval.attachment_content(*arguments)

    monkeypatch.setattr(registered_reference, "attachment_content", content)
    with Registry.open(watched.registry) as registry:
        version = registry.version("churn@1.0.0")
        found = [registered_reference.registered_reference(version) for _ in range(3)]
    assert {each.name for each in found if each} == {"reference-1"}
    assert len(fetched) == 1
