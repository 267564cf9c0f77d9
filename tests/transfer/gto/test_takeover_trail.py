"""What the trail makes of the tags that were there before: they are pinned, and never simply believed."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from building.world import World, git, rollbook

from .gto_world import OPTIONS

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = "0" * 40


def found(world: World) -> list[tuple[str, str]]:
    """What `audit verify` holds against a trail: codes and tags."""
    ran = rollbook(world.registry, "audit", "verify", "--json")
    items: list[dict[str, Any]] = json.loads(ran.out)["findings"]
    return [(item["code"], item["tag"]) for item in items]


def proposed(world: World) -> str:
    return str(json.loads(world.run("import", "gto", *OPTIONS, "--json").out)["branch"])


def amended(world: World, branch: str, path: str, change: Any) -> None:
    """Change a file of a proposal, as somebody who forges it would."""
    git(world.registry, "checkout", "--quiet", branch)
    target = world.registry / "registry" / path
    target.write_text(change(target.read_text()))
    git(world.registry, "commit", "--quiet", "--all", "-m", "forge")
    git(world.registry, "checkout", "--quiet", "main")


def findings(world: World, branch: str) -> list[tuple[str, str]]:
    ran = rollbook(world.registry, "check", "--base", "main", "--head", branch, "--json")
    items: list[dict[str, Any]] = json.loads(ran.out)["findings"]
    return [(item["code"], item["message"]) for item in items if item["severity"] == "error"]


def test_an_old_tag_that_was_made_anew_is_tampering(landed: World) -> None:
    git(landed.registry, "tag", "--force", "--annotate", "-m", "forged", "credit@v1.0.0", "credit@v1.1.0^{}")
    assert found(landed) == [("RB604", "credit@v1.0.0")]


def test_an_old_tag_that_is_gone_is_named(landed: World) -> None:
    git(landed.registry, "tag", "--delete", "credit#prod#2")
    assert found(landed) == [("RB601", "credit#prod#2")]


def test_a_tag_that_gto_writes_after_the_takeover_is_an_event_of_nobody(landed: World) -> None:
    from gto.api import assign

    assign(str(landed.registry), "credit", "production", "v1.0.0", force=True)
    ((code, tag),) = found(landed)
    assert (code, tag.partition("#")[0]) == ("RB602", "credit")
    assert rollbook(landed.registry, "audit", "verify").code == 1


@pytest.mark.parametrize("forged", ["", "credit@v1.0.0"])
def test_what_lands_after_the_takeover_is_verified_as_reading_everything_does(
    landed: World, forged: str
) -> None:
    assert found(landed) == []
    manifests = sorted((landed.registry / "registry/credit/versions").glob("*/version.yaml"))
    text = manifests[-1].read_text()
    new = landed.registry / "registry/credit/versions/9.0.0/version.yaml"
    new.parent.mkdir()
    new.write_text(text.replace(f"version: {manifests[-1].parent.name}", "version: 9.0.0"))
    git(landed.registry, "add", "registry")
    git(landed.registry, "commit", "--quiet", "-m", "Register")
    git(landed.registry, "push", "--quiet", "origin", "main")
    assert found(landed) == [("RB601", "credit@v9.0.0")]
    rollbook(landed.registry, "audit", "record")
    if forged:
        git(landed.registry, "tag", "--force", "--annotate", "-m", "forged", forged, "credit@v1.1.0^{}")
    told = rollbook(landed.registry, "audit", "verify", "--json").out
    (landed.registry / ".git/rollbook/verified-trail").unlink()
    assert rollbook(landed.registry, "audit", "verify", "--json").out == told
    assert found(landed) == ([("RB604", forged)] if forged else [])


def test_tags_of_an_artifact_that_was_not_taken_over_are_nobodys_business(landed: World) -> None:
    git(landed.registry, "tag", "--delete", "old@deprecated")
    assert found(landed) == []


def test_nothing_is_recorded_when_an_old_tag_was_replaced_meanwhile(source: World) -> None:
    branch = proposed(source)
    git(source.registry, "tag", "--force", "--annotate", "-m", "forged", "credit@v1.0.0", "credit@v1.1.0^{}")
    git(source.registry, "push", "--quiet", "--force", "origin", "credit@v1.0.0")
    ran = rollbook(source.registry, "land", branch)
    assert ran.code == 1
    assert "credit@v1.0.0" in ran.err
    assert "credit@v1.0.0#imported" not in git(source.registry, "tag").splitlines()


def test_the_chain_vouches_for_the_old_tags(landed: World) -> None:
    """Whoever replaces an old tag and the origin has to rewrite the trail too."""
    message = git(landed.registry, "cat-file", "tag", "credit@v1.0.0#imported")
    old = git(landed.registry, "rev-parse", "credit@v1.0.0")
    assert f"Origin: credit@v1.0.0 {old}" in message.splitlines()


def test_a_stage_tag_stands_where_gto_finds_its_version(landed: World) -> None:
    from gto.api import check_ref

    (tag,) = (
        name for name in git(landed.registry, "tag").splitlines() if name.startswith("credit#production#")
    )
    (event,) = check_ref(str(landed.registry), tag)
    assert (event.version, event.stage) == ("v1.1.0", "production")


def test_a_registration_is_no_event_of_gtos(landed: World) -> None:
    from gto.api import check_ref

    assert check_ref(str(landed.registry), "credit@v1.0.0#imported") == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("omar@example.com", "mallory@example.com"),
        ("2025-01-02T02:53:20Z", "2024-01-02T02:53:20Z"),
        ("reason: Go live", "reason: Approved by everybody"),
        ("stage: prod", "stage: staging"),
        ("action: assigned", "action: unassigned"),
    ],
)
def test_an_origin_that_says_other_than_the_old_tags_does_not_land(source: World, old: str, new: str) -> None:
    branch = proposed(source)
    amended(source, branch, "credit/origin.yaml", lambda text: text.replace(old, new, 1))
    assert {code for code, _ in findings(source, branch)} == {"RB307"}


def test_an_origin_that_names_another_commit_does_not_land(source: World) -> None:
    branch = proposed(source)
    commit = git(source.registry, "rev-parse", "credit@v1.0.0^{commit}")
    other = git(source.registry, "rev-parse", "main")
    amended(
        source,
        branch,
        "credit/origin.yaml",
        lambda text: text.replace(f"commit: {commit}", f"commit: {other}", 1),
    )
    ((code, message),) = findings(source, branch)
    assert code == "RB307"
    assert "says commit" in message


def test_an_origin_is_written_once(landed: World) -> None:
    git(landed.registry, "checkout", "--quiet", "-b", "edit")
    path = landed.registry / "registry/credit/origin.yaml"
    path.write_text(path.read_text().replace("Go live", "No reason"))
    git(landed.registry, "commit", "--quiet", "--all", "-m", "edit")
    assert [code for code, _ in findings(landed, "edit")] == ["RB301"]
    path.unlink()
    git(landed.registry, "commit", "--quiet", "--all", "-m", "remove")
    assert [code for code, _ in findings(landed, "edit")] == ["RB302"]


def test_an_origin_does_not_come_after_its_model(landed: World) -> None:
    landed.register("late", "1.0.0")
    git(landed.registry, "checkout", "--quiet", "-b", "late")
    origin = landed.registry / "registry/late/origin.yaml"
    shutil.copy(landed.registry / "registry/credit/origin.yaml", origin)
    git(landed.registry, "add", ".")
    git(landed.registry, "commit", "--quiet", "-m", "late")
    assert [code for code, _ in findings(landed, "late")] == ["RB307"]


def test_an_origin_that_was_forced_onto_main_later_says_nothing(landed: World) -> None:
    landed.register("late", "1.0.0")
    text = (landed.registry / "registry/credit/origin.yaml").read_text().replace("credit@", "late@")
    (landed.registry / "registry/late/origin.yaml").write_text(text)
    git(landed.registry, "add", ".")
    git(landed.registry, "commit", "--quiet", "-m", "late")
    git(landed.registry, "push", "--quiet", "origin", "main")
    landed.register("late", "1.2.0")
    assert found(landed) == []
    assert "late@v1.2.0" in git(landed.registry, "tag").splitlines()


def test_a_number_that_was_deregistered_is_not_used_again(source: World) -> None:
    from gto.api import deregister

    deregister(str(source.registry), "credit", version="v1.1.0-rc.1")
    git(source.registry, "push", "--quiet", "origin", "--tags")
    source.run("import", "gto", *OPTIONS, "--land")
    ran = rollbook(source.registry, "register", "credit", str(source.artifact()), "--version", "1.1.0-rc.1")
    assert ran.code == 1
    assert "had a version 1.1.0-rc.1 before it was taken over" in ran.err


def test_gates_remark_on_what_stood_in_production_before_and_hold_nothing_up(source: World) -> None:
    gate = "  - {gate: metric-threshold, to: [production], metric: auc, min: 0.9}"
    source.policy(f"gates:\n{gate}\n")
    ran = source.run("import", "gto", *OPTIONS, "--land")
    assert "metric-threshold" in ran.err
    refused = rollbook(source.registry, "promote", "credit@1.1.0-rc.1", "production", "--reason", "now")
    assert refused.code == 1


def test_only_an_administrator_takes_models_over(source: World) -> None:
    source.policy(
        "roles:\n  admin: [ana@example.com]\n  data-scientist: [jane@example.com]\n"
        "  approver: [jane@example.com]\n"
    )
    branch = proposed(source)
    assert {code for code, _ in findings(source, branch)} == {"RB501"}


def test_a_squash_merge_gives_the_same_events(source: World, tmp_path: Path) -> None:
    branch = proposed(source)
    git(source.registry, "merge", "--quiet", "--squash", branch)
    git(source.registry, "commit", "--quiet", "-m", "squashed")
    git(source.registry, "push", "--quiet", "origin", "main")
    source.run("audit", "record")
    assert found(source) == []
