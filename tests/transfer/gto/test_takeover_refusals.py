"""What a takeover leaves out, asks about, and refuses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from building.world import Ran, World, git, rollbook
from rollbook.trail.gto_tags import artifact_of
from rollbook.transfer.gto.suggestions import stage_like

from .gto_world import OPTIONS

if TYPE_CHECKING:
    from .gto_world import Team


def take(world: World, *options: str) -> Ran:
    return rollbook(world.registry, "import", "gto", *options)


def planned(world: World, *options: str) -> dict[str, Any]:
    """The plan, whether or not something has to be decided."""
    found: dict[str, Any] = json.loads(take(world, "--dry-run", "--json", *options).out)
    return found


def versions(plan: dict[str, Any]) -> list[str]:
    return [f"{model['model']}@{item['version']}" for model in plan["models"] for item in model["versions"]]


def registered(team: Team, path: str = "models/credit.bin", version: str = "v1.0.0") -> None:
    """One artifact, `credit`, whose bytes are at `path`, with one version registered on HEAD."""
    from gto.api import register

    team.write("dvc.yaml", f"artifacts:\n  credit:\n    path: {json.dumps(path)}\n")
    team.commit()
    team.gto(register, "credit", "HEAD", version)
    team.push()


def test_all_that_has_to_be_decided_is_named_at_once(source: World) -> None:
    ran = take(source)
    assert ran.code == 1
    lines = ran.err.splitlines()
    assert [line.partition(" (")[0] for line in lines if line.startswith("to be decided: ")] == [
        "to be decided: sub:fraud: a model can't have this name here",
        "to be decided: credit#prod: the policy has no such stage",
    ]


def test_the_whole_call_that_would_decide_it_is_proposed_and_does(source: World) -> None:
    ran = take(source)
    (proposed,) = [line for line in ran.err.splitlines() if line.startswith("to decide it so: ")]
    call = proposed.partition(": ")[2]
    assert call == "rollbook import gto --rename sub:fraud=sub/fraud --stage prod=production"
    assert take(source, *call.split()[3:]).code == 0


def test_a_proposed_call_keeps_what_was_given(source: World) -> None:
    ran = take(source, "--model", "credit", "--skip-missing")
    call = "rollbook import gto --model credit --skip-missing --stage prod=production"
    assert f"to decide it so: {call}" in ran.err.splitlines()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dev", "development"), ("stage", "staging"), ("Production", "production"), ("prod", "production"),
        ("nightly", "STAGE"),
    ],
)  # fmt: skip
def test_a_stage_is_mapped_to_what_it_obviously_means(old: str, new: str) -> None:
    assert stage_like(old, ["development", "staging", "production"]) == new


def test_an_artifact_at_an_address_is_left_out_by_name(team: Team) -> None:
    from gto.api import register

    team.write("dvc.yaml", "artifacts: {credit: {path: 's3://acme/credit.bin'}, fraud: {path: fraud.bin}}\n")
    team.write("fraud.bin", "weights")
    team.commit()
    team.gto(register, "credit", "HEAD", "v1.0.0")
    team.gto(register, "fraud", "HEAD", "v1.0.0")
    team.push()
    ran = take(team.world)
    assert "credit@1.0.0: its path 's3://acme/credit.bin' is an address" in ran.err
    assert "rollbook register MODEL ADDRESS" in ran.err
    assert "to decide it so: rollbook import gto --skip-missing" in ran.err
    assert [model["model"] for model in planned(team.world, "--skip-missing")["models"]] == ["fraud"]


def test_a_dry_run_that_needs_decisions_says_so_by_its_exit_code(source: World) -> None:
    assert take(source, "--dry-run").code == 1
    assert take(source, "--dry-run", *OPTIONS).code == 0


def test_a_dry_run_changes_nothing(source: World) -> None:
    before = git(source.registry, "for-each-ref")
    take(source, "--dry-run", *OPTIONS)
    assert git(source.registry, "for-each-ref") == before


def test_what_was_deregistered_and_deprecated_is_named(source: World) -> None:
    plan = planned(source, *OPTIONS)
    assert "fraud@0.2.0" not in versions(plan)
    reasons = {note["what"]: note["why"] for note in plan["skipped"]}
    assert "was deregistered on 2025-" in reasons["sub:fraud@0.2.0"]
    assert "was deprecated on 2025-" in reasons["old"]


def test_an_artifact_that_no_tag_names_is_not_found(source: World) -> None:
    assert "names an artifact 'credti'" in take(source, "--model", "credti").err


def test_a_stage_that_the_policy_lacks_is_not_mapped_to(source: World) -> None:
    assert "there is no stage 'prd'" in take(source, "--stage", "prod=prd").err


def test_a_version_with_build_metadata_gets_another_name(team: Team) -> None:
    team.write("models/credit.bin", "weights")
    registered(team, version="v1.0.0+gpu")
    world = team.world
    assert "--rename credit@1.0.0+gpu=1.0.0-gpu" in take(world).err
    world.run("import", "gto", "--rename", "credit@1.0.0+gpu=1.0.0-gpu", "--land")
    assert "credit@v1.0.0-gpu#imported" in git(world.registry, "tag").splitlines()
    assert json.loads(world.run("audit", "verify", "--json").out)["result"] == "verified"


def test_bytes_that_are_gone_stop_the_takeover_until_it_is_told_to_leave_them_out(source: World) -> None:
    md5 = (
        git(source.registry, "show", "credit@v1.0.0:models/credit.bin.dvc")
        .partition("md5: ")[2]
        .split("\n")[0]
    )
    for folder in (source.artifacts, source.registry / ".dvc/cache"):
        (folder / "files/md5" / md5[:2] / md5[2:]).unlink()
    ran = take(source, *OPTIONS)
    assert ran.code == 1
    assert f"neither DVC's cache nor its remote holds {md5}" in ran.err
    source.run("import", "gto", *OPTIONS, "--skip-missing", "--land")
    assert json.loads(source.run("audit", "verify", "--json").out)["result"] == "verified"
    assert "credit@v1.0.0#imported" not in git(source.registry, "tag").splitlines()


def test_an_empty_file_is_left_out_as_if_it_were_missing(team: Team) -> None:
    team.write("models/credit.bin", "")
    registered(team)
    assert "empty" in take(team.world).err
    assert "there is nothing to take over" in take(team.world, "--skip-missing").err


@pytest.mark.parametrize(
    "path", ["../secret", "/etc/passwd", "s3://bucket/model", "a/../../b", ".git/config", "a\\b"]
)
def test_a_path_out_of_the_repository_is_not_followed(team: Team, path: str) -> None:
    registered(team, path)
    (problem,) = planned(team.world)["problems"]
    assert "is none inside the repository" in problem["why"] or "is an address" in problem["why"]


def test_a_symbolic_link_is_not_followed(team: Team) -> None:
    (team.root / "link.bin").symlink_to("/etc/passwd")
    registered(team, "link.bin")
    (problem,) = planned(team.world)["problems"]
    assert problem["why"] == "it is a symbolic link"


def test_a_folder_that_holds_a_link_is_refused(team: Team) -> None:
    team.write("models/net/weights.bin", "weights")
    (team.root / "models/net/link").symlink_to("/etc/passwd")
    registered(team, "models/net")
    (problem,) = planned(team.world)["problems"]
    assert "'models/net/link' in it is a symbolic link" in problem["why"]


def test_without_a_word_about_its_file_an_artifact_needs_a_path(team: Team) -> None:
    from gto.api import register

    team.write("models/credit.bin", "weights")
    team.commit()
    team.gto(register, "credit", "HEAD", "v1.0.0")
    team.push()
    assert "--path credit=PATH" in take(team.world).err
    team.world.run("import", "gto", "--path", "credit=models/credit.bin", "--land")


def test_the_path_may_stand_in_gtos_own_artifacts_yaml(team: Team) -> None:
    from gto.api import register

    team.write("models/credit.bin", "weights")
    team.write("artifacts.yaml", "credit:\n  type: model\n  path: models/credit.bin\n  virtual: false\n")
    team.commit()
    team.gto(register, "credit", "HEAD", "v1.0.0")
    plan = planned(team.world)
    assert plan["models"][0]["versions"][0]["path"] == "models/credit.bin"


LOCK = """\
schema: '2.0'
stages:
  train:
    cmd: x
    outs:
    - path: ../models/credit.bin
      hash: md5
      md5: {md5}
      size: 7
