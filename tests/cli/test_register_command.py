"""`rollbook register`: every option ends in the manifest, and a wrong one ends with exit code 2."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from building.world import git, rollbook

if TYPE_CHECKING:
    from pathlib import Path

    from building.world import Ran, World

BRANCH = "rollbook/register/credit/1.0.0"
DIRECTORY = "registry/credit/versions/1.0.0"


def propose(world: World, *options: str) -> Ran:
    """Register credit@1.0.0 by a file that stands there."""
    return rollbook(
        world.registry, "register", "credit", str(world.artifact()), "--version", "1.0.0", *options
    )


def registered(world: World, *options: str) -> Any:
    """The manifest that registering with these options gives."""
    ran = propose(world, *options)
    assert ran.code == 0, ran.err
    return yaml.safe_load(world.git("show", f"{BRANCH}:{DIRECTORY}/version.yaml"))


def written(world: World, name: str, content: str) -> str:
    path = world.root / name
    path.write_text(content)
    return str(path)


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        (["--description", "better"], "description", "better"),
        (["--metric", "auc=0.9", "-m", "f1=1"], "metrics", {"auc": 0.9, "f1": 1}),
        (["--param", "depth=4", "-p", "kind=gini"], "hyperparameters", {"depth": 4, "kind": "gini"}),
        (["--tag", "team=risk", "--tag", "tier=1"], "tags", {"team": "risk", "tier": "1"}),
        (["--framework", "scikit-learn==1.9.1"], "framework", {"name": "scikit-learn", "version": "1.9.1"}),
        (["--algorithm", "gradient-boosting"], "algorithm", "gradient-boosting"),
        (["--python", "3.12.1"], "environment", {"python": "3.12.1"}),
        (["--data", "loans@7=s3://b/l"], "lineage", {"data": [{"name": "loans", "version": "7", "uri": "s3://b/l"}]}),
        (
            ["--data", "name=loans,version=7,rows=12,uri=s3://b/l,x", "--data", "people@1"], "lineage",
            {"data": [
                {"name": "loans", "version": "7", "rows": 12, "uri": "s3://b/l,x"},
                {"name": "people", "version": "1"},
            ]},
        ),
    ],
)  # fmt: skip
def test_an_option_becomes_a_field_of_the_manifest(
    world: World, options: list[str], field: str, value: Any
) -> None:
    assert registered(world, *options)[field] == value


def test_a_metric_option_wins_over_the_metrics_file(world: World) -> None:
    file = written(world, "m.json", '{"auc": 0.8, "test": {"f1": 0.7}}')
    found = registered(world, "--metrics-file", file, "--metric", "auc=0.9")
    assert found["metrics"] == {"auc": 0.9, "test.f1": 0.7}


def test_a_parameter_option_wins_over_the_parameters_file(world: World) -> None:
    file = written(world, "p.yaml", "depth: 3\nkind: gini\n")
    found = registered(world, "--params-file", file, "--param", "depth=4")
    assert found["hyperparameters"] == {"depth": 4, "kind": "gini"}


def test_the_requirements_stand_beside_the_manifest_with_their_digest(world: World) -> None:
    file = written(world, "r.txt", "scikit-learn==1.9.1\n")
    found = registered(world, "--requirements", file)
    digest = hashlib.sha256(b"scikit-learn==1.9.1\n").hexdigest()
    assert found["environment"] == {"requirements": "requirements.txt", "sha256": digest}
    assert world.git("show", f"{BRANCH}:{DIRECTORY}/requirements.txt") == "scikit-learn==1.9.1"


def test_the_signatures_inputs_are_inferred_from_the_sample(world: World) -> None:
    file = written(world, "s.json", '[{"age": 41, "income": 3.5}]')
    inputs = registered(world, "--sample-input", file)["signature"]["inputs"]
    assert [(item["name"], item["dtype"]) for item in inputs] == [("age", "int64"), ("income", "float64")]
    assert json.loads(world.git("show", f"{BRANCH}:{DIRECTORY}/sample-input.json"))[0]["age"] == 41


def test_the_card_stands_beside_the_manifest(world: World) -> None:
    file = written(world, "c.md", "---\nlicense: mit\n---\n# Credit\n")
    assert registered(world, "--card", file)["card"] == "card.md"
    assert "# Credit" in world.git("show", f"{BRANCH}:{DIRECTORY}/card.md")


def test_a_new_models_record_is_filled_from_the_options(world: World) -> None:
    options = [
        "--owner",
        "ann@example.com",
        "--team",
        "risk",
        "--task",
        "classification",
        "--use-case",
        "loans",
    ]
    registered(world, *options)
    record = yaml.safe_load(world.git("show", f"{BRANCH}:registry/credit/model.yaml"))
    expected = {"name": "credit", "owner": "ann@example.com", "team": "risk", "task": "classification"}
    assert record == {**expected, "use_case": "loans"}


def test_a_new_model_is_owned_by_whoever_registers_it(world: World) -> None:
    registered(world)
    record = yaml.safe_load(world.git("show", f"{BRANCH}:registry/credit/model.yaml"))
    assert record == {"name": "credit", "owner": "jane@example.com"}


def test_the_record_of_a_known_model_stays_as_it_is(world: World) -> None:
    world.register("credit", "0.9.0")
    registered(world, "--team", "other")
    assert world.git("diff", "--name-only", f"main...{BRANCH}", "--", "registry/credit/model.yaml") == ""


FACTS = """\
description: from the file
metrics: {auc: 0.8, f1: 0.7}
hyperparameters: {depth: 3}
lineage: {data: [{name: loans}]}
signature: {outputs: [{name: risk, dtype: float64, shape: [-1]}]}
tags: {tier: "1"}
extra: {ticket: 7}
"""


def test_a_file_gives_every_field_and_options_win(world: World) -> None:
    options = [
        "--metric",
        "auc=0.9",
        "--description",
        "from the option",
        "--data",
        "bureau",
        "--tag",
        "tier=2",
    ]
    found = registered(world, "--from", written(world, "facts.yaml", FACTS), *options)
    assert found["description"] == "from the option"
    assert found["metrics"] == {"auc": 0.9, "f1": 0.7}
    assert found["hyperparameters"] == {"depth": 3}
    assert found["lineage"] == {"data": [{"name": "loans"}, {"name": "bureau"}]}
    assert (found["tags"], found["extra"]) == ({"tier": "2"}, {"ticket": 7})


def test_a_sample_adds_inputs_to_the_signature_of_the_file(world: World) -> None:
    sample = written(world, "s.json", '[{"age": 41}]')
    facts = written(world, "facts.yaml", FACTS)
    assert registered(world, "--from", facts, "--sample-input", sample)["signature"].keys() == {
        "inputs",
        "outputs",
    }


def test_the_file_may_name_the_version(world: World) -> None:
    file = written(world, "facts.yaml", 'version: "3.1.0"\n')
    ran = rollbook(world.registry, "register", "credit", str(world.artifact()), "--from", file)
    assert ran.out == "rollbook/register/credit/3.1.0\n"


def test_the_version_option_wins_over_the_file(world: World) -> None:
    file = written(world, "facts.yaml", 'version: "3.1.0"\n')
    assert registered(world, "--from", file)["version"] == "1.0.0"


def test_a_version_that_is_a_number_is_told_to_be_quoted(world: World) -> None:
    file = written(world, "facts.yaml", "version: 1.10\n")
    ran = rollbook(world.registry, "register", "credit", str(world.artifact()), "--from", file)
    assert ran.code == 2
    assert "uote it" in ran.err


REFUSED_FACTS = [
    ("metrics: {auc: .nan}", "metrics.auc"), ("metrics: {auc: high}", "metrics.auc"),
    ("metrics: [1]", "metrics"),
    ("hyperparameters: {depth: .inf}", "hyperparameters.depth"), ("lineage: [1]", "lineage"),
    ("lineage: text", "lineage"),
    ("lineage: {data: {name: loans}}", "lineage.data"), ("training: {rows: -1}", "training.rows"),
    ("training: {rows: many}", "training.rows"), ("tags: {tier: 1}", "tags.tier"),
    ("description: [1]", "description"),
    ("colour: red", "colour"), ("created_at: 2026-01-01T00:00:00Z", "created_at"), ("model: fraud", "model"),
    ("artifact: {path: x}", "artifact"), ("signature: {inputs: 3}", "signature.inputs"),
    ("framework: sklearn", "framework"),
    ("lineage: {code: {commit: zzz}}", "lineage.code"), ("environment: text", "environment"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "field"), REFUSED_FACTS)
def test_a_fact_that_the_schema_refuses_is_a_wrong_call_that_names_the_field(
    world: World, line: str, field: str
) -> None:
    ran = propose(world, "--from", written(world, "facts.yaml", f"{line}\n"))
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert field in ran.err
    assert world.git("branch", "--list", "rollbook/*") == ""
    assert not world.artifacts.exists()


@pytest.mark.parametrize(
    ("line", "option"),
    [
        ("metrics: [1]", ["--metric", "auc=1"]), ("hyperparameters: text", ["--param", "a=1"]),
        ("tags: 3", ["--tag", "a=1"]),
        ("lineage: text", ["--data", "loans"]), ("lineage: {data: 3}", ["--data", "loans"]),
        ("environment: [1]", ["--python", "3.12"]),
    ],
)  # fmt: skip
def test_an_option_that_adds_to_a_field_of_another_shape_is_a_wrong_call(
    world: World, line: str, option: list[str]
) -> None:
    ran = propose(world, "--from", written(world, "facts.yaml", f"{line}\n"), *option)
    assert ran.code == 2
    assert line.partition(":")[0] in ran.err


@pytest.mark.parametrize(
    "options",
    [
        ["--metric", "auc=nan"], ["--metric", "auc"], ["--metric", "auc=1", "--metric", "auc=2"],
        ["--metric", "=1"],
        ["--bump", "minor"], ["--bump", "huge"], ["--metrics-file", "nothing.json"],
        ["--params-file", "nothing.yaml"],
        ["--requirements", "nothing.txt"], ["--sample-input", "nothing.json"], ["--card", "nothing.md"],
        ["--from", "nothing.yaml"], ["--description", "a\x00b"], ["--description", "\x1b[31mred"],
        ["--tag", "=x"],
        ["--description", "\udcff"], ["--owner", "\udcff"], ["--owner", "two\nlines"], ["--team", "\x07"],
        ["--data", "@1"], ["--data", "name=a,row=1"], ["--data", "name=a,digest=12"],
        ["--data", "name=a,from=b@1,commit=12"],
        ["--code", "features="], ["--code", "nowhere", "--code", "x=nowhere"],
        ["--data", "name=a,file=nothing.csv"], ["--data", "name=a\x1b[31m,version=1"],
        ["--param", "depth=.nan"], ["--framework", "=="], ["--python", "three\n"],
    ],
)  # fmt: skip
def test_a_wrong_option_is_a_wrong_call_that_leaves_nothing(world: World, options: list[str]) -> None:
    ran = propose(world, *options)
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert "Traceback" not in ran.err
    assert "\x1b[31mred" not in ran.err
    assert world.git("branch", "--list", "rollbook/*") == ""
    assert not world.artifacts.exists()


def test_the_branch_is_the_result_on_stdout(world: World) -> None:
    ran = propose(world)
    assert ran.out == f"{BRANCH}\n"
    assert f"rollbook land {BRANCH}" in ran.err


def test_json_tells_branch_commit_digest_and_size(world: World) -> None:
    found = json.loads(propose(world, "--json").out)
    assert found["branch"] == BRANCH
    assert found["commit"] == world.git("rev-parse", BRANCH)
    assert (found["sha256"], found["size"]) == (hashlib.sha256(b"weights").hexdigest(), 7)
    assert (found["uploaded"], found["twins"]) == (7, [])


def test_push_sends_the_branch_and_nothing_else(world: World) -> None:
    main = git(world.origin, "rev-parse", "main")
    assert json.loads(propose(world, "--push", "--json").out)["pushed"] == "origin"
    assert git(world.origin, "rev-parse", BRANCH) == world.git("rev-parse", BRANCH)
    assert git(world.origin, "rev-parse", "main") == main


def test_push_without_a_remote_says_how_to_go_on(world: World) -> None:
    world.git("remote", "remove", "origin")
    ran = propose(world, "--push")
    assert ran.code == 1
    assert "git remote add origin" in ran.err


def test_push_never_replaces_a_colleagues_proposal_of_the_same_name(world: World, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(world.origin), "colleague")
    git(tmp_path / "colleague", "checkout", "-q", "-b", BRANCH)
    git(tmp_path / "colleague", "commit", "-q", "--allow-empty", "-m", "theirs")
    git(tmp_path / "colleague", "push", "-q", "origin", BRANCH)
    theirs = git(world.origin, "rev-parse", BRANCH)
    ran = propose(world, "--push")
    assert ran.code == 1
    assert f"origin has another {BRANCH} already" in ran.err
    assert git(world.origin, "rev-parse", BRANCH) == theirs


def test_land_registers_and_records_at_once(world: World) -> None:
    ran = propose(world, "--land")
    assert ran.out == "credit@v1.0.0\tcredit@1.0.0 registered\n"
    assert git(world.origin, "tag", "--list") == "credit@v1.0.0"


def test_requirements_that_powershell_wrote_are_kept_as_utf_8(world: World) -> None:
    path = world.root / "requirements.txt"
    path.write_bytes("numpy==2.1.3\r\n".encode("utf-16"))
    ran = propose(world, "--requirements", str(path))
    assert ran.code == 0, ran.err
    assert "a pinned environment" not in ran.err
    assert world.git("show", f"{BRANCH}:{DIRECTORY}/requirements.txt").strip() == "numpy==2.1.3"


@pytest.mark.parametrize("name", ["environment.yml", "conda.yaml"])
def test_an_environment_of_conda_is_kept_as_it_is_and_names_its_python(world: World, name: str) -> None:
    content = "name: credit  # ours\ndependencies:\n- python=3.12.4\n- numpy=2.1.3=py312_0\n"
    ran = propose(world, "--requirements", written(world, name, content))
    assert ran.code == 0, ran.err
    assert "a pinned environment" not in ran.err
    assert world.git("show", f"{BRANCH}:{DIRECTORY}/environment.yml") == content.rstrip()
    found = yaml.safe_load(world.git("show", f"{BRANCH}:{DIRECTORY}/version.yaml"))["environment"]
    digest = hashlib.sha256(content.encode()).hexdigest()
    assert found == {"python": "3.12.4", "requirements": "environment.yml", "sha256": digest}


def test_the_python_that_is_told_wins_over_that_of_the_environment(world: World) -> None:
    file = written(world, "environment.yml", "dependencies: [python=3.12.4]\n")
    assert (
        registered(world, "--requirements", file, "--python", "3.11.9")["environment"]["python"] == "3.11.9"
    )


def test_an_environment_that_is_not_pinned_is_told(world: World) -> None:
    ran = propose(world, "--requirements", written(world, "environment.yml", "dependencies: [numpy>=2]\n"))
    assert "a pinned environment ('numpy>=2' in environment.yml is not pinned to one version)" in ran.err


def test_an_environment_of_conda_that_is_no_yaml_is_a_wrong_call_that_says_where(world: World) -> None:
    ran = propose(world, "--requirements", written(world, "environment.yml", "dependencies:\n- a: [\n"))
    assert (ran.code, "not YAML" in ran.err) == (2, True)


def test_an_artifact_does_not_bear_the_name_of_a_file_beside_it(world: World) -> None:
    artifact = world.root / "pixi.lock"
    artifact.write_bytes(b"weights")
    lock = written(world, "other.lock", "packages: []\n")
    ran = rollbook(
        world.registry, "register", "credit", str(artifact), "--version", "1.0.0", "--requirements", lock
    )
    assert (ran.code, "--as model.lock" in ran.err) == (2, True)
    assert world.git("branch", "--list", "rollbook/*") == ""


@pytest.mark.parametrize("name", ["pdm.lock", "pyproject.toml", "environment.yml", "Pipfile.lock"])
def test_an_environment_in_another_format_names_what_writes_pips(world: World, name: str) -> None:
    ran = propose(world, "--requirements", written(world, name, "x"))
    assert ran.code == 2
    assert f"{name} is in no format that is known of an environment" in ran.err
    assert any(tool in ran.err for tool in ("uv export", "pip freeze"))


def test_an_artifact_is_given_another_name_where_a_registry_can_not_hold_its_own(world: World) -> None:
    path = world.root / "my model.bin"
    path.write_bytes(b"weights")
    ran = rollbook(world.registry, "register", "credit", str(path), "--version", "1.0.0")
    assert ran.code == 2
    assert "--as my-model.bin" in ran.err
    ran = rollbook(
        world.registry, "register", "credit", str(path), "--version", "1.0.0", "--as", "my-model.bin"
    )
    assert ran.code == 0, ran.err
    assert "my-model.bin.dvc" in world.git("ls-tree", "-r", "--name-only", BRANCH)


def test_what_a_file_of_metrics_holds_besides_is_told_in_one_line(world: World) -> None:
    file = written(world, "m.json", '{"mAP50(B)": 0.7, "note": "seed 3", "loss": NaN}')
    ran = propose(world, "--metrics-file", file)
    assert ran.code == 0, ran.err
    assert f"{file}: left out: note (text), loss (not finite)" in ran.err


def test_a_link_that_is_followed_is_told(world: World) -> None:
    link = world.root / "latest.bin"
    link.symlink_to(world.artifact())
    ran = rollbook(world.registry, "register", "credit", str(link), "--version", "1.0.0")
    assert ran.code == 0, ran.err
    assert f"links were followed, and what they lead to is registered: {link} -> " in ran.err


def test_other_links_in_a_folder_are_followed_when_asked(world: World) -> None:
    folder = world.root / "model"
    folder.mkdir()
    (folder / "weights.bin").symlink_to(world.artifact())
    options = ["register", "credit", str(folder), "--version", "1.0.0"]
    refused = rollbook(world.registry, *options)
    assert (refused.code, "--follow-links" in refused.err) == (2, True)
    assert rollbook(world.registry, *options, "--follow-links").code == 0


def test_how_a_version_was_made_and_its_limits_need_no_file(world: World) -> None:
    features = written(world, "features.txt", "age\nincome\n")
    answers = written(world, "answers.json", '[{"probability": 0.5}]')
    options = ["--features-file", features, "--feature", "rate", "--feature-pipeline", "loans@3"]
    options += ["--preprocessing", "rows without income go", "--preprocessing", "scaled"]
    options += ["--input", "age:int64:-1", "--sample-output", answers]
    options += ["--trained-at", "2026-11-20", "--training-duration", "1h30m", "--training-rows", "1200"]
    options += ["--limitation", "Few below 25", "--protected-group", "age", "--protected-group", "sex"]
    found = registered(world, *options)
    assert found["features"] == ["age", "income", "rate"]
    assert found["feature_pipeline"] == {"name": "loans", "version": "3"}
    assert found["preprocessing"] == ["rows without income go", "scaled"]
    assert found["signature"]["inputs"] == [{"name": "age", "dtype": "int64", "shape": [-1]}]
    assert found["signature"]["outputs"] == [{"name": "probability", "dtype": "float64", "shape": [-1]}]
    trained = {name: str(value) for name, value in found["training"].items()}
    assert trained == {"trained_at": "2026-11-20", "duration_seconds": "5400", "rows": "1200"}
    assert (found["limitations"], found["protected_groups"]) == (["Few below 25"], ["age", "sex"])


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--training-duration", "soon"], 2, "is not a duration"),
        (["--trained-at", "soon"], 2, "--trained-at: 'soon' is not a date"),
        (["--output", "p"], 2, "NAME:DTYPE"),
        (["--feature", "a\x07"], 2, "features"),
        (["--training-rows", "-1"], 2, "training-rows"),
        (["--training-started", "2026-11-20", "--training-ended", "2026-11-19"], 1, "RB225"),
    ],
)
def test_what_can_not_be_of_a_versions_making_is_refused(
    world: World, options: list[str], code: int, said: str
) -> None:
    ran = propose(world, *options)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert world.git("branch", "--list", "rollbook/*") == ""


def test_show_tells_how_a_version_was_made_and_its_limits(world: World) -> None:
    options = ("--feature-pipeline", "loans@3", "--preprocessing", "scaled", "--limitation", "Few below 25")
    world.register("credit", "1.0.0", *options, "--protected-group", "age")
    out = world.run("show", "credit@1.0.0", "--rev", "main").out
    assert "pipeline     loans 3\n" in out
    assert "limitations  Few below 25\n" in out
    assert "groups       age\n" in out
    assert "preprocessing\n  1  scaled\n" in out


def test_a_sample_in_csv_gives_the_signature_and_is_kept_as_rows_in_json(world: World) -> None:
    file = written(world, "s.csv", "age,city\n41,Graz\n22,Wien\n")
    inputs = registered(world, "--sample-input", file)["signature"]["inputs"]
    assert [(item["name"], item["dtype"]) for item in inputs] == [("age", "int64"), ("city", "string")]
    kept = json.loads(world.git("show", f"{BRANCH}:{DIRECTORY}/sample-input.json"))
    assert kept == [{"age": 41, "city": "Graz"}, {"age": 22, "city": "Wien"}]
    world.land(BRANCH)


def test_a_sample_that_is_too_large_or_no_table_is_refused(world: World) -> None:
    for name, content, said in (
        ("s.csv", "age\n" + "41\n" * 400_000, "more than 1,048,576 bytes"),
        ("t.csv", "age,age\n1,2\n", "'age' comes twice"),
    ):
        ran = propose(world, "--sample-input", written(world, name, content))
        assert (ran.code, ran.out) == (2, "")
        assert said in ran.err


def test_data_that_was_made_from_itself_is_refused_and_leaves_nothing(world: World) -> None:
    ran = propose(world, "--data", "name=a,from=b", "--data", "name=b,from=a")
    assert (ran.code, "RB229" in ran.err) == (1, True)
    assert world.git("branch", "--list", "rollbook/*") == ""
