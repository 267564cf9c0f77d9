"""Rules about what one manifest says: when a version was trained."""

from __future__ import annotations

import pytest

from .desk import V1, Desk, manifest_text, only, registry_files

MANIFEST = f"{V1}/version.yaml"


def trained(**training: str) -> dict[str, str]:
    told = "".join(f"  {name}: {text}\n" for name, text in training.items())
    return registry_files() | {MANIFEST: f"{manifest_text()}training:\n{told}"}


def test_a_training_may_end_on_the_day_it_started(desk: Desk) -> None:
    assert desk.check(trained(started_at="2026-11-20T22:00:00Z", ended_at="2026-11-20")) == []
    assert desk.check(trained(started_at="2026-11-20", ended_at="2026-11-20T00:00:00+02:00")) != []


def test_a_training_ends_after_it_started(desk: Desk) -> None:
    found = only(
        desk.check(trained(started_at="2026-11-20T22:00:00Z", ended_at="2026-11-20T22:30:00+01:00")), "RB225"
    )
    assert (found.path, found.key) == (MANIFEST, "training.ended_at")
    assert "before it started" in found.message


@pytest.mark.parametrize("name", ["trained_at", "started_at", "ended_at"])
def test_a_day_of_a_training_exists(desk: Desk, name: str) -> None:
    found = only(desk.check(trained(**{name: "2026-02-30"})), "RB225")
    assert (found.key, found.line is not None) == (f"training.{name}", True)


@pytest.mark.parametrize("text", ["2026-11-20 22:00:00Z", "2026-11-20T22:00:00", "20-11-2026", "2026-13-01"])
def test_a_time_without_a_zone_and_other_forms_are_refused(desk: Desk, text: str) -> None:
    only(desk.check(trained(trained_at=text)), "RB102")


@pytest.mark.parametrize(
    "step",
    ["7", "[a]", "{version: '1'}", "{name: a, more: b}", '""', "{name: a, settings: {x: {y: {z: 1}}}}"],
)
def test_a_step_of_the_preprocessing_is_text_or_has_a_name(desk: Desk, step: str) -> None:
    files = registry_files() | {MANIFEST: f"{manifest_text()}preprocessing:\n  - scaled\n  - {step}\n"}
    assert only(desk.check(files), "RB102").key.startswith("preprocessing.1")


def test_what_is_back_filled_was_made_before_it_was_registered(desk: Desk) -> None:
    told = "backfilled: {registered_by: jane@example.com, registered_at: 2025-12-31T09:00:00Z}\n"
    files = registry_files() | {MANIFEST: manifest_text(extra=told)}
    found = only(desk.check(files), "RB226")
    assert (found.path, found.key) == (MANIFEST, "created_at")
    assert desk.check({path: text.replace("2025-12-31", "2026-01-01") for path, text in files.items()}) == []  # type: ignore[union-attr, arg-type]
