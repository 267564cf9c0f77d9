"""A takeover from GTO: what the real tool shows before and after, and what the registry holds then."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from building.world import World, git, rollbook
from rollbook.artifact.digest import digest_artifact
from rollbook.git.repository import discover
from rollbook.trail.gto_tags import read_artifacts
from rollbook.yaml.strict import load

from .gto_world import OPTIONS

if TYPE_CHECKING:
    from pathlib import Path


def old_tags(world: World) -> dict[str, str]:
    lines = git(world.registry, "for-each-ref", "--format=%(refname) %(objectname)", "refs/tags").splitlines()
    return dict(line.split(" ") for line in lines)


def shown_by_gto(world: World, model: str) -> dict[str, list[str]]:
    """Each stage's versions as `gto show` tells them."""
    from gto.api import show

    rows: Any = show(str(world.registry), model, assignments_per_version=-1, versions_per_stage=-1)
    found: dict[str, list[str]] = {}
    for row in rows:
        for held in row["stages"]:
            found.setdefault(held["stage"], []).append(row["version"].removeprefix("v"))
    return {stage: sorted(held) for stage, held in found.items()}


def listed(world: World, model: str) -> dict[str, Any]:
    return next(item for item in json.loads(world.run("list", "--json").out) if item["model"] == model)


def stages(world: World, model: str) -> dict[str, list[str]]:
    return {stage: sorted(held) for stage, held in listed(world, model)["stages"].items() if held}


def read(world: World, path: str) -> Any:
    return load((world.registry / "registry" / path).read_bytes())


def test_rollbook_list_says_what_gto_show_said_before(source: World, taken: World) -> None:
    from gto.api import show

    before = show(str(source.registry))["credit"]
    assert before["version"] == f"v{listed(taken, 'credit')['latest']}"
    assert before["stage"]["prod"] == f"v{stages(taken, 'credit')['production'][0]}"
    assert before["stage"]["staging"] == f"v{stages(taken, 'credit')['staging'][0]}"


def test_gto_show_agrees_with_rollbook_list_afterwards(taken: World) -> None:
    for model in ("credit", "fraud"):
        assert shown_by_gto(taken, model) == stages(taken, model)


def test_no_tag_of_gtos_is_lost_or_changed(source: World, taken: World) -> None:
    assert old_tags(source).items() <= old_tags(taken).items()


def test_gto_shows_every_version_with_the_date_and_author_it_had(source: World, taken: World) -> None:
    from gto.api import show

    def told(world: World) -> dict[str, tuple[object, object]]:
        rows: Any = show(str(world.registry), "credit")
        return {row["version"]: (row["created_at"], row["author_email"]) for row in rows}

    assert told(taken) == told(source)


def test_gto_history_goes_on_where_it_stood(source: World, taken: World) -> None:
    from gto.api import history

    def told(world: World) -> list[str]:
        return [row["ref"] for row in history(str(world.registry), "credit", ascending=True) if row["ref"]]

    before = told(source)
    assert told(taken)[: len(before)] == before


def test_a_manifest_bears_the_date_author_and_commit_of_its_tag(source: World, taken: World) -> None:
    manifest = read(taken, "credit/versions/1.0.0/version.yaml")
    assert manifest["created_at"] == "2025-01-02T02:53:20Z"
    assert manifest["created_by"] == "omar@example.com"
    assert manifest["description"] == "Register v1.0.0"
    assert manifest["lineage"]["code"]["commit"] == git(
        source.registry, "rev-parse", "credit@v1.0.0^{commit}"
    )


def test_the_origin_names_every_old_tag_and_its_object(source: World, taken: World) -> None:
    tags = {f"refs/tags/{tag['tag']}": tag["object"] for tag in read(taken, "credit/origin.yaml")["tags"]}
    assert tags == {name: oid for name, oid in old_tags(source).items() if "/credit" in name}


def test_a_stage_says_since_when_by_whom_and_why_as_its_tag_did(taken: World) -> None:
    entry = read(taken, "credit/stages.yaml")["production"]
    assert entry["version"] == "1.1.0"
    assert entry["reason"] == "AUC +0.02"
    assert entry["requested_at"] == "2025-01-08T02:53:20Z"


def test_a_version_that_another_one_displaced_goes_where_the_policy_sends_it(taken: World) -> None:
    (entry,) = read(taken, "credit/stages.yaml")["archived"]
    assert (entry["version"], entry["reason"]) == ("1.0.0", "replaced by 1.1.0 in production")


def test_the_bytes_are_those_of_each_versions_commit(taken: World, tmp_path: Path) -> None:
    for version, content in (("1.0.0", b"credit 1"), ("1.1.0-rc.1", b"credit rc"), ("1.1.0", b"credit 2")):
        target = tmp_path / version
        taken.run("fetch", f"credit@{version}", "-o", str(target))
        assert target.read_bytes() == content
        manifest = read(taken, f"credit/versions/{version}/version.yaml")
        assert manifest["artifact"]["sha256"] == digest_artifact(target).sha256


def test_a_file_kept_in_git_goes_to_the_dvc_remote(taken: World, tmp_path: Path) -> None:
    taken.run("fetch", "fraud@0.1.0", "-o", str(tmp_path / "got"))
    assert (tmp_path / "got").read_bytes() == b"fraud 1"


