"""Turning a repository into a registry."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from building.world import ACTION, git, rollbook
from rollbook import Registry
from rollbook.artifact.dvc_remote import read_configuration
from rollbook.check.judge import check_tree
from rollbook.errors import BadCall, InvalidFile, Refused
from rollbook.git.repository import discover
from rollbook.propose.new_registry import initialise
from rollbook.records.policy import parse_policy
from rollbook.snapshot.tree_snapshot import commit_snapshot

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "models")
    return tmp_path / "models"


def contents(root: Path) -> dict[str, bytes]:
    files = [
        path for path in root.rglob("*") if path.is_file() and ".git" not in path.relative_to(root).parts
    ]
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def test_a_registry_without_models_passes_the_check(root: Path) -> None:
    initialise(discover(root))
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "Start")
    snapshot = commit_snapshot(discover(root), "HEAD")
    assert check_tree(snapshot) == []
    snapshot.close()


def test_everything_a_registry_needs_is_written(root: Path) -> None:
    initialise(discover(root), action=ACTION)
    expected = {
        "registry/policy.yaml", ".dvc/config", ".pre-commit-config.yaml", ".github/workflows/validate.yml",
        ".github/workflows/promote.yml", "schemas/version.schema.json", "schemas/stages.schema.json",
    }  # fmt: skip
    assert expected <= contents(root).keys()


def test_where_no_commit_of_rollbook_can_be_told_no_workflow_is_written_and_the_option_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.metadata.PathDistribution.read_text", lambda *_: None)
    done = initialise(discover(root))
    assert done.action is None
    assert not (root / ".github").exists()
    assert "language: system" in (root / ".pre-commit-config.yaml").read_text()
    assert any("--action OWNER/REPO@COMMIT" in lack for lack in done.missing)


def test_a_commit_that_is_none_is_refused_before_anything_is_written(root: Path) -> None:
    with pytest.raises(BadCall, match="OWNER/REPO@COMMIT"):
        initialise(discover(root), action="acme/rollbook@main")
    assert contents(root) == {}


def test_a_workflow_of_ones_own_is_kept_and_what_is_missing_for_it_is_said(root: Path) -> None:
    (root / ".github" / "workflows").mkdir(parents=True)
    (root / ".github" / "workflows" / "validate.yml").write_text("name: lint\n")
    (root / ".pre-commit-config.yaml").write_text("repos: []\n")
    ran = rollbook(root, "init", "--action", ACTION)
    assert "kept .github/workflows/validate.yml" in ran.out
    assert "validate.yml is your own, and does not run rollbook: no pull request is checked in CI" in ran.err
    assert ".pre-commit-config.yaml is your own" in ran.err
    assert ran.err.count("missing: ") == 2


def test_a_workflow_that_installs_rollbook_by_its_name_is_named(root: Path) -> None:
    (root / ".github" / "workflows").mkdir(parents=True)
    (root / ".github" / "workflows" / "promote.yml").write_text("run: pip install rollbook==0.1.0\n")
    (lack,) = initialise(discover(root), action=ACTION).missing
    assert lack.startswith(".github/workflows/promote.yml installs whatever an index has")


def test_files_that_stand_in_the_registrys_folder_already_are_named(root: Path) -> None:
    (root / "registry").mkdir()
    (root / "registry" / "__init__.py").write_text("")
    (lack,) = initialise(discover(root), action=ACTION).missing
    assert "registry/ exists already and holds __init__.py" in lack


def test_with_mlflows_stages_each_leads_to_every_other_and_none_is_exclusive(root: Path) -> None:
    initialise(discover(root), mlflow=True)
    git(root, "add", ".")
    git(root, "commit", "-q", "-m", "Start")
    assert check_tree(commit_snapshot(discover(root), "HEAD")) == []
    policy = parse_policy((root / "registry/policy.yaml").read_bytes(), "policy")
    names = [stage.name for stage in policy.stages]
    assert names == ["none", "staging", "production", "archived"]
    assert {stage.name: {*stage.next} for stage in policy.stages} == {
        name: {*names} - {name} for name in names
    }
    assert not any(stage.exclusive for stage in policy.stages)
    assert policy.mlflow.mode == "land"
    assert policy.main == "main"


def test_a_policy_says_nothing_of_mlflow_unless_asked_to(root: Path) -> None:
    initialise(discover(root))
    assert parse_policy((root / "registry/policy.yaml").read_bytes(), "policy").mlflow.mode == ""


def test_run_twice_it_changes_nothing(root: Path) -> None:
    initialise(discover(root))
    before = contents(root)
    again = initialise(discover(root))
    assert (again.written, again.remote) == ((), None)
    assert contents(root) == before


def test_a_file_that_exists_is_never_overwritten(root: Path) -> None:
    # DVC's configuration has tests of its own: it must be one.
    for path in set(initialise(discover(root)).written) - {".dvc/config"}:
        (root / path).write_text("mine\n")
    kept = {path: data for path, data in contents(root).items() if data == b"mine\n"}
    again = initialise(discover(root))
    assert set(again.kept) >= kept.keys()
    assert {path: contents(root)[path] for path in kept} == kept


def test_only_what_is_missing_is_written(root: Path) -> None:
    initialise(discover(root))
    (root / "registry" / "policy.yaml").unlink()
    assert initialise(discover(root)).written == ("registry/policy.yaml",)


def test_nothing_is_staged_or_committed(root: Path) -> None:
    initialise(discover(root))
    assert git(root, "ls-files") == ""
    assert git(root, "for-each-ref") == ""


def test_from_a_subdirectory_the_files_go_to_the_top(root: Path) -> None:
    (root / "sub").mkdir()
    ran = rollbook(root / "sub", "init")
    assert ran.code == 0
    assert f"the registry is the whole repository, {root}" in ran.err
    assert (root / "registry" / "policy.yaml").exists()
    assert not (root / "sub" / "registry").exists()


def test_artifacts_go_beside_the_repository_by_default(root: Path) -> None:
    initialise(discover(root))
    address = read_configuration(root).remote.url
    assert os.path.normpath(root / ".dvc" / address) == str(root.parent / "models-artifacts")


@pytest.mark.parametrize(
    "address",
    ["s3://bucket/models", "/srv/a folder/models", "/srv/a#b", "/srv/a,b", "/srv/it's", '/srv/a"b', "/srv/é"],
)
def test_the_remotes_address_is_read_back_by_dvc_as_given(root: Path, address: str) -> None:
    initialise(discover(root), remote=address)
    assert read_configuration(root).remote.url == address


def test_a_default_remote_that_is_configured_stays(root: Path) -> None:
    (root / ".dvc").mkdir()
    config = "[core]\n    remote = ours\n['remote \"ours\"']\n    url = s3://ours/models\n"
    (root / ".dvc" / "config").write_text(config)
    assert initialise(discover(root), remote="s3://other").remote is None
    assert (root / ".dvc" / "config").read_text() == config


def test_other_settings_of_dvc_survive(root: Path) -> None:
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_text("[core]\n    analytics = false\n")
    initialise(discover(root))
    text = (root / ".dvc" / "config").read_text()
    assert "analytics = false" in text
    assert read_configuration(root).remote.url


@pytest.mark.parametrize("address", ["s3://a\nb", "\x1b[31m", "a\x00b"])
def test_an_address_with_control_characters_is_refused_before_anything_is_written(
    root: Path, address: str
) -> None:
    with pytest.raises(BadCall, match="control characters"):
        initialise(discover(root), remote=address)
    assert contents(root) == {}


@pytest.mark.parametrize(
    "broken", [b"[core\n", b"no section\n", b"\xff\xfe", b"[core]\nremote\n", b"core = 3\n"]
)
def test_a_broken_dvc_configuration_is_named_and_left_alone(root: Path, broken: bytes) -> None:
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_bytes(broken)
    with pytest.raises(InvalidFile, match=r"\.dvc/config"):
        initialise(discover(root))
    assert (root / ".dvc" / "config").read_bytes() == broken


@pytest.mark.parametrize(
    ("path", "is_folder"),
    [
        ("schemas", False), (".github", False), (".dvc", False), ("registry", False),
        ("registry/policy.yaml", True), ("schemas/version.schema.json", True), (".dvc/config", True),
    ],
)  # fmt: skip
def test_where_one_file_has_no_place_none_is_written(root: Path, path: str, *, is_folder: bool) -> None:
    if is_folder:
        (root / path).mkdir(parents=True)
    else:
        (root / path).write_text("mine\n")
    before = contents(root)
    with pytest.raises(BadCall, match="can't be a file there") as caught:
        initialise(discover(root), action=ACTION)
    assert caught.value.hint == "Move away what stands in its place."
    assert contents(root) == before


def test_a_linked_folder_is_not_followed(root: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (root / "registry").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BadCall, match="symbolic link"):
        initialise(discover(root))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_linked_dvc_configuration_is_neither_read_nor_replaced(root: Path, tmp_path: Path) -> None:
    secret = tmp_path / "credentials"
    secret.write_text("[default]\naws_secret_access_key = hush\n")
    (root / ".dvc").mkdir()
    (root / ".dvc/config").symlink_to(secret)
    with pytest.raises(BadCall, match=r"\.dvc/config is a symbolic link"):
        initialise(discover(root))
    assert (root / ".dvc/config").is_symlink()
    assert "remote" not in secret.read_text()


def test_a_bare_repository_is_a_wrong_call(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "models.git")
    with pytest.raises(BadCall, match="bare repository"):
        initialise(discover(tmp_path / "models.git"))


def test_the_policy_states_main_and_the_registrys_name(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "trunk")
    git(root, "remote", "add", "origin", "git@forge.example:acme/models.git")
    done = initialise(discover(root))
    assert (done.main, done.registry) == ("trunk", "acme/models")
    policy = parse_policy((root / "registry/policy.yaml").read_bytes(), "registry/policy.yaml")
    assert (policy.main, policy.registry) == ("trunk", "acme/models")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://forge.example/acme/models", "acme/models"),
        ("ssh://git@forge.example:22/a/b/models.git/", "b/models"),
        ("file:///srv/git/models.git", "folder"),
        ("/srv/git/origin.git", "folder"),
    ],
)
def test_a_registry_is_called_as_at_its_forge_or_as_its_folder(
    tmp_path: Path, address: str, name: str
) -> None:
    git(tmp_path, "init", "-q", "folder")
    git(tmp_path / "folder", "remote", "add", "origin", address)
    assert initialise(discover(tmp_path / "folder")).registry == name


def test_a_branch_whose_name_reads_as_a_number_is_stated_as_text(root: Path) -> None:
    git(root, "checkout", "-q", "-b", "1.0")
    initialise(discover(root))
    policy = parse_policy((root / "registry/policy.yaml").read_bytes(), "registry/policy.yaml")
    assert policy.main == "1.0"


def dvc_config(root: Path, text: str) -> str:
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").write_text(text)
    return text


@pytest.mark.parametrize("quote", ["'remote \"artifacts\"'", 'remote "artifacts"'])
def test_a_remote_that_is_there_keeps_its_address(root: Path, quote: str) -> None:
    dvc_config(root, f"[{quote}]\n    url = s3://acme/prod\n")
    done = initialise(discover(root))
    remotes = read_remotes(root)
    assert remotes == {"artifacts": "s3://acme/prod", "registry-artifacts": "../../models-artifacts"}
    assert done.remote == "../../models-artifacts"
    assert read_configuration(root).remote.name == "registry-artifacts"


def test_a_remote_that_has_the_very_address_becomes_the_default(root: Path) -> None:
    dvc_config(root, "['remote \"store\"']\n    url = s3://acme/prod\n")
    initialise(discover(root), remote="s3://acme/prod")
    assert read_remotes(root) == {"store": "s3://acme/prod"}
    assert read_configuration(root).remote.name == "store"


def test_where_every_name_is_taken_the_default_is_asked_for(root: Path) -> None:
    names = ("artifacts", "registry-artifacts", "rollbook-artifacts")
    text = dvc_config(root, "".join(f"['remote \"{name}\"']\n    url = s3://{name}\n" for name in names))
    with pytest.raises(Refused, match="no default") as refused:
        initialise(discover(root))
    assert "dvc remote default" in refused.value.hint
    assert contents(root) == {".dvc/config": text.encode()}


def test_in_a_submodule_artifacts_go_beside_the_outermost_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "outer/product")
    git(tmp_path, "init", "-q", "library")
    git(tmp_path / "library", "commit", "-q", "--allow-empty", "-m", "Start")
    outer = tmp_path / "outer" / "product"
    git(
        outer,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        str(tmp_path / "library"),
        "libs/models",
    )
    initialise(discover(outer / "libs" / "models"))
    url = read_configuration(outer / "libs" / "models").remote.url
    assert os.path.normpath(url) == str(tmp_path / "outer" / "models-artifacts")


def read_remotes(root: Path) -> dict[str, str]:
    from configobj import ConfigObj

    sections = ConfigObj((root / ".dvc" / "config").read_text().splitlines()).items()
    return {name.split('"')[1]: section["url"] for name, section in sections if "remote" in name}


def test_with_commit_the_repository_is_made_and_what_was_written_is_mains_first_commit(
    tmp_path: Path,
) -> None:
    done = Registry.init(tmp_path / "new" / "models", commit=True)
    assert done.root == tmp_path / "new" / "models"
    assert git(done.root, "log", "--format=%s %an", "main") == "Start a model registry Jane Doe"
    assert git(done.root, "status", "--porcelain") == ""
    assert Registry.open(done.root).list() == []


def test_with_commit_what_else_is_staged_or_changed_is_left_alone(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "mine.txt").write_text("staged")
    git(tmp_path, "add", "mine.txt")
    Registry.init(tmp_path, commit=True)
    assert git(tmp_path, "status", "--porcelain") == "A  mine.txt"


def test_with_commit_a_registry_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    Registry.init(tmp_path / "it", commit=True)
    assert Registry.init(tmp_path / "it", commit=True).written == ()
    assert git(tmp_path / "it", "rev-list", "--count", "HEAD") == "1"


def test_with_commit_nothing_is_written_where_git_does_not_know_who_commits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_COMMITTER_EMAIL", "")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.useConfigOnly")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    with pytest.raises(BadCall, match="who you are"):
        Registry.init(tmp_path / "it", commit=True)
    assert not (tmp_path / "it" / "registry").exists()
