"""What a takeover from MLflow refuses, and what it asks a person to decide."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from building.world import World, git, rollbook
from rollbook.yaml.strict import load

if TYPE_CHECKING:
    from .mlflow_source import Source

MODEL = {"MLmodel": "flavors: {}\n", "w": "1"}

GATES = """
gates:
  - {gate: metric-threshold, to: [production, "@champion"], metric: auc, min: 0.9}
"""


class Harmful:
    def __reduce__(self) -> Any:
        return os.system, ("true",)


def refused(world: World, source: Source, *options: str) -> str:
    """Take over what can't be, and return what is said of it; nothing has changed then."""
    before = git(world.registry, "for-each-ref")
    ran = rollbook(world.registry, "import", "mlflow", source.uri, *options)
    assert ran.code == 1, ran.err
    assert git(world.registry, "for-each-ref") == before
    return ran.err


def stages(world: World, model: str) -> Any:
    return load((world.registry / f"registry/{model}/stages.yaml").read_bytes())


def test_several_versions_in_an_exclusive_stage_are_to_be_decided(source: Source, world: World) -> None:
    for _ in range(3):
        source.register("fraud", MODEL)
    for number in (1, 3):
        source.client.transition_model_version_stage("fraud", number, "Production")
    said = refused(world, source)
    assert "versions 1, 3 stand there, and the policy lets one hold production" in said
    assert f"to decide it so: rollbook import mlflow {source.uri} --newest-holds" in said
    world.run("import", "mlflow", source.uri, "--newest-holds", "--land")
    table = stages(world, "fraud")
    assert table["production"]["version"] == "1.2.0"
    assert [entry["version"] for entry in table["archived"]] == ["1.0.0"]


def test_a_stage_that_the_policy_has_not_is_mapped(source: Source, world: World) -> None:
    policy = world.registry / "registry/policy.yaml"
    policy.write_text(policy.read_text().replace("staging", "preview"))
    world.git("commit", "--quiet", "-am", "Call staging preview")
    world.git("push", "--quiet")
    source.register("fraud", MODEL)
    source.client.transition_model_version_stage("fraud", 1, "Staging")
    assert "fraud: Staging: the policy has no such stage" in refused(world, source)
    world.run("import", "mlflow", source.uri, "--stage", "Staging=preview", "--land")
    assert stages(world, "fraud")["preview"][0]["version"] == "1.0.0"


def test_an_alias_that_is_a_stage_here_gets_another_name(source: Source, world: World) -> None:
    source.register("fraud", MODEL)
    for alias in ("production", "Champion"):
        source.client.set_registered_model_alias("fraud", alias, 1)
    said = refused(world, source)
    assert "fraud@production: production is a stage here" in said
    assert "--alias Champion=champion" in said
    options = ("--alias", "Champion=champion", "--alias", "production=live")
    world.run("import", "mlflow", source.uri, *options, "--land")
    assert set(stages(world, "fraud")["aliases"]) == {"champion", "live"}


def test_two_names_that_would_be_one_folder_are_to_be_decided(source: Source, world: World) -> None:
    source.register("Fraud Model", MODEL)
    source.register("fraud-model", MODEL)
    assert "would be one model" in refused(world, source)
    world.run("import", "mlflow", source.uri, "--rename", "Fraud Model=fraud-old", "--land")
    assert {"fraud-model", "fraud-old"} <= {path.name for path in (world.registry / "registry").iterdir()}


def test_bytes_that_are_gone_stop_it_unless_they_are_left_out(source: Source, world: World) -> None:
    source.register("fraud", MODEL)
    gone = source.register("fraud", MODEL)
    shutil.rmtree(gone.source.removeprefix("file://"))
    said = refused(world, source)
    assert "fraud@2: its artifact" in said
    assert "--skip-missing" in said
    ran = world.run("import", "mlflow", source.uri, "--skip-missing", "--land")
    assert "left out: fraud@2: its artifact" in ran.err
    assert json.loads(world.run("show", "fraud", "--json").out)["latest"] == "1.0.0"


def test_a_malicious_pickle_is_named_and_leaves_nothing_in_the_cache(source: Source, world: World) -> None:
    source.register("fraud", MODEL)
    source.register("fraud", {"MLmodel": "flavors: {}\n", "model.pkl": pickle.dumps(Harmful())})
    said = refused(world, source)
    assert "fraud@2: model is malicious" in said
    assert "--skip fraud@2" in said
    ran = world.run("import", "mlflow", source.uri, "--skip", "fraud@2", "--land")
    assert "left out: fraud@2: it was asked to be left out" in ran.err


def test_a_path_of_this_machine_is_no_model_because_a_registry_says_so(
    source: Source, world: World, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "id").write_text("key")
    source.client.create_registered_model("fraud")
    source.client.create_model_version("fraud", secret.as_uri())
    assert "nothing says that it is a model" in refused(world, source)


