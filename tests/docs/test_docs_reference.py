"""The reference is complete and up to date: commands, findings, JSON."""

from __future__ import annotations

import hashlib
import json
import re
import runpy
import subprocess
from typing import TYPE_CHECKING, Any

import click
import pytest
from docs_session import ROOT

from building.attestations import Key, bundle, signers, statement, write
from building.models import SAMPLE, trained
from building.world import World, rollbook
from notify_receiver import subscribe
from rollbook.check.codes import rules
from rollbook.cli import cli
from rollbook.names import time_now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from building.once import Template

REFERENCE = ROOT / "docs" / "reference"


def _commands(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        assert command is not None
        yield f"{name} {word}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{name} {word}")


COMMANDS = dict(_commands(cli, "rollbook"))
PAGE = (REFERENCE / "commands.md").read_text(encoding="utf-8")


def _section(name: str) -> str:
    found = re.search(rf"^##+ `{re.escape(name)}`\n(?P<text>.*?)(?=^##|\Z)", PAGE, re.DOTALL | re.MULTILINE)
    assert found, f"{name} has no section in docs/reference/commands.md"
    return found["text"]


def test_no_generated_page_is_stale() -> None:
    stale = runpy.run_path(str(ROOT / "docs" / "generate.py"))["stale_pages"]
    assert stale() == [], "run: python docs/generate.py"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_and_its_options_have_help(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    assert [option.opts for option in options if not option.help] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_of_the_commands_names_every_command_argument_and_option(name: str) -> None:
    text = _section(name)
    for parameter in COMMANDS[name].params:
        if isinstance(parameter, click.Argument):
            assert f"| `{parameter.make_metavar(click.Context(COMMANDS[name])).strip('[].')}` |" in text
        for word in parameter.opts + parameter.secondary_opts if isinstance(parameter, click.Option) else ():
            assert f"`{word}" in text


def test_the_page_of_the_findings_names_every_code_and_nothing_else() -> None:
    page = (REFERENCE / "findings.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(RB[0-9]+)` \|", page, re.MULTILINE) == sorted(rules())


def test_the_architecture_says_what_every_folder_and_module_is_for() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    package = ROOT / "src" / "rollbook"
    names = [f"{path.name}/" if path.is_dir() else path.name for path in package.iterdir()]
    expected = {name for name in names if not name.startswith("_") and name.endswith((".py", "/"))}
    assert {name for name in expected if f"`{name}`" not in page} == set()


# How each command of docs/reference/json.md is called, by its heading there.
CALLS = {
    "rollbook init": ["init"],
    "rollbook register MODEL ARTIFACT": ["register", "credit-approval", "ARTIFACT", "--version", "1.2.0"],
    "rollbook import gto": ["import", "gto"],
    "rollbook import mlflow URI": ["import", "mlflow", "../mlruns", "--skip-missing"],
    "rollbook import bundle FILE": ["import", "bundle", "../moved.bundle"],
    "rollbook promote REF STAGE": ["promote", "credit-approval@1.1.0", "production", "--reason", "better"],
    "rollbook rollback MODEL": ["rollback", "credit-approval", "--reason", "too slow"],
    "rollbook deprecate REF": ["deprecate", "credit-approval@1.0.0", "--reason", "old"],
    "rollbook archive REF": ["archive", "credit-approval@1.1.0", "--reason", "worse"],
    "rollbook alias REF ALIAS": ["alias", "credit-approval@1.0.0", "champion", "--reason", "best"],
    "rollbook evidence add REF KIND": [
        "evidence",
        "add",
        "credit-approval@1.0.0",
        "fairness",
        "--status",
        "passed",
    ],
    "rollbook evidence list REF": ["evidence", "list", "credit-approval@1.0.0"],
    "rollbook evidence fetch REF NAME": [
        "evidence",
        "fetch",
        "credit-approval@1.0.0",
        "fairness-1",
        "-o",
        "OUTPUT",
    ],
    "rollbook model edit MODEL": ["model", "edit", "credit-approval", "--team", "risk"],
    "rollbook sign REF": ["sign", "credit-approval@1.0.0", "--key", "../key.pem"],
    "rollbook note REF": ["note", "credit-approval@1.0.0", "--tag", "reviewed=yes"],
    "rollbook card REF": ["card", "credit-approval@1.0.0"],
    "rollbook check": ["check"],
    "rollbook gates REF STAGE": ["gates", "credit-approval@1.1.0", "production"],
    "rollbook approve REF STAGE": ["approve", "credit-approval@1.1.0", "production"],
    "rollbook requests": ["requests"],
    "rollbook requests [--remove-landed]": ["requests", "--remove-landed"],
    "rollbook reject BRANCH": [
        "reject",
        "rollbook/promote/credit-approval/1.1.0-production",
        "--reason",
        "not yet",
    ],
    "rollbook land BRANCH": ["land", "rollbook/promote/credit-approval/1.1.0-production"],
    "rollbook list": ["list"],
    "rollbook list [--repo URL --repo URL]": ["list", "--repo", ".", "--repo", "./"],
    "rollbook list MODEL": ["list", "credit-approval"],
    "rollbook show MODEL": ["show", "credit-approval"],
    "rollbook show REF": ["show", "credit-approval@1.0.0"],
    "rollbook resolve REF": ["resolve", "credit-approval@production"],
    "rollbook signature REF": ["signature", "credit-approval@1.0.0"],
    "rollbook fetch REF": ["fetch", "credit-approval@production", "-o", "OUTPUT"],
    "rollbook scan TARGET": ["scan", "credit-approval@production"],
    "rollbook test REF": ["test", "loans@1.0.0"],
    "rollbook package REF": ["package", "safe@1.0.0", "--to", "onnx"],
    "rollbook predict REF": ["predict", "loans@1.0.0", "--input", "../sample.json"],
    "rollbook verify REF": ["verify", "credit-approval@1.0.0", "--key", "../key.pub.pem"],
    "rollbook compare MODEL": ["compare", "credit-approval"],
    "rollbook best MODEL": ["best", "credit-approval", "--metric", "auc"],
    "rollbook lineage REF": ["lineage", "credit-approval@latest"],
    "rollbook lineage [--data NAME]": ["lineage", "--data", "applications"],
    "rollbook list [--stale SPAN]": ["list", "--stale", "1d", "--at", "2099-01-01"],
    "rollbook whoami": ["whoami"],
    "rollbook access": ["access"],
    "rollbook storage": ["storage", "--cold", "1d", "--at", "2099-01-01"],
    "rollbook prune [TARGET]": ["prune", "--reason", "the bucket is full"],
    "rollbook sweep": ["sweep"],
    "rollbook query SQL": ["query", "SELECT model, version, stage FROM versions"],
    "rollbook query [--schema]": ["query", "--schema"],
    "rollbook export [--parquet DIR]": ["export", "--parquet", "OUTPUT"],
    "rollbook export [REF --bundle FILE]": ["export", "credit-approval@1.0.0", "--bundle", "OUTPUT"],
    "rollbook history [MODEL]": ["history"],
    "rollbook audit record": ["audit", "record"],
    "rollbook audit mend": ["audit", "mend", "--dry-run"],
    "rollbook audit verify": ["audit", "verify"],
    "rollbook audit head": ["audit", "head"],
    "rollbook notify": ["notify"],
    "rollbook monitor run [MODEL]": ["monitor", "run", "--dry-run"],
    "rollbook monitor run [--replay START..END]": ["monitor", "run", "--replay", "1h..", "--step", "1s"],
    "rollbook monitor canary [MODEL]": ["monitor", "canary", "--dry-run"],
    "rollbook export [--index DIR]": ["export", "--index", "OUTPUT"],
    "rollbook monitor usage [MODEL]": ["monitor", "usage"],
    "rollbook token create": ["token", "create", "--for", "jane@example.com"],
    "rollbook token list": ["token", "list"],
    "rollbook site build DIR": ["site", "build", "../catalog"],
    "rollbook token revoke ID": ["token", "revoke", "TOKEN"],
}
# Those that need a forge; tests/forge/test_release.py compares their keys.
ON_A_FORGE = {"rollbook release"}


def _documented() -> dict[str, list[str]]:
    """The keys that the page gives each command; a heading may name several commands."""
    page = (REFERENCE / "json.md").read_text(encoding="utf-8")
    sections = re.split(r"^## (`rollbook .+)\n", page, flags=re.MULTILINE)[1:]
    return {
        name: re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
        for heading, text in zip(sections[::2], sections[1::2], strict=True)
        for name in re.findall(r"`([^`]+)`", heading)
    }


def _paths(value: Any, prefix: str = "") -> Iterator[str]:
    """Every key of JSON data as a dotted path, `[]` for each item of a list."""
    if isinstance(value, dict):
        for key, inner in value.items():
            path = f"{prefix}.{key}" if prefix else key
            yield path
            yield from _paths(inner, path)
    elif isinstance(value, list):
        for inner in value:
            yield from _paths(inner, f"{prefix}[]")


def _matches(row: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"<[^>]*>", "[^.]+", row.replace("[]", r"\[\]")), path) is not None


