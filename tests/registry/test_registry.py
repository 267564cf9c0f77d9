from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from building.texts import POLICY, manifest, model, registry_files, versions
from building.work_tree import commit, new_repository, write
from building.world import git
from rollbook import Registry
from rollbook.errors import BadCall, InvalidFile, NotFound
from rollbook.records.manifest import parse_manifest
from rollbook.records.model import parse_model
from rollbook.records.policy import parse_policy
from rollbook.records.stages import parse_stages
from rollbook.registry.main_branch import any_main_commit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from building.world import World

NAME = "credit-approval"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return new_repository(tmp_path_factory.mktemp("registry") / "work")


@pytest.fixture
def registry(small: Path) -> Iterator[Registry]:
    with Registry.open(small) as registry:
        yield registry


def opened(root: Path, files: dict[str, str]) -> Registry:
    return Registry.open(new_repository(root, {"registry/policy.yaml": POLICY, **files}))


def test_the_models_are_listed_by_name(registry: Registry):
    assert [found.name for found in registry.models()] == [NAME, "risk/fraud"]


def test_the_versions_are_in_the_order_of_precedence(registry: Registry):
    expected = ["1.0.0", "1.1.0", "1.2.0", "1.10.0", "1.11.0", "2.0.0-rc.1"]
    assert [found.version for found in registry.model(NAME).versions()] == expected
    assert list(registry.models()[0].version_names) == expected


def test_the_objects_mirror_the_files(registry: Registry):
    files = {path: text.encode() for path, text in registry_files().items()}
    found = registry.model(NAME)
    path = f"registry/{NAME}/versions/1.1.0/version.yaml"
    assert registry.policy == parse_policy(files["registry/policy.yaml"], "")
    assert found.record == parse_model(files[f"registry/{NAME}/model.yaml"], "")
    assert found.stages == parse_stages(files[f"registry/{NAME}/stages.yaml"], "")
    assert found.version("1.1.0").manifest == found.versions()[1].manifest == parse_manifest(files[path], "")


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("credit-approval@1.0.0", "1.0.0"),
        ("credit-approval@v1.0.0", "1.0.0"),
        ("credit-approval@1_0_0", "1.0.0"),
        ("model-credit-approval-v1.0.0", "1.0.0"),
        ("credit-approval@2.0.0-rc.1", "2.0.0-rc.1"),
        ("credit-approval@production", "1.1.0"),
        ("credit-approval#production", "1.1.0"),
        ("credit-approval@champion", "1.1.0"),
        ("credit-approval@latest", "1.11.0"),
        ("risk/fraud@latest", "0.1.0"),
        ("risk/fraud@development", "0.1.0"),
    ],
)
def test_a_reference_stands_for_a_version(registry: Registry, reference, version):
    assert registry.version(reference).version == version


def test_the_newest_stands_for_a_stage_that_several_hold(registry: Registry):
    assert registry.version(f"{NAME}@staging").version == "1.10.0"


def test_a_stage_wins_over_an_alias_of_its_name(registry: Registry):
    assert registry.model(NAME).stages.aliases["staging"] == "1.0.0"
    assert registry.version(f"{NAME}@staging").version == "1.10.0"


def test_the_newest_that_no_stage_names_stands_for_the_first_stage(registry: Registry):
    assert registry.version(f"{NAME}@development").version == "2.0.0-rc.1"


def test_a_release_is_newer_than_a_pre_release_for_latest(registry: Registry):
    assert registry.model(NAME).latest.version == "1.11.0"


def test_the_newest_pre_release_is_the_latest_where_there_is_no_release(tmp_path: Path):
    with opened(tmp_path, versions("m", "1.0.0-rc.2", "1.0.0-rc.10", "0.9.0-x")) as registry:
        assert registry.version("m@latest").version == "1.0.0-rc.10"


def test_a_version_knows_its_stage_its_entry_and_its_aliases(registry: Registry):
    version = registry.version(f"{NAME}@1.1.0")
    assert (version.stage, version.entry.requested_by, version.aliases) == (
        "production",
        "jane@example.com",
        ["best", "champion"],
    )
    assert str(version) == f"{NAME}@1.1.0"
    assert version.artifact_path == f"registry/{NAME}/versions/1.1.0/model.onnx"


def test_a_version_that_no_stage_names_is_at_the_first(registry: Registry):
    version = registry.version(f"{NAME}@1.11.0")
    assert (version.stage, version.entry, version.aliases) == ("development", None, [])


