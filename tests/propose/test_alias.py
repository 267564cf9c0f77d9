"""Proposing that an alias points to a version: one edit of stages.yaml, and what was on record stays told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from building.world import World, rollbook
from rollbook import Registry

if TYPE_CHECKING:
    from pathlib import Path

    from building.once import Template
    from building.world import Ran

STAGES = "registry/credit/stages.yaml"


def with_versions(world: World) -> None:
    world.git("remote", "remove", "origin")
    for version in ("1.0.0", "1.1.0"):
        world.register("credit", version)


@pytest.fixture
def models(started: Template) -> World:
    """A registry without a remote, with two versions of a model, and no alias."""
    return started(with_versions)


def alias(world: World, *words: str) -> Ran:
    return rollbook(world.registry, "alias", *words, "--reason", "because")


def landed(world: World, *words: str) -> list[str]:
    """Land a change of an alias; return its tags."""
    ran = alias(world, *words, "--land")
    assert ran.code == 0, ran.err
    return [line.partition("\t")[0] for line in ran.out.splitlines()]


def pointed(world: World, revision: str = "main") -> Any:
    """What stages.yaml says of aliases in a revision."""
    return (yaml.safe_load(world.git("show", f"{revision}:{STAGES}")) or {}).get("aliases")


def written(world: World, text: str) -> None:
    """Put a stages.yaml on main as a person would."""
    world.write(STAGES, text)
    world.git("add", STAGES)
    world.git("commit", "-q", "-m", "by hand")


def test_an_alias_is_one_commit_that_edits_stages_alone(models: World) -> None:
    ran = alias(models, "credit@1.0.0", "champion")
    assert (ran.code, ran.out) == (0, "rollbook/alias/credit/1.0.0-champion\n")
    branch = ran.out.strip()
    assert models.git("diff", "--name-only", f"main..{branch}") == STAGES
    assert len(models.git("rev-list", f"main..{branch}").splitlines()) == 1
    entry = pointed(models, branch)["champion"]
    assert list(entry) == ["version", "reason", "requested_by", "requested_at"]
    assert (entry["version"], entry["reason"], entry["requested_by"]) == (
        "1.0.0",
        "because",
        "jane@example.com",
    )


def test_a_landed_alias_resolves_and_its_move_is_told_twice(models: World) -> None:
    assert landed(models, "credit@1.0.0", "champion") == ["credit#champion#3"]
    assert landed(models, "credit@1.1.0", "champion") == ["credit#champion!#4", "credit#champion#5"]
    assert models.run("resolve", "credit@champion", "--field", "version").out == "1.1.0\n"
    assert models.run("audit", "verify").code == 0


def test_a_removal_leaves_why_and_who(models: World) -> None:
    landed(models, "credit@1.0.0", "champion")
    assert landed(models, "credit@champion", "champion", "--remove") == ["credit#champion!#4"]
    entry = pointed(models)["champion"]
    assert (entry["removed"], entry["reason"]) == ("1.0.0", "because")
    assert rollbook(models.registry, "resolve", "credit@champion").code == 1
    assert json.loads(models.run("list", "--json").out)[0]["aliases"] == {}
    assert landed(models, "credit@1.1.0", "champion") == ["credit#champion#5"]


def test_an_alias_that_was_a_version_alone_is_put_on_record(models: World) -> None:
    written(models, 'aliases: {champion: "1.0.0"}  # by hand\n')
    assert landed(models, "credit@1.0.0", "champion") == ["credit#champion#3"]
    assert models.read(STAGES).startswith("aliases: {champion: {version: 1.0.0, reason: because,")
    assert models.read(STAGES).endswith("}  # by hand\n")
    assert models.run("audit", "verify").code == 0


def test_an_alias_that_was_a_version_alone_goes_without_a_trace_in_the_file(models: World) -> None:
    written(models, '# ours\naliases: {champion: "1.0.0"}\nextra: {a: 1}\n')
    assert landed(models, "credit@1.0.0", "champion", "--remove") == []
    assert models.read(STAGES) == "# ours\nextra: {a: 1}\n"


def test_comments_and_order_stay_as_people_wrote_them(models: World) -> None:
    text = """\
# Who decides: the risk board.
extra: {ticket: 7}
aliases:
  # the one that serves
  champion: "1.0.0"
  shadow: "1.1.0"  # on a tenth of the traffic