def test_description_and_labels_come_from_dvc_yaml(taken: World) -> None:
    record = read(taken, "credit/model.yaml")
    assert record["description"] == "Scores loans"
    assert record["tags"] == {"type": "model", "labels": "risk, tabular"}


def test_the_trail_verifies_and_nothing_is_left_to_record(taken: World) -> None:
    assert json.loads(taken.run("audit", "record", "--json").out) == []
    verified = json.loads(taken.run("audit", "verify", "--json").out)
    assert verified["result"] == "verified"
    assert verified["head"] is not None


def test_the_registry_passes_its_check(taken: World) -> None:
    assert "no errors" in taken.run("check", "--all").err + taken.run("check", "--all").out


def test_the_past_is_told_by_history(taken: World) -> None:
    rows = json.loads(taken.run("history", "credit", "--past", "--json").out)
    past = [row for row in rows if row["landed_in"] is None]
    assert [(row["action"], row["version"], row["to"]) for row in past] == [
        ("registered", "1.0.0", None),
        ("assigned", "1.0.0", "staging"),
        ("assigned", "1.0.0", "prod"),
        ("registered", "1.1.0-rc.1", None),
        ("assigned", "1.1.0-rc.1", "staging"),
        ("registered", "1.1.0", None),
        ("assigned", "1.1.0", "prod"),
    ]
    assert past[0]["requested_at"] == "2025-01-02T02:53:20Z"


def test_history_of_the_past_is_narrowed_like_any_other(taken: World) -> None:
    rows = taken.run("history", "--past", "--stage", "prod", "--until", "2025-01-05", "--json").out
    assert [row["tag"] for row in json.loads(rows)] == ["credit#prod#2"]


def test_a_registration_in_the_trail_names_the_old_tag_and_its_object(source: World, taken: World) -> None:
    rows = json.loads(taken.run("history", "credit", "--action", "registered", "--json").out)
    assert rows[0]["tag"] == "credit@v1.0.0#imported"
    assert rows[0]["origin"] == f"credit@v1.0.0 {old_tags(source)['refs/tags/credit@v1.0.0']}"


def test_counters_go_on_behind_those_of_gto(taken: World) -> None:
    rows = json.loads(taken.run("history", "credit", "--json").out)
    assert [row["event"] for row in rows] == [*range(5, 5 + len(rows))]


def test_life_goes_on_after_a_takeover(landed: World) -> None:
    landed.register("credit", "1.2.0")
    landed.promote("credit@1.2.0", "staging")
    landed.promote("credit@1.2.0", "production")
    landed.run("rollback", "credit", "--reason", "too slow", "--land")
    assert shown_by_gto(landed, "credit") == stages(landed, "credit")
    assert stages(landed, "credit")["production"] == ["1.1.0"]
    assert json.loads(landed.run("audit", "verify", "--json").out)["result"] == "verified"


def test_a_second_takeover_finds_nothing_left(taken: World) -> None:
    again = rollbook(
        taken.registry, "import", "gto", "--stage", "prod=production", "--rename", "sub:fraud=fraud"
    )
    assert again.code == 1
    assert "the registry has a model credit already" in again.err


def test_models_are_taken_over_one_by_one(source: World) -> None:
    source.run("import", "gto", "--model", "credit", *OPTIONS[:2], "--land")
    source.run("import", "gto", "--model", "sub:fraud", *OPTIONS[2:], "--land")
    assert json.loads(source.run("audit", "verify", "--json").out)["result"] == "verified"
    assert {item["model"] for item in json.loads(source.run("list", "--json").out)} == {"credit", "fraud"}


def test_a_deprecated_artifact_is_taken_over_when_it_is_asked_for_by_name(source: World) -> None:
    source.run("import", "gto", "--model", "old", "--path", "old=models/credit.bin", "--land")
    assert listed(source, "old")["versions"] == ["1.0.0"]


def test_a_takeover_stands_as_one_commit_on_a_branch_of_its_own(source: World) -> None:
    before = git(source.registry, "rev-parse", "main")
    made = json.loads(source.run("import", "gto", *OPTIONS, "--json").out)
    assert git(source.registry, "rev-parse", f"{made['branch']}^") == before
    assert git(source.registry, "status", "--porcelain") == ""


def test_a_recorder_elsewhere_writes_the_same_tags(source: World, tmp_path: Path) -> None:
    made = json.loads(source.run("import", "gto", *OPTIONS, "--push", "--json").out)
    git(source.registry, "push", "--quiet", "origin", f"{made['branch']}:main")
    git(tmp_path, "clone", "--quiet", str(source.origin), "elsewhere")
    ran = rollbook(tmp_path / "elsewhere", "audit", "record")
    assert ran.code == 0, ran.err
    assert "credit@v1.0.0#imported" in git(tmp_path / "elsewhere", "tag").splitlines()
    assert rollbook(tmp_path / "elsewhere", "audit", "verify").code == 0


def test_the_tag_of_an_alias_is_none_of_gtos(landed: World) -> None:
    landed.register("own", "1.0.0")
    landed.run("alias", "own@1.0.0", "champion", "--reason", "best", "--land")
    assert "own#champion#2" in landed.git("tag").split()
    assert "own" not in {artifact.name for artifact in read_artifacts(discover(landed.registry))}