@pytest.mark.parametrize(
    ("reference", "message", "hint"),
    [
        ("credit-aproval@1.0.0", "there is no model 'credit-aproval'", "Did you mean credit-approval?"),
        ("fraud@1.0.0", "there is no model 'fraud'", "risk/fraud"),
        ("Credit-Approval@1.0.0", "there is no model 'Credit-Approval'", "credit-approval"),
        ("risk@1.0.0", "there is no model 'risk'", ""),
        ("credit-approval@1.1.1", "credit-approval has no version 1.1.1", "Did you mean 1.1"),
        ("credit-approval@9.9.9", "credit-approval has no version 9.9.9", "1.11.0"),
        ("credit-approval@prodution", "has no stage or alias 'prodution'", "Did you mean production?"),
        ("credit-approval@champ", "has no stage or alias 'champ'", "champion"),
        ("risk/fraud@production", "risk/fraud has no version in production", "No stage holds a version yet."),
        ("credit-approval#nothing", "has no stage or alias 'nothing'", "Did you mean staging?"),
    ],
)
def test_a_reference_to_nothing_suggests_what_there_is(registry: Registry, reference, message, hint):
    with pytest.raises(NotFound, match=re.escape(message)) as caught:
        registry.version(reference)
    assert hint in caught.value.hint


def test_an_empty_stage_lists_those_that_hold_a_version(tmp_path: Path):
    stages = "staging: [{version: 1.0.0}]\n"
    with (
        opened(tmp_path, {**versions("m", "1.0.0"), "registry/m/stages.yaml": stages}) as registry,
        pytest.raises(NotFound) as caught,
    ):
        registry.model("m").stage("production")
    assert caught.value.hint == "Stages that hold a version: staging."


def test_an_unknown_stage_lists_those_of_the_policy(registry: Registry):
    with pytest.raises(NotFound, match="there is no stage 'prod'") as caught:
        registry.model(NAME).stage("prod")
    assert "development, staging, production, archived" in caught.value.hint


@pytest.mark.parametrize(
    "name", ["..", "../x", "-x", "x" * 300, "cr\u0435dit", "con", "versions", "", "a/b/c", "x\n"]
)
def test_what_can_be_no_model_name_is_a_bad_call(registry: Registry, name):
    with pytest.raises(BadCall, match="is not a model name"):
        registry.model(name)


def test_a_model_of_model_yaml_alone_has_no_versions(tmp_path: Path):
    with opened(tmp_path, {"registry/m/model.yaml": model("m")}) as registry:
        assert [found.name for found in registry.models()] == ["m"]
        assert registry.model("m").latest is None
        with pytest.raises(NotFound, match="m has no versions yet"):
            registry.version("m@latest")


def test_a_model_without_its_record_is_told_where_it_should_be(tmp_path: Path):
    with (
        opened(tmp_path, versions("m", "1.0.0")) as registry,
        pytest.raises(NotFound, match=r"registry/m/model\.yaml does not exist"),
    ):
        _ = registry.model("m").record


def test_a_version_without_its_manifest_is_told_where_it_should_be(tmp_path: Path):
    files = {"registry/m/versions/1.0.0/card.md": "x"}
    with (
        opened(tmp_path, files) as registry,
        pytest.raises(NotFound, match=r"versions/1\.0\.0/version\.yaml does not exist"),
    ):
        _ = registry.version("m@1.0.0").manifest


def test_folders_that_are_no_models_and_no_versions_are_passed_over(tmp_path: Path):
    files = {
        **versions("m", "1.0.0", "not-a-version"),
        "registry/m/versions/1.1.0": "a file",
        "registry/notes/2026/text.md": "x",
        "registry/-x/model.yaml": "x",
        "registry/con/versions/1.0.0/version.yaml": "x",
        "registry/file": "x",
    }
    with opened(tmp_path, files) as registry:
        assert [(found.name, list(found.version_names)) for found in registry.models()] == [("m", ["1.0.0"])]


def test_a_broken_file_is_named_with_line_and_key(tmp_path: Path):
    files = {**versions("m", "1.0.0"), "registry/m/stages.yaml": "a: 1\na: 2\n"}
    with opened(tmp_path, files) as registry, pytest.raises(InvalidFile) as caught:
        registry.models()
    assert str(caught.value).startswith("registry/m/stages.yaml:2: a: ")


def test_a_stage_that_names_no_existing_version_is_not_found(tmp_path: Path):
    files = {**versions("m", "1.0.0"), "registry/m/stages.yaml": "production: {version: 2.0.0}\n"}
    with opened(tmp_path, files) as registry, pytest.raises(NotFound, match=r"m has no version 2\.0\.0"):
        registry.version("m@production")


def test_a_repository_without_a_policy_is_no_registry(tmp_path: Path):
    with Registry.open(new_repository(tmp_path, {"x": "x"})) as registry:
        for ask in (lambda: registry.policy, lambda: registry.version("m@1.0.0")):
            with pytest.raises(NotFound, match="there is no registry in HEAD") as caught:
                ask()
            assert "rollbook init" in caught.value.hint


def test_a_registry_without_models_says_so(tmp_path: Path):
    with opened(tmp_path, {}) as registry, pytest.raises(NotFound, match="no models yet") as caught:
        registry.version("m@1.0.0")
    assert "rollbook register" in caught.value.hint