def test_every_command_that_prints_json_is_documented() -> None:
    printing = {name for name, command in COMMANDS.items() if any("--json" in p.opts for p in command.params)}
    described = {name.split(" [")[0].rstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ ") for name in _documented()}
    assert described == printing
    assert set(_documented()) == set(CALLS) | ON_A_FORGE


def walk(world: World) -> None:
    """Something to print for each command."""
    signature = ("--input", "age:int64:-1", "--output", "p:float32:-1x2")
    world.register("credit-approval", "1.0.0", "--metric", "auc=0.9", *signature)
    world.promote("credit-approval@1.0.0", "staging")
    world.promote("credit-approval@1.0.0", "production")
    world.register("credit-approval", "1.1.0")
    world.promote("credit-approval@1.1.0", "staging")


@pytest.fixture
def walked(started: Template) -> World:
    return started(walk)


def _kept_with_gto(world: World) -> None:
    from gto.api import assign, register

    (world.registry / "fraud.bin").write_bytes(b"weights")
    (world.registry / "dvc.yaml").write_text("artifacts:\n  fraud:\n    path: fraud.bin\n")
    world.git("add", ".")
    world.git("commit", "--quiet", "-m", "Use GTO")
    register(str(world.registry), "fraud", "HEAD", "v1.0.0")
    assign(str(world.registry), "fraud", "staging", "v1.0.0")
    world.git("tag", "fraud@v0.1.0")


def _kept_with_mlflow(world: World) -> None:
    from mlflow import MlflowClient

    folder = world.root / "mlruns"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        (folder / "models").mkdir(parents=True)
        (folder / "model").mkdir()
        (folder / "model/MLmodel").write_text("flavors: {}\n")
        client = MlflowClient(tracking_uri=folder.as_uri(), registry_uri=folder.as_uri())
        client.create_registered_model("fraud")
        client.create_model_version("fraud", (folder / "model").as_uri())
        client.set_registered_model_alias("fraud", "champion", 1)
        client.create_model_version("fraud", (folder / "gone").as_uri())


def _moved_elsewhere(world: World) -> None:
    other = world.copy(world.root.with_name("other"))
    other.register("credit-approval", "1.2.0")
    other.run("export", "credit-approval@1.2.0", "--bundle", str(world.root / "moved.bundle"))


def _stray_file(world: World) -> None:
    (world.registry / "registry" / "credit-approval" / "stray.txt").write_text("")


def _with_evidence(world: World) -> None:
    world.run(*CALLS["rollbook evidence add REF KIND"], "--land")


def _with_a_key(world: World) -> None:
    Key().save(world.root)


def _signed(world: World) -> None:
    _with_evidence(world)
    _with_a_key(world)
    world.run(*CALLS["rollbook sign REF"], "--land")


def _with_a_report(world: World) -> None:
    report = world.artifact(b"<html>", "report.html")
    world.run(*CALLS["rollbook evidence add REF KIND"], "--attach", str(report), "--land")


def _deployed(world: World) -> None:
    _with_lineage(world)
    call = ("deployment", "--status", "passed", "--target", "eu-west/prod")
    world.run("evidence", "add", "credit-approval@1.2.0", *call, "--land")


def _guarded(world: World) -> None:
    world.policy("gates: [{gate: metric-threshold, to: [canary], metric: auc, min: 0.5}]\n")
    _proposed(world)


def _proposed(world: World) -> None:
    world.run(*CALLS["rollbook promote REF STAGE"])


def _in_production(world: World) -> None:
    world.promote("credit-approval@1.1.0", "production")


def _merged_elsewhere(world: World) -> None:
    _proposed(world)
    world.git("push", "--quiet", "origin", "rollbook/promote/credit-approval/1.1.0-production:main")
    world.git("fetch", "--quiet")


def _awaiting_bob(world: World) -> None:
    key = world.root / "bob"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    allowed = world.registry / "registry" / "allowed_signers"
    allowed.write_text(f"bob@example.com {key.with_suffix('.pub').read_text()}")
    with (world.registry / "registry" / "policy.yaml").open("a") as policy:
        policy.write("roles:\n  approver: [bob@example.com]\n  data-scientist: [jane@example.com]\n")
    world.git("add", ".")
    world.git("commit", "--quiet", "-m", "Let Bob approve")
    world.git("push", "--quiet", "origin", "main")
    _proposed(world)
    for name, value in (
        ("user.email", "bob@example.com"),
        ("gpg.format", "ssh"),
        ("user.signingKey", str(key)),
    ):
        world.git("config", name, value)


def _with_roles(world: World) -> None:
    email = world.git("config", "user.email")
    world.policy(f"roles:\n  admin: [{email}]\n  models:\n    credit-*: {{approver: ['@jane']}}\n")
    world.git("config", "github.user", "jane")


def _with_a_model(world: World) -> None:
    sample = world.root / "sample.json"
    sample.write_text(SAMPLE)
    world.register("loans", "1.0.0", "--sample-input", str(sample), content=trained().onnx)


def _with_a_safe_model(world: World) -> None:
    sample = world.root / "sample.json"
    sample.write_text(SAMPLE)
    world.register("safe", "1.0.0", "--sample-input", str(sample), content=trained().skops)


def _with_lineage(world: World) -> None:
    facts = world.root / "facts.yaml"
    facts.write_text(
        "lineage:\n  data: [{name: applications}]\n  features: {name: applicant}\n"
        f"  code: {{commit: {'c' * 40}}}\n  run: {{tool: mlflow, id: a1}}\n"
        "  parents: [credit-approval@1.0.0]\n"
    )
    ci, content = Key(), b"trained in CI"
    world.policy(signers(ci=ci))
    told = bundle(statement(hashlib.sha256(content).hexdigest()), ci)
    provenance = str(write(world.root, "provenance.json", told))
    world.register(
        "credit-approval", "1.2.0", "--from", str(facts), "--provenance", provenance, content=content
    )


def _prunable(world: World) -> None:
    with (world.registry / "registry" / "policy.yaml").open("a") as policy:
        policy.write("retention: {keep_unpromoted: 1, keep_days: 0, days_there: 0, bytes_stay_days: 0}\n")
    world.git("commit", "--quiet", "-am", "Say what is kept")
    world.git("push", "--quiet", "origin", "main")
    world.register("credit-approval", "1.2.0")
    world.run("archive", "credit-approval@1.1.0", "--reason", "old", "--land")


def _pruned(world: World) -> None:
    _prunable(world)
    world.run("prune", "--reason", "the bucket is full", "--land")


def _used(world: World) -> None:
    figures = world.root / "figures.json"
    figures.write_text('[{"metric": "requests", "value": 5, "version": "1.0.0", "client": "billing"}]')
    world.policy(
        f"monitoring:\n  sources: {{live: {{source: file, path: '{figures}'}}}}\n"
        "  usage: {source: live, metric: requests, by: client}\n"
    )


def _subscribed(world: World) -> None:
    subscribe(world, {"url": "https://hooks.example.com/models", "secret_env": "NO_SUCH_VARIABLE"})


def _with_a_canary(world: World) -> None:
    world.promote("credit-approval@1.1.0", "canary", "--traffic", "5")
    world.policy(
        "monitoring:\n  sources: {live: {source: file, path: live.json}}\n"
        "  canary: {source: live, metric: error_rate, least_difference: 0.01, act: propose}\n"
    )


def _in_breach(world: World) -> None:
    figure = {"metric": "errors", "value": 1, "version": "1.0.0", "at": time_now()}
    (world.root / "live.json").write_text(json.dumps([figure]))
    check = "{check: threshold, name: errors, source: live, metric: errors, max: 0.1, confirm: 1}"
    source = f"{{live: {{source: file, path: {world.root / 'live.json'}}}}}"
    world.policy(f"monitoring: {{sources: {source}, checks: [{check}]}}\n")


def _landed_and_kept(world: World) -> None:
    _proposed(world)
    branch = world.git("branch", "--list", "--format=%(refname:short)", "rollbook/*").strip()
    world.run("land", branch, "--keep-branch")


def _with_a_token(world: World) -> None:
    made = world.run("token", "create", "--for", "jane@example.com")
    (world.root / "token").write_text(made.out.strip())


# What has to happen before a command has something to print.
BEFORE = {
    "rollbook show MODEL": _guarded,
    "rollbook show REF": _signed,
    "rollbook sign REF": _with_a_key,
    "rollbook verify REF": _signed,
    "rollbook evidence fetch REF NAME": _with_a_report,
    "rollbook check": _stray_file,
    "rollbook import gto": _kept_with_gto,
    "rollbook import mlflow URI": _kept_with_mlflow,
    "rollbook import bundle FILE": _moved_elsewhere,
    "rollbook requests": _proposed,
    "rollbook requests [--remove-landed]": _landed_and_kept,
    "rollbook reject BRANCH": _proposed,
    "rollbook land BRANCH": _proposed,
    "rollbook rollback MODEL": _in_production,
    "rollbook audit record": _merged_elsewhere,
    "rollbook lineage REF": _deployed,
    "rollbook lineage [--data NAME]": _with_lineage,
    "rollbook approve REF STAGE": _awaiting_bob,
    "rollbook notify": _subscribed,
    "rollbook monitor run [MODEL]": _in_breach,
    "rollbook monitor run [--replay START..END]": _in_breach,
    "rollbook monitor canary [MODEL]": _with_a_canary,
    "rollbook whoami": _with_roles,
    "rollbook access": _with_roles,
    "rollbook prune [TARGET]": _prunable,
    "rollbook test REF": _with_a_model,
    "rollbook predict REF": _with_a_model,
    "rollbook package REF": _with_a_safe_model,
    "rollbook sweep": _pruned,
    "rollbook monitor usage [MODEL]": _used,
    "rollbook token list": _with_a_token,
    "rollbook token revoke ID": _with_a_token,
}


def _printed(world: World, name: str) -> Any:
    BEFORE.get(name, lambda _: None)(world)
    ran = rollbook(world.registry, *(_argument(world, word) for word in CALLS[name]), "--json")
    assert ran.out, ran.err
    return json.loads(ran.out)


def _argument(world: World, word: str) -> str:
    if word == "ARTIFACT":
        return str(world.artifact(b"new weights"))
    if word == "TOKEN":
        return (world.root / "token").read_text()
    return str(world.root / "fetched.bin") if word == "OUTPUT" else word


@pytest.mark.parametrize("name", CALLS)
def test_the_keys_of_json_output_are_those_documented(name: str, walked: World) -> None:
    rows = _documented()[name]
    value = _printed(walked, name)
    paths = set(_paths(value))
    assert paths
    leaves = [row for row in rows if not any(other.startswith((f"{row}.", f"{row}[")) for other in rows)]
    for path in paths:
        inside = any(re.match(f"{re.escape(leaf)}[.[]", path) for leaf in leaves)
        assert inside or any(_matches(row, path) for row in rows), f"{path} is not documented"
    assert [row for row in rows if not any(_matches(row, path) for path in paths)] == []
