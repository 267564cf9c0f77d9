"""What people write for MLflow's registry (examples/mlflow), on one that is git."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("mlflow.server", reason="runs with the full MLflow")

from building.mlflow_course import MODEL, Course, copied, trained
from building.once import made_once

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory, _own_git_settings: None) -> Path:
    return made_once(tmp_path_factory, "mlflow-course", trained)


@pytest.fixture
def course(_trained: Path, tmp_path: Path) -> Course:
    """Three versions of a model, registered from runs; 1 is the worst and 3 the best."""
    return copied(_trained, tmp_path)


def lines(course: Course, program: str, *arguments: str) -> list[str]:
    ran = course.run(program, *arguments)
    assert ran.code == 0, ran.err
    return ran.out.splitlines()


def stages(course: Course) -> dict[str, str]:
    import mlflow

    with course.as_environment():
        found = mlflow.MlflowClient().search_model_versions(f"name='{MODEL}'")
    return {str(version.version): version.current_stage for version in found}


def commits(course: Course) -> int:
    return int(course.world.git("rev-list", "--count", "--first-parent", "main"))


def test_the_best_run_is_registered_with_what_describes_it(course: Course) -> None:
    assert lines(course, "register_best_run.py")[-1].startswith("wine-classifier 4: ")
    shown = course.world.run("show", f"{MODEL}@1.3.0").out
    assert "accuracy" in shown


def test_a_version_goes_through_the_stages_and_the_one_before_is_archived(course: Course) -> None:
    lines(course, "promote.py", MODEL, "1", "Production")
    assert lines(course, "stages.py") == [
        "wine-classifier 1: Archived",
        "wine-classifier 2: None",
        "wine-classifier 3: Production",
    ]


def test_a_promotion_is_asked_for_and_approved_by_somebody_else(course: Course) -> None:
    asked = lines(course, "approval.py", "request", "3", "--by", "ana", "--why", "better")
    assert asked == ["wine-classifier 3: pending, Staging"]
    own = course.run("approval.py", "approve", "3", "--by", "ana")
    assert (own.code, own.err) == (1, "ana asked for it, and can't approve it")
    assert lines(course, "approval.py", "approve", "3", "--by", "bo", "--why", "fine") == [
        "wine-classifier 3: approved, Production"
    ]
    assert "approval_approved_by: bo" in course.world.git(
        "show", f"main:registry/{MODEL}/versions/1.2.0/notes.yaml"
    )


def test_a_refused_promotion_archives_the_version(course: Course) -> None:
    lines(course, "approval.py", "request", "2", "--by", "ana")
    assert lines(course, "approval.py", "reject", "2", "--by", "bo") == [
        "wine-classifier 2: rejected, Archived"
    ]


def test_versions_are_compared_in_a_data_frame(course: Course) -> None:
    lines(course, "promote.py", MODEL, "1", "Production")
    shown = lines(course, "compare_versions.py")
    assert shown[0].split() == ["stage", "algorithm", "accuracy", "f1"]
    assert shown[-2] == "best by accuracy: version 3"
    assert shown[-1].startswith("over production (version 1): +0.")


def test_governance_says_what_a_version_lacks(course: Course) -> None:
    ran = course.run("governance.py")
    assert ran.code == 1
    assert ran.out.splitlines()[0] == "wine-classifier 1: lacks tag owner, tag data_checked"
    lines(course, "approval.py", "request", "3", "--by", "ana")
    assert course.run("governance.py", "--stage", "Staging").out == "wine-classifier 3: lacks tag owner\n"


def test_a_card_is_written_from_the_run(course: Course, tmp_path: Path) -> None:
    lines(course, "promote.py", MODEL, "3", "Production")
    card = tmp_path / "MODEL_CARD.md"
    lines(course, "model_card.py", "-o", str(card))
    text = card.read_text()
    assert text.startswith("# wine-classifier 3\n")
    assert "Stage: Production. Run: " in text
    assert "| accuracy | " in text
    assert "- alcohol (double)" in text


def test_a_rollback_archives_first_and_goes_to_the_version_before(course: Course) -> None:
    for version in ("1", "2", "3"):
        lines(course, "promote.py", MODEL, version, "Production")
    assert lines(course, "rollback.py") == ["wine-classifier 2 serves"]
    assert stages(course) == {"1": "Archived", "2": "Production", "3": "Archived"}


def test_a_rollback_goes_to_a_named_version(course: Course) -> None:
    for version in ("1", "3"):
        lines(course, "promote.py", MODEL, version, "Production")
    assert lines(course, "rollback.py", "--to", "2") == ["wine-classifier 2 serves"]
    assert stages(course) == {"1": "Archived", "2": "Production", "3": "Archived"}


def test_the_monitor_goes_back_when_what_serves_is_too_bad(course: Course) -> None:
    for version in ("1", "3"):
        lines(course, "promote.py", MODEL, version, "Production")
    assert len(lines(course, "monitor.py")) == 1
    assert stages(course)["3"] == "Production"
    assert lines(course, "monitor.py", "--noise", "1")[1] == "below 0.8: wine-classifier 1 serves"
    assert stages(course) == {"1": "Production", "2": "None", "3": "Archived"}


def test_the_one_that_serves_stays_beside_the_new_one_where_the_program_says_so(course: Course) -> None:
    lines(course, "promote.py", MODEL, "2", "Production")
    assert lines(course, "promote.py", MODEL, "1", "Production", "--keep-existing") == [
        "wine-classifier 1: Production",
        "newest in Production: 2",
    ]
    assert stages(course) == {"1": "Production", "2": "Production", "3": "None"}


def test_what_the_registry_refuses_is_told_by_the_program(course: Course) -> None:
    course.world.policy(
        "gates:\n  - gate: metric-threshold\n    to: [production]\n    metric: auc\n    min: 0.9\n"
    )
    before = commits(course)
    ran = course.run("promote.py", MODEL, "3", "Production")
    assert ran.code == 1
    assert ran.err.startswith("refused: ")
    assert "auc" in ran.err
    assert commits(course) == before