staging: []
"""
    written(models, text)
    landed(models, "credit@1.1.0", "champion")
    before, after = text.splitlines(), models.read(STAGES).splitlines()
    assert [line for line in before if line in after] == [line for line in before if "champion:" not in line]
    assert list(pointed(models)) == ["champion", "shadow"]


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (["credit@1.0.0", "production"], 1, "production is a stage"),
        (["credit@1.0.0", "latest"], 2, "'latest' is not the name of an alias"),
        (["credit@1.0.0", "v1_0_0"], 2, "'v1_0_0' is not the name of an alias"),
        (["credit@1.0.0", "Champion"], 2, "'Champion' is not the name of an alias"),
        (["credit@9.0.0", "champion"], 1, "credit has no version 9.0.0"),
        (["fraud@1.0.0", "champion"], 1, "there is no model 'fraud'"),
        (["credit@1.0.0", "shadow"], 1, "shadow points to credit@1.0.0 already"),
        (["credit@1.0.0", "champion", "--remove"], 1, "credit has no alias 'champion'"),
        (["credit@1.1.0", "shadow", "--remove"], 1, "shadow points to 1.0.0, not to 1.1.0"),
    ],
)
def test_what_can_not_be_is_refused_and_leaves_nothing(
    with_shadow: World, words: list[str], code: int, why: str
) -> None:
    before = with_shadow.git("for-each-ref")
    ran = alias(with_shadow, *words)
    assert (ran.code, why in ran.err, with_shadow.git("for-each-ref")) == (code, True, before), ran.err


def shadowed(world: World) -> None:
    with_versions(world)
    landed(world, "credit@1.0.0", "shadow")


@pytest.fixture
def with_shadow(started: Template) -> World:
    return started(shadowed)


def test_a_reason_is_needed(models: World) -> None:
    ran = rollbook(models.registry, "alias", "credit@1.0.0", "champion", "--reason", " ")
    assert (ran.code, "needs a reason" in ran.err) == (2, True)


def test_a_version_whose_artifact_is_removed_gets_no_alias(models: World) -> None:
    models.git("remote", "add", "origin", "../origin.git")
    models.git("push", "-q", "origin", "main")
    models.policy("retention: {keep_unpromoted: 1, keep_days: 0, days_there: 0}\n")
    models.run("archive", "credit@1.0.0", "--reason", "old", "--land")
    models.run("prune", "credit@1.0.0", "--reason", "full", "--land")
    ran = alias(models, "credit@1.0.0", "champion")
    assert (ran.code, "artifact was removed" in ran.err or "removed" in ran.err) == (1, True)
    assert not models.git("for-each-ref", "refs/heads/rollbook/alias")


def test_the_same_proposal_is_not_made_twice(models: World) -> None:
    assert alias(models, "credit@1.0.0", "champion").code == 0
    ran = alias(models, "credit@1.0.0", "champion")
    assert (ran.code, "exists already" in ran.err) == (1, True)


def test_of_two_that_move_one_alias_the_second_conflicts(models: World) -> None:
    alias(models, "credit@1.0.0", "champion")
    alias(models, "credit@1.1.0", "champion")
    models.land("rollbook/alias/credit/1.0.0-champion")
    ran = rollbook(models.registry, "land", "rollbook/alias/credit/1.1.0-champion")
    assert (ran.code, "RB305" in ran.out + ran.err) == (1, True)


def test_json_is_the_document_of_the_verb(models: World, tmp_path: Path) -> None:
    document = json.loads(alias(models, "credit@1.0.0", "champion", "--json").out)
    with Registry.open(models.copy(tmp_path / "again").registry) as registry:
        proposed = registry.alias("credit@1.0.0", "best", reason="because")
    assert proposed.as_document().keys() <= document.keys()
    assert (document["model"], document["alias"], document["from"], document["to"]) == (
        "credit", "champion", None, "1.0.0",
    )  # fmt: skip


def test_requests_tell_of_aliases_set_and_removed(with_shadow: World) -> None:
    alias(with_shadow, "credit@1.1.0", "champion")
    alias(with_shadow, "credit@shadow", "shadow", "--remove")
    told = with_shadow.run("requests").out
    assert "  credit@1.1.0: is given @champion\n" in told
    assert "  credit@1.0.0: loses @shadow\n" in told


def test_an_alias_as_it_stood_in_the_past_is_resolved(with_shadow: World) -> None:
    first = with_shadow.git("rev-parse", "main")
    landed(with_shadow, "credit@1.1.0", "shadow")
    told = with_shadow.run("resolve", "credit@shadow", "--rev", first, "--field", "version").out
    assert told == "1.0.0\n"


def test_show_and_history_tell_of_aliases(with_shadow: World) -> None:
    assert "shadow" in with_shadow.run("show", "credit@1.0.0").out
    events = json.loads(with_shadow.run("history", "credit", "--action", "alias-set", "--json").out)
    assert [(event["version"], event["from"], event["to"]) for event in events] == [
        ("1.0.0", None, "@shadow")
    ]
    by_stage = json.loads(with_shadow.run("history", "credit", "--stage", "@shadow", "--json").out)
    assert by_stage == events
