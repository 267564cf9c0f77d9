"""What a change may not do to artifacts: judged by the base's rules and main's history, not by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from building.world import World, rollbook
from rollbook.check.base_context import circumstances
from rollbook.check.judge import check_change, check_tree
from rollbook.git.repository import discover
from rollbook.snapshot.tree_snapshot import commit_snapshot

from .conftest import write_policy

if TYPE_CHECKING:
    from collections.abc import Callable

    from rollbook.check.finding import Finding

DIRECTORY = "registry/credit/versions"


def removal(world: World, version: str, /, **changed: str) -> str:
    """A removed.yaml for a version as `prune` would write it, with other facts where they are given."""
    manifest = (world.registry / DIRECTORY / version / "version.yaml").read_text()
    pointer = (world.registry / DIRECTORY / version / "model.bin.dvc").read_text()
    facts = {
        "model": "credit",
        "version": version,
        "reason": "full",
        "stage": "archived",
        "sha256": manifest.partition("sha256: ")[2].partition("\n")[0],
        "size": manifest.partition("size: ")[2].partition("\n")[0],
        "md5": pointer.partition("md5: ")[2].partition("\n")[0],
        "keep_days": "0",
        **changed,
    }
    return (
        "model: {model}\nversion: {version}\nremoved_at: 2026-11-21T09:00:00Z\nremoved_by: jane@example.com\n"
        "reason: {reason}\nstage: {stage}\nartifact: {{sha256: {sha256}, size: {size}, md5: {md5}}}\n"
        "retention: {{keep_unpromoted: 1, keep_days: {keep_days}, keep_stages: [production], "
        "remove_from: [archived], days_there: 0}}\n"
    ).format(**facts)


def take(world: World, version: str, *, record: str | None = None, keep_pointer: bool = False) -> None:
    """Remove an artifact by hand in the checkout."""
    folder = world.registry / DIRECTORY / version
    text = removal(world, version) if record is None else record
    (folder / "removed.yaml").write_text(text)
    if not keep_pointer:
        (folder / "model.bin.dvc").unlink()


def findings(world: World) -> list[Finding]:
    """What the check says of what the checkout does to main, by the rules of main."""
    world.git("add", "--all")
    world.git("commit", "--quiet", "-m", "x")
    repository = discover(world.registry)
    base, head = (commit_snapshot(repository, revision) for revision in ("origin/main", "HEAD"))
    try:
        return check_change(repository, base, head, circumstances(repository, base, now=datetime.now(UTC)))
    finally:
        base.close()
        head.close()


def codes(world: World) -> list[str]:
    return sorted({finding.code for finding in findings(world)})


def test_a_removal_by_the_rules_is_fine(pruning: World) -> None:
    take(pruning, "0.1.0")
    assert findings(pruning) == []


@pytest.mark.parametrize(
    ("version", "why"),
    [
        ("0.2.0", "it was in production"),
        ("0.3.0", "it is in production; artifacts go from archived"),
        ("0.4.0", "it is in development"),
        ("0.5.0", "it is the newest version"),
    ],
)
def test_what_the_rules_keep_stays(pruning: World, version: str, why: str) -> None:
    take(pruning, version)
    found = [finding for finding in findings(pruning) if finding.code == "RB309"]
    assert why in found[0].message


def test_a_version_that_left_production_without_a_trace_in_stages_yaml_stays(pruning: World) -> None:
    stages = pruning.registry / "registry/credit/stages.yaml"
    # Main forgets 0.2.0, and somebody archives it anew; its history does not forget.
    text = stages.read_text()
    stages.write_text(text.replace("0.2.0", "0.4.0").replace("replaced by", "as good as"))
    pruning.git("commit", "--quiet", "-am", "x")
    stages.write_text(text)
    pruning.git("commit", "--quiet", "-am", "y")
    pruning.git("push", "--quiet", "origin", "main")
    take(pruning, "0.2.0")
    assert "it was in production" in findings(pruning)[0].message


def test_rules_that_the_same_change_loosens_do_not_count(pruning: World) -> None:
    write_policy(pruning, "retention: {keep_unpromoted: 1, keep_days: 90, days_there: 0}\n")
    policy = pruning.registry / "registry/policy.yaml"
    policy.write_text(policy.read_text().replace("keep_days: 90", "keep_days: 0"))
    take(pruning, "0.1.0")
    assert codes(pruning) == ["RB309"]


def test_rules_of_the_model_keep_more_before_and_after_the_change(pruning: World) -> None:
    model = pruning.registry / "registry/credit/model.yaml"
    text = model.read_text()
    model.write_text(text + "retention: {keep_all: true}\n")
    take(pruning, "0.1.0")
    assert codes(pruning) == ["RB309"]
    pruning.git("reset", "--quiet", "--hard", "origin/main")
    model.write_text(text + "retention: {keep_all: true}\n")
    pruning.git("commit", "--quiet", "-am", "Keep everything")
    pruning.git("push", "--quiet", "origin", "main")
    model.write_text(text)
    take(pruning, "0.1.0")
    assert codes(pruning) == ["RB309"]


def test_a_pointer_that_goes_without_a_record_is_found(pruning: World) -> None:
    (pruning.registry / DIRECTORY / "0.1.0" / "model.bin.dvc").unlink()
    assert codes(pruning) == ["RB103", "RB302"]


def test_a_record_beside_a_pointer_is_found(pruning: World) -> None:
    take(pruning, "0.1.0", keep_pointer=True)
    assert codes(pruning) == ["RB221"]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"sha256": "e" * 64}, "RB221"),
        ({"size": "13"}, "RB221"),
        ({"version": "0.4.0"}, "RB221"),
        ({"md5": "e" * 32}, "RB309"),
        ({"stage": "development"}, "RB309"),
        ({"keep_days": "400"}, "RB309"),
        ({"stage": "No Stage"}, "RB102"),
    ],
)
def test_a_record_that_says_something_else_is_found(
    pruning: World, changed: dict[str, str], code: str
) -> None:
    take(pruning, "0.1.0", record=removal(pruning, "0.1.0", **changed))
    assert code in codes(pruning)


def test_a_version_that_is_archived_and_removed_at_once_is_found(pruning: World) -> None:
    stages = pruning.registry / "registry/credit/stages.yaml"
    stages.write_text(stages.read_text().replace("version: 0.1.0", "version: 0.4.0"))
    take(pruning, "0.4.0")
    assert {"RB309", "RB310"} <= set(codes(pruning))


def test_a_version_that_is_registered_and_removed_at_once_is_found(pruning: World) -> None:
    pruning.run("register", "credit", str(pruning.artifact()), "--version", "0.6.0")
    pruning.git("merge", "--quiet", "rollbook/register/credit/0.6.0")
    take(pruning, "0.6.0")
    assert codes(pruning) == ["RB309"]


def landed(world: World) -> None:
    world.run("prune", "--reason", "full", "--land")


def back(world: World, path: str, revision: str) -> None:
    world.git("checkout", "--quiet", revision, "--", path)


def test_a_pointer_that_comes_back_is_found(pruning: World) -> None:
    before = pruning.git("rev-parse", "main")
    landed(pruning)
    back(pruning, f"{DIRECTORY}/0.1.0/model.bin.dvc", before)
    assert codes(pruning) == ["RB221"]


def test_a_record_of_removal_is_never_edited_or_taken_back(pruning: World) -> None:
    before = pruning.git("rev-parse", "main")
    landed(pruning)
    record = pruning.registry / DIRECTORY / "0.1.0" / "removed.yaml"
    record.write_text(record.read_text().replace("reason: full", "reason: other"))
    assert codes(pruning) == ["RB301"]
    pruning.git("reset", "--quiet", "--hard", "origin/main")
    record.unlink()
    back(pruning, f"{DIRECTORY}/0.1.0/model.bin.dvc", before)
    assert "RB302" in codes(pruning)


def in_production(text: str) -> str:
    return text.replace("version: 0.3.0", "version: 0.1.0").replace(
        "  - version: 0.1.0\n", "  - version: 0.3.0\n"
    )


def with_alias(text: str) -> str:
    return text + 'aliases: {champion: "0.1.0"}\n'


@pytest.mark.parametrize(("edit", "expected"), [(in_production, {"RB222", "RB310"}), (with_alias, {"RB222"})])
def test_a_removed_version_comes_into_use_by_no_hand(
    pruning: World, edit: Callable[[str], str], expected: set[str]
) -> None:
    landed(pruning)
    stages = pruning.registry / "registry/credit/stages.yaml"
    stages.write_text(edit(stages.read_text()))
    assert expected <= set(codes(pruning))


def test_an_alias_and_a_replacement_keep_their_version(pruning: World) -> None:
    stages = pruning.registry / "registry/credit/stages.yaml"
    stages.write_text(with_alias(stages.read_text()))
    pruning.git("commit", "--quiet", "-am", "Name it")
    pruning.git("push", "--quiet", "origin", "main")
    ran = rollbook(pruning.registry, "prune", "credit@0.1.0", "--reason", "full")
    assert "the alias champion names it" in ran.err


def test_a_rollback_and_a_removal_of_one_version_do_not_both_land(pruning: World) -> None:
    pruning.run("prune", "credit@0.1.0", "--reason", "full")
    pruning.promote("credit@0.1.0", "production")
    ran = rollbook(pruning.registry, "land", "rollbook/prune/credit/0.1.0")
    assert ran.code == 1
    assert {"RB309", "RB222"} <= {code for code in ("RB309", "RB222") if code in ran.err}


def with_roles(world: World, approver: str) -> None:
    with (world.registry / "registry" / "policy.yaml").open("a") as policy:
        policy.write(
            f"roles:\n  admin: [ana@example.com]\n  approver: [{approver}]\n"
            "  data-scientist: [sam@example.com]\n"
        )
    world.git("commit", "--quiet", "-am", "Name roles")
    world.git("push", "--quiet", "origin", "main")


@pytest.mark.parametrize(
    ("who", "code"), [("ana@example.com", 0), ("bob@example.com", 0), ("sam@example.com", 1)]
)
def test_admins_and_approvers_may_remove_and_data_scientists_not(pruning: World, who: str, code: int) -> None:
    with_roles(pruning, "bob@example.com")
    pruning.git("config", "user.email", who)
    ran = rollbook(pruning.registry, "prune", "--reason", "full", "--land")
    assert (ran.code, "RB501" in ran.err) == (code, code == 1)


@pytest.mark.parametrize(
    "rules",
    [
        "{keep_unpromoted: 0}",
        "{keep_days: -1}",
        "{remove_from: []}",
        "{price_per_gb_month: free}",
        "{currency: dollars}",
        "{keep: 3}",
    ],
)
def test_rules_that_make_no_sense_violate_the_schema(pruning: World, rules: str) -> None:
    write_policy(pruning, f"retention: {rules}\n")
    snapshot = commit_snapshot(discover(pruning.registry), "main")
    assert [finding.code for finding in check_tree(snapshot)] == ["RB102"]
    snapshot.close()


@pytest.mark.parametrize("rules", ["{remove_from: [production]}", "{keep_stages: [nowhere]}"])
def test_rules_about_stages_that_do_not_fit_are_found(pruning: World, rules: str) -> None:
    write_policy(pruning, f"retention: {rules}\n")
    snapshot = commit_snapshot(discover(pruning.registry), "main")
    assert [finding.code for finding in check_tree(snapshot)] == ["RB212"]
    snapshot.close()