def test_a_link_out_of_an_artifact_is_not_followed(source: Source, world: World, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("key")
    made = source.register("fraud", MODEL)
    Path(made.source.removeprefix("file://"), "link").symlink_to(tmp_path / "secret")
    said = refused(world, source)
    assert "fraud@1:" in said
    assert "link" in said


def test_text_of_strangers_reaches_neither_the_terminal_nor_a_file_as_it_is(
    source: Source, world: World
) -> None:
    hostile = "\x1b[31mred\x1b[0m\u202e" + "x" * 4000
    source.register("fraud", MODEL, tags={"note": hostile}, description=hostile)
    source.client.set_registered_model_tag("fraud", "what for", "a name that no tag has here")
    ran = world.run("import", "mlflow", source.uri, "--land")
    assert "\x1b" not in ran.out + ran.err
    text = (world.registry / "registry/fraud/versions/1.0.0/version.yaml").read_text()
    assert "\x1b" not in text
    model = load((world.registry / "registry/fraud/model.yaml").read_bytes())
    assert model["extra"]["mlflow"]["other_tags"] == {"what for": "a name that no tag has here"}


def test_a_run_that_is_gone_is_said_so(source: Source, world: World) -> None:
    source.register("fraud", MODEL, run_id="0" * 32)
    ran = world.run("import", "mlflow", source.uri, "--dry-run")
    assert f"fraud@1.0.0: its run {'0' * 32} is gone" in ran.err
    assert "MLflow does not tell who made it" in ran.err


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        ("sqlite:///nothing.db", "there is no such database"),
        ("nothing", "there is no folder `models` of an MLflow file store"),
        ("ftp://example.com", "is no address of an MLflow registry"),
        ("rollbook:///elsewhere", "this is a registry of Rollbook"),
    ],
)
def test_an_address_where_nothing_is_stays_as_it_is(world: World, uri: str, said: str) -> None:
    ran = rollbook(world.registry, "import", "mlflow", uri)
    assert ran.code in (1, 2)
    assert said in ran.err
    assert git(world.registry, "status", "--porcelain") == ""


def test_a_database_of_something_else_gets_no_tables_of_mlflows(world: World, tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE mine (id INTEGER)")
    before = path.read_bytes()
    ran = rollbook(world.registry, "import", "mlflow", f"sqlite:///{path}")
    assert "is no database of MLflow's" in ran.err
    assert path.read_bytes() == before


def test_an_unknown_model_or_version_is_named(source: Source, world: World) -> None:
    source.register("fraud", MODEL)
    ran = rollbook(world.registry, "import", "mlflow", source.uri, "--model", "froud")
    assert "MLflow has no model 'froud'" in ran.err
    assert "fraud" in ran.err
    ran = rollbook(world.registry, "import", "mlflow", source.uri, "--skip", "fraud@7")
    assert "--skip fraud@7: MLflow has no such version" in ran.err


def test_an_origin_can_say_no_other_numbers_than_the_manifests(source: Source, world: World) -> None:
    source.register("fraud", MODEL)
    world.run("import", "mlflow", source.uri)
    branch = git(world.registry, "for-each-ref", "--format=%(refname:short)", "refs/heads/rollbook")
    world.git("switch", "--quiet", branch)
    origin = world.registry / "registry/fraud/origin.yaml"
    origin.write_text(origin.read_text().replace("number: 1", "number: 2"))
    world.git("commit", "--quiet", "-am", "Tell another number")
    ran = rollbook(world.registry, "check", "--base", "main", "--head", "HEAD")
    assert ran.code == 1
    assert "RB307" in ran.out
    assert "1.0.0 had the number 1, and not 2" in ran.out


def test_gates_hold_nothing_up_that_was_in_production_and_are_heard(source: Source, world: World) -> None:
    with (world.registry / "registry/policy.yaml").open("a") as policy:
        policy.write(GATES)
    world.git("commit", "--quiet", "-am", "Ask for figures")
    world.git("push", "--quiet")
    source.register("fraud", MODEL)
    source.client.transition_model_version_stage("fraud", 1, "Production")
    source.client.set_registered_model_alias("fraud", "champion", 1)
    ran = world.run("import", "mlflow", source.uri, "--land")
    assert ran.err.count("warning: registry/fraud/stages.yaml") == 2


def test_only_an_administrator_takes_a_registry_over(source: Source, world: World) -> None:
    world.policy("roles:\n  admin: [ana@example.com]\n  data-scientist: [jane@example.com]\n")
    source.register("fraud", MODEL)
    world.run("import", "mlflow", source.uri)
    branch = git(world.registry, "for-each-ref", "--format=%(refname:short)", "refs/heads/rollbook")
    ran = rollbook(world.registry, "land", branch)
    assert ran.code == 1
    assert "RB501" in ran.out + ran.err
    assert "origin.yaml" in ran.out + ran.err
