"""Registering: what it writes, what it refuses, and what it leaves alone."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from building.world import git, rollbook
from killed import killed_at
from rollbook.errors import Refused
from rollbook.git.repository import discover
from rollbook.propose.registration import register
from rollbook.propose.registration_request import Registration

if TYPE_CHECKING:
    from building.world import Ran, World

BRANCH = "rollbook/register/credit/1.0.0"
DIRECTORY = "registry/credit/versions/1.0.0"


def propose(world: World, *options: str, artifact: Path | None = None) -> Ran:
    """Register credit@1.0.0, and don't land it."""
    path = str(artifact or world.artifact())
    return rollbook(world.registry, "register", "credit", path, "--version", "1.0.0", *options)


def manifest(directory: Path, version: str = "1.0.0", branch: str = BRANCH) -> Any:
    return yaml.safe_load(git(directory, "show", f"{branch}:registry/credit/versions/{version}/version.yaml"))


def branches(world: World) -> list[str]:
    return world.git("branch", "--list", "rollbook/*", "--format=%(refname:short)").split()


def stored(world: World, content: bytes) -> bool:
    """Whether the DVC remote holds `content`."""
    md5 = hashlib.md5(content).hexdigest()
    path = world.artifacts / "files" / "md5" / md5[:2] / md5[2:]
    return path.exists() and path.read_bytes() == content


def everything_of_the_user(world: World) -> list[str]:
    """What registering must not touch: HEAD, the index, the working tree, and every branch but proposals."""
    status = world.git("status", "--porcelain", "--untracked-files=all")  # first: it may refresh the index
    refs = [line for line in world.git("for-each-ref").splitlines() if "/rollbook/" not in line]
    directory = world.registry / ".git"
    return [status, *refs, (directory / "HEAD").read_text(), (directory / "index").read_bytes().hex()]


def test_a_file_becomes_one_commit_that_adds_manifest_pointer_and_model(world: World) -> None:
    assert propose(world).code == 0
    added = world.git("diff-tree", "-r", "--no-commit-id", "--name-status", "main", BRANCH).splitlines()
    files = ["registry/credit/model.yaml", f"{DIRECTORY}/model.bin.dvc", f"{DIRECTORY}/version.yaml"]
    assert added == [f"A\t{path}" for path in files]
    assert world.git("rev-list", "--count", f"main..{BRANCH}") == "1"


def test_the_manifest_holds_size_digest_and_format_of_a_file(world: World) -> None:
    propose(world)
    artifact = manifest(world.registry)["artifact"]
    digest = hashlib.sha256(b"weights").hexdigest()
    assert artifact == {"path": "model.bin", "format": artifact["format"], "size": 7, "sha256": digest}