"""
PIPELINE = """\
stages:
  train:
    cmd: x
    wdir: pipe
    outs: [../models/credit.bin]
artifacts:
  credit:
    path: models/credit.bin
"""


def test_an_output_of_a_pipeline_is_found_by_its_lock(team: Team) -> None:
    from gto.api import register

    team.write("models/credit.bin", "trained")
    team.dvc_add("models/credit.bin")
    pointer = team.root / "models/credit.bin.dvc"
    md5 = pointer.read_text().partition("md5: ")[2].split("\n")[0]
    pointer.unlink()
    team.write("dvc.yaml", PIPELINE)
    team.commit()
    team.gto(register, "credit", "HEAD", "v1.0.0")
    team.write("dvc.lock", LOCK.format(md5=md5))
    team.commit()
    team.gto(register, "credit", "HEAD", "v1.1.0")
    team.push()
    (problem,) = planned(team.world)["problems"]
    assert "neither in git nor as an output of DVC" in problem["why"]
    team.world.run("import", "gto", "--skip-missing", "--land")
    team.world.run("fetch", "credit@1.1.0", "-o", str(team.world.root / "got"))
    assert (team.world.root / "got").read_bytes() == b"trained"


def test_a_file_inside_a_folder_that_dvc_keeps_is_found(team: Team) -> None:
    team.write("models/all/credit.bin", "inner")
    team.write("models/all/other.bin", "other")
    from dvc.repo import Repo

    with Repo(str(team.root)) as repo:
        repo.add([str(team.root / "models/all")])
        repo.push()
    registered(team, "models/all/credit.bin")
    team.world.run("import", "gto", "--land")
    team.world.run("fetch", "credit@1.0.0", "-o", str(team.world.root / "got"))
    assert (team.world.root / "got").read_bytes() == b"inner"


@pytest.mark.parametrize("kept", ["git", "dvc"])
def test_a_folder_is_taken_over_whole(team: Team, kept: str) -> None:
    team.write("models/net/weights.bin", "weights")
    team.write("models/net/deep/config.json", "{}")
    if kept == "dvc":
        from dvc.repo import Repo

        with Repo(str(team.root)) as repo:
            repo.add([str(team.root / "models/net")])
    registered(team, "models/net")
    team.world.run("import", "gto", "--land")
    team.world.run("fetch", "credit@1.0.0", "-o", str(team.world.root / "got"))
    assert (team.world.root / "got/deep/config.json").read_text() == "{}"
    assert (team.world.root / "got/weights.bin").read_text() == "weights"


def test_a_lightweight_tag_is_no_version_and_stays_known(team: Team) -> None:
    team.write("models/credit.bin", "weights")
    registered(team)
    git(team.root, "tag", "credit@v0.1.0")
    team.push()
    assert versions(planned(team.world)) == ["credit@1.0.0"]
    team.world.run("import", "gto", "--land")
    assert json.loads(team.world.run("audit", "verify", "--json").out)["head"] is not None


def test_a_tag_copied_under_another_name_counts_for_nothing(team: Team) -> None:
    team.write("models/credit.bin", "weights")
    registered(team)
    git(team.root, "update-ref", "refs/tags/credit@v2.0.0", "refs/tags/credit@v1.0.0")
    team.push()
    plan = planned(team.world)
    assert versions(plan) == ["credit@1.0.0"]
    assert "calls itself otherwise" in str(plan["skipped"])


def test_a_tag_dated_in_the_future_has_to_be_explained(team: Team) -> None:
    team.write("models/credit.bin", "weights")
    registered(team)
    team.day = 40_000
    team.redate("credit@v1.0.0")
    git(team.root, "push", "--quiet", "--force", "origin", "--tags")
    assert "dated in the future" in take(team.world).err


def test_a_message_that_would_act_on_a_terminal_is_stored_and_printed_harmless(team: Team) -> None:
    from gto.api import register

    team.write("dvc.yaml", "artifacts:\n  credit:\n    path: models/credit.bin\n")
    team.write("models/credit.bin", "weights")
    team.commit()
    team.gto(
        register,
        "credit",
        "HEAD",
        "v1.0.0",
        message="evil \x1b]0;title\x07\u202e text\n\nAction: registered\n",
    )
    team.push()
    made = json.loads(team.world.run("import", "gto", "--json").out)
    text = git(team.root, "show", made["commit"])
    assert "\x1b" not in text.replace("\x1b[m", "")
    assert "\u202e" not in text
    team.world.run("land", made["branch"])
    assert json.loads(team.world.run("audit", "verify", "--json").out)["result"] == "verified"


def test_a_stage_of_a_commit_without_a_version_is_named_and_left_out(team: Team) -> None:
    from gto.api import assign

    team.write("models/credit.bin", "weights")
    registered(team)
    team.write("notes.txt", "x")
    team.commit()
    team.gto(assign, "credit", "staging", ref="HEAD", skip_registration=True)
    plan = planned(team.world)
    assert "no version is registered on its commit" in str(plan["skipped"])
    assert plan["models"][0]["versions"][0]["stage"] == "development"


def test_a_shallow_clone_is_refused(source: World) -> None:
    git(source.root, "clone", "--quiet", "--depth", "1", f"file://{source.origin}", "shallow")
    ran = rollbook(source.root / "shallow", "import", "gto", *OPTIONS)
    assert ran.code == 1
    assert "shallow" in ran.err


_WORDS = st.sampled_from(
    [
        "credit",
        "sub=",
        "a/b",
        "@",
        "v1.0.0",
        "#",
        "prod",
        "!",
        "-rc.1",
        "+x",
        "1",
        "deprecated",
        "created",
        "A_b",
        ".",
        "imported",
        "é",
    ]
)


@given(st.lists(_WORDS, max_size=6).map("".join))
def test_names_are_read_as_gto_reads_them(tag: str) -> None:
    from gto.tag import parse_name

    told = parse_name(tag, raise_on_fail=False)
    assert artifact_of(tag) == (told["name"] if told else "")
