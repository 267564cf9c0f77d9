"""Which version is gone back to: the last one that held production and against which nothing speaks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .breached import acted, episode, evidence, holder

if TYPE_CHECKING:
    from pathlib import Path

    from building.world import World


def failed_before(world: World, version: str = "1.1.0") -> None:
    world.run("evidence", "add", f"fraud@{version}", "monitoring", "--status", "failed", "--land")
    world.git("pull", "--quiet", "--ff-only")


def objects(world: World) -> list[Path]:
    return [path for path in world.artifacts.rglob("*") if path.is_file()]


def lose(world: World, version: str) -> None:
    """Have the DVC remote hold other bytes than those of a version."""
    (path,) = (path for path in objects(world) if path.read_bytes() == f"fraud {version}".encode())
    path.chmod(0o644)
    path.write_bytes(b"fraud 6.6.6")


def test_a_version_with_failed_evidence_is_passed_over(autonomous: World) -> None:
    failed_before(autonomous)
    acted(autonomous)
    assert holder(autonomous) == "1.0.0"


def test_a_version_whose_evidence_was_answered_is_good(autonomous: World) -> None:
    failed_before(autonomous)
    autonomous.run(
        "promote", "fraud@1.1.0", "production", "--reason", "a", "--despite", "labels were late", "--land"
    )
    autonomous.run("promote", "fraud@1.2.0", "production", "--reason", "newer", "--land")
    acted(autonomous)
    assert holder(autonomous) == "1.1.0"


def test_a_version_that_is_in_breach_itself_is_passed_over(autonomous: World) -> None:
    acted(autonomous, in_breach=["1.1.0"])
    assert holder(autonomous) == "1.0.0"


def test_a_version_about_which_a_request_tells_a_breach_is_passed_over(autonomous: World) -> None:
    autonomous.run("evidence", "add", "fraud@1.1.0", "monitoring", "--status", "failed", "--push")
    acted(autonomous)
    assert holder(autonomous) == "1.0.0"


def test_a_version_past_its_sunset_is_passed_over(autonomous: World) -> None:
    path = "registry/fraud/stages.yaml"
    autonomous.git("pull", "--quiet", "--ff-only")
    text = autonomous.read(path)
    entry = "version: 1.1.0" if "version: 1.1.0" in text else 'version: "1.1.0"'
    head, _, rest = text.partition(entry)
    indent = " " * 4 if not rest.startswith(",") else ""
    added = f"{entry}\n{indent}sunset: 2020-01-01" if indent else f"{entry}, sunset: 2020-01-01"
    autonomous.write(path, head + added + rest)
    autonomous.commit("It went long ago")
    done = acted(autonomous)
    assert holder(autonomous) == "1.0.0", done.deeds


def test_a_version_whose_bytes_are_not_those_registered_is_passed_over(autonomous: World) -> None:
    lose(autonomous, "1.1.0")
    acted(autonomous)
    assert holder(autonomous) == "1.0.0"


def test_where_none_is_good_a_person_is_needed_and_told_why(autonomous: World) -> None:
    lose(autonomous, "1.1.0")
    failed_before(autonomous, "1.0.0")
    done = acted(autonomous)
    said = done.deeds["rollback"]
    assert said.startswith("needs a person: no version to go back to in production is good: ")
    assert "1.1.0 can't be fetched" in said
    assert "1.0.0 has failed evidence itself: monitoring-1" in said
    assert said.endswith(", try 1]")
    assert holder(autonomous) == "1.2.0"
    assert len(evidence(autonomous)) == 1


def test_bytes_that_come_back_are_found_by_a_later_run(autonomous: World) -> None:
    away = autonomous.artifacts.rename(autonomous.root / "away")
    done = acted(autonomous)
    assert done.deeds["rollback"].startswith("needs a person: ")
    away.rename(autonomous.artifacts)
    assert acted(autonomous, done).deeds["rollback"].startswith("landed: back to 1.1.0")


def test_a_model_without_a_version_before_needs_a_person(autonomous: World) -> None:
    acted(autonomous)  # back to 1.1.0, which is now in production
    done = acted(autonomous, episode("1.0.0"))
    assert done.deeds["rollback"].startswith("nothing to do: fraud@1.0.0 is in archived")