def test_a_folder_is_registered_with_its_file_count_and_fetched_back(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    (folder / "vocab").mkdir(parents=True)
    (folder / "weights.bin").write_bytes(b"w" * 100)
    (folder / "vocab" / "tokens.txt").write_bytes(b"a\nb\n")
    assert propose(world, "--land", artifact=folder).code == 0
    artifact = manifest(world.registry, branch="main")["artifact"]
    assert (artifact["path"], artifact["size"], artifact["files"]) == ("bundle", 104, 2)
    world.run("fetch", "credit@1.0.0", "-o", str(tmp_path / "out"))
    assert (tmp_path / "out" / "vocab" / "tokens.txt").read_bytes() == b"a\nb\n"


def test_the_folder_one_stands_in_is_registered_under_its_own_name(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(b"w")
    ran = rollbook(folder, "-C", str(world.registry), "register", "credit", ".", "--version", "1.0.0")
    assert ran.code == 0, ran.err
    assert manifest(world.registry)["artifact"]["path"] == "bundle"


@pytest.mark.parametrize(("part", "version"), [("major", "1.0.0"), ("minor", "0.1.0"), ("patch", "0.0.1")])
def test_the_first_version_of_a_model_follows_from_the_bump(world: World, part: str, version: str) -> None:
    ran = world.run("register", "credit", str(world.artifact()), "--bump", part)
    assert ran.out == f"rollbook/register/credit/{version}\n"


@pytest.mark.parametrize(("part", "version"), [("major", "2.0.0"), ("minor", "1.3.0"), ("patch", "1.2.4")])
def test_bump_raises_the_newest_version(world: World, part: str, version: str) -> None:
    world.register("credit", "1.2.3")
    ran = world.run("register", "credit", str(world.artifact()), "--bump", part)
    assert ran.out == f"rollbook/register/credit/{version}\n"


def test_a_model_may_have_a_namespace(world: World) -> None:
    ran = world.run("register", "risk/credit", str(world.artifact()), "--land")
    assert "risk/credit@v0.1.0" in ran.out
    assert "registry/risk/credit/model.yaml" in world.git("ls-tree", "-r", "--name-only", "main")


def test_an_existing_version_is_refused_and_a_free_one_suggested(world: World) -> None:
    world.register("credit", "1.0.0")
    ran = propose(world)
    assert ran.code == 1
    assert "has a version 1.0.0 already" in ran.err
    assert "above 1.0.0: --version V" in ran.err
    assert branches(world) == []


def test_a_missing_artifact_is_a_wrong_call(world: World) -> None:
    ran = propose(world, artifact=world.root / "nothing.bin")
    assert (ran.code, ran.out) == (2, "")
    assert "does not exist" in ran.err


def test_an_empty_artifact_is_a_wrong_call(world: World) -> None:
    ran = propose(world, artifact=world.artifact(b""))
    assert ran.code == 2
    assert "is empty" in ran.err
    assert branches(world) == []


def test_an_artifact_that_changes_while_it_is_hashed_is_refused(world: World) -> None:
    artifact = world.artifact(b"w" * 1000)

    def write_more(_: int) -> None:
        with artifact.open("ab") as file:
            file.write(b"more")

    with pytest.raises(Refused, match="changed while it was read"):
        register(discover(world.registry), Registration("credit", artifact, "1.0.0"), write_more)
    assert branches(world) == []
    assert not list(world.artifacts.rglob("*.tmp"))


HOSTILE_MODELS = [
    "..", "../credit", "a/../b", "-credit", "a" * 300, "credit/", "/credit", "a/b/c", "", "cr\u0435dit",
    "credit\n",
    "CON", "nul", "risk/aux", "credit.v2", "versions", "cre dit", "credit\u200b", "credit@1.0.0", "a\x1b[31m",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_MODELS)
def test_a_hostile_model_name_is_a_wrong_call(world: World, name: str) -> None:
    ran = rollbook(world.registry, "register", "--version", "1.0.0", "--", name, str(world.artifact()))
    assert (ran.code, ran.out) == (2, "")
    assert "is not a model name" in ran.err
    assert "\x1b" not in ran.err


@pytest.mark.parametrize(
    "version", ["1.0", "1.0.0+", "1.0.0+a b", "../1.0.0", "1.0.0-x.lock", "1.0.0 ", "٣.0.0", "-1.0.0"]
)
def test_a_hostile_version_is_a_wrong_call(world: World, version: str) -> None:
    ran = rollbook(world.registry, "register", "credit", str(world.artifact()), f"--version={version}")
    assert ran.code == 2
    assert "is not a version" in ran.err


HOSTILE_FILES = [
    "my model.bin", "-model.bin", ".model", "nul.bin", "version.yaml", "m\u00f6del.bin", "model.dvc",
    "a" * 130,
    "model\u202e.bin", "evidence",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_a_hostile_file_name_is_refused_before_any_byte_is_stored(world: World, name: str) -> None:
    ran = propose(world, artifact=world.artifact(name=name))
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert branches(world) == []
    assert not world.artifacts.exists()
    assert not (world.registry / ".dvc" / "cache").exists()


def test_a_file_name_with_a_blank_is_refused_with_a_name_to_use_instead(world: World) -> None:
    ran = propose(world, artifact=world.artifact(name="my model.bin"))
    assert "'my model.bin' can't be an artifact's name" in ran.err
    assert "model.bin" in ran.err.partition("hint:")[2]


def test_the_parent_folder_is_no_name_for_an_artifact(world: World) -> None:
    ran = propose(world, artifact=Path(".."))
    assert ran.code == 2
    assert "is not a file name" in ran.err


# --- the user's checkout


def _dirty(world: World) -> None:
    (world.registry / "registry" / "policy.yaml").write_text("edited\n")


def _staged(world: World) -> None:
    (world.registry / "staged.txt").write_text("staged\n")
    world.git("add", "staged.txt")
    world.git("rm", "-q", "--cached", ".dvcignore")


def _untracked(world: World) -> None:
    path = world.registry / DIRECTORY / "version.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("mine\n")


def _detached(world: World) -> None:
    world.git("checkout", "-q", "--detach")


def _other_branch(world: World) -> None:
    world.git("checkout", "-q", "-b", "feature")
    world.git("commit", "-q", "--allow-empty", "-m", "elsewhere")


def _unborn_branch(world: World) -> None:
    world.git("checkout", "-q", "--orphan", "fresh")


def _in_a_merge(world: World) -> None:
    world.git("checkout", "-q", "-b", "left")
    (world.registry / "file").write_text("left\n")
    world.git("add", "file")
    world.git("commit", "-q", "-m", "left")
    world.git("checkout", "-q", "main")
    (world.registry / "file").write_text("right\n")
    world.git("add", "file")
    world.git("commit", "-q", "-m", "right")
    subprocess.run(["git", "merge", "-q", "left"], cwd=world.registry, capture_output=True)


@pytest.mark.parametrize(
    "arrange", [_dirty, _staged, _untracked, _detached, _other_branch, _unborn_branch, _in_a_merge]
)
def test_the_users_checkout_index_and_branch_stay_as_they_are(world: World, arrange: Any) -> None:
    arrange(world)
    before = everything_of_the_user(world)
    ran = propose(world)
    assert ran.code == 0, ran.err
    assert branches(world) == [BRANCH]
    assert everything_of_the_user(world) == before


def test_a_git_hook_of_another_repository_does_not_lead_astray(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    git(tmp_path, "init", "-q", "other")
    before = everything_of_the_user(world)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git" / "index"))
    ran = propose(world)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name)
    assert ran.code == 0, ran.err
    assert everything_of_the_user(world) == before
    assert branches(world) == [BRANCH]
    assert git(other, "count-objects") == "0 objects, 0 kilobytes"


def test_a_commit_hook_can_register(world: World) -> None:
    artifact = world.artifact()
    hook = world.registry / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(
        f"#!/bin/sh\nexec {sys.executable} -m rollbook register credit '{artifact}' --version 1.0.0\n"
    )
    hook.chmod(0o755)
    (world.registry / "notes.txt").write_text("x")
    world.git("add", "notes.txt")
    world.git("commit", "-q", "-m", "with a hook")
    assert branches(world) == [BRANCH]
    assert world.git("show", "--format=", "--name-only", "HEAD") == "notes.txt"


# --- repositories that are none yet


def test_a_repository_without_commits_says_to_make_one(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "model.bin").write_bytes(b"w")
    ran = rollbook(tmp_path, "register", "credit", "model.bin")
    assert ran.code == 1
    assert "no commits yet" in ran.err


def test_a_place_that_is_no_repository_is_a_wrong_call(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"w")
    ran = rollbook(tmp_path, "register", "credit", "model.bin")
    assert ran.code == 2
    assert "is not in a git repository" in ran.err


def test_a_repository_that_is_no_registry_points_to_init(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    (tmp_path / "model.bin").write_bytes(b"w")
    ran = rollbook(tmp_path, "register", "credit", "model.bin")
    assert ran.code == 1
    assert "rollbook init" in ran.err


def test_a_bare_repository_is_a_wrong_call(world: World) -> None:
    ran = rollbook(world.origin, "register", "credit", str(world.artifact()))
    assert ran.code == 2
    assert "bare repository" in ran.err


# --- storage that fails


def test_a_remote_that_refuses_leaves_no_branch(world: World) -> None:
    world.artifacts.write_text("a file where the folder should be")
    ran = propose(world)
    assert ran.code == 1
    assert "registry-artifacts" in ran.err
    assert branches(world) == []


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
from rollbook.cli import execute
sys.exit(execute(sys.argv[1:]))
"""


def test_a_full_disk_leaves_no_branch_and_nothing_half_written(world: World) -> None:
    artifact = world.artifact(b"w" * (3 << 20))
    command = [sys.executable, "-c", FULL, "register", "credit", str(artifact), "--version", "1.0.0"]
    done = subprocess.run(command, cwd=world.registry, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert branches(world) == []
    cache = world.registry / ".dvc" / "cache"
    assert [path for folder in (cache, world.artifacts) for path in folder.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("function", "when", "in_remote", "made"),
    [
        ("rollbook.artifact.storage:Storage.add", "before", False, 0),
        ("rollbook.artifact.storage:Storage.add", "after", False, 0),
        ("rollbook.artifact.storage:Storage.push", "after", True, 0),
        ("rollbook.propose.proposal:commit", "after", True, 0),
        ("rollbook.propose.proposal:update_refs", "after", True, 1),
    ],
)
def test_a_registration_that_was_killed_succeeds_when_it_is_run_again(
    world: World, function: str, when: str, in_remote: bool, made: int
) -> None:
    arguments = ["register", "credit", str(world.artifact()), "--version", "1.0.0", "--metric", "auc=0.9"]
    killed_at(world.registry, function, when, *arguments)
    assert (stored(world, b"weights"), len(branches(world))) == (in_remote, made)
    assert world.run(*arguments).out == f"{BRANCH}\n"
    assert stored(world, b"weights")
    assert branches(world) == [BRANCH]
    assert world.git("rev-list", "--count", f"main..{BRANCH}") == "1"


def test_a_proposal_of_other_facts_is_not_taken_for_the_one_that_stands(world: World) -> None:
    propose(world, "--metric", "auc=0.9")
    before = world.git("rev-parse", BRANCH)
    ran = propose(world, "--metric", "auc=0.8")
    assert ran.code == 1
    assert f"the branch {BRANCH} exists already" in ran.err
    assert world.git("rev-parse", BRANCH) == before


def test_a_proposal_of_other_bytes_is_not_taken_for_the_one_that_stands(world: World) -> None:
    propose(world)
    before = world.git("rev-parse", BRANCH)
    ran = propose(world, artifact=world.artifact(b"others"))
    assert ran.code == 1
    assert f"the branch {BRANCH} exists already" in ran.err
    assert world.git("rev-parse", BRANCH) == before
    assert not stored(world, b"others")


def test_a_byte_identical_artifact_is_reported_and_stored_once(world: World) -> None:
    world.register("credit", "1.0.0", content=b"the same")
    ran = rollbook(world.registry, "register", "fraud", str(world.artifact(b"the same")), "--json")
    assert yaml.safe_load(ran.out)["twins"] == ["credit@1.0.0"]
    assert yaml.safe_load(ran.out)["uploaded"] == 0
    files = [path for path in world.artifacts.rglob("*") if path.is_file()]
    assert len(files) == 1


def test_colour_in_gits_output_does_not_hide_a_twin(world: World) -> None:
    world.git("config", "color.ui", "always")
    world.git("config", "grep.lineNumber", "true")
    world.register("credit", "1.0.0", content=b"the same")
    ran = rollbook(world.registry, "register", "fraud", str(world.artifact(b"the same")))
    assert "registered already as credit@1.0.0" in ran.err


# --- code lineage


@pytest.fixture
def training(world: World) -> Path:
    """A training repository with a remote whose URL holds a password."""
    path = world.root / "training"
    git(world.root, "init", "-q", "training")
    (path / "train.py").write_text("print()\n")
    git(path, "add", ".")
    git(path, "commit", "-q", "-m", "train")
    git(path, "remote", "add", "origin", "https://jane:s3c@pw@example.com/team/training.git")
    return path


def code_of(world: World, training: Path, *options: str) -> Any:
    artifact = str(world.artifact())
    ran = rollbook(
        training, "-C", str(world.registry), "register", "credit", artifact, "--version", "1.0.0", *options
    )
    assert ran.code == 0, ran.err
    return manifest(world.registry).get("lineage", {}).get("code")


def test_the_current_repository_is_the_code_lineage(world: World, training: Path) -> None:
    assert code_of(world, training) == {
        "repository": "https://example.com/team/training.git",
        "commit": git(training, "rev-parse", "HEAD"),
        "branch": "main",
        "dirty": False,
    }


def test_no_part_of_a_password_gets_into_the_manifest(world: World, training: Path) -> None:
    code_of(world, training)
    text = world.git("show", f"{BRANCH}:{DIRECTORY}/version.yaml")
    assert "s3c" not in text
    assert "pw" not in text


def test_an_edited_tracked_file_makes_the_code_dirty(world: World, training: Path) -> None:
    (training / "train.py").write_text("print(1)\n")
    assert code_of(world, training)["dirty"] is True


def test_an_untracked_file_does_not_make_the_code_dirty(world: World, training: Path) -> None:
    (training / "scratch.txt").write_text("x")
    assert code_of(world, training)["dirty"] is False


def test_a_detached_head_has_no_branch(world: World, training: Path) -> None:
    git(training, "checkout", "-q", "--detach")
    assert "branch" not in code_of(world, training)


def test_a_local_remotes_path_is_not_published(world: World, training: Path) -> None:
    git(training, "remote", "set-url", "origin", f"file://{world.root}/secret-place/training.git")
    assert code_of(world, training)["repository"] == "training.git"


def test_the_code_option_names_another_repository(world: World, training: Path, tmp_path: Path) -> None:
    assert code_of(world, tmp_path, "--code", str(training))["commit"] == git(training, "rev-parse", "HEAD")


def test_several_repositories_are_told_apart_by_their_roles(
    world: World, training: Path, tmp_path: Path
) -> None:
    commit = git(training, "rev-parse", "HEAD")
    first, second = code_of(world, tmp_path, "--code", str(training), "--code", f"features={training}")
    assert (first["commit"], first.get("role")) == (commit, None)
    assert (second["commit"], second["role"]) == (commit, "features")


def test_one_repository_with_a_role_is_one(world: World, training: Path, tmp_path: Path) -> None:
    assert code_of(world, tmp_path, "--code", f"features={training}")["role"] == "features"


@pytest.mark.parametrize(
    "codes", [["x={}", "x={}"], ["{}", "{}"], ["features=", "{}"], ["a={}", "a=nowhere"], ["a=nowhere"]]
)
def test_code_that_can_not_be_told_apart_or_is_not_there_is_a_wrong_call(
    world: World, training: Path, codes: list[str]
) -> None:
    options = [part for code in codes for part in ("--code", code.format(training))]
    ran = rollbook(
        world.registry, "register", "credit", str(world.artifact()), "--version", "1.0.0", *options
    )
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert world.git("branch", "--list", "rollbook/*") == ""


def test_a_directory_whose_name_holds_an_equals_sign_is_named_by_its_path(
    world: World, training: Path, tmp_path: Path
) -> None:
    odd = training.rename(tmp_path / "a=b")
    assert code_of(world, tmp_path, "--code", "./a=b")["commit"] == git(odd, "rev-parse", "HEAD")


def test_the_registry_itself_is_no_code_lineage(world: World) -> None:
    propose(world)
    assert "lineage" not in manifest(world.registry)


def test_a_linked_working_tree_of_the_registry_is_no_code_lineage(world: World, tmp_path: Path) -> None:
    world.git("worktree", "add", "-q", str(tmp_path / "linked"))
    assert code_of(world, tmp_path / "linked") is None


def test_the_registrys_own_repository_is_the_code_lineage_when_it_is_named(world: World) -> None:
    assert code_of(world, world.registry, "--code", ".")["commit"] == world.git("rev-parse", "HEAD")


def test_a_code_option_that_names_a_repository_without_commits_is_a_wrong_call(
    world: World, tmp_path: Path
) -> None:
    git(tmp_path, "init", "-q", "empty")
    ran = propose(world, "--code", str(tmp_path / "empty"))
    assert ran.code == 2
    assert "has no commit" in ran.err
    assert branches(world) == []


def test_what_can_not_be_put_on_record_later_is_said_at_registration_once(world: World) -> None:
    ran = propose(world)
    lacking = [line for line in ran.err.splitlines() if "nothing adds it later" in line]
    assert [line.rpartition(": ")[2] for line in lacking] == [
        "--code DIR",
        "--requirements FILE",
        "--framework NAME",
        "--sample-input FILE",
    ]


def test_a_branch_that_stands_where_proposals_go_is_named_before_anything_is_stored(world: World) -> None:
    world.git("branch", "rollbook")
    ran = propose(world)
    assert ran.code == 1
    assert "a branch called 'rollbook' is in the way" in ran.err
    assert "git branch -m rollbook" in ran.err
    assert "DVC remote" not in ran.err


def test_a_training_repository_without_commits_gives_no_lineage(world: World, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "empty")
    assert code_of(world, tmp_path / "empty") is None


def test_a_code_option_outside_of_any_repository_is_a_wrong_call(world: World, tmp_path: Path) -> None:
    ran = propose(world, "--code", str(tmp_path))
    assert ran.code == 2
    assert branches(world) == []


def test_a_current_directory_in_a_bare_repository_is_no_code_lineage(world: World) -> None:
    assert code_of(world, world.origin) is None


def test_registering_from_a_linked_working_tree_works(world: World, tmp_path: Path) -> None:
    world.git("worktree", "add", "-q", str(tmp_path / "linked"))
    ran = rollbook(tmp_path / "linked", "register", "credit", str(world.artifact()), "--version", "1.0.0")
    assert ran.code == 0, ran.err
    assert branches(world) == [BRANCH]
    assert git(tmp_path / "linked", "status", "--porcelain") == ""


def test_a_parent_is_registered_as_the_version_it_stands_for_now(world: World) -> None:
    world.register("base", "1.0.0")
    world.register("base", "1.1.0")
    world.run("register", "tuned", str(world.artifact()), "--parent", "base@latest", "--parent", "base@1.1.0")
    manifest = world.git("show", "rollbook/register/tuned/0.1.0:registry/tuned/versions/0.1.0/version.yaml")
    assert yaml.safe_load(manifest)["lineage"] == {"parents": ["base@1.1.0"]}


def test_a_parent_that_does_not_exist_is_refused_before_any_byte_is_stored(world: World) -> None:
    done = rollbook(world.registry, "register", "tuned", str(world.artifact()), "--parent", "base@1.0.0")
    assert done.code == 1
    assert "no models yet" in done.err
    assert not world.artifacts.exists()
