"""A generated registry is a real one: its files pass the check, and its trail is what main's history says."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from benchmarks.generate.build import build
from benchmarks.generate.facts import version_facts
from benchmarks.generate.plan import FIRST_MODEL, Plan
from benchmarks.generate.yaml_text import yaml_text

from building.world import git, rollbook
from rollbook.yaml.write import dump

if TYPE_CHECKING:
    from pathlib import Path

_PLAN = Plan(models=4, versions=40)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("generated") / "registry", _PLAN).path


def test_its_files_pass_the_check(registry: Path) -> None:
    done = rollbook(registry, "check", "--all")
    assert (done.code, done.out) == (0, "no errors\n")


def test_its_trail_is_what_mains_history_says(registry: Path) -> None:
    done = rollbook(registry, "audit", "verify")
    assert done.code == 0
    assert done.out.startswith("verified: ")


def test_nothing_is_left_to_record(registry: Path) -> None:
    assert rollbook(registry, "audit", "record").code == 0
    assert git(registry, "for-each-ref", "refs/rollbook") == ""


def test_it_holds_the_versions_that_were_asked_for(registry: Path) -> None:
    paths = git(registry, "ls-tree", "-r", "--name-only", "HEAD", "registry/").splitlines()
    assert sum(path.endswith("/version.yaml") for path in paths) == 40
    assert sum(path.endswith("/model.yaml") for path in paths) == 4


def test_an_artifact_of_the_first_model_can_be_fetched(registry: Path, tmp_path: Path) -> None:
    done = rollbook(registry, "fetch", f"{FIRST_MODEL}@production", "--output", str(tmp_path / "model"))
    assert done.code == 0, done.err
    assert (tmp_path / "model").stat().st_size > 0


def test_the_same_plan_gives_the_same_objects(registry: Path, tmp_path: Path) -> None:
    again = build(tmp_path / "registry", _PLAN, checkout=False).path
    refs = ("for-each-ref", "--format=%(objectname) %(refname)")
    assert git(again, *refs) == git(registry, *refs)


def test_another_seed_gives_another_registry(registry: Path, tmp_path: Path) -> None:
    other = build(tmp_path / "other", Plan(4, 40, seed=1), checkout=False).path
    assert git(other, "rev-parse", "HEAD") != git(registry, "rev-parse", "HEAD")


@pytest.mark.parametrize("number", range(20))
def test_yaml_is_written_as_rollbook_writes_it(number: int) -> None:
    model = _PLAN.all_models[number % 4]
    facts = version_facts(model, "1.0.0", 1_700_000_000 + number, ["a/b@1.0.0"], None, seed=number)
    assert yaml_text(facts.manifest, "# head") == dump(facts.manifest, "# head")


def test_texts_that_yaml_would_misread_are_quoted() -> None:
    dice = random.Random(0)
    letters = "ab1.0 :#-'\"%@,[]{}!&*|>yes\tn"
    texts = ["".join(dice.choices(letters, k=dice.randint(1, 6))) for _ in range(500)]
    data = {"texts": [*texts, "yes", "null", "1e3", "0x1", "2024-01-01", "~", "- a", "a: b", "a #b"]}
    assert yaml_text(data) == dump(data)


def test_a_plan_with_fewer_versions_than_models_is_refused() -> None:
    with pytest.raises(ValueError, match="every model needs a version"):
        Plan(models=3, versions=2)