def test_a_detached_head_is_read(tmp_path: Path):
    root = new_repository(tmp_path)
    git(root, "checkout", "--quiet", "--detach")
    with Registry.open(root) as registry:
        assert registry.version(f"{NAME}@production").version == "1.1.0"


def test_a_registry_is_found_from_any_folder_in_it(small: Path):
    with Registry.open(small / "registry" / NAME) as registry:
        assert len(registry.models()) == 2


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1.0.0 goes into production on 1 March, 1.1.0 on 1 May; a feature branch is checked out."""
    root = tmp_path_factory.mktemp("past")
    git(root, "init", "--quiet")
    write(
        root,
        {
            "registry/policy.yaml": POLICY,
            "registry/m/model.yaml": model("m"),
            **versions("m", "1.0.0", "1.1.0"),
        },
    )
    for number, day in (("1.0.0", "2026-03-01"), ("1.1.0", "2026-05-01")):
        write(root, {"registry/m/stages.yaml": f"production: {{version: {number}}}\n"})
        commit(root, number, f"{day}T12:00:00Z")
        git(root, "tag", f"r{number}")
    git(root, "checkout", "--quiet", "-b", "feature", "main~1")
    return root


@pytest.mark.parametrize(
    ("at", "version"), [("2026-03-01", "1.0.0"), ("2026-04-30", "1.0.0"), ("2026-05-01", "1.1.0")]
)
def test_a_date_tells_what_was_in_production_then(past: Path, at, version):
    with Registry.open(past, at=at) as registry:
        assert registry.version("m@production").version == version


def test_a_date_before_the_beginning_is_not_found(past: Path):
    with pytest.raises(NotFound, match="has no commit as old as 2026-02-28"):
        Registry.open(past, at="2026-02-28")


@pytest.mark.parametrize(
    ("rev", "version"), [("main", "1.1.0"), ("r1.0.0", "1.0.0"), ("main~1", "1.0.0"), (None, "1.0.0")]
)
def test_a_revision_tells_what_was_in_production_there(past: Path, rev, version):
    with Registry.open(past, rev=rev) as registry:
        assert registry.version("m@production").version == version


def test_an_empty_revision_is_not_the_newest(past: Path):
    with pytest.raises(NotFound, match="names no commit"):
        Registry.open(past, rev="")


def test_a_date_is_looked_up_on_the_branch_asked_for(past: Path):
    with Registry.open(past, rev="feature", at="2026-06-01") as registry:
        assert registry.version("m@production").version == "1.0.0"


def test_the_remotes_main_branch_does_where_there_is_no_local_one(past: Path, tmp_path: Path):
    git(tmp_path, "clone", "--quiet", str(past), "clone")
    git(tmp_path / "clone", "fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
    git(tmp_path / "clone", "remote", "set-head", "origin", "main")
    with Registry.open(tmp_path / "clone", at="2026-06-01") as registry:
        assert any_main_commit(registry.repository) == git(past, "rev-parse", "main")
        assert registry.version("m@production").version == "1.1.0"


@pytest.mark.parametrize("options", [{}, {"at": "2026-01-01"}])
def test_a_repository_without_commits_says_so(tmp_path: Path, options):
    git(tmp_path, "init", "--quiet")
    with pytest.raises(NotFound, match=r"no commits (yet|here)"):
        Registry.open(tmp_path, **options)


def test_a_name_longer_than_can_be_asked_in_one_question_is_still_read(tmp_path: Path):
    name, version = f"{'a' * 64}/{'b' * 64}", "1.0.0-" + "c" * 58
    with opened(
        tmp_path, {**versions(name, version), f"registry/{name}/model.yaml": model(name)}
    ) as registry:
        assert registry.version(f"{name}@latest").manifest.version == version


def test_the_production_model_is_fetched_in_one_line_of_python(world: World, tmp_path: Path):
    world.register(NAME, "1.0.0", content=b"the weights")
    world.promote(f"{NAME}@1.0.0", "staging")
    world.promote(f"{NAME}@1.0.0", "production")
    out = Registry.open(world.registry).model(NAME).stage("production").fetch(tmp_path / "model.joblib")
    assert out == tmp_path / "model.joblib"
    assert out.read_bytes() == b"the weights"


def test_an_artifact_name_that_leaves_its_folder_is_not_fetched(tmp_path: Path):
    files = {"registry/m/versions/1.0.0/version.yaml": manifest("m", "1.0.0", artifact="../evil")}
    (tmp_path / "here").mkdir()
    with opened(tmp_path / "work", files) as registry, pytest.raises(InvalidFile, match="is not a file name"):
        registry.version("m@1.0.0").fetch(tmp_path / "here")
    assert not (tmp_path / "evil").exists()
